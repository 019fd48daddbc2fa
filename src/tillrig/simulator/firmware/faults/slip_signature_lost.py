"""Seeded fault: the merchant copy has no signature line."""

from __future__ import annotations

from typing import Any


def slip_fields(fields: dict[Any, Any], copy: str) -> dict[Any, Any]:
    """No line to sign on, nothing to agree to."""
    if copy != "merchant":
        return fields
    return {name: value for name, value in fields.items() if name not in ("signature", "consent")}
