"""Seeded fault: contactless of exactly the limit asks for a PIN."""

from __future__ import annotations

LIMIT_FEN = 100000


def needs_pin(needed: bool, entry: str, fen: int) -> bool:
    """The limit itself already asks for a PIN."""
    return needed or (entry == "C" and fen == LIMIT_FEN)
