"""Known states: navigates to the state that a test declares, recovers from whatever is found, through ports only."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from tillrig.actions import Action, Console, EcrHeartbeat, EcrSale, EcrSignIn, PowerOn, Sale, Settle, SignIn, SignOff
from tillrig.console import ConsoleClient, rows
from tillrig.errors import BlockedError, InconclusiveError, RigError, TillrigError
from tillrig.judge.findings import failed, unsure
from tillrig.observers.screen import DARK, Sighting
from tillrig.reference import AtScreen, BatchIs, Fact, JournalIs, LastStan, MaybePending, NothingPending

if TYPE_CHECKING:
    from tillrig.session.session import Session

#: Screens at which the terminal stands still and waits for somebody.
IDLE = ("menu", "ask_operator")
#: A sleeping terminal lights up at once when a key is pressed.
WAKE_S = 2.0
#: The lab's small change: a sale that asks neither PIN nor signature.
SMALL = Sale(amount=1_00, card="credit-chip", entry="contactless", pin="none")
#: Steps of recovery before the supply is cut.
STEPS, FIRST_LOOK_S = 14, 10.0


class Navigator:
    """Works on its session: the ledger tells what is known, the eye what is shown."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known = False

    # -- states -------------------------------------------------------------------------------------------------------
    def prepare(self, action: Action) -> None:
        """Make sure that the terminal stands where the ledger says, before `action`."""
        if isinstance(action, PowerOn):
            return
        ledger = self._session.ledger
        if not self._known or ledger.position in ("unknown", "dark"):
            self.ensure("menu")
            return
        shown = self._settled_kind()
        wanted = "menu" if ledger.position == "menu" else "ask_operator"
        if shown == wanted or isinstance(action, Console | EcrHeartbeat):
            return
        if self.recover() != wanted:
            self.ensure("menu" if wanted == "menu" else "operator_prompt")

    def ready(self, records: int | None) -> None:
        """Signed in at the menu, the batch as wanted."""
        if records == 0:
            self.ensure("empty_batch")
            return
        self.ensure("menu")
        for _ in range(3 * (records or 0)):
            if len(self._session.ledger.journal) >= (records or 0):
                return
            self._on_the_way(SMALL)
        if len(self._session.ledger.journal) < (records or 0):
            raise BlockedError(f"{records} records in the batch could not be had; {self._standing()}")

    def ensure(self, state: str) -> None:
        """Bring the terminal into `state`. Raises BlockedError, or the rig's own errors."""
        ways: dict[str, Callable[[], None]] = {
            "dark": self._dark,
            "operator_prompt": self._operator_prompt,
            "menu": self._menu,
            "empty_batch": self._empty_batch,
        }
        if state not in ways:
            raise BlockedError(f"no state '{state}'; there are: {', '.join(ways)}")
        try:
            ways[state]()
        except InconclusiveError as lost:
            raise BlockedError(f"the state {state} could not be had: {lost}") from lost

    def _dark(self) -> None:
        session = self._session
        session.rig.need("power").off()
        self._wait_kind((DARK,), 5.0)
        session.ledger = session.engine.adopt(session.ledger, AtScreen("dark"))

    def _menu(self) -> None:
        session = self._session
        if not self._known:
            self._take_over()
        for _ in range(3):
            ledger = session.ledger
            shown = self._settled_kind()
            if shown == "menu" and ledger.position == "menu" and ledger.signed_in:
                if not ledger.uncertain:
                    return
                self._find_out()
                continue
            if shown == "ask_operator":
                self._at("operator_prompt")
                self._on_the_way(SignIn())
                continue
            if shown == "menu" and ledger.position == "menu" and not ledger.signed_in:
                # Keys lost (rules H21): 7-1 signs in again; from power-on is surer.
                self._restart()
                continue
            if self.recover() == "menu" and session.ledger.position != "menu":
                self._restart()
        if self._settled_kind() != "menu":
            raise BlockedError(f"the menu could not be had; {self._standing()}")

    def _operator_prompt(self) -> None:
        if not self._known:
            self._take_over()
        for _ in range(3):
            if self._settled_kind() == "ask_operator":
                self._at("operator_prompt")
                return
            self._menu()
            self._on_the_way(SignOff())
        raise BlockedError(f"the operator prompt could not be had; {self._standing()}")

    def _empty_batch(self) -> None:
        self._menu()
        for _ in range(2):
            ledger = self._session.ledger
            if ledger.journal_known and not ledger.journal and ledger.pending is None and not ledger.uncertain:
                return
            self._on_the_way(Settle())
            self._menu()
        raise BlockedError(f"an empty batch could not be had; {self._standing()}")

    # -- a terminal of which nothing is known -------------------------------------------------------------------------
    def _take_over(self) -> None:
        """First meeting.

        The working keys of another host are of no use here, and after power-on every terminal signs in anew
        (rules T5): so it is started, and then asked what it holds. What it holds was never seen by this
        session's host, so the batch is settled and a reversal left behind is sent, until journal and record
        are known empty.
        """
        self._first_look()
        self._put_away()
        self._restart()
        self._known = True
        self._on_the_way(SignIn())
        self._find_out()
        self._clear_the_past()

    def _clear_the_past(self) -> None:
        session = self._session
        for _ in range(3):
            ledger = session.ledger
            if self._settled_kind() == "ask_operator":
                self._at("operator_prompt")
                self._on_the_way(SignIn())
                continue
            if not ledger.pending_known or ledger.pending is not None:
                self._on_the_way(SignOff())  # a reversal goes before the sign-off (rules H22)
            elif ledger.journal or not ledger.journal_known:
                self._on_the_way(Settle())
            else:
                return
            self._find_out_pending()

    def _restart(self) -> None:
        """Cut and restore the supply, and watch the terminal come up."""
        session = self._session
        session.ledger = session.engine.adopt(session.ledger, AtScreen("dark"))
        self._on_the_way(PowerOn())
        if self._settled_kind() != "ask_operator":
            raise BlockedError(f"the terminal did not start: {self._standing()}")
        self._at("operator_prompt")

    def _find_out(self) -> None:
        """Resynchronise the ledger: by the console where there is one, else by settling the batch."""
        console = self._console()
        if console is None:
            self._settle_unknown()
            return
        status = console.ask("status", time.monotonic() + 5.0).fields
        journal = rows(console.ask("journal export", time.monotonic() + 10.0).text)
        facts: list[Fact] = [JournalIs(rows=journal)]
        if status.get("batch", "").isdigit():
            facts.append(BatchIs(batch=status["batch"]))
        if self._session.ledger.uncertain:
            facts.append(LastStan(stan=None))  # one may have been taken for a message that never arrived (rules H19)
        facts.extend(self._pending_facts(status))
        session = self._session
        session.ledger = session.engine.adopt(session.ledger, *facts)
        session.timeline.append("adopted", status=status, records=len(journal))

    def _pending_facts(self, status: dict[str, str]) -> list[Fact]:
        said = status.get("pending", "").lower()
        if said in ("", "0", "no", "none", "false", "-"):
            return [NothingPending()] if said else [MaybePending()]
        ledger = self._session.ledger
        return [] if ledger.pending_known and ledger.pending is not None else [MaybePending()]

    def _find_out_pending(self) -> None:
        console = self._console()
        if console is not None:
            status = console.ask("status", time.monotonic() + 5.0).fields
            session = self._session
            session.ledger = session.engine.adopt(session.ledger, *self._pending_facts(status))

    def _settle_unknown(self) -> None:
        self._on_the_way(Settle())
        if self._settled_kind() == "ask_operator":
            self._at("operator_prompt")
            self._on_the_way(SignIn())

    def _console(self) -> ConsoleClient | None:
        session = self._session
        if "console" not in session.rig.lines:
            return None
        return session.console

    # -- recovery -----------------------------------------------------------------------------------------------------
    def recover(self) -> str:
        """From any screen to menu or ask_operator: cards out, paper away, prompts cancelled, exchanges waited for; the
        supply as the last resort. Raises BlockedError when even that does not help.
        """
        session = self._session
        self._put_away()
        unknown = 0
        for _ in range(STEPS):
            current = self._settled()
            kind = current.kind if current else DARK
            session.timeline.append("recover", screen=kind)
            if kind in IDLE:
                self._adopt_position(kind)
                return kind
            if kind == DARK:
                if self._wakes():
                    continue
                self._went_dark()
                break
            unknown = unknown + 1 if kind == "" else 0
            if unknown > 3:
                break
            self._step(kind, current)
        session.ledger = msgspec.structs.replace(session.ledger, uncertain=True)
        self._restart()
        return "ask_operator"

    def _wakes(self) -> bool:
        """Whether a dark terminal only slept: any key wakes it, and is swallowed."""
        hand = self._session.bench.hand
        count = self._session.bench.eye.count
        hand.begin()
        hand.press("clear")
        lit = self._session.timeline.wait_for(
            lambda: next((one for one in self._session.bench.eye.since(count) if one.kind != DARK), None),
            time.monotonic() + WAKE_S,
        )
        if lit is None:
            hand.check_keys()
        return lit is not None

    def _went_dark(self) -> None:
        """A terminal that was left running, was not switched off, and does not wake: that is a finding of its own."""
        session = self._session
        left = session.ledger.position
        if not self._known or left not in ("menu", "operator_prompt"):
            return
        hand = session.bench.hand
        words = {"supply": hand.power_witness(), "the key": hand.key_witness()}
        doubtful = [name for name, said in words.items() if said != "clears_rig"]
        word = unsure if doubtful else failed
        reason = (
            f"no witness for {' and '.join(doubtful)}"
            if doubtful
            else "supply and key reach it, and nobody switched it off"
        )
        session.report(
            word("STAYS-ON", "screen.dark", f"the terminal stays on ({left})", "dark, no key wakes it", reason)
        )

    def _step(self, kind: str, current: Sighting | None) -> None:
        session = self._session
        hand, times, scale = session.bench.hand, session.profile.times, session.time_scale
        waits = {"busy": 2 * (times.answer + times.connect), "settling": 4 * times.answer, "signing_in": times.answer}
        if kind in ("busy", "settling", "signing_in", "reversing"):
            self._wait_change(current, waits.get(kind, 3 * times.answer) / scale + 5)
        elif kind in ("result", "refused", "announcement", "signin_done", "signoff_done", "reversal_done", "reading",
                      "boot", "welcome"):  # fmt: skip
            self._wait_change(current, times.boot / scale + 4)
        elif kind == "printing":
            self._wait_change(current, 15.0)
        elif kind == "remove_card":
            self._put_away()
            self._wait_change(current, 3.0)
        elif kind in ("continue_print", "self_test_failed", "partial"):
            hand.press("enter")
            self._wait_change(current, 3.0)
        elif kind == "paper_out":
            if session.rig.paper is not None:
                session.rig.paper.restore()
            hand.press("cancel")
            self._wait_change(current, 3.0)
        else:
            hand.press("cancel")
            self._wait_change(current, 3.0)

    def _put_away(self) -> None:
        """Card out of slot and field, paper in."""
        rig = self._session.rig
        if rig.card is not None:
            if rig.card.in_field:
                rig.card.remove()
            if rig.card.inserted() is not False:
                rig.card.withdraw()
        if rig.paper is not None and rig.paper.state == "out":
            rig.paper.restore()
        if rig.link is not None:
            rig.link.up()

    # -- looking ------------------------------------------------------------------------------------------------------
    def _first_look(self) -> None:
        """Wait for the first sure reading."""
        bench = self._session.bench

        def seen() -> Sighting | None:
            bench.eye.check()
            return bench.eye.current

        if bench.timeline.wait_for(seen, time.monotonic() + FIRST_LOOK_S) is None:
            raise RigError(f"the screen camera gave no readable picture within {FIRST_LOOK_S:g} s")
        bench.warm_up()

    def _settled(self) -> Sighting | None:
        """The screen, once it is at rest (a blinking or changing one: as it is after two seconds)."""
        eye, timeline = self._session.bench.eye, self._session.timeline

        def at_rest() -> Sighting | None:
            eye.check()
            current = eye.current
            return current if current is not None and current.last.settled_at is not None else None

        return timeline.wait_for(at_rest, time.monotonic() + 2.0) or eye.current

    def _settled_kind(self) -> str:
        current = self._settled()
        return current.kind if current else ""

    def _wait_change(self, current: Sighting | None, seconds: float) -> None:
        eye = self._session.bench.eye

        def changed() -> bool | None:
            eye.check()
            return True if current is None or current.ended_at is not None else None

        self._session.timeline.wait_for(changed, time.monotonic() + seconds)

    def _wait_kind(self, kinds: tuple[str, ...], seconds: float) -> None:
        eye = self._session.bench.eye

        def shown() -> bool | None:
            eye.check()
            current = eye.current
            return True if current is not None and current.kind in kinds else None

        if not self._session.timeline.wait_for(shown, time.monotonic() + seconds):
            raise InconclusiveError(f"{' or '.join(kinds)} did not come within {seconds:g} s; {self._standing()}")

    def _standing(self) -> str:
        current = self._session.bench.eye.current
        return f"the screen shows: {current.text if current else 'nothing'}"

    # -- ledger -------------------------------------------------------------------------------------------------------
    def _at(self, position: str) -> None:
        session = self._session
        session.ledger = session.engine.adopt(session.ledger, AtScreen(position))  # type: ignore[arg-type]

    def _adopt_position(self, kind: str) -> None:
        session = self._session
        if kind == "ask_operator":
            self._at("operator_prompt")
        elif session.ledger.position != "menu" and session.ledger.operator is not None:
            self._at("menu")

    def _on_the_way(self, action: Action) -> None:
        """An action that leads to a state; what it breaks is a finding only when it is a proven FAIL."""
        if isinstance(action, EcrSale | EcrSignIn):
            raise BlockedError("the cash-register line is no way to a state")
        try:
            outcome = self._session.act(action, judged=False)
        except InconclusiveError as lost:
            raise BlockedError(f"{type(action).__name__} on the way to a state: {lost}") from lost
        if any(one.__class__.__name__ in ("Absent", "Abandoned") for one in outcome.observations):
            self.recover_once(action)

    def recover_once(self, action: Action) -> None:
        """After an action on the way that was lost: find the terminal again, without starting over for ever."""
        if isinstance(action, PowerOn):
            raise BlockedError(f"the terminal does not start; {self._standing()}")
        try:
            self.recover()
        except TillrigError as error:
            raise BlockedError(
                f"{type(action).__name__} was lost on the way, and so was the terminal: {error}"
            ) from error
