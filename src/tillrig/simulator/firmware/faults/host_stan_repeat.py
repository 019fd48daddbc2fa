"""Seeded fault: the STAN does not rise after a decline."""

from __future__ import annotations

_declined = [False]


def approved(yes: bool, code: str) -> bool:
    """Notices a decline."""
    _declined[0] = not yes
    return yes


def stan(number: int, last: int, message: str) -> int:
    """The number of the declined request is used again."""
    repeat, _declined[0] = _declined[0], False
    return last if repeat else number
