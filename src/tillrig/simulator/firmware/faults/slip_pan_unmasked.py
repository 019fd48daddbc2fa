"""Seeded fault: the merchant copy shows one digit more of the card."""

from __future__ import annotations

from typing import Any

SHOWN = 6


def slip_fields(fields: dict[Any, Any], copy: str) -> dict[Any, Any]:
    """The seventh digit is there to read; it stands in for the digit that ``mask`` saw."""
    if copy != "merchant" or not _seen:
        return fields
    card = fields["card_no"]
    return fields | {"card_no": card[:SHOWN] + _seen[-1] + card[SHOWN + 1 :]}


def mask(shown: str, pan: str, where: str) -> str:
    """Remembers the digit."""
    if where == "slip":
        _seen[:] = [pan[SHOWN]]
    return shown


_seen: list[str] = []
