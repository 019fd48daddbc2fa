"""How many poses tests of the eye look at: few by default, more with TILLRIG_TEST_POSES=7, from which the manual's
figures are."""

from __future__ import annotations

import os

POSES = int(os.environ.get("TILLRIG_TEST_POSES", "2"))
