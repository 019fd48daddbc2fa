"""Seeded fault: field 22 says stripe for a chip card."""

from __future__ import annotations

from typing import Any


def host_request_fields(fields: dict[Any, Any], message: str) -> dict[Any, Any]:
    """02x instead of 05x."""
    if message == "sale" and fields[22].startswith("05"):
        return fields | {22: "02" + fields[22][2:]}
    return fields
