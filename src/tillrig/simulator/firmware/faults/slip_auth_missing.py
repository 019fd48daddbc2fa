"""Seeded fault: the authorisation number is not printed although it came."""

from __future__ import annotations

from typing import Any


def slip_fields(fields: dict[Any, Any], copy: str) -> dict[Any, Any]:
    """The label stands, its value is gone."""
    return fields | {"auth": ""} if "auth" in fields else fields
