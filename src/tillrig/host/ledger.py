"""What the host has booked: frozen entries, the batches they stand in, and the totals it expects at settlement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal

import msgspec

State = Literal["approved", "declined", "reversed"]


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction as the host keeps it. Fen: `asked` by the terminal, `amount` approved (0 when declined).

    `card` is the account's name, `card_number` masked; `voucher` is F11.
    """

    tid: str
    mid: str
    batch: str
    voucher: str
    kind: str
    state: State
    asked: int
    amount: int
    code: str
    at: datetime
    card: str = ""
    card_number: str = ""
    organisation: str = "CUP"
    entry: str = ""
    reference: str = ""
    authorisation: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """Terminal, batch and STAN, which never come twice."""
        return self.tid, self.batch, self.voucher


class Side(msgspec.Struct, frozen=True):
    """Gross totals of one block of field 48 (money, Totals), in fen and number of records."""

    debit: int = 0
    debit_count: int = 0
    credit: int = 0
    credit_count: int = 0

    def digits(self, result: int = 0) -> str:
        """The block's 31 digits."""
        return f"{self.debit:012d}{self.debit_count:03d}{self.credit:012d}{self.credit_count:03d}{result}"


class Settlement(msgspec.Struct, frozen=True):
    """Totals of a batch: cards of the home organisation and QR, and foreign cards."""

    batch: str
    domestic: Side = Side()
    foreign: Side = Side()

    def field48(self, results: tuple[int, int] = (0, 0)) -> str:
        """The 62 digits of field 48."""
        return self.domestic.digits(results[0]) + self.foreign.digits(results[1])


class Ledger(msgspec.Struct, frozen=True):
    """The books at one moment, in the order of the requests."""

    bookings: tuple[Booking, ...] = ()

    def __iter__(self) -> Iterator[Booking]:
        return iter(self.bookings)

    def select(
        self, *, card: str | None = None, tid: str | None = None, batch: str | None = None, state: State | None = None
    ) -> tuple[Booking, ...]:
        """The entries that agree with everything given."""
        wanted = {"card": card, "tid": tid, "batch": batch, "state": state}
        given = {name: value for name, value in wanted.items() if value is not None}
        return tuple(entry for entry in self.bookings if all(getattr(entry, n) == v for n, v in given.items()))

    def booked(self, *, card: str | None = None, tid: str | None = None, batch: str | None = None) -> tuple[int, int]:
        """Number and sum in fen of what stands approved and not reversed."""
        entries = self.select(card=card, tid=tid, batch=batch, state="approved")
        return len(entries), sum(entry.amount for entry in entries)

    def settlement(self, tid: str, batch: str) -> Settlement:
        """What field 48 of this batch should say."""
        entries = self.select(tid=tid, batch=batch, state="approved")
        return Settlement(
            batch,
            _side(entry for entry in entries if entry.organisation in ("CUP", "000", "")),
            _side(entry for entry in entries if entry.organisation not in ("CUP", "000", "")),
        )


def _side(entries: Iterable[Booking]) -> Side:
    """Sales are debit (money, Totals); this host books nothing that is credit yet."""
    amounts = [entry.amount for entry in entries if entry.kind == "sale"]
    return Side(sum(amounts), len(amounts))
