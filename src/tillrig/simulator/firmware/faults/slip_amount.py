"""Seeded fault: the amount on the cardholder copy has lost its last decimal."""

from __future__ import annotations

from typing import Any


def slip_fields(fields: dict[Any, Any], copy: str) -> dict[Any, Any]:
    """12.34 is printed as 12.30; an amount that ends in 0 as if it ended in 1, so that every sale shows it."""
    if copy != "cardholder":
        return fields
    amount = fields["amount"]
    return fields | {"amount": amount[:-1] + ("1" if amount[-1] == "0" else "0")}
