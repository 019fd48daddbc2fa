"""A pending reversal goes out first, with the original's numbers (rules H7, H22); what a power cut leaves open."""

from __future__ import annotations

import pytest

from tillrig.actions import PowerOn, Sale, Settle, SignIn, SignOff
from tillrig.reference import (
    Booked,
    Conditions,
    Exchange,
    JournalIs,
    Ledger,
    MaybePending,
    NothingPending,
    Pending,
    PendingIs,
    conserved,
)

from .walking import Walk, fields, forbidden, message, messages, screens, shown_text, slips

SALE = Sale(amount=100)
OK, LOST = ("sale", "approved", "00"), ("sale", "no_answer", "")
REVERSED, UNHEARD = ("reversal", "approved", "00"), ("reversal", "no_answer", "")


def test_a_reversal_carries_the_originals_numbers_and_the_reason(walk: Walk) -> None:
    """Rules H7, H22: same F11, 60.2, F4, F22; never 35, 36, 37, 52; the new sale takes the next STAN and follows."""
    walk.do(Sale(amount=4321), LOST)
    branch = walk.do(SALE, REVERSED, OK)
    assert messages(branch) == ["reversal", "sale"]
    request = message(branch, "reversal")
    expected = fields(request)
    assert (expected["F11"], expected["F60.2"], expected["F4"]) == ("000007", "000001", 4321)
    assert (expected["F39"], expected["F22"], expected["F3"]) == ("98", "051", "000000")
    assert all(expected[name] is None for name in ("F26", "F35", "F36", "F37", "F52"))
    assert request.mac
    assert request.sends == (1, 3)
    assert fields(message(branch, "sale"))["F11"] == "000008"
    assert (walk.ledger.pending, walk.ledger.stan) == (None, "000008")


def test_a_stripe_reversal_may_name_the_card_a_chip_reversal_must(walk: Walk) -> None:
    """Rules H7, H16: 2, 14, 23 where the original sent them; 55 with chip data."""
    walk.do(Sale(amount=1, card="debit-stripe", entry="stripe"), LOST)
    stripe = message(walk.do(SALE, REVERSED, LOST), "reversal")
    chip = message(walk.do(SALE, REVERSED, OK), "reversal")
    assert {"F2", "F14", "F23"} <= set(stripe.may)
    assert fields(chip)["F14"] == "2908"
    assert "F55" in {field.name for field in chip.present}


@pytest.mark.parametrize("code", ["00", "12", "25"])
def test_a_reversal_is_done_on_these_codes(walk: Walk, code: str) -> None:
    """Rules H22: done on 00, 12, 25: the record is deleted, and sending it once more breaks REVERSAL-ONCE."""
    walk.do(SALE, LOST)
    done = walk.do(SALE, ("reversal", "approved" if code == "00" else "declined", code), OK)
    assert "reversal" not in forbidden(done)
    assert walk.ledger.pending is None
    assert forbidden(walk.do(SALE, OK))["reversal"] == "REVERSAL-ONCE"
    assert forbidden(walk.do(SALE, OK))["reversal"] == "REVERSAL-NEEDLESS"


@pytest.mark.parametrize("sends", [1, 2])
def test_a_reversal_may_need_several_sends(walk: Walk, sends: int) -> None:
    """Rules H22: up to three sends in a row form one attempt."""
    walk.do(SALE, LOST)
    walk.do(SALE, *[UNHEARD] * sends, REVERSED, OK)
    assert (walk.ledger.pending, len(walk.ledger.journal)) == (None, 1)


def test_three_unanswered_refuse_the_new_sale(walk: Walk) -> None:
    """Rules H22: 冲正不成功, the record stays, the new transaction leaves no record and takes no STAN."""
    walk.do(SALE, LOST)
    kept = walk.ledger.pending
    branch = walk.do(SALE, *[UNHEARD] * 3)
    assert shown_text(branch) == "text.reversal_failed"
    assert message(branch, "reversal").sends == (3, 3)
    assert (walk.ledger.pending, walk.ledger.stan, slips(branch)) == (kept, "000007", [])
    assert messages(walk.do(SALE, REVERSED, OK)) == ["reversal", "sale"]


def test_another_code_is_an_unsuccessful_send(walk: Walk) -> None:
    """Rules H22: any F39 but 00, 12, 25 is an unsuccessful send."""
    walk.do(SALE, LOST)
    walk.do(SALE, *[("reversal", "declined", "96")] * 3)
    assert walk.ledger.pending is not None


@pytest.mark.parametrize(
    ("conditions", "text"),
    [
        (Conditions(link_up=False), "text.no_link"),
        (Conditions(host_listening=False), "text.reversal_failed"),
    ],
)
def test_an_unreachable_host_refuses_the_new_sale(walk: Walk, conditions: Conditions, text: str) -> None:
    """Rules H22: not connected: 网络未连接; no STAN, because no request was built."""
    walk.do(SALE, LOST)
    branch = walk.do(SALE, conditions=conditions)
    assert shown_text(branch) == text
    assert (walk.ledger.stan, walk.ledger.pending is not None) == ("000007", True)


def test_a_cancelled_sale_sends_no_reversal(walk: Walk) -> None:
    """Rules H22: it goes out after amount, card and PIN."""
    walk.do(SALE, LOST)
    branch = walk.do(Sale(amount=1, cancel_at="ask_pin"))
    assert messages(branch) == []
    assert walk.ledger.pending is not None


