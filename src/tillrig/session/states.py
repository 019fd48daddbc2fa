"""Known states: navigates to the state that a test declares, recovers from whatever is found, through ports only."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from tillrig.actions import Action, Console, EcrHeartbeat, EcrSale, EcrSignIn, PowerOn, Sale, Settle, SignIn, SignOff
from tillrig.console import ConsoleClient, rows
from tillrig.errors import BlockedError, InconclusiveError, TillrigError
from tillrig.observers.screen import DARK
from tillrig.reference import AtScreen, BatchIs, Fact, JournalIs, LastStan, MaybePending, NothingPending
from tillrig.session.looking import Looker
from tillrig.session.recovery import Recovery

if TYPE_CHECKING:
    from tillrig.session.session import Session

#: The lab's small change: a sale that asks neither PIN nor signature.
SMALL = Sale(amount=1_00, card="credit-chip", entry="contactless", pin="none")


class Navigator:
    """Works on its session: the ledger tells what is known, the eye what is shown."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._look = Looker(session.bench)
        self._recovery = Recovery(session, self._look)
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
        shown = self._look.settled_kind()
        wanted = "menu" if ledger.position == "menu" else "ask_operator"
        self._note_restart(shown)
        if shown == wanted or isinstance(action, Console | EcrHeartbeat):
            return
        if self.recover() != wanted:
            self.ensure("menu" if wanted == "menu" else "operator_prompt")

    def ready(self, records: int | None) -> None:
        """Signed in at the menu, the batch as wanted, paper and link as delivered."""
        self._recovery.restore()
        if records == 0:
            self.ensure("empty_batch")
            return
        self.ensure("menu")
        for _ in range(3 * (records or 0)):
            if len(self._session.ledger.journal) >= (records or 0):
                return
            self._on_the_way(SMALL)
        if len(self._session.ledger.journal) < (records or 0):
            raise BlockedError(f"{records} records in the batch could not be had; {self._look.standing()}")

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
        self._look.kind(DARK, 5.0)
        session.ledger = session.engine.adopt(session.ledger, AtScreen("dark"))

    def _menu(self) -> None:
        session = self._session
        if not self._known:
            self._take_over()
        for _ in range(3):
            ledger = session.ledger
            shown = self._look.settled_kind()
            if shown == "menu" and ledger.position == "menu" and ledger.signed_in:
                if not ledger.uncertain:
                    return
                self._find_out()
                continue
            self._note_restart(shown)
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
        if self._look.settled_kind() != "menu":
            raise BlockedError(f"the menu could not be had; {self._look.standing()}")

    def _operator_prompt(self) -> None:
        if not self._known:
            self._take_over()
        for _ in range(3):
            if self._look.settled_kind() == "ask_operator":
                self._at("operator_prompt")
                return
            self._menu()
            self._on_the_way(SignOff())
        raise BlockedError(f"the operator prompt could not be had; {self._look.standing()}")

    def _empty_batch(self) -> None:
        self._menu()
        for _ in range(2):
            ledger = self._session.ledger
            if ledger.journal_known and not ledger.journal and ledger.pending is None and not ledger.uncertain:
                return
            self._on_the_way(Settle())
            self._menu()
        raise BlockedError(f"an empty batch could not be had; {self._look.standing()}")

    # -- a terminal of which nothing is known -------------------------------------------------------------------------
    def _take_over(self) -> None:
        """First meeting.

        The working keys of another host are of no use here, and after power-on every terminal signs in anew
        (rules T5): so it is started, and then asked what it holds. What it holds was never seen by this
        session's host, so the batch is settled and a reversal left behind is sent, until journal and record
        are known empty.
        """
        self._look.first()
        self._recovery.put_away()
        self._restart()
        self._known = True
        self._on_the_way(SignIn())
        self._find_out()
        self._clear_the_past()

    def _clear_the_past(self) -> None:
        session = self._session
        for _ in range(3):
            ledger = session.ledger
            if self._look.settled_kind() == "ask_operator":
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
        if self._look.settled_kind() != "ask_operator":
            raise BlockedError(f"the terminal did not start: {self._look.standing()}")
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
        if self._look.settled_kind() == "ask_operator":
            self._at("operator_prompt")
            self._on_the_way(SignIn())

    def _console(self) -> ConsoleClient | None:
        session = self._session
        if "console" not in session.rig.lines:
            return None
        return session.console

    # -- recovery -----------------------------------------------------------------------------------------------------
    def recover(self) -> str:
        """From any screen to menu or ask_operator; the supply as the last resort. Raises BlockedError when even that
        does not help.
        """
        session = self._session
        reached = self._recovery.to_idle(known=self._known)
        if reached:
            self._adopt_position(reached)
            return reached
        session.ledger = msgspec.structs.replace(session.ledger, uncertain=True)
        self._restart()
        return "ask_operator"

    # -- ledger -------------------------------------------------------------------------------------------------------
    def _at(self, position: str) -> None:
        session = self._session
        session.ledger = session.engine.adopt(session.ledger, AtScreen(position))  # type: ignore[arg-type]

    def _note_restart(self, shown: str) -> None:
        """A terminal that was left at its menu and asks for its operator restarted, which it may (rules T13); whoever
        reads the attempt should know.
        """
        ledger = self._session.ledger
        if shown == "ask_operator" and ledger.position == "menu" and not ledger.uncertain:
            self._session.remark("the terminal was left at its menu and asks for its operator: it restarted by itself")

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
            raise BlockedError(f"the terminal does not start; {self._look.standing()}")
        try:
            self.recover()
        except TillrigError as error:
            raise BlockedError(
                f"{type(action).__name__} was lost on the way, and so was the terminal: {error}"
            ) from error
