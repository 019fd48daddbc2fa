"""What can still be true after power was cut in the middle of an action (host, Reversal; rules H19, H21)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tillrig.reference.choosing import Exchange, choose
from tillrig.reference.ledger import Ledger
from tillrig.steps import Branch

#: Messages of a settlement: what was acknowledged before the cut is on the terminal's flash only.
SETTLING = frozenset({"settlement", "batch_upload", "upload_end"})


def interrupted(before: Ledger, branches: Sequence[Branch], log: Sequence[Exchange]) -> Ledger:
    """The ledger after a cut; `branches` were predicted from `before`, `log` is what reached the host of the action.

    The terminal is dark. Of a sale that the host approved, either the journal record was stored, or its reversal record
    still waits: the next online transaction tells which, by sending the 0400 first or not. Without an answer the
    reversal record is certain. What reached nobody may have taken a STAN.
    """
    replace = msgspec.structs.replace
    dark = replace(before, position="dark", operator=None, keys_good=False, actions=before.actions + 1)
    if not log:
        return replace(dark, stan=None)
    after = choose(branches, log).branch.ledger
    assert isinstance(after, Ledger)
    dark = replace(dark, stan=after.stan, batch=after.batch)
    if any(exchange.message in SETTLING for exchange in log):
        return replace(dark, stan=None, batch=None, journal_known=False, uncertain=True)
    last = log[-1]
    if last.message == "reversal":
        return replace(dark, stan=None, pending_known=False)
    if last.message != "sale":
        return replace(dark, stan=None)
    unanswered = choose(branches, (*log[:-1], Exchange("sale", "no_answer"))).branch.ledger
    assert isinstance(unanswered, Ledger)
    dark = replace(dark, pending=unanswered.pending, pending_known=False)
    if last.outcome == "approved":
        return replace(dark, maybe=after.journal[-1], uncertain=True)
    return replace(dark, pending_known=last.outcome != "declined")