def test_sign_in_goes_before_a_pending_reversal_sign_off_and_settlement_after(walk: Walk) -> None:
    """Rules H22: not before sign-in; sign-off and settlement send it first and are refused while it fails."""
    walk.do(SALE, OK)
    walk.do(SALE, LOST)
    failed = walk.do(SignOff(), *[UNHEARD] * 3)
    assert (messages(failed), walk.ledger.operator) == (["reversal"], "01")
    failed = walk.do(Settle(), *[UNHEARD] * 3)
    assert (messages(failed), len(walk.ledger.journal)) == (["reversal"], 1)
    walk.do(PowerOn())
    branch = walk.do(SignIn(), ("signin", "approved", "00"))
    assert messages(branch) == ["signin"]
    assert "announcement" in screens(branch, certain=False)
    assert walk.ledger.pending is not None
    assert messages(walk.do(SignOff(), REVERSED, ("signoff", "approved", "00"))) == ["reversal", "signoff"]


def cut(walk: Walk, *log: tuple[str, str, str]) -> None:
    """Power fails in the middle of a sale of which `log` reached the host; power on, sign in."""
    exchanges = [Exchange(*entry) for entry in log]  # type: ignore[arg-type]
    after = walk.engine.interrupted(walk.ledger, SALE, exchanges)
    branch = next(branch for branch in walk.engine.predict(walk.ledger, SALE) if branch.name == "approved")
    walk.ledger = walk.engine.resolve(after, walk.bind(branch, exchanges) if log else {})
    walk.do(PowerOn())
    walk.do(SignIn(), ("signin", "approved", "00"))


def test_a_cut_after_an_approval_leaves_two_histories(walk: Walk) -> None:
    """Host, Reversal: stored before the cut: no 0400 and a record; not stored: 0400 at the next transaction."""
    cut(walk, OK)
    assert walk.ledger.uncertain
    undecided = walk.ledger
    walk.do(SALE, OK)
    assert [record.stan for record in walk.ledger.journal] == ["000007", "000009"]
    assert not walk.ledger.uncertain
    walk.ledger = undecided
    branch = walk.do(SALE, REVERSED, OK)
    assert (fields(message(branch, "reversal"))["F11"], fields(message(branch, "reversal"))["F39"]) == ("000007", "98")
    assert [record.stan for record in walk.ledger.journal] == ["000009"]
    assert not walk.ledger.uncertain


def test_the_journal_tells_which_history_is_true(walk: Walk) -> None:
    """Rules H21: a reversal record whose STAN and batch stand in the journal is dropped."""
    cut(walk, OK)
    row = {"batch": "000001", "voucher": "000007", "amount": "100", "card": "990003*********6786", "type": "SALE"}
    walk.ledger = walk.engine.adopt(walk.ledger, JournalIs((row,)))
    assert (walk.ledger.pending, walk.ledger.pending_known, walk.ledger.uncertain) == (None, True, False)


def test_a_cut_before_an_answer_is_reversed_for_certain(walk: Walk) -> None:
    """Host, Reversal: power cut before the answer is stored: 0400 at the next online."""
    cut(walk, LOST)
    assert walk.ledger.pending_known
    assert messages(walk.do(SALE, REVERSED, OK)) == ["reversal", "sale"]


def test_a_cut_before_anything_left_leaves_only_the_counter_open(walk: Walk) -> None:
    """Rules H19: the STAN may have been taken when the request was built; the next message tells."""
    cut(walk)
    assert walk.ledger.pending is None
    assert walk.ledger.stan == walk.sent[-1][1]["F11"]


def test_a_stored_reversal_of_unknown_content_is_judged_by_its_form(walk: Walk) -> None:
    """A terminal found with a reversal pending: its fields are its own, its form is the rules'."""
    walk.ledger = walk.engine.adopt(walk.ledger, MaybePending())
    branches = walk.engine.predict(walk.ledger, SALE)
    assert {tuple(messages(branch))[:1] for branch in branches} == {("sale",), ("reversal",)}
    branch = walk.do(SALE, REVERSED, OK)
    request = message(branch, "reversal")
    assert {"F4", "F11", "F39"} <= {field.name for field in request.present}
    assert fields(request)["F42"] == "898111153110001"
    assert walk.ledger.pending_known
    pending = Pending(reason="98", stan="000001", batch="000001", amount=1, entry_mode="051")
    walk.ledger = walk.engine.adopt(walk.ledger, PendingIs(pending))
    assert walk.ledger.pending == pending
    assert walk.engine.adopt(walk.ledger, NothingPending()).pending is None


def test_what_waits_for_its_reversal_is_no_discrepancy(walk: Walk) -> None:
    """Money is conserved while a reversal is pending; after a reversal that the host has booked it still is."""
    walk.do(SALE, LOST)
    assert conserved(walk.ledger, [Booked(batch="000001", stan="000007", amount=100)]) == ()
    walk.do(SALE, REVERSED, ("sale", "declined", "51"))
    taken_back = Booked(batch="000001", stan="000007", amount=100, reversed=True)
    assert conserved(walk.ledger, [taken_back]) == ()
    kept = Booked(batch="000001", stan="000007", amount=100)
    assert [found.point for found in conserved(walk.ledger, [kept])] == ["money.booked"]


def test_power_on_drops_a_reversal_whose_sale_is_journaled(walk: Walk, signed_in: Ledger) -> None:
    """Rules H21: at start a reversal record whose STAN and batch stand in the journal is dropped."""
    walk.do(SALE, OK)
    stray = Pending(reason="98", stan="000007", batch="000001", amount=100)
    walk.ledger = walk.engine.adopt(walk.ledger, PendingIs(stray))
    walk.do(PowerOn())
    assert walk.ledger.pending is None
