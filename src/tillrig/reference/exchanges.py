"""What can become of one exchange, and the reversal that goes before it (rules H21, H22)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from tillrig.reference import screens
from tillrig.reference.fields import Way, there
from tillrig.reference.ledger import Pending
from tillrig.reference.messages import reversal
from tillrig.reference.values import Conditions, Parameters
from tillrig.steps import HostMessage, Outcome, Slip

#: Wrong answers by field, in the order in which the terminal checks (rules H11).
CHECKED = ("mti", "F3", "F11", "F41", "F42", "F4")


class Failure(msgspec.Struct, frozen=True):
    """An exchange that ended without a decision of the host: guard, text of the screen, reason of the reversal record.

    `reason` "" means that nothing left the terminal, so nothing is to be reversed.
    """

    outcome: Outcome
    code: str
    text: str
    reason: str

    @property
    def name(self) -> str:
        return f"{self.outcome} {self.code}".replace(" *", "")


def _failure(outcome: Outcome, reason: str, code: str = "*") -> Failure:
    return Failure(outcome, code, screens.FAILURE_TEXTS[code if outcome == "bad_answer" else outcome], reason)


#: Rows of H21 in which the request reached the host.
REACHED = (
    _failure("no_answer", "98"),
    _failure("closed", "98"),
    _failure("unreadable", "06"),
    *(_failure("bad_answer", "06", code) for code in CHECKED),
)
BAD_MAC = _failure("bad_mac", "A0")


def failures(conditions: Conditions, *, mac: bool, skip: tuple[str, ...] = ()) -> tuple[Failure, ...]:
    """The rows of H21 that the conditions allow. `skip`: fields that this message does not have."""
    if not conditions.link_up:
        return (_failure("not_sent", ""),)
    if not conditions.host_listening:
        return (_failure("refused_connection", ""),)
    reached = tuple(row for row in REACHED if row.code not in skip)
    return (*reached, BAD_MAC) if mac else reached


Ending = Callable[[Way], Way]


def reversal_first(
    parameters: Parameters, conditions: Conditions, way: Way, title: str, refused: Ending
) -> Iterator[tuple[Way, bool]]:
    """Every way through the reversal that may be pending: (way, whether the new transaction goes on).

    `refused` ends a way that does not go on (card back, menu). A record that may or may not be there gives both.
    """
    ledger = way.ledger
    if not ledger.pending_known and not conditions.reachable:
        yield refused(_not_told(conditions, way, title)), False
        return
    if ledger.pending is None or not ledger.pending_known:
        need = "REVERSAL-ONCE" if ledger.reversed_last else "REVERSAL-NEEDLESS"
        clean = way.leaving(pending=None, pending_known=True, reversed_last=False)
        if ledger.maybe is not None:
            clean = clean.leaving(journal=(*ledger.journal, ledger.maybe), maybe=None, uncertain=False)
        yield clean.never(HostMessage(message="reversal", requirement=need)), True
        if ledger.pending_known:
            return
        found = ledger.pending or Pending(reason="", known=False)
        way = way.leaving(pending=found, maybe=None, uncertain=ledger.uncertain and ledger.maybe is None)
    yield from _attempt(parameters, conditions, way, title, refused)


def _not_told(conditions: Conditions, way: Way, title: str) -> Way:
    """Unreachable, with a reversal record that may or may not be there: whether a STAN was taken stays unknown, and
    with the link up so does the text.
    """
    way = way.named("not sent").leaving(stan=None).never(Slip(copy="merchant", requirement="SLIP-NONE"))
    if not conditions.link_up:
        return way.then(screens.says("result", title, "text.no_link", "SALE-RESULT"))
    return way.then(screens.titled("result", title, "SALE-RESULT", there("text", "SALE-RESULT")))


def _attempt(
    parameters: Parameters, conditions: Conditions, way: Way, title: str, refused: Ending
) -> Iterator[tuple[Way, bool]]:
    pending = way.ledger.pending
    assert pending is not None
    codes = "|".join(parameters.reversal_done)
    sending = screens.says("reversing", title, "text.reversing", "REVERSAL-FIRST", optional=True)
    way = way.leaving(pending_known=True)
    unwanted = (Slip(copy="merchant", requirement="SLIP-NONE"),)
    if conditions.reachable:
        sent = way.then(sending, reversal(parameters, pending))
        done = screens.says("reversal_done", title, "text.reversal_done", "REVERSAL-FIRST", optional=True)
        settled = sent.then(done).told("reversal", "done", codes).leaving(pending=None, reversed_last=True)
        yield settled.named("reversal done"), True
        every = reversal(parameters, pending)
        tries = (parameters.reversal_tries, parameters.reversal_tries)
        failed = way.then(sending, msgspec.structs.replace(every, sends=tries))
        failed = failed.told("reversal", "unsuccessful", codes).named("reversal unsuccessful")
        text = "text.reversal_failed"
    else:
        failed = way.then(sending).named("reversal not sent")
        text = "text.reversal_failed" if conditions.link_up else "text.no_link"
    shown = failed.then(screens.says("result", title, text, "REVERSAL-FIRST")).never(*unwanted)
    yield refused(shown), False
