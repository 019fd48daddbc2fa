"""What the terminal makes of an exchange, row by row of rules H21; and which branch a host's log chooses."""

from __future__ import annotations

import pytest

from tillrig.actions import AnyAction, EcrSale, Sale, Settle, SignIn, SignOff
from tillrig.errors import UsageError
from tillrig.observations import HostSeen
from tillrig.reference import Conditions, Exchange, Ledger, Pending, choose, exchange_of
from tillrig.steps import Branch

from .walking import Walk, forbidden, messages, screens, shown_text, slips, with_ledger

SALE = Sale(amount=100)


@pytest.mark.parametrize(
    ("outcome", "code", "text", "reason"),
    [
        ("closed", "", "text.connect_failed", "98"),
        ("no_answer", "", "text.answer_timeout", "98"),
        ("unreadable", "", "text.unreadable", "06"),
        ("bad_answer", "mti", "text.bad_mti", "06"),
        ("bad_answer", "F3", "text.bad_f3", "06"),
        ("bad_answer", "F11", "text.bad_f11", "06"),
        ("bad_answer", "F41", "text.bad_f41", "06"),
        ("bad_answer", "F42", "text.bad_f42", "06"),
        ("bad_answer", "F4", "text.bad_f4", "06"),
        ("bad_mac", "00", "text.bad_mac", "A0"),
    ],
)
def test_an_exchange_that_reached_the_host_is_kept_for_reversal(
    walk: Walk, outcome: str, code: str, text: str, reason: str
) -> None:
    """Rules H21: text of the screen and reason of the reversal record; nothing journaled, nothing printed."""
    branch = walk.do(SALE, ("sale", outcome, code))
    assert shown_text(branch) == text
    assert slips(branch) == []
    pending = walk.ledger.pending
    assert pending is not None
    assert (pending.reason, pending.stan, pending.batch, pending.amount) == (reason, "000007", "000001", 100)
    assert (walk.ledger.journal, walk.ledger.stan) == ((), "000007")


@pytest.mark.parametrize(
    ("conditions", "text"),
    [
        (Conditions(link_up=False), "text.no_link"),
        (Conditions(host_listening=False), "text.connect_failed"),
    ],
)
def test_what_never_left_leaves_no_reversal_record(walk: Walk, conditions: Conditions, text: str) -> None:
    """Rules H21: no link, connection refused: deleted, nothing left; the STAN was taken when the request was built."""
    branch = walk.do(SALE, conditions=conditions)
    assert shown_text(branch) == text
    assert messages(branch) == []
    assert (walk.ledger.pending, walk.ledger.journal, walk.ledger.stan) == (None, (), "000007")


def test_an_approval_deletes_the_reversal_record(walk: Walk) -> None:
    """Rules H21: approved: 交易成功, a journal record, no reversal."""
    branch = walk.do(SALE, ("sale", "approved", "00"))
    assert shown_text(branch).startswith("response.code#")
    assert forbidden(branch)["reversal"] == "REVERSAL-NEEDLESS"
    assert (walk.ledger.pending, len(walk.ledger.journal)) == (None, 1)


@pytest.mark.parametrize("code", ["00", "11", "A2", "A4", "A5", "A6"])
def test_a_success_with_a_defect_is_a_success(walk: Walk, code: str) -> None:
    """Rules H13: 00, 11, A2, A4, A5, A6 approve."""
    walk.do(SALE, ("sale", "approved", code))
    assert walk.ledger.journal[0].code == code


STATES = {
    "clean": {},
    "pending": {"pending": Pending(reason="98", stan="000005", batch="000001", amount=5, entry_mode="051")},
    "unknown": {"pending_known": False, "journal_known": False},
    "keys lost": {"keys_good": False},
    "at the prompt": {"position": "operator_prompt", "operator": None, "keys_good": False},
}
ACTIONS: list[AnyAction] = [
    SALE,
    Sale(amount=100, card="debit-contactless", entry="contactless"),
    SignIn(),
    SignOff(),
    Settle(),
    EcrSale(amount=100, order="7"),
]


