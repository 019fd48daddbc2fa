"""Seeded fault: field 4 of a sale above 1000.00 is one fen lower."""

from __future__ import annotations

from typing import Any

THRESHOLD_FEN = 100000


def host_request_fields(fields: dict[Any, Any], message: str) -> dict[Any, Any]:
    """One fen less above 1000.00."""
    if message == "sale" and int(fields[4]) > THRESHOLD_FEN:
        return fields | {4: f"{int(fields[4]) - 1:012d}"}
    return fields
