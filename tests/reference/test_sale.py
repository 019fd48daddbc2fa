"""What a sale asks, sends and prints, for each way a card can be presented."""

from __future__ import annotations

import msgspec
import pytest

from tillrig.actions import EcrSale, Sale
from tillrig.errors import UsageError
from tillrig.reference import Conditions, Ledger
from tillrig.steps import Symbol

from .walking import Walk, fields, forbidden, message, messages, screen, screens, shown_text, slips, with_ledger

OK = ("sale", "approved", "00")


def test_a_chip_sale_with_pin_shows_its_screens_in_order(walk: Walk) -> None:
    """Terminal, Flows: amount, card, PIN, result, then the menu; what is too short to see is optional."""
    branch = walk.do(Sale(amount=1234), OK)
    assert screens(branch) == ["menu", "ask_amount", "ask_card", "ask_pin", "result", "menu"]
    assert screens(branch, certain=False) == [
        *("menu", "ask_amount", "ask_card", "ask_pin", "busy", "result", "remove_card"),
        *("printing", "continue_print", "printing", "menu"),
    ]
    amount = screen(branch, "ask_amount")
    assert (amount.give, amount.value, fields(amount)["amount"]) == ("amount", 1234, 1234)
    assert fields(screen(branch, "ask_pin"))["stars"] == 6


@pytest.mark.parametrize(
    ("entry", "card", "pin", "mode", "there", "gone"),
    [
        ("stripe", "debit-stripe", "right", "021", {"F52", "F64"}, {"F2", "F14", "F23", "F55", "F59"}),
        ("stripe", "debit-stripe", "none", "022", {"F64"}, {"F2", "F14", "F23", "F26", "F52", "F53", "F55"}),
        ("chip", "credit-chip", "right", "051", {"F52", "F55", "F64"}, {"F59"}),
        ("chip", "credit-chip", "none", "052", {"F55", "F64"}, {"F26", "F52", "F53"}),
        ("contactless", "debit-contactless", "right", "072", {"F55", "F64"}, {"F26", "F52", "F53"}),
    ],
)
def test_a_request_carries_what_its_entry_mode_sends(
    walk: Walk, entry: str, card: str, pin: str, mode: str, there: set[str], gone: set[str]
) -> None:
    """Rules H3, H5, H16: F22 tells entry and PIN; stripe sends no 2, 14, 23, 55; no PIN, no 26, 52, 53."""
    branch = walk.do(Sale(amount=99_99, card=card, entry=entry, pin=pin), OK)  # type: ignore[arg-type]
    request = message(branch, "sale")
    expected = fields(request)
    assert expected["F22"] == mode
    assert {field.name for field in request.present} == there
    assert {name for name, value in expected.items() if value is None} >= gone
    assert expected["F3"] == "000000"
    assert expected["F25"] == "00"
    assert expected["F4"] == 9999
    assert expected["F41"] == "10000001"
    assert expected["F42"] == "898111153110001"
    assert ("F36" in request.may) == (entry == "stripe")
    assert [expected[f"F60.{part}"] for part in range(1, 7)] == ["22", "000001", "000", "6", "0", "1"]


def test_a_pin_block_announces_itself(walk: Walk) -> None:
    """Rules H3: with a PIN, F26 is 12 and F53 begins 26; the host must find the PIN right or wrong as keyed."""
    right = message(walk.do(Sale(amount=100), OK), "sale")
    wrong = message(walk.do(Sale(amount=100, pin="wrong"), OK), "sale")
    assert (fields(right)["F26"], fields(right)["F53"]) == ("12", "2600000000000000")
    assert (right.pin, wrong.pin) == ("right", "wrong")


@pytest.mark.parametrize(("amount", "asked"), [(1, False), (99_999, False), (100_000, False), (100_001, True)])
def test_contactless_asks_a_pin_only_above_the_limit(walk: Walk, amount: int, asked: bool) -> None:
    """Money, Limits: up to and including 1000.00 neither PIN nor signature."""
    branch = walk.do(Sale(amount=amount, card="debit-contactless", entry="contactless"), OK)
    assert ("ask_pin" in screens(branch)) == asked
    assert (forbidden(branch).get("ask_pin") == "FREE-LIMIT") != asked
    merchant = fields(slips(branch)[0])
    assert merchant["signature"] is (True if asked else None)
    assert merchant["waiver"] == (None if asked else 100_000)
    assert fields(message(branch, "sale"))["F22"] == ("071" if asked else "072")


@pytest.mark.parametrize(
    "action",
    [
        Sale(amount=12_34),
        Sale(amount=12_34, pins=("wrong", "right")),
        Sale(amount=12_34, cancel_at="ask_card"),
        Sale(amount=12_34, idle_at="ask_pin"),
        Sale(amount=12_34, card="debit-chip", entry="stripe"),
        EcrSale(amount=12_34, order="1"),
        EcrSale(amount=12_34, order="1", cancel_at="ask_pin"),
    ],
)
def test_the_amount_stands_at_every_prompt_at_which_the_cardholder_agrees_to_it(walk: Walk, action: Sale) -> None:
    """T2: amounts stand right-aligned; of a sale by the cash register no other screen shows it."""
    branches = walk.engine.predict(walk.ledger, action)
    prompts = [step for one in branches for step in one.steps if getattr(step, "kind", "") in ("ask_card", "ask_pin")]
    assert prompts
    for step in prompts:
        (amount,) = [one for one in step.fields if one.name == "amount"]
        assert (amount.value, amount.requirement, amount.money) == (12_34, "SALE-AMOUNT-SCREEN", True)


