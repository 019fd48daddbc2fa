"""Settlement from the menu to the next batch (rules H8, H9, H19, H23; receipts, Settlement slip)."""

from __future__ import annotations

import pytest

from tillrig.actions import Sale, Settle, SignIn
from tillrig.reference import Conditions, Ledger
from tillrig.steps import Symbol

from .walking import Walk, fields, forbidden, message, messages, screens, shown_text, slips, with_ledger

OK = ("sale", "approved", "00")
BALANCED, END, OFF = ("settlement", "approved", "11"), ("upload_end", "approved", "00"), ("signoff", "approved", "00")


@pytest.fixture
def sold(walk: Walk) -> Walk:
    """Two sales in the batch, 1.00 and 23.45."""
    walk.do(Sale(amount=100), OK)
    walk.do(Sale(amount=2345), OK)
    return walk


def test_a_balanced_settlement_ends_the_batch(sold: Walk) -> None:
    """Rules H23: confirm, 0500, end 207, sign-off, slip, journal cleared, batch one higher, signed off."""
    branch = sold.do(Settle(), BALANCED, END, OFF)
    assert messages(branch) == ["settlement", "upload_end", "signoff"]
    assert screens(branch) == ["menu", "confirm_settle", "ask_operator"]
    asked = fields(message(branch, "settlement"))
    assert asked["F48"] == "0000000024450020000000000000000" + "0" * 31
    assert (asked["F60.3"], asked["F49"], asked["F63"], asked["F11"]) == ("201", "156", "01 ", "000009")
    end = fields(message(branch, "upload_end"))
    assert (end["F60.3"], end["F48"], end["F11"]) == ("207", "0000", "000010")
    ledger = sold.ledger
    assert (ledger.batch, ledger.journal, ledger.orders) == ("000002", (), ())
    assert (ledger.operator, ledger.keys_good, ledger.position) == (None, False, "operator_prompt")
    assert ledger.stan == "000011"
    assert ledger.settled is not None
    assert ledger.settled.batch == "000001"


def test_the_settlement_slip_prints_both_views(sold: Walk) -> None:
    """Rules R7: batch settled, time of the 0510, the host's word, net lines, debit and credit; zeros printed."""
    (slip,) = slips(sold.do(Settle(), BALANCED, END, OFF))
    printed = fields(slip)
    assert printed["batch"] == "000001"
    assert (printed["in.sale_count"], printed["in.sale_net"]) == (2, 2445)
    assert (printed["in.debit_count"], printed["in.debit"]) == (2, 2445)
    assert (printed["in.credit_count"], printed["in.credit"]) == (0, 0)
    assert (printed["out.debit_count"], printed["out.debit"]) == (0, 0)
    for name, field, value in (("in.result", "settle.", "1"), ("out.result", "settle.", "1")):
        result = next(item for item in slip.fields if item.name == name)
        assert result.prefix == field
        assert isinstance(result.value, Symbol)
        assert result.value.value(sold.bindings) == value
    when = printed["datetime"]
    assert isinstance(when, Symbol)
    assert when.value(sold.bindings) == "1120112233"


@pytest.mark.parametrize("digits", ["12", "21", "22", "33", "31"])
def test_without_balance_every_record_is_uploaded_and_the_end_is_202(sold: Walk, digits: str) -> None:
    """Rules H9, H23: upload when either digit is not 1; the end says 202 and how many records went up."""
    branch = sold.do(Settle(), ("settlement", "approved", digits), ("batch_upload", "approved", "00"), END, OFF)
    upload = message(branch, "batch_upload")
    assert fields(upload)["F60.3"] == "201"
    assert upload.sends == (1, 6)
    assert "F11" not in fields(upload)
    end = fields(message(branch, "upload_end"))
    assert (end["F60.3"], end["F48"]) == ("202", "0002")
    assert sold.ledger.stan == sold.sent[-1][1]["F11"]


def test_a_refused_block_does_not_stop_the_upload(sold: Walk) -> None:
    """Rules H23: its records are listed as refused, the upload goes on to the end."""
    branch = sold.do(Settle(), ("settlement", "approved", "22"), ("batch_upload", "declined", "96"), END, OFF)
    assert "F48" not in fields(message(branch, "upload_end"))
    assert sold.ledger.batch == "000002"


