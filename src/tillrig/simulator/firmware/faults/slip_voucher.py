"""Seeded fault: the voucher number on slips is the STAN plus one."""

from __future__ import annotations

from typing import Any


def slip_fields(fields: dict[Any, Any], copy: str) -> dict[Any, Any]:
    """The next number instead of the request's."""
    if "voucher" not in fields:
        return fields
    return fields | {"voucher": f"{int(fields['voucher']) + 1:06d}"}
