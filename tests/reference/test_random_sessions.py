"""Whatever a tester does and a host answers: STANs rise, totals are sums, reversals go first, money is kept."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tillrig.actions import AnyAction, EcrSale, PowerOn, Reprint, Sale, Settle, SignIn, SignOff
from tillrig.reference import Booked, CardFacts, Conditions, Engine, Exchange, Ledger, Parameters, conserved, field48
from tillrig.steps import Branch, HostMessage, Symbol

from .test_outcomes import concrete
from .walking import Walk, fields, slips

ENTRIES = YAML(typ="safe").load((Path(__file__).parents[2] / "fixtures" / "cards.yaml").read_text(encoding="utf-8"))
ENGINE = Engine(
    Parameters(terminal_no="10000001", merchant_no="898111153110001", merchant_name="测试", batch_limit=6),
    {name: CardFacts.from_lab(name, entry) for name, entry in ENTRIES.items()},
)
PRESENTED = [
    ("debit-stripe", "stripe"),
    ("debit-chip", "chip"),
    ("credit-chip", "contactless"),
    ("debit-chip", "stripe"),
]


@st.composite
def sales(draw: st.DrawFn) -> AnyAction:
    """A sale by hand or by the cash register, perhaps cancelled."""
    card, entry = draw(st.sampled_from(PRESENTED))
    amount = draw(st.integers(1, 5_000_000))
    leave = draw(st.sampled_from([None, None, None, "ask_card", "ask_pin"]))
    if draw(st.booleans()):
        return Sale(amount=amount, card=card, entry=entry, cancel_at=leave)
    return EcrSale(amount=amount, card=card, entry=entry, cancel_at=leave, order=str(draw(st.integers(1, 4))))


OTHERS: list[AnyAction] = [SignOff(), Settle(), Reprint(), PowerOn(), SignIn(wrong=1)]
STEPS = st.lists(
    st.tuples(
        st.one_of(sales(), sales(), sales(), st.sampled_from(OTHERS)),
        st.sampled_from([Conditions(), Conditions(), Conditions(link_up=False), Conditions(host_listening=False)]),
        st.integers(0, 1_000),
        st.booleans(),
    ),
    max_size=25,
)


class Books:
    """The host's side of a session, kept by what the logs say: approvals booked, reversals taking them back."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], Booked] = {}

    def write(self, branch: Branch, log: list[Exchange], sent: list[tuple[HostMessage, dict[str, str]]]) -> None:
        outcomes = [entry for entry in branch.guard.outcomes if entry[1] not in {"not_sent", "refused_connection"}]
        for (message, outcome, _), (_, request) in zip(outcomes, sent, strict=True):
            key = (request["F60.2"], request["F11"])
            if message == "sale" and outcome in {"approved", "bad_mac", "bad_answer", "no_answer"}:
                amount = int(request["answer.F4"])
                self.entries[key] = Booked(batch=key[0], stan=key[1], amount=amount)
            if message == "reversal" and outcome == "done" and key in self.entries:
                entry = self.entries[key]
                self.entries[key] = Booked(batch=key[0], stan=key[1], amount=entry.amount, reversed=True)


def possible(ledger: Ledger, action: AnyAction) -> AnyAction:
    """`action`, or the one that must come first at this position."""
    return SignIn() if ledger.position == "operator_prompt" and not isinstance(action, EcrSale) else action


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_any_session_keeps_the_rules(steps: list[tuple[AnyAction, Conditions, int, bool]]) -> None:
    """H19: STAN rises; money: totals are sums; H22: a pending reversal is first; MONEY-CONSERVED after every action."""
    walk = Walk(
        ENGINE,
        Ledger(position="operator_prompt", stan="999990", batch="999999", journal_known=True, pending_known=True),
    )
    books = Books()
    used: set[tuple[object, object]] = set()
    for wanted, conditions, choice, likely in steps:
        before = walk.ledger
        branches = ENGINE.predict(before, possible(before, wanted), conditions)
        branch = branches[0 if likely else choice % len(branches)]
        log = concrete(branch)
        walk.sent.clear()
        walk.follow(branch, log)
        books.write(branch, log, walk.sent)
        _stans_rise(before, branch, walk, used)
        _reversal_first(before, branch)
        _totals_are_sums(walk.ledger)
        assert not walk.ledger.uncertain
        assert conserved(walk.ledger, books.entries.values()) == ()
        assert len(walk.ledger.journal) <= ENGINE.parameters.batch_limit
        assert all(slip.copy == "settlement" or fields(slip)["amount"] is not None for slip in slips(branch))


def _stans_rise(before: Ledger, branch: Branch, walk: Walk, used: set[tuple[object, object]]) -> None:
    """Every message but a reversal takes the next STAN; none is used twice in a batch."""
    last = before.stan
    for step, request in walk.sent:
        if step.message in {"reversal", "batch_upload"}:
            continue
        stan = request["F11"]
        blind = any(sent.message == "batch_upload" for sent, _ in walk.sent)
        assert isinstance(last, str)
        if not blind:
            assert int(stan) == int(last) % 999_999 + 1
        assert (request["F60.2"], stan) not in used
        used.add((request["F60.2"], stan))
        last = stan
    assert not isinstance(walk.ledger.stan, Symbol)


def _reversal_first(before: Ledger, branch: Branch) -> None:
    """With a record pending, nothing but a sign-in reaches the host before the reversal, which names the original."""
    sent = [step for step in branch.steps if isinstance(step, HostMessage) and step.message != "signin"]
    if before.pending is None:
        assert all(step.message != "reversal" for step in sent)
    elif sent:
        assert sent[0].message == "reversal"
        told = fields(sent[0])
        assert (told["F11"], told["F60.2"], told["F4"], told["F39"]) == (
            *(before.pending.stan, before.pending.batch),
            *(before.pending.amount, before.pending.reason),
        )


def _totals_are_sums(ledger: Ledger) -> None:
    text = field48(ledger.journal)
    assert text is not None
    assert int(text[:12]) + int(text[31:43]) == sum(int(str(record.amount)) for record in ledger.journal)
    assert int(text[12:15]) + int(text[43:46]) == len(ledger.journal)
