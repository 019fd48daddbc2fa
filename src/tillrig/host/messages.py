"""Which message a request is, and whether it carries the fields it must (rules H5 to H10, H16, H17)."""

from __future__ import annotations

from typing import Final

import msgspec

from tillrig.protocols.iso8583 import Message

#: Messages this host serves, by the names that scenarios, records and observation points use.
SERVED: Final = ("signin", "signoff", "sale", "reversal", "settlement", "batch_upload", "upload_end", "echo")

_MONEY = {
    ("0200", "000000", "22"): "sale",
    ("0200", "200000", "23"): "void",
    ("0200", "310000", "01"): "balance",
    ("0200", "000000", "20"): "completion",
    ("0200", "200000", "21"): "completion_void",
    ("0200", "400000", "49"): "transfer",
    ("0200", "000010", "61"): "code_query",
    ("0220", "200000", "25"): "refund",
    ("0220", "000000", "24"): "completion_notice",
    ("0100", "030000", "10"): "preauth",
    ("0100", "200000", "11"): "preauth_void",
}
_NETWORK = {
    ("0800", "001"): "signin",
    ("0800", "003"): "signin",
    ("0800", "004"): "signin",
    ("0800", "360"): "parameters",
    ("0800", "361"): "parameters_end",
    ("0800", "401"): "activation",
    ("0820", "002"): "signoff",
    ("0820", "301"): "echo",
    ("0820", "362"): "state_upload",
    ("0320", "201"): "batch_upload",
    ("0320", "202"): "upload_end",
    ("0320", "207"): "upload_end",
}

#: Fields private to an acquirer, and time and date that some terminals send: never judged.
_TOLERATED = frozenset({12, 13, 46, 47, 56, 57, 58})
_REQUIRED: dict[str, frozenset[int]] = {
    "signin": frozenset({11, 41, 42, 60, 63}),
    "signoff": frozenset({11, 41, 42, 60}),
    "sale": frozenset({3, 4, 11, 22, 25, 41, 42, 49, 60, 64}),
    "reversal": frozenset({3, 4, 11, 22, 25, 39, 41, 42, 49, 60, 64}),
    "settlement": frozenset({11, 41, 42, 48, 49, 60, 63}),
    "batch_upload": frozenset({11, 41, 42, 48, 60}),
    "upload_end": frozenset({11, 41, 42, 48, 60}),
    "echo": frozenset({41, 42, 60}),
}
_OPTIONAL: dict[str, frozenset[int]] = {
    "signin": frozenset({62}),
    "sale": frozenset({2, 14, 23, 26, 35, 36, 52, 53, 55, 59}),
    "reversal": frozenset({2, 14, 23, 38, 55, 59, 61, 62}),
}
#: What the host cannot decide without; one of these missing makes a message unreadable (F39 30).
_ESSENTIAL: dict[str, frozenset[int]] = {
    "sale": frozenset({3, 4, 11, 22, 41, 42, 60}),
    "reversal": frozenset({4, 11, 41, 42, 60}),
    "signin": frozenset({11, 41, 42, 60}),
    "settlement": frozenset({11, 41, 42, 48, 60}),
    "batch_upload": frozenset({11, 41, 42, 60}),
    "upload_end": frozenset({11, 41, 42, 60}),
}
_COUNTS = {"sale": (13, 19), "reversal": (11, 19)}


class ReservedField(msgspec.Struct, frozen=True):
    """Field 60: type, batch, network code, and what follows it (60.4 reader, 60.5 condition, 60.6 partial approval)."""

    kind: str
    batch: str
    network: str
    rest: str

    @property
    def partial_approval(self) -> bool:
        """Whether the terminal says that it understands an approval of less than it asked for (rules H17)."""
        return self.rest[2:3] == "1"


def reserved(message: Message) -> ReservedField:
    """Field 60 taken apart; parts that are not there are empty."""
    text = message.fields.get(60, "")
    return ReservedField(text[:2], text[2:8], text[8:11], text[11:])


