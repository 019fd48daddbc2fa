"""Model-free expectations: what the reference engine predicts, at which observation point, with which values.

A value nobody can know beforehand is a Symbol: bound once, where its authority is observed (`Bind`), compared
everywhere after. Texts, layouts and number formats belong to the profile: a step names what is shown (kind "amount",
fen), never how.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

FieldKind = Literal[
    "amount",  # int fen
    "digits",  # str of digits
    "text",  # str, printed as it is
    "key",  # str: a key into the profile's texts, e.g. "txn.sale", "response.51", "issuer.01020000"
    "masked_pan",  # str "990003*********6786"; entry letter is its own field
    "expiry",  # str YYMM
    "date",  # str MMDD
    "time",  # str hhmmss
    "hex",  # str
    "presence",  # bool: the line is there / is not there
    "count",  # int: a number shown in digits, leading zeros and spaces not judged
    "stars",  # int: so many stars and nothing else readable
    "datetime",  # str MMDDhhmmss, or YYYYMMDDhhmmss where the year is known; judged by the digits that are shown
    "track2",  # str masked PAN: the (masked) track text begins with it, and the host found the track to be that card's
]


class Symbol(msgspec.Struct, frozen=True, tag="symbol"):
    """A value to be bound where its authority is observed; `name` is unique within a ledger, e.g. "rrn#3".

    `offset` counts on from the bound value as a six-digit counter that never shows 000000 (rules H19): the STAN of the
    next message is Symbol("stan#1", 1). `unless` is the value, or the name of the symbol, that stands when the
    authority said zeros (a sign-in answer whose 60.2 is zero leaves the batch as it was).
    """

    name: str
    offset: int = 0
    unless: str = ""

    def value(self, bindings: Mapping[str, str]) -> str | None:
        """The value under `bindings`; None when it is not bound yet."""
        bound = bindings.get(self.name)
        if bound is None:
            return None
        if self.unless and bound.strip("0") == "":
            bound = bindings.get(self.unless, self.unless)
        return count_on(bound, self.offset) if self.offset else bound


def count_on(counter: str, by: int) -> str:
    """A six-digit STAN or batch number `by` further on: 999999 is followed by 000001 (rules H19)."""
    return f"{(int(counter) - 1 + by) % 999_999 + 1:06d}"


Value = str | int | bool | Symbol | None


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One expected value. `value` None, or a symbol bound to "", means: must be absent or empty.

    `money`: judged by the rules for money. `prefix` is put before the value of kind "key", so that a text may depend on
    a value that only the host knows: Field(kind="key", prefix="response.", value=Symbol("code#3")) is the text
    "response.51" once the symbol is bound to "51".
    """

    name: str
    kind: FieldKind
    value: Value
    requirement: str
    money: bool = False
    prefix: str = ""


class Bind(msgspec.Struct, frozen=True):
    """Where a symbol gets its value: `field` of this step's observation, its authority.

    `field` is one source or several joined by "+": "F11", "F55.9F26", "answer.F37", "answer.F13+answer.F12". A source
    may end in a slice of GBK bytes, "answer.F44[0:8]". Outer spaces are stripped; what is absent gives "".
    """

    symbol: Symbol
    field: str

    def value(self, lookup: Callable[[str], str | None]) -> str:
        """The value, where `lookup` gives the text of one source ("F11", "answer.F44") or None."""
        return "".join(_sliced(source, lookup) for source in self.field.split("+"))


def _sliced(source: str, lookup: Callable[[str], str | None]) -> str:
    name, _, bounds = source.partition("[")
    text = lookup(name) or ""
    if bounds:
        low, high = (int(bound) for bound in bounds.rstrip("]").split(":"))
        text = text.encode("gbk", "replace")[low:high].decode("gbk", "replace")
    return text.strip()


