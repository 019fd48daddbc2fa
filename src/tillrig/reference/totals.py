"""Gross and net totals of a batch (money, Totals; rules M2) and the 62 digits of field 48 (host, Settlement)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import msgspec

from tillrig.reference.ledger import Record
from tillrig.steps import Symbol

#: What a record counts as in the gross view; pre-authorisation and its void in neither (money, Totals).
DEBIT = frozenset({"SALE", "QR SALE", "AUTH COMPLETE", "AUTH SETTLEMENT"})
CREDIT = frozenset({"VOID", "COMPLETE VOID", "REFUND", "QR VOID", "QR REFUND"})
#: The printed line that a record counts in when it is not voided.
NET_LINE = {
    "SALE": "sale",
    "QR SALE": "sale",
    "REFUND": "refund",
    "QR REFUND": "refund",
    "AUTH COMPLETE": "completion",
    "AUTH SETTLEMENT": "notice",
}
#: F63.1 of a domestic card; QR and unknown count as domestic (rules H23).
DOMESTIC = frozenset({"CUP", "000", ""})


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """What totals need of a record. `type` is the slip's English word; `amount` fen, never negative."""

    type: str
    amount: int
    voided: bool = False


class Entry(msgspec.Struct, frozen=True):
    """A line: how many, and fen in all."""

    count: int = 0
    amount: int = 0

    def plus(self, amount: int) -> Entry:
        return Entry(self.count + 1, self.amount + amount)


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Both views of one block."""

    sale: Entry = Entry()
    refund: Entry = Entry()
    completion: Entry = Entry()
    notice: Entry = Entry()
    debit: Entry = Entry()
    credit: Entry = Entry()

    @classmethod
    def of(cls, records: Iterable[Record | Booking]) -> Self:
        """Totals of `records`; each amount must be known (UsageError of the type checker, ValueError at run time)."""
        lines = {name: Entry() for name in cls.__struct_fields__}
        for record in records:
            if isinstance(record.amount, Symbol):
                raise ValueError(f"the amount of a record is not known yet ({record.amount.name}): resolve the ledger")
            voided = isinstance(record, Booking) and record.voided
            counted = []
            if record.type in DEBIT:
                counted.append("debit")
            if record.type in CREDIT:
                counted.append("credit")
            if record.type in NET_LINE and not voided:
                counted.append(NET_LINE[record.type])
            for line in counted:
                lines[line] = lines[line].plus(record.amount)
        return cls(**lines)


def settled_apart(records: Iterable[Record]) -> bool:
    """Every amount and organisation is known, so the two blocks can be told apart and summed."""
    return not any(isinstance(record.amount, Symbol) or isinstance(record.organisation, Symbol) for record in records)


def domestic(records: Iterable[Record]) -> tuple[Record, ...]:
    """内卡."""
    return tuple(record for record in records if record.organisation in DOMESTIC)


def foreign(records: Iterable[Record]) -> tuple[Record, ...]:
    """外卡: F63.1 of the answer is not CUP (rules H23)."""
    return tuple(record for record in records if record.organisation not in DOMESTIC)


def half(totals: Totals, result: int = 0) -> str:
    """31 digits: debit total 12, debit count 3, credit total 12, credit count 3, result 1."""
    debit, credit = totals.debit, totals.credit
    return f"{debit.amount:012d}{debit.count:03d}{credit.amount:012d}{credit.count:03d}{result}"


def field48(records: Iterable[Record]) -> str | None:
    """F48 of the 0500: both blocks with result digits 0; None while a record's amount or block is not known."""
    records = tuple(records)
    if not settled_apart(records):
        return None
    return half(Totals.of(domestic(records))) + half(Totals.of(foreign(records)))