def name_of(message: Message) -> str:
    """sale, reversal, signin …; "unknown" when no rule names this combination of MTI, F3, 60.1 and 60.3."""
    field60 = reserved(message)
    if message.mti == "0400":
        return "reversal"
    if message.mti == "0500":
        return "settlement"
    if message.mti in ("0100", "0200", "0220"):
        return _MONEY.get((message.mti, message.fields.get(3, ""), field60.kind), "unknown")
    if message.mti == "0820" and field60.kind in ("07", "08"):
        return "signature"
    return _NETWORK.get((message.mti, field60.network), "unknown")


def essential_missing(name: str, message: Message) -> tuple[int, ...]:
    """Fields without which no decision is possible."""
    return tuple(sorted(_ESSENTIAL.get(name, _REQUIRED.get(name, frozenset())) - set(message.fields)))


def format_errors(name: str, message: Message) -> tuple[str, ...]:
    """What the request carries wrongly, each as `F<n>: …`, ascending; () for a message this host has no table for."""
    if name not in _REQUIRED:
        return ()
    present = set(message.fields)
    required = _REQUIRED[name]
    errors = dict.fromkeys(required - present, "missing")
    for number in present - required - _OPTIONAL.get(name, frozenset()) - _TOLERATED:
        errors[number] = f"not expected in {name}"
    low, high = _COUNTS.get(name, (11, 11))
    if 60 in present and not low <= len(message.fields[60]) <= high:
        errors[60] = f"{len(message.fields[60])} digits"
    if name in ("sale", "reversal"):
        errors |= _money_errors(name, message)
    return tuple(f"F{number}: {text}" for number, text in sorted(errors.items()))


def contradictions(message: Message) -> tuple[str, ...]:
    """Fields filled up otherwise than with 0 (rules H1), and a track of another card than F2; each as `F<n>: …`.

    Of an encrypted track (F53, third digit) nothing can be told.
    """
    fields = message.fields
    encrypted = fields.get(53, "000")[2:3] == "1"
    odd = [
        f"F{number}: filled with {value.pad}"
        for number, value in sorted(message.values.items())
        if value.pad not in ("", "0") and not (encrypted and number in (35, 36))
    ]
    if not encrypted and 2 in fields and 35 in fields and fields[35].partition("D")[0] != fields[2]:
        odd.append("F35: another card number than F2")
    return tuple(odd)


def _money_errors(name: str, message: Message) -> dict[int, str]:
    fields = message.fields
    errors: dict[int, str] = {}
    for number, value in ((49, "156"), (25, "00")):
        if number in fields and fields[number] != value and (number == 49 or name == "sale"):
            errors[number] = f"{fields[number]} instead of {value}"
    if name == "sale":
        errors |= _entry_errors(fields) | _pin_errors(fields)
    return errors


def _entry_errors(fields: dict[int, str]) -> dict[int, str]:
    """Rules H16: what each way of reading a card sends."""
    mode = fields.get(22, "")[:2]
    needs = {"01": {2, 14}, "02": {35}, "03": {59}, "05": {2, 14, 23, 35, 55}, "07": {2, 14, 23, 35, 55}}
    forbids = {"01": {35, 36, 59}, "02": {2, 14, 23, 55, 59}, "03": {2, 14, 23, 35, 36, 55}, "05": {59}, "07": {59}}
    if not mode:
        return {}
    if mode not in needs:
        return {22: f"entry mode {mode} is none of 01 02 03 05 07"}
    errors = dict.fromkeys(needs[mode] - set(fields), f"missing with entry mode {mode}")
    return errors | dict.fromkeys(forbids[mode] & set(fields), f"not expected with entry mode {mode}")


def _pin_errors(fields: dict[int, str]) -> dict[int, str]:
    """Rules H3: the third digit of F22 says whether a PIN block is there; F26 and F53 go with it."""
    said = fields.get(22, "")[2:3]
    errors: dict[int, str] = {}
    if said not in ("1", "2"):
        errors[22] = f"PIN digit {said} is none of 1 2"
    elif (said == "1") != (52 in fields):
        errors[52] = "missing, F22 says there is a PIN" if said == "1" else "there, F22 says there is no PIN"
    if 52 not in fields and 26 in fields:
        errors[26] = "there without a PIN block"
    first = fields.get(53, "")[:2]
    if 52 in fields and first != "26":
        errors[53] = "missing with a PIN block" if not first else f"begins {first} with a PIN block"
    if 52 not in fields and first == "26":
        errors[53] = "says there is a PIN block"
    return errors