class Step(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Base. `requirement`: what its absence, or unexpected presence, breaks. `optional`: may be too short to see."""

    requirement: str
    optional: bool = False


Give = Literal[
    "amount", "card", "pin", "operator", "password", "enter", "cancel", "wait", "none", "menu", "remove", "wake"
]


class Screen(Step, frozen=True, kw_only=True):
    """A screen of kind `kind` (see docs/points: ask_amount, ask_card, ask_pin, busy, result, menu …).

    fields   what it shows besides its fixed texts, e.g. a title (kind "key", "txn.sale"), an amount (fen)
    give     what the operator answers; `value` the thing to give (fen, card name, secret name, menu path as "7-6")
    """

    kind: str
    fields: tuple[Field, ...] = ()
    give: Give = "none"
    value: Value = None


class HostMessage(Step, frozen=True, kw_only=True):
    """A request that must reach the host: `message` signin signoff sale reversal settlement batch_upload upload_end.

    fields      F-numbers as "F3", "F4", "F60.2" …: exact values; a Field with value None must be absent
    present     F-numbers that must be there, whatever they hold (each with its requirement)
    may         F-numbers that may be there or not; every field named nowhere here must be absent
    binds       symbols learned from the request ("F11") or from the host's own answer ("answer.F37")
    mac, pin    True: the host must have found MAC / PIN block right (pin: the PIN named in `pin_given`)
    card        the lab's card whose number the host must have found, where the message holds one; "" for any
    sends       how many times at least / at most this very message is expected in a row
    """

    message: str
    fields: tuple[Field, ...] = ()
    present: tuple[Field, ...] = ()
    may: tuple[str, ...] = ()
    binds: tuple[Bind, ...] = ()
    mac: bool = True
    pin: Literal["right", "wrong", "none", "any"] = "any"
    card: str = ""
    sends: tuple[int, int] = (1, 1)


class Slip(Step, frozen=True, kw_only=True):
    """A slip: `copy` merchant, cardholder, settlement; every field judged; `forbidden`: lines that must be absent."""

    copy: str
    fields: tuple[Field, ...] = ()
    forbidden: tuple[Field, ...] = ()
    reprint: bool = False


class EcrAnswer(Step, frozen=True, kw_only=True):
    """The answer on the cash-register line: tags by number, e.g. Field("039", "text", "00")."""

    function: str
    fields: tuple[Field, ...] = ()


class ConsoleAnswer(Step, frozen=True, kw_only=True):
    """The answer on the service console: keys by name; journal rows as fields "row1.amount" …"""

    command: str
    fields: tuple[Field, ...] = ()


AnyStep = Screen | HostMessage | Slip | EcrAnswer | ConsoleAnswer

Outcome = Literal[
    "approved",
    "declined",
    "no_answer",
    "bad_answer",
    "bad_mac",
    "unreadable",
    "refused_connection",
    "closed",
    "not_sent",
    "done",
    "unsuccessful",
    "any",
]


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """When a branch applies, in facts of the host (its log is the authority) and of the operator.

    outcomes   per message name, in order, what became of it, e.g. (("reversal", "done", "00|12|25"),
               ("sale", "declined", "*")). Alternatives are joined by "|"; "*" stands for any code that fits the
               outcome, "!55|A0" for any but those. "done" and "unsuccessful" stand for a whole attempt of up to three
               sends (reversal, upload block): its last send answered with one of the codes, or not. "any" stands for
               all. "not_sent" and "refused_connection" leave nothing in the host's log. Empty: nothing may have
               reached the host.
    """

    outcomes: tuple[tuple[str, Outcome, str], ...] = ()


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """One way an action may end. `steps` are totally ordered at one observation point, partially across points.

    `ledger` is the ledger that follows (reference.Ledger), with symbols still in it; `reference.resolve` fills them.
    `forbidden`: what must not be seen at all in this branch; each names the requirement that its presence breaks.
    """

    name: str
    guard: Guard
    steps: tuple[AnyStep, ...]
    ledger: object
    forbidden: tuple[AnyStep, ...] = ()
