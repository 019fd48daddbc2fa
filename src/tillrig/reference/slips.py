"""What the slips of a record and of a settlement must hold, field by field (receipts; rules R1–R7)."""

from __future__ import annotations

from collections.abc import Iterable

from tillrig.reference.fields import absent, field, there
from tillrig.reference.ledger import Known, Record, Settled
from tillrig.reference.totals import Totals, domestic, foreign, settled_apart
from tillrig.reference.values import Parameters
from tillrig.steps import Field, Slip

#: Lines that only a chip or contactless record has (rules R5).
CHIP_LINES = ("aid", "tvr", "tsi", "atc", "arqc", "applab", "csn")
COPIES = ("merchant", "cardholder")
#: Net lines and gross lines of a settlement block, in the order printed.
BLOCK_LINES = ("sale", "refund", "completion", "notice", "debit", "credit")


def header(parameters: Parameters, title: str, operator: str, need: str) -> tuple[Field, ...]:
    """Title, merchant, terminal and operator: the same on every slip (money, Merchant number)."""
    return (
        field("title", "key", title, need),
        field("merchant_name", "text", parameters.merchant_name, need),
        field("merchant_no", "text", parameters.merchant_no, "TERMINAL-ID"),
        field("terminal_no", "text", parameters.terminal_no, "TERMINAL-ID"),
        field("operator", "digits", operator, need),
    )


def sale_slip(parameters: Parameters, record: Record, copy: str, *, reprint: bool = False) -> Slip:
    """One copy of a sale's slip. A value that is empty means a line left out, or printed empty (rules R2)."""
    need = "REPRINT" if reprint else "SLIP-COPIES"
    fields = (
        *header(parameters, "slip.title", record.operator, "SLIP-HEADER"),
        field("copy", "key", f"slip.copy.{copy}", "SLIP-HEADER"),
        field("issuer", "key", record.issuer, "SLIP-ISSUER", prefix="issuer."),
        field("acquirer", "key", record.acquirer, "SLIP-ISSUER", prefix="issuer."),
        field("card_no", "masked_pan", record.masked, "SLIP-CARD"),
        field("entry", "key", record.entry, "SLIP-CARD", prefix="entry."),
        field("txn_type", "key", record.type, "SLIP-TYPE", prefix="type."),
        field("expiry", "expiry", "" if record.expiry == "0000" else record.expiry, "SLIP-EXPIRY"),
        field("batch", "digits", record.batch, "SLIP-VOUCHER"),
        field("voucher", "digits", record.stan, "SLIP-VOUCHER"),
        field("auth", "text", record.auth, "SLIP-AUTH"),
        field("datetime", "datetime", record.when, "SLIP-DATE"),
        field("reference", "text", record.rrn, "SLIP-REFERENCE"),
        field("amount", "amount", record.amount, "SLIP-AMOUNT", money=True),
        there("remark", "SLIP-AMOUNT") if record.partial else field("remark", "text", record.remark, "SLIP-ISSUER"),
        *_chip(record),
        field("reprint_mark", "presence", reprint or None, "REPRINT"),
        *_signature(parameters, record, copy),
    )
    return Slip(copy=copy, requirement=need, fields=fields, reprint=reprint)


def _chip(record: Record) -> Iterable[Field]:
    need = "SLIP-CHIP"
    if record.entry == "stripe":
        return absent(need, *CHIP_LINES)
    return (
        field("aid", "hex", record.aid, need),
        field("tvr", "hex", record.tvr, need),
        there("tsi", need),  # 9B is not among the tags sent (rules H15), so nobody else can tell its value
        field("atc", "hex", record.atc, need),
        field("arqc", "hex", record.arqc, need),
        field("applab", "text", record.label, need),
        field("csn", "digits", record.sequence, need),
    )


def _signature(parameters: Parameters, record: Record, copy: str) -> Iterable[Field]:
    need = "SLIP-SIGNATURE"
    if copy != "merchant":
        return absent(need, "signature", "waiver")
    if record.waived:
        return (*absent(need, "signature"), field("waiver", "amount", parameters.free_limit, need))
    return (there("signature", need), *absent(need, "waiver"))


def copies(parameters: Parameters) -> tuple[str, ...]:
    """The copies in the order printed."""
    return COPIES[: parameters.copies]


def settlement_slip(parameters: Parameters, settled: Settled, *, reprint: bool = False) -> Slip:
    """The settlement slip (rules R7): the host's word and, per block, net lines then debit and credit."""
    need = "SETTLE-SLIP"
    known = settled.complete and settled_apart(settled.records)
    fields = (
        *header(parameters, "slip.settlement.title", settled.operator, need),
        field("batch", "digits", settled.batch, need),
        field("datetime", "datetime", settled.when, need),
        *_block("in", settled.result_in, domestic(settled.records) if known else None),
        *_block("out", settled.result_out, foreign(settled.records) if known else None),
        field("reprint_mark", "presence", reprint or None, "REPRINT"),
    )
    return Slip(copy="settlement", requirement=need, fields=fields, reprint=reprint)


def _block(name: str, result: Known, records: tuple[Record, ...] | None) -> Iterable[Field]:
    need = "SETTLE-SLIP"
    yield field(f"{name}.result", "key", result, need, prefix="settle.")
    totals = None if records is None else Totals.of(records)
    for line in BLOCK_LINES:
        gross = line in {"debit", "credit"}
        amount_name = f"{name}.{line}" if gross else f"{name}.{line}_net"
        if totals is None:
            yield there(f"{name}.{line}_count", need)
            yield there(amount_name, need)
        else:
            entry = getattr(totals, line)
            yield field(f"{name}.{line}_count", "count", entry.count, need, money=True)
            yield field(amount_name, "amount", entry.amount, need, money=True)
