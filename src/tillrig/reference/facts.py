"""Facts that resynchronise the ledger: what a screen, console answer, journal export or host log said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from tillrig.actions import Entry
from tillrig.errors import UsageError
from tillrig.reference.ledger import Ledger, Pending, Position, Record
from tillrig.reference.messages import ENTRY_CODES
from tillrig.reference.values import CardFacts, Parameters
from tillrig.steps import Symbol


class AtScreen(msgspec.Struct, frozen=True):
    """Where the terminal is seen. At the operator prompt nobody is logged in; dark, the keys are gone too."""

    position: Position


class LastStan(msgspec.Struct, frozen=True):
    """The last STAN the terminal was seen to take (six digits); None: it is no longer known."""

    stan: str | None


class BatchIs(msgspec.Struct, frozen=True):
    """The batch number (six digits)."""

    batch: str


class OperatorIs(msgspec.Struct, frozen=True):
    """Who is logged in; `keys_good`: the working keys are valid."""

    operator: str | None
    keys_good: bool = True


class KeysLost(msgspec.Struct, frozen=True):
    """The terminal counts as not signed in (request nibble 3, rules H21)."""


class JournalIs(msgspec.Struct, frozen=True):
    """The exported journal, row by row by CSV header (rules E6). Known records keep what only the host could tell."""

    rows: tuple[Mapping[str, str], ...]


class NothingPending(msgspec.Struct, frozen=True):
    """No reversal record is stored."""


class MaybePending(msgspec.Struct, frozen=True):
    """A reversal record may be stored; the next online transaction will tell."""


class PendingIs(msgspec.Struct, frozen=True):
    """A reversal record is stored, and which."""

    pending: Pending


Fact = AtScreen | LastStan | BatchIs | OperatorIs | KeysLost | JournalIs | NothingPending | MaybePending | PendingIs


def adopt(ledger: Ledger, facts: Iterable[Fact], cards: Mapping[str, CardFacts], parameters: Parameters) -> Ledger:
    """`ledger` with `facts` taken as true, in order. Certain again once journal and STAN are known."""
    for fact in facts:
        ledger = _adopted(ledger, fact, cards, parameters)
    return ledger


def _adopted(ledger: Ledger, fact: Fact, cards: Mapping[str, CardFacts], parameters: Parameters) -> Ledger:
    changes: dict[str, object]
    match fact:
        case AtScreen(position):
            changes = {"position": position}
            if position in {"operator_prompt", "dark"}:
                changes |= {"operator": None, "keys_good": ledger.keys_good and position != "dark"}
        case LastStan(stan):
            changes = {"stan": stan}
        case BatchIs(batch):
            changes = {"batch": batch}
        case OperatorIs(operator, keys_good):
            changes = {"operator": operator, "keys_good": keys_good and operator is not None}
        case KeysLost():
            changes = {"keys_good": False}
        case JournalIs(rows):
            records = tuple(_record(row, ledger, cards, parameters) for row in rows)
            changes = {"journal": records, "journal_known": True, "uncertain": False, "maybe": None}
            stored = {(record.batch, record.stan) for record in records}
            waiting = ledger.pending
            if waiting is not None and not ledger.pending_known and (waiting.batch, waiting.stan) in stored:
                changes |= {"pending": None, "pending_known": True}  # rules H21: stored, hence not reversed
        case NothingPending():
            changes = {"pending": None, "pending_known": True}
        case MaybePending():
            changes = {"pending": None, "pending_known": False}
        case PendingIs(pending):
            changes = {"pending": pending, "pending_known": True}
    return msgspec.structs.replace(ledger, **changes)


def _record(row: Mapping[str, str], ledger: Ledger, cards: Mapping[str, CardFacts], parameters: Parameters) -> Record:
    try:
        batch, voucher, amount = row["batch"], row["voucher"], int(row["amount"])
    except (KeyError, ValueError) as error:
        raise UsageError(f"a journal row lacks batch, voucher or amount ({error}); export the journal again") from None
    for record in ledger.journal:
        if (record.batch, record.stan) == (batch, voucher) and record.amount == amount:
            return record
    masked = row.get("card", "")
    card = next((card for card in cards.values() if card.masked == masked), None)
    entry = _entry(row.get("entry", ""))
    chip = card.chip if card and entry != "stripe" else None

    def untold(what: str) -> Symbol:
        return Symbol(f"{what}@{batch}.{voucher}")  # no journal column: settled by the first slip that shows it

    return Record(
        stan=voucher,
        batch=batch,
        amount=amount,
        card=card.name if card else "",
        masked=masked,
        expiry=card.expiry if card else "0000",
        entry=entry,
        operator=row.get("operator", ""),
        rrn=row.get("ref", ""),
        auth=row.get("auth", ""),
        when="".join(filter(str.isdigit, row.get("datetime", "")))[-10:],
        code=row.get("code", "") or "00",
        issuer=untold("issuer"),
        acquirer=untold("acquirer"),
        organisation=card.organisation if card else untold("org"),
        remark=untold("remark"),
        aid=chip.aid if chip else "",
        label=chip.label if chip else "",
        sequence=card.sequence if card and chip else "",
        tvr=untold("tvr") if chip else "",
        atc=untold("atc") if chip else "",
        arqc=untold("arqc") if chip else "",
        waived=entry == "contactless" and amount <= parameters.free_limit,
    )


def _entry(text: str) -> Entry:
    """The entry mode in a journal row, whose form no rule gives: a word, a slip's letter, or digits as in F22."""
    words: dict[str, Entry] = {"stripe": "stripe", "chip": "chip", "contactless": "contactless"}
    letters: dict[str, Entry] = {"S": "stripe", "I": "chip", "C": "contactless"}
    codes: dict[str, Entry] = {code: entry for entry, code in ENTRY_CODES.items()}
    return words.get(text.lower()) or letters.get(text.lstrip("/").upper()) or codes.get(text[:2], "chip")
