"""The reference engine: what the terminal must do, written from the specification alone."""

from __future__ import annotations

from tillrig.reference.choosing import Chosen, Exchange, choose, exchange_of
from tillrig.reference.engine import Engine
from tillrig.reference.facts import (
    AtScreen,
    BatchIs,
    Fact,
    JournalIs,
    KeysLost,
    LastStan,
    MaybePending,
    NothingPending,
    OperatorIs,
    PendingIs,
)
from tillrig.reference.ledger import Ledger, Order, Pending, Record, Settled
from tillrig.reference.lookup import lookup, lookup_seen
from tillrig.reference.money import Booked, Discrepancy, comparable, conserved
from tillrig.reference.totals import Booking, Totals, field48
from tillrig.reference.values import CardFacts, Chip, Conditions, Parameters

__all__ = [
    "AtScreen",
    "BatchIs",
    "Booked",
    "Booking",
    "CardFacts",
    "Chip",
    "Chosen",
    "Conditions",
    "Discrepancy",
    "Engine",
    "Exchange",
    "Fact",
    "JournalIs",
    "KeysLost",
    "LastStan",
    "Ledger",
    "MaybePending",
    "NothingPending",
    "OperatorIs",
    "Order",
    "Parameters",
    "Pending",
    "PendingIs",
    "Record",
    "Settled",
    "Totals",
    "choose",
    "comparable",
    "conserved",
    "exchange_of",
    "field48",
    "lookup",
    "lookup_seen",
]
