"""`When(event, act)`: cut power, pull the card, drop the link, press a key while an action runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from tillrig.errors import UsageError
from tillrig.timeline import Event

if TYPE_CHECKING:
    from tillrig.session.session import Session

Act = Callable[["Session"], None]


class When(msgspec.Struct, frozen=True):
    """At `point`, and `delay_ms` later, do `act` once.

    point  "screen.<kind>": the screen is seen · "host.<message>": the request has come · "host.<message>.answered"
    act    cut_power, restore_power, pull_card, link_down, link_up, paper_out, paper_in, press:<key>; or a callable
    """

    point: str
    act: str | Act
    delay_ms: int = 0


def _press(session: Session, key: str) -> None:
    session.bench.hand.press(key)


ACTS: dict[str, Act] = {
    "cut_power": lambda session: session.rig.need("power").cut(),
    "restore_power": lambda session: session.rig.need("power").restore(),
    "pull_card": lambda session: session.rig.need("card").withdraw(),
    "link_down": lambda session: _link(session, False),
    "link_up": lambda session: _link(session, True),
    "paper_out": lambda session: session.rig.need("paper").out(),
    "paper_in": lambda session: session.rig.need("paper").restore(),
}


#: Carried out also when the action is over: they leave the rig as it was.
RESTORING = frozenset({"restore_power", "link_up", "paper_in"})
#: Where an act must come for the reference engine to know what follows, by act; an act named nowhere is harmless.
PREDICTED: dict[str, frozenset[str]] = {
    "pull_card": frozenset({"screen.busy", "host.sale"}),
    "link_down": frozenset({"screen.ask_amount", "screen.ask_card", "screen.ask_pin", "screen.confirm_settle"}),
    "paper_out": frozenset({"screen.ask_amount", "screen.ask_card", "screen.ask_pin", "screen.busy", "host.sale"}),
    "cut_power": frozenset(),
}


#: What of `reference.Conditions` an act changes.
CONDITIONS: dict[str, tuple[str, bool]] = {
    "link_down": ("link_up", False),
    "paper_out": ("paper_in", False),
    "pull_card": ("card_pulled", True),
}


def conditions_of(whens: Sequence[When]) -> dict[str, bool]:
    """What `whens` change of `reference.Conditions`. Raises UsageError for one whose consequences nobody predicts: it
    would be judged as if it had not happened."""
    for when in whens:
        known = PREDICTED.get(str(when.act))
        if isinstance(when.act, str) and known is not None and when.point not in known:
            places = ", ".join(sorted(known)) or "no point yet"
            raise UsageError(f"what {when.act} at {when.point} leads to is not predicted; predicted at: {places}")
    acts = {when.act for when in whens if isinstance(when.act, str)}
    return {name: value for act, (name, value) in CONDITIONS.items() if act in acts}


def _link(session: Session, up: bool) -> None:
    link = session.rig.link
    if link is None:
        raise UsageError(f"the rig {session.rig.name} cannot switch the network path: it has no link")
    (link.up if up else link.down)()


def resolved(act: str | Act) -> Act:
    """The callable. Raises UsageError for an unknown word."""
    if callable(act):
        return act
    if act.startswith("press:"):
        return lambda session: _press(session, act.removeprefix("press:"))
    if act not in ACTS:
        raise UsageError(f"no interference '{act}'; there are: {', '.join(ACTS)}, press:<key>")
    return ACTS[act]


class Interferer:
    """Watches the timeline in a thread of its own while an action runs."""

    def __init__(self, session: Session, whens: Sequence[When]) -> None:
        self._session = session
        self._plans = [(when, resolved(when.act)) for when in whens]
        self._stop = False
        self.errors: list[Exception] = []
        self._met: list[When] = []
        self._threads = [
            threading.Thread(target=self._watch, args=plan, name="tillrig-interfere", daemon=True)
            for plan in self._plans
        ]

    def __enter__(self) -> Interferer:
        self._first = self._session.timeline.last
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop = True
        self._session.timeline.wake()
        for thread in self._threads:
            thread.join(5.0)

    @property
    def missed(self) -> tuple[When, ...]:
        """Those whose point never came (one whose act failed is among the errors instead)."""
        return () if self.errors else tuple(when for when, _ in self._plans if when not in self._met)

    def _watch(self, when: When, act: Act) -> None:
        timeline = self._session.timeline
        after = self._first

        def met() -> bool | None:
            nonlocal after
            over = self._stop  # read before the events: none may slip in between
            events = timeline.events(after)
            after = events[-1].seq if events else after
            return True if any(_is_at(when.point, event) for event in events) else False if over else None

        try:
            if not timeline.wait_for(met, time.monotonic() + 3600):
                return
            due = time.monotonic() + when.delay_ms / 1000
            over_first = timeline.wait_for(lambda: True if self._stop else None, due) and time.monotonic() < due
            if over_first and when.act not in RESTORING:
                return  # a later action must not be disturbed
            act(self._session)
            self._met.append(when)
            timeline.append("interference", point=when.point, act=str(when.act))
        except Exception as error:  # noqa: BLE001 - raised again by the session, in the thread that waits
            self.errors.append(error)


def _is_at(point: str, event: Event) -> bool:
    place, _, what = point.partition(".")
    name, _, phase = what.partition(".")
    if place == "screen":
        return event.kind == "screen" and event.data.get("screen") == name
    if place == "host":
        wanted = "host_exchange" if phase == "answered" else "host_request"
        return event.kind == wanted and event.data.get("name") == name
    return False
