"""Journal records from answers (rules H19, R2, R5)."""

from __future__ import annotations

from typing import Any

from tillrig.simulator.firmware.host.chip import slip_tags
from tillrig.simulator.firmware.host.online import Outcome
from tillrig.simulator.firmware.storage.journal import Record
from tillrig.simulator.firmware.terminal import Terminal

_NOTE_BYTES = 20
UNKNOWN_ORGANISATION = "000"


def sale_record(
    terminal: Terminal, card: dict[str, Any], outcome: Outcome, tags: dict[str, str], *, order: str, waiver: bool
) -> Record:
    """The record of an approved sale."""
    request, answer = outcome.request, outcome.answer
    halves = _bytes(answer.get(44))
    notes = _bytes(answer.get(63))
    return {
        "kind": "sale",
        "datetime": answer_time(terminal, outcome),
        "batch": str(request[60])[2:8],
        "voucher": str(request[11]),
        "entry": card["entry"],
        "pan": card["pan"],
        "expiry": str(answer.get(14) or card["expiry"]),
        "amount": int(str(answer.get(4, request[4]))),
        "asked": int(str(request[4])),
        "auth": str(answer.get(38, "")).strip(),
        "ref": str(answer.get(37, "")).strip(),
        "code": outcome.code,
        "operator": terminal.session.user,
        "issuer": text_of(halves[:11]),
        "acquirer": text_of(halves[11:22]),
        "organisation": text_of(notes[:3]) or UNKNOWN_ORGANISATION,
        "notes": [note for at in range(3, len(notes), _NOTE_BYTES) if (note := text_of(notes[at : at + _NOTE_BYTES]))],
        "chip": slip_tags(tags, card) if tags else {},
        "product": _product(card),
        "waiver": waiver,
        "partial": outcome.code == "10",
        "order": order,
        "voided": False,
        "uploaded": "",
    }


def void_record(terminal: Terminal, sale: Record, outcome: Outcome) -> Record:
    """The record of an approved void of ``sale`` (rules R5)."""
    return sale | {
        "kind": "void",
        "datetime": answer_time(terminal, outcome),
        "batch": str(outcome.request[60])[2:8],
        "voucher": str(outcome.request[11]),
        "amount": -int(sale["amount"]),
        "auth": str(outcome.answer.get(38, "")).strip(),
        "ref": str(outcome.answer.get(37, "")).strip(),
        "code": outcome.code,
        "notes": [f"原凭证号:{sale['voucher']}"],
        "chip": {},
        "waiver": False,
        "partial": False,
        "order": "",
        "orig_voucher": sale["voucher"],
    }


def answer_time(terminal: Terminal, outcome: Outcome) -> str:
    """``YYYYMMDDhhmmss``: fields 13 and 12 of the answer, the year from the terminal (rules H19)."""
    mmdd, hhmmss = str(outcome.answer.get(13, "")), str(outcome.answer.get(12, ""))
    now = terminal.clock.now()
    if len(mmdd) != 4 or len(hhmmss) != 6:
        return now.strftime("%Y%m%d%H%M%S")
    return f"{terminal.clock.year_of(mmdd)}{mmdd}{hhmmss}"


def text_of(data: bytes) -> str:
    """GBK text without its padding."""
    return data.decode("gbk", errors="replace").strip(" \x00")


def _bytes(value: str | bytes | None) -> bytes:
    return value if isinstance(value, bytes) else (value or "").encode("gbk")


def _product(card: dict[str, Any]) -> str:
    """What the application on the chip says; a stripe does not tell."""
    aid = str(card["chip"].get("aid", "")) if card["entry"] != "S" else ""
    return {"0101": "DEBIT", "0102": "CREDIT"}.get(aid[-4:], "")
