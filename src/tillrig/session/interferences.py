"""`When(event, act)`: cut power, pull the card, drop the link, press a key while an action runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from tillrig.errors import UsageError
from tillrig.session.predicted import PRESS, is_predicted, time_of, too_late

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


class Missed(msgspec.Struct, frozen=True):
    """An act that did not take place, or not as it was meant."""

    when: When
    why: str


def _link(session: Session, up: bool) -> None:
    link = session.rig.link
    if link is None:
        raise UsageError(f"the rig {session.rig.name} cannot switch the network path: it has no link")
    (link.up if up else link.down)()


def resolved(act: str | Act) -> Act:
    """The callable. Raises UsageError for an unknown word."""
    if callable(act):
        return act
    if act.startswith(PRESS):
        return lambda session: _press(session, act.removeprefix(PRESS))
    if act not in ACTS:
        raise UsageError(f"no interference '{act}'; there are: {', '.join(ACTS)}, press:<key>")
    return ACTS[act]


def _moving_s(session: Session, when: When) -> float:
    """How long what an act has ordered may still be on its way, where nothing on the rig senses it."""
    card, spec = session.rig.card, session.rig.rig.roles.card
    if when.act != "pull_card" or card is None or spec is None or card.inserted() is not None:
        return 0.0
    return spec.move_ms / 1000


class Interferer:
    """Watches the timeline in a thread of its own while an action runs."""

    def __init__(self, session: Session, whens: Sequence[When]) -> None:
        self._session = session
        self._whens = tuple(whens)
        acts = [resolved(when.act) for when in whens]
        self._stop = False
        self._failed: dict[int, Exception] = {}
        self._came: set[int] = set()
        self._done: dict[int, float] = {}
        self._threads = [
            threading.Thread(target=self._watch, args=(number, act), name="tillrig-interfere", daemon=True)
            for number, act in enumerate(acts)
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
    def errors(self) -> tuple[Exception, ...]:
        """What acts have raised."""
        return tuple(self._failed.values())

    @property
    def missed(self) -> tuple[Missed, ...]:
        """Acts that did not take place, and those that were done too late for what they were to disturb."""
        told = [(when, self._miss(number, when)) for number, when in enumerate(self._whens)]
        return tuple(Missed(when, why) for when, why in told if why)

    @property
    def unpredicted(self) -> bool:
        """Whether the engine counted on one of the `missed`: what it predicted holds for nobody."""
        return any(is_predicted(one.when) for one in self.missed)

    def _miss(self, number: int, when: When) -> str:
        if number in self._failed:
            return f"it failed: {self._failed[number]}"
        if number not in self._done:
            return "the action was over before" if number in self._came else f"{when.point} never came"
        late = too_late(when, self._done[number], self._session.timeline.events(self._first))
        return f"{late} had come before it was done" if late else ""

    def _watch(self, number: int, act: Act) -> None:
        timeline, when = self._session.timeline, self._whens[number]
        after = self._first

        def met() -> bool | None:
            nonlocal after
            over = self._stop  # read before the events: none may slip in between
            events = timeline.events(after)
            after = events[-1].seq if events else after
            return True if any(time_of(when.point, event) is not None for event in events) else False if over else None

        try:
            if not timeline.wait_for(met, time.monotonic() + 3600):
                return
            self._came.add(number)
            due = time.monotonic() + when.delay_ms / 1000
            over_first = timeline.wait_for(lambda: True if self._stop else None, due) and time.monotonic() < due
            if over_first and when.act not in RESTORING:
                return  # a later action must not be disturbed
            act(self._session)
            self._done[number] = time.monotonic() + _moving_s(self._session, when)
            timeline.append("interference", point=when.point, act=str(when.act))
        except Exception as error:  # noqa: BLE001 - raised again by the session, in the thread that waits
            self._failed[number] = error