def test_an_unanswered_0500_changes_nothing_but_the_stan(sold: Walk) -> None:
    """Rules H23: it may be tried again with a new STAN."""
    before = sold.ledger
    branch = sold.do(Settle(), ("settlement", "no_answer", ""))
    assert shown_text(branch) == "text.answer_timeout"
    assert slips(branch) == []
    assert sold.ledger == with_ledger(before, stan="000009", actions=before.actions + 1)


def test_an_interrupted_settlement_goes_on_without_a_second_0500(sold: Walk) -> None:
    """Rules H23: until the end is acknowledged sales are refused; continuing never sends a second 0500."""
    sold.do(Settle(), BALANCED, ("upload_end", "no_answer", ""))
    assert sold.ledger.open_settlement is not None
    refused = sold.do(Sale(amount=1))
    assert (shown_text(refused, "refused"), messages(refused)) == ("text.settlement_open", [])
    branch = sold.do(Settle(), END, OFF)
    assert messages(branch) == ["upload_end", "signoff"]
    assert (sold.ledger.batch, sold.ledger.open_settlement) == ("000002", None)


def test_an_empty_journal_has_nothing_to_settle(walk: Walk, signed_in: Ledger) -> None:
    """Rules H23: 无交易,无需结算, nothing sent."""
    branch = walk.do(Settle())
    assert shown_text(branch, "refused") == "text.nothing_to_settle"
    assert forbidden(branch) == {"settlement": "SETTLE-EMPTY"}
    assert walk.ledger.stan == signed_in.stan


def test_a_journal_nobody_has_seen_is_either_empty_or_settled_unjudged(walk: Walk, signed_in: Ledger) -> None:
    """Totals of records nobody has seen are not guessed: F48 and the lines need only be there."""
    walk.ledger = with_ledger(signed_in, journal_known=False)
    unseen = walk.ledger
    empty = walk.do(Settle())
    assert shown_text(empty, "refused") == "text.nothing_to_settle"
    assert walk.ledger.journal_known
    walk.ledger = unseen
    branch = walk.do(Settle(), BALANCED, END, OFF)
    assert "F48" not in fields(message(branch, "settlement"))
    assert fields(slips(branch)[0])["in.sale_net"] is True
    assert walk.ledger.journal_known


@pytest.mark.parametrize(("at", "need"), [("cancel_at", "CANCEL"), ("idle_at", "IDLE-TIMEOUT")])
def test_the_confirmation_can_be_declined(sold: Walk, at: str, need: str) -> None:
    """Rules T6: cancel or 60 s at 确认进行结算? sends nothing."""
    branch = sold.do(Settle(**{at: "confirm_settle"}))  # type: ignore[arg-type]
    assert forbidden(branch)["settlement"] == need
    assert len(sold.ledger.journal) == 2


def test_a_failing_sign_off_does_not_stop_a_settlement(sold: Walk) -> None:
    """Rules H23: sign-off 0820, a failure of it is ignored."""
    sold.do(Settle(), BALANCED, END, ("signoff", "no_answer", ""))
    assert (sold.ledger.operator, sold.ledger.batch) == (None, "000002")
    sold.do(SignIn(), ("signin", "approved", "00"))
    assert sold.ledger.batch == "000002"


def test_no_paper_does_not_hold_a_settlement_up(sold: Walk) -> None:
    """Rules H23: paper out does not hold this up."""
    branch = sold.do(Settle(), BALANCED, END, OFF, conditions=Conditions(paper_in=False))
    assert slips(branch) == []
    assert "paper_out" in screens(branch)
    assert sold.ledger.batch == "000002"


def test_batch_999999_is_followed_by_000001(walk: Walk, signed_in: Ledger) -> None:
    """Rules H19: batch and STAN run on from 999999 to 000001."""
    walk.ledger = with_ledger(signed_in, batch="999999", stan="999998")
    walk.do(Sale(amount=1), OK)
    assert walk.ledger.stan == "999999"
    walk.do(Settle(), BALANCED, END, OFF)
    assert (walk.ledger.batch, walk.ledger.stan) == ("000001", "000003")


def test_who_is_not_signed_in_cannot_settle(walk: Walk, signed_in: Ledger) -> None:
    """Rules H23: signed in? is asked first."""
    walk.ledger = with_ledger(signed_in, keys_good=False)
    assert shown_text(walk.do(Settle()), "refused") == "text.need_signin"
