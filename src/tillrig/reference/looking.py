"""Actions that move no money: reprint, version, console, sleep, heartbeat, a repeated order number."""

from __future__ import annotations

from collections.abc import Iterator

from tillrig.actions import Console, EcrSale, Reprint
from tillrig.reference import screens
from tillrig.reference.ecr_answers import ecr_answer, heartbeat_answer, sold_fields
from tillrig.reference.fields import Way, absent, field, there
from tillrig.reference.ledger import Ledger, Order, Record
from tillrig.reference.printing import print_copies
from tillrig.reference.slips import header
from tillrig.reference.values import CardFacts, Conditions, Parameters
from tillrig.steps import Branch, ConsoleAnswer, Field, HostMessage, Screen, Slip

REPRINT, VERSION = "txn.reprint", "txn.version"


def reprint(parameters: Parameters, conditions: Conditions, way: Way, action: Reprint) -> Iterator[Branch]:
    """6-1: all copies of the last record again, each marked (rules T11); nothing is sent."""
    way = way.then(screens.menu("6-1")).never(HostMessage(message="sale", requirement="REPRINT"))
    ledger = way.ledger
    if ledger.journal and ledger.maybe is None:

        def leaves(prompt: str) -> None:
            return None

        named = way.named("reprinted")
        printed = print_copies(named, parameters, conditions, ledger.journal[-1], REPRINT, leaves, reprint=True)
        yield printed.to_menu().end()
        return
    known = ledger.journal_known and ledger.maybe is None
    none = screens.says("refused", REPRINT, "text.no_records", "REPRINT", optional=not known)
    way = way.named("no records" if known else "unknown records").then(none)
    if known:
        way = way.never(*(Slip(copy=copy, requirement="REPRINT") for copy in ("merchant", "cardholder")))
    else:
        mark = field("reprint_mark", "presence", True, "REPRINT")
        head = header(parameters, "slip.title", ledger.operator or "", "SLIP-HEADER")
        own = tuple(known for known in head if known.name != "operator")
        way = way.then(
            *(
                Slip(copy=copy, requirement="REPRINT", optional=True, fields=(*own, mark), reprint=True)
                for copy in ("merchant", "cardholder")
            )
        )
    yield way.to_menu().end()


def show_version(parameters: Parameters, way: Way) -> Iterator[Branch]:
    """7-8: model, version, terminal number; any key leaves."""
    shown = screens.titled(
        "version",
        VERSION,
        "VERSION",
        *screens.version_fields(parameters),
        field("terminal_no", "text", parameters.terminal_no, "TERMINAL-ID"),
    )
    leave = Screen(kind=shown.kind, requirement=shown.requirement, fields=shown.fields, give="enter")
    yield way.named("version").then(screens.menu("7-8"), leave).to_menu().end()


def sleep(way: Way) -> Iterator[Branch]:
    """Left alone it sleeps; the waking key is swallowed and the screen before is shown again (terminal, Times)."""
    asleep = Screen(kind="dark", requirement="SLEEPS", give="wake")
    back = "menu" if way.ledger.position == "menu" else "ask_operator"
    yield way.named("woken").then(asleep, Screen(kind=back, requirement="WAKE")).end()


def heartbeat(way: Way) -> Iterator[Branch]:
    """Function 04 on the cash-register line (rules E2)."""
    yield way.named("heartbeat").then(heartbeat_answer()).end()


def repeated_order(
    parameters: Parameters, cards: dict[str, CardFacts], way: Way, action: EcrSale, order: Order
) -> Iterator[Branch]:
    """An order number approved in this batch: the stored answer, or C7 with another amount; nothing sent (rules E4)."""
    need = "ECR-ONCE"
    way = way.never(HostMessage(message="sale", requirement=need), Slip(copy="merchant", requirement=need))
    if order.amount != action.amount:
        yield way.named("order with another amount").then(ecr_answer("sale", need, "C7")).end()
        return
    fields = sold_fields(parameters, order.record, order.number, cards[order.record.card].product)
    yield way.named("order repeated").then(ecr_answer("sale", need, order.record.code, *fields)).end()


def console(parameters: Parameters, way: Way, action: Console) -> Iterator[Branch]:
    """What the service console answers; the exported journal equals the ledger (rules E6)."""
    if action.command == "version":
        answer = ConsoleAnswer(command="version", requirement="VERSION", fields=screens.version_fields(parameters))
    elif action.command == "status":
        answer = ConsoleAnswer(command="status", requirement="JOURNAL", fields=tuple(_status(way.ledger)))
    else:
        answer = ConsoleAnswer(command="journal", requirement="JOURNAL", fields=tuple(_journal(way.ledger)))
    yield way.named(action.command).then(answer).end()


def _status(ledger: Ledger) -> Iterator[Field]:
    yield there("state", "JOURNAL")
    if ledger.operator is not None:
        yield field("operator", "digits", ledger.operator, "SIGNIN")
    if ledger.batch is not None:
        yield field("batch", "digits", ledger.batch, "BATCH")
    if ledger.journal_known and not ledger.uncertain:
        yield field("records", "count", len(ledger.journal), "JOURNAL")


def _journal(ledger: Ledger) -> Iterator[Field]:
    need = "JOURNAL"
    if not ledger.journal_known or ledger.uncertain:
        return
    yield field("rows", "count", len(ledger.journal), need)
    for number, record in enumerate(ledger.journal, 1):
        yield from _row(f"row{number}", record)


def _row(row: str, record: Record) -> Iterator[Field]:
    need = "JOURNAL"
    yield field(f"{row}.type", "text", record.type, need)
    yield field(f"{row}.batch", "digits", record.batch, need)
    yield field(f"{row}.voucher", "digits", record.stan, need)
    yield field(f"{row}.datetime", "datetime", record.when, need)
    yield field(f"{row}.card", "masked_pan", record.masked, need)
    yield field(f"{row}.amount", "amount", record.amount, need, money=True)
    yield field(f"{row}.auth", "text", record.auth, need)
    yield field(f"{row}.ref", "text", record.rrn, need)
    yield field(f"{row}.code", "text", record.code, need)
    yield field(f"{row}.operator", "digits", record.operator, need)
    yield from absent(need, f"{row}.orig_voucher")
