"""Seeded fault: the amount prompt shows a wrong last digit; the amount kept is right."""

from __future__ import annotations


def amount_shown(text: str, fen: int, step: str) -> str:
    """The last digit is one too high, and only on the glass."""
    if step != "ask_amount" or not fen:
        return text
    return text[:-1] + str((int(text[-1]) + 1) % 10)
