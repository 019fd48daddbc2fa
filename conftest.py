"""Suites and tests run from this folder; what they share is the plugin `tillrig`, installed with the package."""

from __future__ import annotations

import contextlib

with contextlib.suppress(ImportError):  # the suites run without the development extra
    from hypothesis import HealthCheck, settings

    # A busy machine makes generation and single examples slow; neither says anything about the code under test.
    settings.register_profile("tillrig", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("tillrig")
