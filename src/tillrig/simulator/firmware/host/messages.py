"""Requests, field by field (rules H3, H5, H7, H8, H16-H19)."""

from __future__ import annotations

from typing import Any

from tillrig.simulator.firmware.host.crypto import pin_block
from tillrig.simulator.firmware.host.iso import Fields
from tillrig.simulator.firmware.terminal import Terminal

WITH_MAC = frozenset({"sale", "void", "reversal"})
MTI = {
    "signin": "0800", "signoff": "0820", "sale": "0200", "void": "0200", "reversal": "0400", "settlement": "0500",
    "batch_upload": "0320", "upload_end": "0320",
}  # fmt: skip
KEPT_IN_REVERSAL = (2, 3, 4, 11, 14, 22, 23, 25, 38, 41, 42, 49, 59, 60, 61, 62)


def _base(terminal: Terminal, message: str, **numbered: str | bytes) -> Fields:
    fields: Fields = {0: MTI[message], 41: terminal.param("tid"), 42: terminal.param("mid")}
    return fields | {int(name[1:]): value for name, value in numbered.items()}


def sign_in(terminal: Terminal, operator: str) -> Fields:
    """0800: double-length keys asked for (rules H17, H18)."""
    identity = f"{terminal.param('licence')}{terminal.param('serial')}".encode()
    return _base(
        terminal,
        "signin",
        f60=f"00{terminal.store.batch}003",
        f62=b"Sequence No%02d" % len(identity) + identity,
        f63=f"{operator} ".encode(),
    )


def sign_off(terminal: Terminal) -> Fields:
    """0820 with 60.3 = 002."""
    return _base(terminal, "signoff", f60=f"00{terminal.store.batch}002")


def settlement(terminal: Terminal, operator: str, totals: str) -> Fields:
    """0500; ``totals`` are the 62 digits of field 48."""
    return _base(
        terminal, "settlement", f48=totals, f49="156", f60=f"00{terminal.store.batch}201", f63=f"{operator} ".encode()
    )


def upload_block(terminal: Terminal, block: str) -> Fields:
    """0320 with one block of records."""
    return _base(terminal, "batch_upload", f48=block, f60=f"00{terminal.store.batch}201")


def upload_end(terminal: Terminal, count: int, *, balanced: bool) -> Fields:
    """0320 that closes the batch: 207 balanced, 202 not (rules H9)."""
    code = "207" if balanced else "202"
    return _base(terminal, "upload_end", f48=f"{count:04d}", f60=f"00{terminal.store.batch}{code}")


def sale(terminal: Terminal, card: dict[str, Any], fen: int, pin: str, chip_data: bytes | None) -> Fields:
    """0200 by stripe, chip or contactless, without F11 and F64; ``card`` as the card flow read it."""
    entry = {"S": "02", "I": "05", "C": "07"}[card["entry"]]
    fallback = bool(card.get("fallback"))
    fields = _base(
        terminal,
        "sale",
        f3="000000",
        f4=f"{fen:012d}",
        f22=entry + ("1" if pin else "2"),
        f25="00",
        f35=card["track2"],
        f49="156",
        f60=f"22{terminal.store.batch}0006{'2' if fallback else '0'}" + ("1" if terminal.param("partial") else ""),
    )
    if card["entry"] != "S":
        fields |= {2: card["pan"], 14: card["expiry"] or "0000", 55: chip_data or b""}
        if card["sequence"]:
            fields[23] = card["sequence"]
    if pin:
        key = terminal.session.keys["pik"]
        fields |= {26: "12", 52: pin_block(key, pin, card["pan"]), 53: "2600000000000000"}
    return fields


def void(terminal: Terminal, record: dict[str, Any], approved: Fields) -> Fields:
    """0200 that voids a journaled sale without its card (rules H6, H16, H18)."""
    fields = _base(
        terminal,
        "void",
        f2=record["pan"],
        f3="200000",
        f4=f"{record['amount']:012d}",
        f14=record["expiry"] or "0000",
        f22="012",
        f25="00",
        f37=record["ref"].ljust(12),
        f49="156",
        f60=f"23{terminal.store.batch}00060",
        f61=f"{record['batch']}{record['voucher']}{approved.get(13, record['datetime'][4:8])}",
    )
    return fields | ({38: record["auth"].ljust(6)} if record["auth"] else {})


def reversal(record: dict[str, Any], chip_data: bytes | None) -> Fields:
    """0400 of a stored reversal record (rules H7): never 35, 36, 37, 52."""
    original = {int(number): value for number, value in record["fields"].items()}
    fields: Fields = {number: original[number] for number in KEPT_IN_REVERSAL if number in original}
    fields |= {0: "0400", 39: record["reason"]}
    if chip_data:
        fields[55] = chip_data
    return fields
