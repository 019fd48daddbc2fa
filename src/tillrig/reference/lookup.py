"""Parts of fields by name: "F60.2", "F61.1", "F48.debit_amount", "F55.9F26" (rules H3, H15, H17, H18)."""

from __future__ import annotations

from collections.abc import Mapping

from tillrig.observations import HostSeen
from tillrig.protocols import ber_tlv

_SLICES: dict[str, dict[str, slice]] = {
    "F60": {
        "1": slice(0, 2),
        "2": slice(2, 8),
        "3": slice(8, 11),
        "4": slice(11, 12),
        "5": slice(12, 13),
        "6": slice(13, 14),
    },
    "F61": {"1": slice(0, 6), "2": slice(6, 12), "3": slice(12, 16)},
    "F48": {
        "debit_amount": slice(0, 12),
        "debit_count": slice(12, 15),
        "credit_amount": slice(15, 27),
        "credit_count": slice(27, 30),
        "result": slice(30, 31),
        "foreign_debit_amount": slice(31, 43),
        "foreign_debit_count": slice(43, 46),
        "foreign_credit_amount": slice(46, 58),
        "foreign_credit_count": slice(58, 61),
        "foreign_result": slice(61, 62),
    },
}


def lookup(fields: Mapping[str, str], name: str) -> str | None:
    """The text of `name` in decoded `fields`; None when the field or that part of it is not there."""
    if name in fields:
        return fields[name]
    whole, _, part = name.partition(".")
    text = fields.get(whole)
    if text is None or not part:
        return None
    if whole == "F55":
        return _tag(text, part)
    bounds = _SLICES.get(whole, {}).get(part)
    return (text[bounds] or None) if bounds is not None else None


def lookup_seen(seen: HostSeen, name: str) -> str | None:
    """The same in an exchange: plain names are of the request, "answer.F37" of the host's answer."""
    if name.startswith("answer."):
        return lookup(seen.answer, name.removeprefix("answer."))
    return lookup(seen.fields, name)


def _tag(data: str, tag: str) -> str | None:
    try:
        objects, _ = ber_tlv.parse(bytes.fromhex(data))
    except ValueError:
        return None
    return next((found.value.hex().upper() for found in objects if found.tag == tag), None)
