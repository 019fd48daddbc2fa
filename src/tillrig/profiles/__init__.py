"""A terminal model described from outside, as data: what it shows, how it prints, how it is operated."""

from __future__ import annotations

from tillrig.profiles.load import load_profile
from tillrig.profiles.model import Profile
from tillrig.profiles.screens import Recognition, RowExpectation
from tillrig.profiles.slips import LineExpectation

__all__ = ["LineExpectation", "Profile", "Recognition", "RowExpectation", "load_profile"]
