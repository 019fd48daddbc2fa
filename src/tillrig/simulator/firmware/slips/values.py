"""What stands on a slip, by field name, taken from a journal record (rules R2-R6)."""

from __future__ import annotations

from typing import Any

from tillrig.simulator.firmware.storage.journal import Record
from tillrig.simulator.firmware.terminal import Terminal

LIMIT_FORMAT = "{0}.{1:02d}"


def money(fen: int) -> str:
    """Fen as a slip prints them, with thousands separators (rules R3)."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def masked(terminal: Terminal, pan: str, where: str) -> str:
    """Six digits, a star for each hidden one, four digits (rules R3, R8)."""
    return terminal.hooks.mask(pan[:6] + "*" * (len(pan) - 10) + pan[-4:], pan, where)


def institution(terminal: Terminal, code: str) -> str:
    """Name of an issuer or acquirer by the first eight digits of its half of field 44 (rules R2)."""
    digits = code.strip()[:8]
    return str(terminal.resources.responses["institutions"].get(digits, digits))


def printed_time(stamp: str) -> str:
    """``YYYYMMDDhhmmss`` as ``YYYY/MM/DD hh:mm:ss``."""
    return f"{stamp[:4]}/{stamp[4:6]}/{stamp[6:8]} {stamp[8:10]}:{stamp[10:12]}:{stamp[12:14]}"


def header(terminal: Terminal, operator: str) -> dict[str, Any]:
    """Merchant, terminal and operator, on every slip."""
    return {
        "merchant_name": terminal.param("merchant"),
        "merchant_no": terminal.param("mid"),
        "terminal_no": terminal.param("tid"),
        "operator": operator,
    }


def sale_values(terminal: Terminal, record: Record, copy: str, *, reprint: bool) -> dict[str, Any]:
    """Field name to text (or list of texts) of one copy of a card transaction."""
    slips = terminal.resources.slips
    expiry = record["expiry"]
    values = header(terminal, record["operator"]) | {
        "title": slips["titles"]["sale"],
        "copy": slips["copies"][copy],
        "issuer": institution(terminal, record["issuer"]),
        "acquirer": institution(terminal, record["acquirer"]),
        "card_no": f"{masked(terminal, record['pan'], 'slip')} /{record['entry']}",
        "txn_type": slips["types"][record["kind"]],
        "expiry": "" if expiry in ("", "0000") else f"20{expiry[:2]}/{expiry[2:]}",
        "batch": record["batch"],
        "voucher": record["voucher"],
        "auth": record["auth"],
        "datetime": printed_time(record["datetime"]),
        "reference": record["ref"],
        "amount": f"RMB {money(record['amount'])}",
        "remark": list(record["notes"]),
        "reprint_mark": slips["reprint_mark"] if reprint else "",
        **record["chip"],
    }
    if record["partial"]:
        values["remark"].append(slips["partial"].format(amount=money(record["amount"])))
    if copy != "cardholder":
        if record["waiver"]:
            limit = int(terminal.param("contactless_limit"))
            values["waiver"] = slips["waiver"].format(limit=LIMIT_FORMAT.format(limit // 100, limit % 100))
        else:
            values |= {"signature": slips["signature"], "consent": slips["consent"]}
    return values
