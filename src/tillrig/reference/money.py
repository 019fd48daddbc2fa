"""Money is conserved: the host's books, the ledger and the exported journal say the same (MONEY-CONSERVED)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from tillrig.reference.ledger import Ledger
from tillrig.steps import Symbol

NEED = "MONEY-CONSERVED"
Key = tuple[str, str]


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction that the host approved. `amount` fen; `reversed` when a 0400 took it back."""

    batch: str
    stan: str
    amount: int
    reversed: bool = False


class Discrepancy(msgspec.Struct, frozen=True, kw_only=True):
    """Two books that disagree. `point` money.booked or money.journal."""

    requirement: str
    point: str
    expected: str
    seen: str
    reason: str


def conserved(
    ledger: Ledger,
    booked: Iterable[Booked],
    journal: Iterable[Mapping[str, str]] | None = None,
) -> tuple[Discrepancy, ...]:
    """Where the books of the ledger's batch disagree; empty when money is conserved, and when nothing `comparable` is
    known.

    A transaction that the host booked and the terminal has still to reverse counts for neither side. `journal`: rows by
    CSV header, None when the journal was not exported. Amounts in fen.
    """
    books = {(entry.batch, entry.stan): entry for entry in booked}
    return (*_ledger(ledger, books), *_journal(ledger, journal))


def comparable(ledger: Ledger) -> bool:
    """Whether every payment that the terminal holds is known, so that books that do not disagree do agree."""
    known = ledger.journal_known and ledger.pending_known and isinstance(ledger.batch, str)
    return known and not ledger.uncertain


def _known(ledger: Ledger) -> dict[Key, int]:
    return {
        (record.batch, record.stan): record.amount
        for record in ledger.journal
        if isinstance(record.batch, str) and isinstance(record.stan, str) and isinstance(record.amount, int)
    }


def _pending(ledger: Ledger) -> Key | None:
    pending = ledger.pending
    if pending is None or isinstance(pending.batch, Symbol) or isinstance(pending.stan, Symbol):
        return None
    return pending.batch, pending.stan


def _ledger(ledger: Ledger, books: Mapping[Key, Booked]) -> Iterator[Discrepancy]:
    if ledger.uncertain or not ledger.journal_known:
        return
    kept, waiting = _known(ledger), _pending(ledger)
    for key, amount in kept.items():
        entry = books.get(key)
        if entry is None or entry.reversed:
            reason = (
                "approved and stored at the terminal, not booked at the host"
                if entry is None
                else "reversed at the host"
            )
            yield _differs("money.booked", key, amount, None, reason)
        elif entry.amount != amount:
            yield _differs("money.booked", key, amount, entry.amount, "the host booked another amount")
    for key, entry in books.items():
        if key[0] != ledger.batch or entry.reversed or key in kept or key == waiting or not ledger.pending_known:
            continue
        yield _differs("money.booked", key, None, entry.amount, "booked at the host, unknown to the terminal")


def _journal(ledger: Ledger, journal: Iterable[Mapping[str, str]] | None) -> Iterator[Discrepancy]:
    if journal is None or ledger.uncertain or not ledger.journal_known:
        return
    kept = _known(ledger)
    rows = {(row.get("batch", ""), row.get("voucher", "")): row.get("amount", "") for row in journal}
    for key in sorted(kept.keys() | rows.keys()):
        said = rows.get(key)
        seen = int(said) if said is not None and said.isdigit() else None
        if kept.get(key) != seen:
            yield _differs("money.journal", key, kept.get(key), seen, "the exported journal differs")


def _differs(point: str, key: Key, expected: int | None, seen: int | None, reason: str) -> Discrepancy:
    where = f"batch {key[0]} voucher {key[1]}"
    return Discrepancy(
        requirement=NEED,
        point=point,
        expected="nothing" if expected is None else f"{expected} fen",
        seen="nothing" if seen is None else f"{seen} fen",
        reason=f"{where}: {reason}",
    )
