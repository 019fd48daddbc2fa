"""The terminal's state as the engine knows it: frozen, with symbols where only the host or the first sight can tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeVar

import msgspec

from tillrig.actions import Entry
from tillrig.steps import Symbol, count_on

Position = Literal["unknown", "dark", "operator_prompt", "menu"]
#: Text or counter that may still be waiting for its authority.
Known = str | Symbol


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One journal record. `amount` fen; `when` MMDDhhmmss of the host; `waived`: neither PIN nor signature was due."""

    type: Literal["SALE"] = "SALE"
    stan: Known
    batch: Known
    amount: int | Symbol
    card: str
    masked: str
    expiry: str
    entry: Entry
    operator: str
    rrn: Known = ""
    auth: Known = ""
    when: Known = ""
    code: Known = "00"
    issuer: Known = ""
    acquirer: Known = ""
    organisation: Known = ""
    remark: Known = ""
    aid: str = ""
    label: str = ""
    sequence: str = ""
    tvr: Known = ""
    atc: Known = ""
    arqc: Known = ""
    waived: bool = False
    partial: bool = False
    order: str = ""


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A reversal record: the fields of the request to be reversed and the reason for F39 (rules H7, H21).

    `card` is the card's name; everything but `reason` is empty when the record was found, not made (see `known`).
    """

    reason: str
    stan: Known = ""
    batch: Known = ""
    amount: int = 0
    entry: Entry = "chip"
    entry_mode: str = ""
    masked: str = ""
    expiry: str = ""
    sequence: str = ""
    card: str = ""
    known: bool = True


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An ECR order number approved in this batch and the record that answers its repetition (rules E4)."""

    number: str
    amount: int
    record: Record


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """The last settlement, kept for its reprint. `complete` is False when the batch held records nobody had seen."""

    batch: Known
    when: Known
    operator: str
    result_in: Known
    result_out: Known
    records: tuple[Record, ...]
    complete: bool = True


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one terminal. None for `stan` or `batch`: not known. `stan` is the last one taken.

    `journal_known` / `pending_known` False: the terminal was found with a past that nobody has told yet.
    With `pending_known` False, `pending` is the record that is there if one is, and `maybe` the journal record that is
    there if it is not: power was cut between an approval and its storing.
    `reversed_last`: the last thing told of a reversal record was that it is done. `open_settlement`: a 0510 came, the
    end is not acknowledged yet (rules H23). `actions` counts the actions predicted so far and makes symbols unique.
    `uncertain`: more than one history is possible, totals are INCONCLUSIVE until facts are adopted.
    """

    position: Position = "unknown"
    operator: str | None = None
    keys_good: bool = False
    stan: Known | None = None
    batch: Known | None = None
    journal: tuple[Record, ...] = ()
    journal_known: bool = False
    pending: Pending | None = None
    pending_known: bool = False
    settled: Settled | None = None
    orders: tuple[Order, ...] = ()
    maybe: Record | None = None
    reversed_last: bool = False
    open_settlement: Settled | None = None
    uncertain: bool = False
    actions: int = 0

    @property
    def signed_in(self) -> bool:
        """An operator may go online: logged in with good working keys."""
        return self.operator is not None and self.keys_good

    def next_stan(self, symbol: str) -> Known:
        """The STAN that the next request takes (rules H19); a fresh symbol when the counter is not known."""
        return following(self.stan) if self.stan is not None else Symbol(symbol)


def following(stan: Known) -> Known:
    """The counter one on: 999999 is followed by 000001."""
    return Symbol(stan.name, stan.offset + 1) if isinstance(stan, Symbol) else count_on(stan, 1)


T = TypeVar("T", bound=msgspec.Struct)


def resolve(ledger: Ledger, bindings: Mapping[str, str]) -> Ledger:
    """`ledger` with every symbol that `bindings` knows replaced by its value; amounts become fen.

    Money or a STAN that stays a symbol makes the ledger uncertain: nobody has seen the message that told it.
    """
    filled = _fill(ledger, bindings)
    open_money = any(isinstance(record.amount, Symbol) or isinstance(record.stan, Symbol) for record in filled.journal)
    return msgspec.structs.replace(filled, uncertain=True) if open_money else filled


def _fill(struct: T, bindings: Mapping[str, str]) -> T:
    changes = {
        name: new
        for name in struct.__struct_fields__
        if (new := _filled(name, old := getattr(struct, name), bindings)) is not old
    }
    return msgspec.structs.replace(struct, **changes) if changes else struct


def _filled(name: str, value: object, bindings: Mapping[str, str]) -> object:
    if isinstance(value, Symbol):
        text = value.value(bindings)
        if text is None:
            return value
        return int(text) if name == "amount" and text.isdigit() else text
    if isinstance(value, tuple):
        items = tuple(_filled(name, item, bindings) for item in value)
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    if isinstance(value, msgspec.Struct):
        return _fill(value, bindings)
    return value
