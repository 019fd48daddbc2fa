"""A terminal model described from outside, as data: what it shows, how it prints, how it is operated."""

from __future__ import annotations

from tillrig.profiles.load import find_profile, load_profile, read_profile
from tillrig.profiles.model import Profile
from tillrig.profiles.screens import Recognition, RowExpectation
from tillrig.profiles.slips import LineExpectation

__all__ = [
    "LineExpectation",
    "Profile",
    "Recognition",
    "RowExpectation",
    "find_profile",
    "load_profile",
    "read_profile",
]