def test_request_and_reversal_name_the_card_that_was_presented(walk: Walk) -> None:
    """A mask leaves the middle digits open; the host alone can tell whose number it got."""
    branch = walk.do(Sale(amount=100, card="credit-chip"), ("sale", "no_answer", ""))
    assert message(branch, "sale").card == "credit-chip"
    branch = walk.do(Sale(amount=200), ("reversal", "approved", "00"), OK)
    assert (message(branch, "reversal").card, message(branch, "sale").card) == ("credit-chip", "debit-chip")


def test_the_stripe_of_a_chip_card_is_refused(walk: Walk) -> None:
    """Rules T8: service code 2xx, so 请使用芯片卡, and nothing is sent."""
    branch = walk.do(Sale(amount=100, card="debit-chip", entry="stripe"))
    assert shown_text(branch, "refused") == "text.use_chip"
    assert forbidden(branch)["sale"] == "CARD-STRIPE-CHIP"


@pytest.mark.parametrize("prompt", ["ask_amount", "ask_card", "ask_pin"])
@pytest.mark.parametrize("way", ["cancel_at", "idle_at"])
def test_leaving_a_prompt_sends_nothing_and_takes_no_stan(walk: Walk, signed_in: Ledger, prompt: str, way: str) -> None:
    """Rules T6: cancel or 60 s before the request has left: main menu, no STAN, the card asked back."""
    branch = walk.do(Sale(amount=100, **{way: prompt}))  # type: ignore[arg-type]
    need = "CANCEL" if way == "cancel_at" else "IDLE-TIMEOUT"
    assert messages(branch) == []
    assert {name: forbidden(branch)[name] for name in ("sale", "reversal")} == {"sale": need, "reversal": need}
    assert walk.ledger.stan == signed_in.stan
    assert walk.ledger.journal == ()
    assert screen(branch, prompt).give == ("cancel" if way == "cancel_at" else "wait")
    assert ("remove_card" in screens(branch)) == (prompt == "ask_pin")
    if (prompt, way) == ("ask_pin", "idle_at"):
        assert shown_text(branch, "refused") == "text.pin_timeout"
    assert screens(branch)[-1] == "menu"


def test_a_prompt_that_does_not_come_cannot_be_cancelled(walk: Walk) -> None:
    """A contactless sale within the limit asks no PIN, so cancelling there changes nothing."""
    action = Sale(amount=100, card="debit-contactless", entry="contactless", cancel_at="ask_pin")
    assert messages(walk.do(action, OK)) == ["sale"]


def test_cancel_between_the_copies_is_like_any_key(walk: Walk) -> None:
    """Rules T6: cancel at 按确认继续打印 goes on printing."""
    branch = walk.do(Sale(amount=100, cancel_at="continue_print"), OK)
    prompt = screen(branch, "continue_print")
    assert (prompt.give, prompt.requirement) == ("cancel", "CANCEL")
    assert screen(walk.do(Sale(amount=100), OK), "continue_print").requirement == "SLIP-COPIES"
    assert [slip.copy for slip in slips(branch)] == ["merchant", "cardholder"]


def test_55_asks_the_pin_again_with_a_new_stan(walk: Walk) -> None:
    """Rules T7: [55]密码错, the PIN again in the same transaction, new STAN, then the answer counts."""
    branch = walk.do(Sale(amount=100, pins=("wrong", "wrong", "right")), *[("sale", "declined", "55")] * 2, OK)
    assert [fields(message(branch, "sale", n))["F11"] for n in range(3)] == ["000007", "000008", "000009"]
    assert [message(branch, "sale", n).pin for n in range(3)] == ["wrong", "wrong", "right"]
    assert screens(branch).count("ask_pin") == 3
    assert walk.ledger.journal[0].stan == "000009"


def test_after_the_third_55_the_sale_ends(walk: Walk) -> None:
    """Rules T7: 重输密码次数超限; nothing is kept."""
    branch = walk.do(Sale(amount=100, pin="wrong"), *[("sale", "declined", "55")] * 3)
    assert shown_text(branch) == "text.pin_tries"
    assert (walk.ledger.journal, walk.ledger.pending, walk.ledger.stan) == ((), None, "000009")


def test_55_without_a_pin_prompt_is_a_plain_decline(walk: Walk) -> None:
    """Rules T7 ask the PIN again; where none was asked the decline stands."""
    branch = walk.do(Sale(amount=100, card="debit-contactless", entry="contactless"), ("sale", "declined", "55"))
    assert shown_text(branch).startswith("response.code#")


