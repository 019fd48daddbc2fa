"""What the core's tests share: the profile of the classic model."""

from __future__ import annotations

import pytest

from tillrig.profiles import Profile, load_profile


@pytest.fixture(scope="session")
def profile() -> Profile:
    return load_profile("classic")
