"""Seeded fault: a pending reversal is dropped instead of sent."""

from __future__ import annotations

from typing import Any


def reversal_pending(record: dict[Any, Any] | None) -> dict[Any, Any] | None:
    """Dropped unsent."""
    return None