@pytest.mark.parametrize("code", ["51", "61", "54", "41", "ZZ", "75"])
def test_any_decline_shows_its_code_and_keeps_nothing(walk: Walk, code: str) -> None:
    """Rules H14, H21: code and text, nothing journaled or printed, no reversal; the STAN is spent."""
    branch = walk.do(Sale(amount=100), ("sale", "declined", code))
    text = next(field for field in screen(branch, "result").fields if field.name == "text")
    assert isinstance(text.value, Symbol)
    assert text.prefix + str(text.value.value(walk.bindings)) == f"response.{code}"
    assert slips(branch) == []
    no_slips = {"merchant": "SLIP-NONE", "cardholder": "SLIP-NONE"}
    assert forbidden(branch) == no_slips | {"reversal": "REVERSAL-NEEDLESS"}
    assert (walk.ledger.journal, walk.ledger.pending, walk.ledger.stan) == ((), None, "000007")


@pytest.mark.parametrize("code", ["A0", "99"])
def test_after_a0_or_99_the_terminal_must_sign_in_again(walk: Walk, code: str) -> None:
    """Rules H21: it counts as not signed in, keeps batch and journal, and refuses the next sale."""
    walk.do(Sale(amount=100), OK)
    walk.do(Sale(amount=100), ("sale", "declined", code))
    branch = walk.do(Sale(amount=100))
    assert shown_text(branch, "refused") == "text.need_signin"
    assert messages(branch) == []
    assert len(walk.ledger.journal) == 1


def test_a_partial_approval_counts_the_amount_of_the_answer(walk: Walk) -> None:
    """Rules H24: F4 of the answer is the approved amount; it is journaled and printed."""
    branch = walk.do(Sale(amount=1000), ("sale", "approved", "10"))
    assert walk.ledger.journal[0].amount == 900
    printed = fields(slips(branch)[0])["amount"]
    assert isinstance(printed, Symbol)
    assert printed.value(walk.bindings) == "000000000900"
    assert fields(screen(branch, "partial"))["text"] == "text.partial"


def test_a_pulled_card_undoes_an_approval(walk: Walk) -> None:
    """Rules H21: approved, then the chip card is gone: 交易失败, kept for reversal with reason 06."""
    branch = walk.do(Sale(amount=100), OK, conditions=Conditions(card_pulled=True))
    assert shown_text(branch) == "text.failed"
    assert walk.ledger.pending is not None
    assert walk.ledger.pending.reason == "06"
    assert walk.ledger.journal == ()


def test_no_paper_ends_printing_and_the_sale_stands(walk: Walk) -> None:
    """Rules T6: cancel at the paper prompt ends printing, the transaction can be reprinted."""
    branch = walk.do(Sale(amount=100), OK, conditions=Conditions(paper_in=False))
    assert "paper_out" in screens(branch)
    assert slips(branch) == []
    assert len(walk.ledger.journal) == 1


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"operator": "00"}, "text.supervisor_may_not"),
        ({"keys_good": False}, "text.need_signin"),
    ],
)
def test_who_may_not_sell_is_refused(walk: Walk, signed_in: Ledger, changes: dict[str, object], text: str) -> None:
    """Rules T4, T5: the supervisor may not sell; without good keys 请签到后再做交易."""
    walk.ledger = with_ledger(signed_in, **changes)
    branch = walk.do(Sale(amount=100))
    assert shown_text(branch, "refused") == text
    assert messages(branch) == []


def test_a_full_batch_refuses_what_would_store_a_record(walk: Walk) -> None:
    """Rules T10: the record that fills the batch is stored; the next sale is refused."""
    walk.engine = type(walk.engine)(msgspec.structs.replace(walk.engine.parameters, batch_limit=2), walk.engine.cards)
    walk.do(Sale(amount=100), OK)
    walk.do(Sale(amount=100), OK)
    branch = walk.do(Sale(amount=100))
    assert shown_text(branch, "refused") == "text.batch_full"
    assert len(walk.ledger.journal) == 2


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (Sale(amount=100, card="nobody's"), "nobody's"),
        (Sale(amount=100, card="debit-stripe", entry="chip"), "cannot be read by chip"),
        (Sale(amount=0), "cannot be keyed"),
        (Sale(amount=10_000_000_000), "cannot be keyed"),
    ],
)
def test_a_senseless_sale_is_the_suites_error(walk: Walk, action: Sale, words: str) -> None:
    """An unknown card, an impossible entry mode or amount says so."""
    with pytest.raises(UsageError, match=words):
        walk.engine.predict(walk.ledger, action)


def test_no_card_number_or_pin_is_in_any_prediction(walk: Walk) -> None:
    """Secrets never reach steps or ledgers: cards are masked, PINs are named."""
    card = walk.engine.cards["debit-chip"]
    walk.do(Sale(amount=100), ("sale", "no_answer", ""))
    text = repr(walk.engine.predict(walk.ledger, Sale(amount=100))) + repr(walk.ledger) + repr(card)
    assert card.pan not in text
    assert card.pin not in text
    assert card.masked in text
