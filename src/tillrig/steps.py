"""Model-free expectations: what the reference engine predicts, at which observation point, with which values.

A value nobody can know beforehand is a Symbol: bound once, where its authority is observed (`Bind`), compared everywhere
after. Texts, layouts and number formats belong to the profile: a step names what is shown (kind "amount", fen), never how.
"""

from __future__ import annotations

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
]


class Symbol(msgspec.Struct, frozen=True, tag="symbol"):
    """A value to be bound where its authority is observed; `name` is unique within a ledger, e.g. "rrn#3"."""

    name: str


Value = str | int | bool | Symbol | None


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One expected value. `value` None means: must be absent / empty. `money`: judged by the rules for money."""

    name: str
    kind: FieldKind
    value: Value
    requirement: str
    money: bool = False


class Bind(msgspec.Struct, frozen=True):
    """Where a symbol gets its value: field `field` of this step's observation, its authority."""

    symbol: Symbol
    field: str


class Step(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Base. `requirement`: what its absence, or unexpected presence, breaks. `optional`: may be too short to be seen."""

    requirement: str
    optional: bool = False


Give = Literal["amount", "card", "pin", "operator", "password", "enter", "cancel", "wait", "none", "menu"]


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
    """A request that must reach the host: `message` signin, signoff, sale, reversal, settlement, batch_upload, upload_end.

    fields      F-numbers as "F3", "F4", "F60.2" …: exact values; a Field with value None must be absent
    present     F-numbers that must be there, whatever they hold (each with its requirement)
    binds       symbols learned from the request ("F11") or from the host's own answer ("answer.F37")
    mac, pin    True: the host must have found MAC / PIN block right (pin: the PIN named in `pin_given`)
    sends       how many times at least / at most this very message is expected in a row
    """

    message: str
    fields: tuple[Field, ...] = ()
    present: tuple[Field, ...] = ()
    binds: tuple[Bind, ...] = ()
    mac: bool = True
    pin: Literal["right", "wrong", "none", "any"] = "any"
    sends: tuple[int, int] = (1, 1)


class Slip(Step, frozen=True, kw_only=True):
    """A slip: `copy` merchant, cardholder, settlement; every field judged; `forbidden`: lines that must not be there."""

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
]


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """When a branch applies, in facts of the host (its log is the authority) and of the operator.

    outcomes   per message name, in order, what became of it, e.g. (("reversal", "approved", "00"),
               ("sale", "declined", "51")). A code "*" stands for any that fits the outcome. Empty: nothing may have reached the host.
    """

    outcomes: tuple[tuple[str, Outcome, str], ...] = ()


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """One way an action may end. `steps` are totally ordered at one observation point, partially across points.

    `ledger` is the ledger that follows (reference.Ledger), with symbols still in it; `reference.resolve` fills them.
    """

    name: str
    guard: Guard
    steps: tuple[AnyStep, ...]
    ledger: object
