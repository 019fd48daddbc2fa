"""Seeded fault: an approved answer with a wrong MAC is accepted."""

from __future__ import annotations


def answer_checked(failure: str, check: str, message: str) -> str:
    """A wrong MAC does not matter."""
    return "" if check == "mac" else failure
