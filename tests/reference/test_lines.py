"""Cash-register line, service console, version, sleep: actions that ask the terminal (rules E1–E6)."""

from __future__ import annotations

import pytest

from tillrig.actions import Console, EcrHeartbeat, EcrSale, Sale, Settle, ShowVersion, Sleep
from tillrig.reference import JournalIs, Ledger, Parameters
from tillrig.steps import Branch, ConsoleAnswer, EcrAnswer, Symbol

from .walking import Walk, fields, forbidden, message, messages, screen, screens, with_ledger

OK = ("sale", "approved", "00")


def answer(branch: Branch) -> dict[str, object]:
    (said,) = [step for step in branch.steps if isinstance(step, EcrAnswer | ConsoleAnswer)]
    return fields(said)


def test_a_heartbeat_is_answered_with_its_function_alone(walk: Walk) -> None:
    """Rules E2: 001 only."""
    said = answer(walk.do(EcrHeartbeat()))
    assert said.pop("001") is True
    assert set(said.values()) == {None}


def test_a_sale_by_the_cash_register_asks_no_amount(walk: Walk) -> None:
    """Rules E5, E4: amount from the line, card and PIN from the keypad; the answer holds the sale's values."""
    branch = walk.do(EcrSale(amount=1234, order="A-1"), OK)
    assert screens(branch) == ["ask_card", "ask_pin", "result", "menu"]
    assert fields(message(branch, "sale"))["F4"] == 1234
    said = answer(branch)
    assert (said["002"], said["004"], said["011"], said["102"], said["103"]) == (
        *("A-1", 1234, "000007"),
        *("990003*********6786", "DEBIT"),
    )
    for tag, source in (("037", "answer.F37"), ("038", "answer.F38"), ("039", "answer.F39")):
        value = said[tag]
        assert isinstance(value, Symbol)
        assert value.value(walk.bindings) == walk.sent[0][1][source]
    assert walk.ledger.orders[0].number == "A-1"


def test_a_repeated_order_is_answered_without_charging(walk: Walk) -> None:
    """Rules E4: same order and amount: the stored answer, nothing sent, nothing printed; another amount: C7."""
    walk.do(EcrSale(amount=1234, order="A-1"), OK)
    first = walk.sent[0][1]
    again = walk.do(EcrSale(amount=1234, order="A-1"))
    assert (answer(again)["037"], answer(again)["039"]) == (first["answer.F37"], "00")
    assert forbidden(again) == {"sale": "ECR-ONCE", "merchant": "ECR-ONCE"}
    assert messages(again) == []
    assert answer(walk.do(EcrSale(amount=99, order="A-1")))["039"] == "C7"
    assert len(walk.ledger.journal) == 1


@pytest.mark.parametrize(("log", "code"), [(("sale", "declined", "51"), "51"), (("sale", "no_answer", ""), "C4")])
def test_an_order_that_failed_may_be_tried_again(walk: Walk, log: tuple[str, str, str], code: str) -> None:
    """Rules E3, E4: declined: its code; no answer: C4, and the reversal goes first when it is tried again."""
    said = answer(walk.do(EcrSale(amount=5, order="B"), log))["039"]
    assert (said.value(walk.bindings) if isinstance(said, Symbol) else said) == code
    again = [("reversal", "approved", "00")] if code == "C4" else []
    branch = walk.do(EcrSale(amount=5, order="B"), *again, OK)
    assert messages(branch) == ["reversal", "sale"][-len(messages(branch)) :]
    assert len(walk.ledger.orders) == 1


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (EcrSale(amount=1, order="C", cancel_at="ask_card"), "C1"),
        (EcrSale(amount=1, order="C", idle_at="ask_card"), "C2"),
        (EcrSale(amount=1, order="C", cancel_at="ask_pin"), "C1"),
    ],
)
def test_a_cancelled_or_forgotten_sale_says_so(walk: Walk, action: EcrSale, code: str) -> None:
    """Rules E3, E5: C1 cancelled, C2 no card within 60 s."""
    assert answer(walk.do(action))["039"] == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"position": "operator_prompt", "operator": None, "keys_good": False}, "C3"),
        ({"keys_good": False}, "C3"),
        ({"operator": "00"}, "C6"),
    ],
)
def test_a_sale_that_may_not_be_is_refused_on_the_line(
    walk: Walk, signed_in: Ledger, changes: dict[str, object], code: str
) -> None:
    """Rules E3: C3 not signed in, C6 refused on the terminal."""
    walk.ledger = with_ledger(signed_in, **changes)
    assert answer(walk.do(EcrSale(amount=1, order="D")))["039"] == code