def concrete(branch: Branch) -> list[Exchange]:
    """A log that the host writes when this branch happens."""
    log = []
    for message, outcome, codes in branch.guard.outcomes:
        code = {"*": "00", "!A0|99|55": "51", "!A0|99": "51"}.get(codes, codes.split("|")[0])
        if outcome in {"not_sent", "refused_connection"}:
            continue
        if outcome == "unsuccessful":
            log += [Exchange(message, "no_answer")] * 3
        elif outcome in {"done", "any"}:
            log.append(Exchange(message, "approved", code if outcome == "done" else "00"))
        else:
            log.append(Exchange(message, outcome, code))
    return log


@pytest.mark.parametrize("conditions", [Conditions(), Conditions(link_up=False), Conditions(host_listening=False)])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: type(action).__name__)
def test_every_log_fits_one_branch_alone(
    walk: Walk, signed_in: Ledger, action: AnyAction, state: str, conditions: Conditions
) -> None:
    """A log chooses one branch: guards of one prediction do not overlap, and each is found by its own log."""
    ledger = with_ledger(signed_in, **STATES[state])
    if state == "at the prompt" and isinstance(action, Sale | SignOff | Settle):
        with pytest.raises(UsageError, match="operator prompt"):
            walk.engine.predict(ledger, action, conditions)
        return
    branches = walk.engine.predict(ledger, action, conditions)
    for branch in branches:
        log = concrete(branch)
        assert choose(branches, log).branch is branch, (branch.name, log)
        others = [other.name for other in branches if other is not branch and choose([other], log).exact]
        assert others == [] or not log, (branch.name, others)


def test_a_skipped_reversal_is_nearest_to_the_branch_that_has_it(walk: Walk) -> None:
    """When no guard fits, the nearest branch is judged: the missing reversal is then what differs."""
    walk.do(SALE, ("sale", "no_answer", ""))
    branches = walk.engine.predict(walk.ledger, SALE)
    chosen = choose(branches, [Exchange("sale", "approved", "00")])
    assert (chosen.exact, messages(chosen.branch), chosen.branch.name) == (
        False,
        ["reversal", "sale"],
        "reversal done, approved",
    )


def test_a_sale_sent_twice_is_judged_as_one_sale(walk: Walk) -> None:
    """One sale sends one request: the second is what differs."""
    chosen = choose(
        walk.engine.predict(walk.ledger, SALE), [Exchange("sale", "approved", "00"), Exchange("sale", "declined", "94")]
    )
    assert (chosen.exact, messages(chosen.branch)) == (False, ["sale"])


def test_a_pin_not_asked_again_after_55_is_not_a_plain_decline(walk: Walk) -> None:
    """55 where a PIN was asked fits no branch that ends there."""
    chosen = choose(walk.engine.predict(walk.ledger, SALE), [Exchange("sale", "declined", "55")])
    assert not chosen.exact
    assert screens(chosen.branch).count("ask_pin") == 2


def test_there_must_be_something_to_choose_from() -> None:
    """No branches is a mistake of the caller."""
    with pytest.raises(UsageError, match="no branch"):
        choose([], [])


def seen(message: str = "sale", outcome: str = "bad_answer", code: str = "00", **more: object) -> HostSeen:
    request = {"F3": "000000", "F4": "000000000100", "F11": "000007", "F41": "10000001", "F42": "898111153110001"}
    answer = request | more.pop("answer", {})  # type: ignore[operator]
    return HostSeen(
        seq=1,
        at=0.0,
        message=message,
        fields=request,
        mac_ok=True,
        pin_ok=None,
        problems=(),
        outcome=outcome,
        code=code,
        answer=answer,
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("message", ["sale", "settlement"])
def test_what_was_wrong_with_an_answer_is_the_observers_word(message: str) -> None:
    """It compared the values themselves; masked ones may look alike. A refused settlement has no result digits."""
    answer = {"F4": "000000000101", "F48": "1" * 62}
    exchange = exchange_of(seen(message=message, code="F42", answer=answer))
    assert exchange == Exchange(message, "bad_answer", "F42")


def test_the_code_of_a_settlement_is_its_two_result_digits() -> None:
    """Host, Settlement: a 0510 has no F39; digits 31 and 62 of F48 say balanced or not."""
    exchange = exchange_of(
        seen(message="settlement", outcome="approved", code="", answer={"F48": "0" * 30 + "1" + "0" * 30 + "2"})
    )
    assert exchange == Exchange("settlement", "approved", "12")
