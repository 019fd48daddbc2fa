"""Whatever a tester does and a host answers: STANs rise, totals are sums, reversals go first, money is kept."""

from __future__ import annotations

from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tillrig.actions import AnyAction, EcrSale, Entry, PowerOn, Prompt, Reprint, Sale, Settle, SignIn, SignOff
from tillrig.reference import Booked, CardFacts, Conditions, Engine, Ledger, Parameters, conserved, field48
from tillrig.steps import Branch, HostMessage

from .test_outcomes import concrete
from .walking import Walk, fields, slips

ENTRIES = YAML(typ="safe").load((Path(__file__).parents[2] / "fixtures" / "cards.yaml").read_text(encoding="utf-8"))
ENGINE = Engine(
    Parameters(terminal_no="10000001", merchant_no="898111153110001", merchant_name="测试", batch_limit=3),
    {name: CardFacts.from_lab(name, entry) for name, entry in ENTRIES.items()},
)
START = Ledger(
    position="menu",
    operator="01",
    keys_good=True,
    stan="999990",
    batch="999999",
    journal_known=True,
    pending_known=True,
)
PRESENTED: list[tuple[str, Entry]] = [
    *[("debit-stripe", "stripe"), ("debit-chip", "chip"), ("credit-chip", "contactless")] * 4,  # type: ignore[list-item]
    ("debit-chip", "stripe"),
]
OTHERS: list[AnyAction] = [SignOff(), Settle(), Settle(), Settle(), Reprint(), PowerOn(), SignIn(wrong=1)]
LEAVES: list[Prompt | None] = [*[None] * 8, "ask_card", "ask_pin"]
CONDITIONS = [*[Conditions()] * 10, Conditions(link_up=False), Conditions(host_listening=False)]


def some_action(chance: Random) -> AnyAction:
    """Mostly a sale, by hand or by the cash register, now and then cancelled."""
    if chance.random() < 0.25:
        return chance.choice(OTHERS)
    card, entry = chance.choice(PRESENTED)
    amount, leave = chance.randint(1, 5_000_000), chance.choice(LEAVES)
    if chance.random() < 0.6:
        return Sale(amount=amount, card=card, entry=entry, cancel_at=leave)
    return EcrSale(amount=amount, card=card, entry=entry, cancel_at=leave, order=str(chance.randint(1, 4)))


def possible(ledger: Ledger, action: AnyAction) -> AnyAction:
    """`action`, or the sign-in that must come first."""
    must_sign_in = ledger.position == "operator_prompt" or not ledger.keys_good
    return SignIn() if must_sign_in and not isinstance(action, PowerOn) else action


def some_branch(chance: Random, branches: tuple[Branch, ...]) -> Branch:
    """As often the first, the good one, as any; three in four of those without a wrong PIN, of which there are many."""
    if chance.random() < 0.5:
        return branches[0]
    plain = [branch for branch in branches if "55" not in branch.name]
    return chance.choice(plain if chance.random() < 0.75 else branches)


class Books:
    """The host's side of a session, kept by what its log says: approvals booked, reversals taking them back.

    Answers that were lost or spoilt were approvals too: the host booked them.
    """

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], Booked] = {}

    def write(self, branch: Branch, sent: list[tuple[HostMessage, dict[str, str]]]) -> None:
        outcomes = [entry for entry in branch.guard.outcomes if entry[1] not in {"not_sent", "refused_connection"}]
        for (message, outcome, _), (_, request) in zip(outcomes, sent, strict=True):
            key = (request["F60.2"], request["F11"])
            if message == "sale" and outcome in {"approved", "bad_mac", "bad_answer", "no_answer", "unreadable"}:
                self.entries[key] = Booked(batch=key[0], stan=key[1], amount=int(request["answer.F4"]))
            if message == "reversal" and outcome == "done" and key in self.entries:
                amount = self.entries[key].amount
                self.entries[key] = Booked(batch=key[0], stan=key[1], amount=amount, reversed=True)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32))
def test_any_session_keeps_the_rules(seed: int) -> None:
    """H19: STAN rises; money: totals are sums; H22: a pending reversal is first; MONEY-CONSERVED after every action."""
    chance = Random(seed)
    walk, books = Walk(ENGINE, START), Books()
    used: set[tuple[str, str]] = set()
    for _ in range(40):
        before = walk.ledger
        action = possible(before, some_action(chance))
        branch = some_branch(chance, ENGINE.predict(before, action, chance.choice(CONDITIONS)))
        walk.sent.clear()
        walk.follow(branch, concrete(branch))
        books.write(branch, walk.sent)
        stans_rise(before, walk, used)
        reversal_first(before, branch, walk.ledger)
        totals_are_sums(walk.ledger)
        assert not walk.ledger.uncertain
        assert conserved(walk.ledger, books.entries.values()) == ()
        assert all(record.batch == walk.ledger.batch for record in walk.ledger.journal)
        assert len(walk.ledger.journal) <= ENGINE.parameters.batch_limit
        assert all(slip.copy == "settlement" or fields(slip)["amount"] is not None for slip in slips(branch))


def stans_rise(before: Ledger, walk: Walk, used: set[tuple[str, str]]) -> None:
    """Every message but a reversal takes the next STAN (blocks of an upload: some); none is used twice in a batch."""
    last = before.stan
    blind = any(step.message == "batch_upload" for step, _ in walk.sent)
    for step, request in walk.sent:
        if step.message in {"reversal", "batch_upload"}:
            continue
        stan = request["F11"]
        assert isinstance(last, str)
        assert blind or int(stan) == int(last) % 999_999 + 1
        assert blind or (request["F60.2"], stan) not in used
        if not blind:
            used.add((request["F60.2"], stan))
        last = stan
    assert isinstance(walk.ledger.stan, str)


def reversal_first(before: Ledger, branch: Branch, after: Ledger) -> None:
    """With a record pending, only a sign-in reaches the host before the reversal, which names the original; the record
    outlives the action only when its reversal was not done.
    """
    sent = [step for step in branch.steps if isinstance(step, HostMessage) and step.message != "signin"]
    pending = before.pending
    if pending is None:
        assert all(step.message != "reversal" for step in sent)
        return
    kept = after.pending is not None and after.pending.stan == pending.stan
    assert kept == ("reversal done" not in branch.name)
    if sent:
        assert sent[0].message == "reversal"
        told = fields(sent[0])
        assert (told["F11"], told["F60.2"]) == (pending.stan, pending.batch)
        assert (told["F4"], told["F39"]) == (pending.amount, pending.reason)


def totals_are_sums(ledger: Ledger) -> None:
    text = field48(ledger.journal)
    assert text is not None
    assert int(text[:12]) + int(text[31:43]) == sum(int(str(record.amount)) for record in ledger.journal)
    assert int(text[12:15]) + int(text[43:46]) == len(ledger.journal)
