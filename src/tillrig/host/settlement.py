"""Comparing a batch: field 48 of settlement and of batch upload (host, Settlement; rules H8, H9, H23)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from tillrig.host.ledger import Booking, Settlement

BLOCK = 31
RECORD = 40
#: Said of an uploaded record that this host never booked; it is sound when the batch began at another host.
UNKNOWN_RECORD = "not in the host's books"


class UploadedRecord(msgspec.Struct, frozen=True):
    """One record of an upload: card organisation 00 home or 01 foreign, voucher, card number, fen."""

    organisation: str
    voucher: str
    card: str
    amount: int

    def __repr__(self) -> str:
        return f"UploadedRecord({self.voucher}, {self.amount})"


def compare(field48: str, expected: Settlement) -> tuple[tuple[int, int], tuple[str, ...], tuple[str, ...]]:
    """Result digits, 1 balanced and 2 not for each block, 3 when field 48 has not its 62 digits; what differs; what is
    wrong. To differ is no defect by itself: the host may hold what the terminal was never told.
    """
    if len(field48) != 2 * BLOCK:
        return (3, 3), (), (f"F48: {len(field48)} digits instead of {2 * BLOCK}",)
    own = expected.field48()
    results, notes = [], []
    for name, at in (("domestic", 0), ("foreign", BLOCK)):
        said, right = field48[at : at + BLOCK - 1], own[at : at + BLOCK - 1]
        results.append(1 if said == right else 2)
        if said != right:
            notes.append(f"F48 {name}: the terminal says {said}, the host has {right}")
    return (results[0], results[1]), tuple(notes), ()


def answer(field48: str, expected: Settlement, domestic: int, foreign: int) -> str:
    """Field 48 of the answer: the terminal's totals with the result digits (the host's when they cannot be read)."""
    totals = field48 if len(field48) == 2 * BLOCK else expected.field48()
    return f"{totals[: BLOCK - 1]}{domestic}{totals[BLOCK : 2 * BLOCK - 1]}{foreign}"


def records(field48: str) -> tuple[UploadedRecord, ...]:
    """The records of an upload block. Raises ValueError saying what is wrong with the block."""
    count = int(field48[:2] or "0")
    if not 1 <= count <= 8 or len(field48) != 2 + RECORD * count:
        raise ValueError(f"F48: {len(field48)} digits for {count} records")
    parts = [field48[at : at + RECORD] for at in range(2, len(field48), RECORD)]
    return tuple(UploadedRecord(part[:2], part[2:8], part[8:28], int(part[28:])) for part in parts)


def check_upload(field48: str, entries: Iterable[Booking], numbers: Mapping[str, str]) -> tuple[str, ...]:
    """What an upload block says otherwise than the books, each as `F48: …`; `numbers` gives the card number of an
    account's name.
    """
    try:
        uploaded = records(field48)
    except ValueError as error:
        return (str(error),)
    books = {entry.voucher: entry for entry in entries}
    wrong = []
    for record in uploaded:
        entry = books.get(record.voucher)
        if entry is None:
            wrong.append(f"F48: voucher {record.voucher}: {UNKNOWN_RECORD}")
            continue
        if entry.amount != record.amount:
            wrong.append(f"F48: voucher {record.voucher}: {record.amount} fen, the host has {entry.amount}")
        if numbers.get(entry.card, "").zfill(20) != record.card:
            wrong.append(f"F48: voucher {record.voucher}: another card number than in the host's books")
    return tuple(wrong)
