"""Seeded fault: the last PIN digit stays readable instead of a star."""

from __future__ import annotations


def stars(text: str, digits: str, step: str) -> str:
    """The last digit typed stands among the stars."""
    return text[:-1] + digits[-1] if step == "ask_pin" and digits else text
