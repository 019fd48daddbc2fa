"""Totals of a batch, gross and net, inside (内卡) and outside (外卡) (money page, Totals; rules M2, H23)."""

from __future__ import annotations

from typing import Any

from tillrig.simulator.firmware.storage.journal import Record
from tillrig.simulator.firmware.terminal import Terminal

Totals = dict[str, dict[str, list[int]]]
"""``inside`` and ``outside``, each kind to [count, fen]."""

DEBIT = frozenset({"sale", "qr_sale", "completion", "notice"})
CREDIT = frozenset({"void", "qr_void", "completion_void", "refund"})
NET = {"sale": "sale", "qr_sale": "sale", "refund": "refund", "completion": "completion", "notice": "notice"}
KINDS = ("sale", "refund", "completion", "notice", "debit", "credit")
INSIDE_ORGANISATIONS = frozenset({"CUP", "000", ""})


def side(record: Record) -> str:
    """Which block a record belongs to: outside when the organisation is known and not CUP."""
    return "inside" if record["organisation"] in INSIDE_ORGANISATIONS else "outside"


def totals(terminal: Terminal) -> Totals:
    """Totals of the open batch."""
    sums: Totals = {block: {kind: [0, 0] for kind in KINDS} for block in ("inside", "outside")}
    for record in terminal.journal.records:
        kind, block = record["kind"], sums[side(record)]
        if kind in DEBIT:
            _add(block["debit"], record)
        if kind in CREDIT:
            _add(block["credit"], record)
        if kind in NET and not record["voided"]:
            _add(block[NET[kind]], record)
    return terminal.hooks.totals(sums)


def _add(total: list[int], record: Record) -> None:
    total[0] += 1
    total[1] += abs(int(record["amount"]))


def field48(sums: Totals) -> str:
    """The 62 digits of a settlement request, result digits 0."""
    text = ""
    for block in ("inside", "outside"):
        for kind in ("debit", "credit"):
            count, fen = sums[block][kind]
            text += f"{fen:012d}{count:03d}"
        text += "0"
    return text


def upload_records(records: list[Record]) -> list[Record]:
    """What an upload carries, in voucher order (rules H23)."""
    wanted = ("sale", "qr_sale", "void", "qr_void", "completion", "completion_void")
    return sorted((record for record in records if record["kind"] in wanted), key=lambda record: str(record["voucher"]))


def block48(records: list[Record]) -> str:
    """Field 48 of one upload block of 1 to 8 records."""
    text = f"{len(records):02d}"
    for record in records:
        organisation = "00" if side(record) == "inside" else "01"
        number = str(record.get("number20") or record["pan"]).rjust(20, "0")
        text += f"{organisation}{record['voucher']}{number}{abs(int(record['amount'])):012d}"
    return text


def kept(sums: Totals, more: dict[str, Any]) -> dict[str, Any]:
    """The settlement state on flash: totals and what is known besides."""
    return {"totals": sums, **more}