def test_settlement_forgets_order_numbers(walk: Walk) -> None:
    """Rules E4: known in this batch."""
    walk.do(EcrSale(amount=5, order="E"), OK)
    walk.do(Settle(), ("settlement", "approved", "11"), ("upload_end", "approved", "00"), ("signoff", "approved", "00"))
    assert walk.ledger.orders == ()


def test_the_exported_journal_equals_the_ledger(walk: Walk) -> None:
    """Rules E6: one row a record, amount in fen, card masked; declined sales are not in it."""
    walk.do(Sale(amount=100), OK)
    walk.do(Sale(amount=200), ("sale", "declined", "51"))
    walk.do(Sale(amount=300, card="credit-stripe", entry="stripe"), OK)
    said = answer(walk.do(Console(command="journal export")))
    assert said["rows"] == 2
    assert (said["row1.amount"], said["row2.amount"]) == (100, 300)
    assert (said["row1.voucher"], said["row2.voucher"]) == ("000007", "000009")
    assert (said["row2.type"], said["row2.card"]) == ("SALE", "990008******5793")
    assert said["row1.ref"] == walk.sent[0][1]["answer.F37"]
    assert answer(walk.do(Console(command="status")))["records"] == 2


def test_an_adopted_journal_is_the_ledgers(walk: Walk, signed_in: Ledger) -> None:
    """Facts resynchronise: rows become records, known ones keep what only the host could tell."""
    walk.do(Sale(amount=100), OK)
    known = walk.ledger.journal[0]
    rows = (
        {"batch": "000001", "voucher": "000007", "amount": "100"},
        {
            **{"batch": "000001", "voucher": "000008", "amount": "250", "card": "990004*********4456", "entry": "C"},
            **{"datetime": "2026/11/20 11:22:33", "operator": "01", "ref": "112233000009", "auth": "", "code": "00"},
        },
    )
    walk.ledger = walk.engine.adopt(walk.ledger, JournalIs(rows))
    first, second = walk.ledger.journal
    assert first == known
    assert (second.entry, second.waived, second.when, second.card) == (
        *("contactless", True),
        *("1120112233", "debit-contactless"),
    )
    assert isinstance(second.issuer, Symbol)


def test_a_journal_nobody_has_seen_is_not_predicted(walk: Walk, signed_in: Ledger) -> None:
    """No rows are expected of a past that nobody has told."""
    walk.ledger = with_ledger(signed_in, journal_known=False)
    assert answer(walk.do(Console(command="journal export"))) == {}


def test_model_and_version_agree_everywhere(walk: Walk) -> None:
    """VERSION: menu 7-8, boot screen and console; an unknown version is one symbol for all of them."""
    shown = fields(screen(walk.do(ShowVersion()), "version"))
    assert (shown["version"], shown["model"], shown["terminal_no"]) == ("1.0.0", "classic", "10000001")
    assert answer(walk.do(Console(command="version"))) == {"model": "classic", "version": "1.0.0"}
    blind = Parameters(terminal_no="1" * 8, merchant_no="2" * 15, merchant_name="x")
    engine = type(walk.engine)(blind, walk.engine.cards)
    for action in (ShowVersion(), Console(command="version")):
        (branch,) = engine.predict(walk.ledger, action)
        assert any(field.value == Symbol("version") for step in branch.steps for field in getattr(step, "fields", ()))


def test_sleep_is_left_by_a_key_that_is_swallowed(walk: Walk) -> None:
    """Terminal, Times: the screen before is shown again."""
    branch = walk.do(Sleep())
    assert screens(branch) == ["dark", "menu"]
    assert screen(branch, "dark").give == "wake"
