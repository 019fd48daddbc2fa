"""The grammars of typed fields. A reading that breaks its field's grammar is unreadable, never repaired."""

from __future__ import annotations

import re
from typing import Literal, get_args

from tillrig.vision.readers.base import bare, fold

Kind = Literal["amount", "digits", "masked_pan", "date", "time", "text"]
KINDS: tuple[str, ...] = get_args(Kind)
# Two readers must agree before these count as read.
MONEY: frozenset[str] = frozenset({"amount", "digits", "masked_pan"})

_AMOUNT = r"-?(?:\d{1,3}(?:,\d{3})+|\d+)\.\d{2}"
_PATTERNS = {
    "amount": re.compile(rf"(?<![\d.,]){_AMOUNT}(?![\d.,])"),
    "digits": re.compile(r"\d+"),
    "masked_pan": re.compile(r"(?:\d{6})?\*+(?:\d{4})?"),
    "date": re.compile(r"\d{4}/\d{2}/\d{2}|\d{4}-\d{2}-\d{2}|\d{2}/\d{2}|\d{4}/\d{2}|\d{8}|\d{4}"),
    "time": re.compile(r"\d{2}:\d{2}(?::\d{2})?"),
}


def obeys(kind: str, text: str) -> bool:
    """Whether a line's reading holds a well-formed field of that kind ("text" holds anything but nothing)."""
    pattern = _PATTERNS.get(kind)
    if pattern is None:
        return bool(bare(text))
    return pattern.search(fold(text).replace(" ", "") if kind == "masked_pan" else fold(text)) is not None


def fen_of(text: str) -> int | None:
    """The only amount of a text, in fen; None where there is none, or another figure beside it."""
    plain = fold(text).replace(" ", "")
    found = _PATTERNS["amount"].search(plain)
    if found is None or any(char.isdigit() for char in plain[: found.start()] + plain[found.end() :]):
        return None
    return int(re.sub("[.,]", "", found.group()))


def alphabet(kind: str, expected: str) -> str | None:
    """Characters that such a field may hold, with those of its label; None when it may hold any."""
    own = {
        "amount": "0123456789.,-",
        "digits": "0123456789",
        "masked_pan": "0123456789*",
        "date": "0123456789/-",
        "time": "0123456789:/-",
    }
    if kind not in own:
        return None
    return "".join(dict.fromkeys(own[kind] + fold(expected)))
