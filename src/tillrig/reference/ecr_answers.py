"""Answers on the cash-register line (rules E1–E5)."""

from __future__ import annotations

from tillrig.actions import EcrSale
from tillrig.reference.fields import Way, absent, field, there
from tillrig.reference.ledger import Known, Record
from tillrig.reference.values import Parameters
from tillrig.steps import EcrAnswer, Field


def ecr_answer(function: str, requirement: str, code: Known, *fields: Field) -> EcrAnswer:
    """An answer with its result in tag 039."""
    return EcrAnswer(
        function=function, requirement=requirement, fields=(field("039", "text", code, requirement), *fields)
    )


def heartbeat_answer() -> EcrAnswer:
    """The answer to 04 has 001 only (rules E2)."""
    need = "ECR-HEARTBEAT"
    return EcrAnswer(
        function="heartbeat",
        requirement=need,
        fields=(there("001", need), *absent(need, "002", "004", "011", "037", "038", "039", "040", "102", "112")),
    )


def sold_fields(parameters: Parameters, record: Record, order: str, product: str) -> tuple[Field, ...]:
    """What the answer to an approved sale holds besides 039 (rules E4)."""
    need = "ECR-SALE"
    return (
        there("001", need),
        field("002", "text", order, need),
        field("004", "amount", record.amount, need, money=True),
        field("011", "digits", record.stan, need),
        field("037", "text", record.rrn, need),
        field("038", "text", record.auth, need),
        field("040", "key", record.code, need, prefix="response."),
        field("041", "text", parameters.terminal_no, "TERMINAL-ID"),
        field("042", "text", parameters.merchant_no, "TERMINAL-ID"),
        field("102", "masked_pan", record.masked, need),
        field("103", "text", product, need),
        field("112", "datetime", record.when, need),
    )


def ecr_sold(way: Way, asked: EcrSale | None, parameters: Parameters, record: Record, product: str) -> Way:
    """The answer to an approved sale, if the cash register asked for it."""
    if asked is None:
        return way
    fields = sold_fields(parameters, record, asked.order, product)
    return way.then(ecr_answer("sale", "ECR-SALE", record.code, *fields))


def ecr_ended(way: Way, asked: EcrSale | None, code: Known, text: str | None) -> Way:
    """The answer to a sale that did not come about: 039 the host's code or C1 … C8 (rules E3).

    `text` the key of tag 040, "response." for the text of `code`, None where no rule says what 040 holds.
    """
    if asked is None:
        return way
    said: tuple[Field, ...] = ()
    if text == "response.":
        said = (field("040", "key", code, "ECR-SALE", prefix="response."),)
    elif text is not None:
        said = (field("040", "key", text, "ECR-SALE"),)
    return way.then(ecr_answer("sale", "ECR-SALE", code, *said))


def ecr_failed(way: Way, asked: EcrSale | None) -> Way:
    """The answer after an exchange that failed: C4 with a reversal pending; no rule for what never left."""
    if asked is None:
        return way
    if way.ledger.pending is not None:
        return ecr_ended(way, asked, "C4", None)
    return way.then(EcrAnswer(function="sale", requirement="ECR-SALE", fields=(there("039", "ECR-SALE"),)))
