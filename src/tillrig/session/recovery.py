"""From any screen to one at which the terminal stands still: as a tester would, one step after the other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tillrig.judge.standing import went_dark
from tillrig.observers.attention import BLINK_S
from tillrig.observers.screen import DARK, Sighting
from tillrig.session.looking import Looker
from tillrig.verdicts import Witness

if TYPE_CHECKING:
    from tillrig.session.session import Session

#: Screens at which the terminal stands still and waits for somebody.
IDLE = ("menu", "ask_operator")
#: Steps before it is given up; unreadable screens of them.
STEPS, UNKNOWN = 14, 3
#: A sleeping terminal lights up at once when a key is pressed.
WAKE_S = 2.0
#: It shows these while it works; they go by themselves.
WORKING = frozenset({"busy", "settling", "signing_in", "reversing"})
PASSING = frozenset(
    {"result", "refused", "announcement", "signin_done", "signoff_done", "reversal_done", "reading", "boot", "welcome"}
)


class Recovery:
    """Cards out, paper away, prompts cancelled, exchanges waited for; never the supply."""

    def __init__(self, session: Session, looker: Looker) -> None:
        self._session, self._look = session, looker

    def to_idle(self, *, known: bool) -> str:
        """The idle screen that was reached, "" when none was.

        `known`: the ledger tells whether the terminal was on; one that went dark by itself is then reported.
        """
        session = self._session
        self.put_away()
        unknown = 0
        for _ in range(STEPS):
            current = self._look.settled()
            kind = current.kind if current else DARK
            session.timeline.append("recover", screen=kind)
            if kind in IDLE:
                return kind
            if kind == DARK:
                pressed = time.monotonic()
                if self._wakes():
                    continue
                if known:
                    self._report_dark(pressed)
                return ""
            unknown = unknown + 1 if kind == "" else 0
            if unknown > UNKNOWN:
                return ""
            self._step(kind, current)
        return ""

    def put_away(self) -> None:
        """Card out of slot and field, paper in, link up."""
        rig = self._session.rig
        if rig.card is not None:
            if rig.card.in_field:
                rig.card.remove()
            if rig.card.inserted() is not False:
                rig.card.withdraw()
        self.restore()

    def restore(self) -> None:
        """Paper in and link up, as every test may expect them."""
        rig = self._session.rig
        if rig.paper is not None and rig.paper.state == "out":
            rig.paper.restore()
        if rig.link is not None:
            rig.link.up()

    def _wakes(self) -> bool:
        """Whether a dark terminal only slept: any key wakes it, and is swallowed."""
        bench = self._session.bench
        count = bench.eye.count
        bench.hand.begin()
        bench.hand.press("clear")
        if self._look.other_than(DARK, count, WAKE_S):
            return True
        bench.hand.check_keys()
        return False

    def _report_dark(self, since: float) -> None:
        bench = self._session.bench
        looked = bench.eye.largest_gap(since) <= BLINK_S and bench.prove()["screen"] == "clears_rig"
        words: dict[str, Witness] = {
            "supply": bench.hand.power_witness(),
            "the key": bench.hand.key_witness(),
            "the eye": "clears_rig" if looked else "none",
        }
        for finding in went_dark(self._session.ledger.position, words):
            self._session.report(finding)

    def _step(self, kind: str, current: Sighting | None) -> None:
        session = self._session
        hand, times, scale = session.bench.hand, session.profile.times, session.time_scale
        answers = {"busy": 2 * (times.answer + times.connect), "settling": 4 * times.answer, "signing_in": times.answer}
        seconds = 3.0
        if kind in WORKING:
            seconds = answers.get(kind, 3 * times.answer) / scale + 5
        elif kind in PASSING:
            seconds = times.boot / scale + 4
        elif kind == "printing":
            seconds = 15.0
        elif kind == "remove_card":
            self.put_away()
        elif kind in ("continue_print", "self_test_failed", "partial"):
            hand.press("enter")
        else:
            if kind == "paper_out" and session.rig.paper is not None:
                session.rig.paper.restore()
            hand.press("cancel")
        self._look.change(current, seconds)
