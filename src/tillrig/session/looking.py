"""What the terminal shows, waited for: the first picture, a screen at rest, a change, a screen of some kind."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tillrig.errors import InconclusiveError, RigError
from tillrig.observers.screen import Sighting

if TYPE_CHECKING:
    from tillrig.session.bench import Bench

FIRST_LOOK_S, REST_S = 10.0, 2.0


class Looker:
    """Looks through the bench's eye; every wait ends with what the camera has to say of itself."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def first(self) -> None:
        """Wait for the first sure reading. Raises RigError when there is none."""
        bench = self._bench

        def seen() -> Sighting | None:
            bench.eye.check()
            return bench.eye.current

        if bench.timeline.wait_for(seen, time.monotonic() + FIRST_LOOK_S) is None:
            raise RigError(f"the screen camera gave no readable picture within {FIRST_LOOK_S:g} s")
        bench.warm_up()

    def settled(self) -> Sighting | None:
        """The screen, once it is at rest (a blinking or changing one: as it is after two seconds)."""
        eye = self._bench.eye

        def at_rest() -> Sighting | None:
            eye.check()
            current = eye.current
            return current if current is not None and current.last.settled_at is not None else None

        return self._bench.timeline.wait_for(at_rest, time.monotonic() + REST_S) or eye.current

    def settled_kind(self) -> str:
        """Its kind; "" for an unknown one and for none."""
        current = self.settled()
        return current.kind if current else ""

    def change(self, current: Sighting | None, seconds: float) -> None:
        """Wait until `current` is shown no more, but no longer than `seconds`."""
        eye = self._bench.eye

        def changed() -> bool | None:
            eye.check()
            return True if current is None or current.ended_at is not None else None

        self._bench.timeline.wait_for(changed, time.monotonic() + seconds)

    def kind(self, kind: str, seconds: float) -> None:
        """Wait for a screen of this kind. Raises InconclusiveError when none came within `seconds`."""
        eye = self._bench.eye

        def shown() -> bool | None:
            eye.check()
            current = eye.current
            return True if current is not None and current.kind == kind else None

        if not self._bench.timeline.wait_for(shown, time.monotonic() + seconds):
            raise InconclusiveError(f"{kind} did not come within {seconds:g} s; {self.standing()}")

    def other_than(self, kind: str, count: int, seconds: float) -> bool:
        """Whether a screen after the first `count` is of another kind, within `seconds`."""
        eye = self._bench.eye
        return (
            self._bench.timeline.wait_for(
                lambda: next((one for one in eye.since(count) if one.kind != kind), None), time.monotonic() + seconds
            )
            is not None
        )

    def standing(self) -> str:
        """What is shown now, for messages."""
        current = self._bench.eye.current
        return f"the screen shows: {current.text if current else 'nothing'}"
