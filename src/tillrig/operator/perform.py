"""One action from its first screen to its last: the loop on what the terminal shows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from tillrig.actions import Action, PowerOn
from tillrig.errors import CameraError, InconclusiveError
from tillrig.judge.screens import is_passing
from tillrig.observations import Abandoned, Absent
from tillrig.observers.screen import DARK, ScreenObserver, Sighting
from tillrig.observers.slip import Capture, SlipObserver
from tillrig.operator.hand import KEY_S, Hand
from tillrig.operator.track import Track
from tillrig.profiles import Profile
from tillrig.steps import Branch, Screen, Slip
from tillrig.timeline import Timeline
from tillrig.vision import Frame

#: Kinds in which the terminal takes no input: its own time.
OWN_TIME = frozenset(
    {"reading", "busy", "reversing", "reversal_done", "result", "printing", "settling", "signing_in", "signin_done",
     "signoff_done", "refused", "announcement", "boot", "welcome"}
)  # fmt: skip
#: Until one of these a contactless card is held to the reader: its chip may be asked again before the request.
CARD_DONE = frozenset({"result", "refused", "partial", "printing", "menu", "ask_operator"})
#: A slip is at rest soon after the printer stops.
REST_S = 3.0
#: No action takes the terminal longer, whatever it shows meanwhile.
LONGEST_S = 600.0


class Performance:
    """What happened during one action, as raw as the observers need it."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.started = time.monotonic()
        self.ended = self.started
        self.matched: dict[int, tuple[Screen, ...]] = {}
        self.captures: list[Capture] = []
        self.abandoned: Abandoned | None = None
        self.absent: list[Absent] = []
        self.presses = 0
        #: The last capture is of a slip that no screen announced.
        self.unannounced = False
        #: When a camera that proved itself saw the paper after everything: no other slip than the captured ones had
        #: come. Looked for only where slips must not come.
        self.paper_at: float | None = None

    def terminal_seconds(self, sightings: Sequence[Sighting]) -> float:
        """Time in which the terminal took no input, and 40 + 40 ms a key (benchmarks, loop)."""
        own = sum(
            (min(one.ended_at or self.ended, self.ended) - max(one.at, self.started))
            for one in sightings
            if one.kind in OWN_TIME
        )
        return max(0.0, own) + KEY_S * self.presses


class Operator:
    """`on_sighting` is called for every screen once it has ended, `on_capture` for every slip at rest (prefetching).

    `margin_s`: how much longer than the terminal's own times a screen is waited for.
    """

    margin_s = 6.0

    def __init__(
        self,
        eye: ScreenObserver,
        slips: SlipObserver | None,
        hand: Hand,
        profile: Profile,
        timeline: Timeline,
        time_scale: float,
    ) -> None:
        self._eye, self._slips, self._hand = eye, slips, hand
        self._profile, self._timeline, self._scale = profile, timeline, time_scale
        self.on_sighting: Callable[[Sighting, tuple[Screen, ...]], None] = lambda sighting, steps: None
        self.on_capture: Callable[[Capture, Track], None] = lambda capture, track: None

    def perform(
        self,
        action: Action,
        branches: Sequence[Branch],
        start: Callable[[], None] | None,
        also: Callable[[], bool],
        also_point: str = "",
    ) -> Performance:
        """Carry `action` out. `start` sets off what is not set off by a screen; `also` says whether what else must
        come (an answer on a line, at `also_point`) has come. Raises the rig's errors; a lost terminal is told by the
        performance.
        """
        track = Track(branches)
        current = self._eye.current
        begins_here = current is not None and current.kind in track.first and not isinstance(action, PowerOn)
        done = current.seq - 1 if current is not None and begins_here else self._eye.count
        result = Performance(done)
        self._hand.begin()
        self._eye.expect(track.expected)
        if start is not None:
            start()
        if isinstance(action, PowerOn) and (now := self._eye.current) is not None and now.kind == DARK:
            result.first = done = now.seq - 1
        printing = False
        gave = "none"
        paper = self._slips.frame if self._slips is not None else None
        last = time.monotonic() + LONGEST_S / self._scale + self.margin_s
        while not (track.done and also()):
            sighting = self._next(done, track, gave, also) if time.monotonic() < last else None
            if sighting is None:
                if track.done and also():
                    break
                self._nothing_came(result, track, also_point)
                break
            self._tell_ended(result, sighting)
            done = sighting.seq
            if sighting.kind == "printing":
                printing = True
            elif sighting.kind == "continue_print" or (printing and sighting.kind != "paper_out"):
                printing = False
                self._capture(result, track, sighting.at - 0.05)
            gave = self._answer(result, track, sighting, action)
            if result.abandoned:
                break
        self._last_look(result, track, paper)
        result.ended = time.monotonic()
        result.presses = self._hand.presses
        self._hand.withdraw_from_field()
        return result

    def _tell_ended(self, result: Performance, sighting: Sighting) -> None:
        """The screen before this one is over: whoever wants to read it ahead of the judge may do so."""
        before = next((one for one in self._eye.since(sighting.seq - 2) if one.seq == sighting.seq - 1), None)
        if before is not None and before.ended_at is not None and result.matched.get(before.seq):
            self.on_sighting(before, result.matched[before.seq])

    def _answer(self, result: Performance, track: Track, sighting: Sighting, action: Action) -> str:
        steps = track.see(sighting.kind, sighting.keys)
        self._eye.expect(track.expected)
        if steps or is_passing(sighting.kind):
            self._hand.went_on(sighting.kind)
        if sighting.kind in CARD_DONE:
            self._hand.withdraw_from_field()
        if not steps:
            if is_passing(sighting.kind):
                return "none"
            if not self._stays(sighting):
                return "none"
            result.matched[sighting.seq] = ()
            self._abandon(result, sighting, track)
            return "none"
        result.matched[sighting.seq] = steps
        gives = list(dict.fromkeys((step.give, step.value) for step in steps))
        if len(gives) > 1:
            raise InconclusiveError(f"the branches disagree on how to answer {sighting.kind}: {gives}")
        self._hand.give(steps[0], sighting, action)
        return steps[0].give

    def _stays(self, sighting: Sighting) -> bool:
        """Whether an unexpected screen is really there: it lasts until it has settled."""

        def verdict() -> bool | None:
            if sighting.ended_at is not None:
                return False
            return True if sighting.last.settled_at is not None else None

        return bool(self._timeline.wait_for(verdict, time.monotonic() + 1.0))

    def _abandon(self, result: Performance, sighting: Sighting, track: Track) -> None:
        kind = sighting.kind or "unknown"
        word = self._hand.witness()
        why = f"expected {' or '.join(track.expected) or 'nothing more'}, but the screen shows: {sighting.text}"
        result.abandoned = Abandoned(seq=sighting.seq, at=sighting.at, point=f"screen.{kind}", why=why, witness=word)
        self._timeline.append("abandoned", point=f"screen.{kind}", why=why, witness=word)

    def _next(self, done: int, track: Track, gave: str, also: Callable[[], bool]) -> Sighting | None:
        """The first screen after the `done`th, or None when none comes in the time that the terminal may take."""
        current = self._eye.current
        seconds = self._patience(current.kind if current else DARK, gave, track)
        deadline = time.monotonic() + seconds

        def came() -> Sighting | bool | None:
            self._eye.check()
            found = next(iter(self._eye.since(done)), None)
            if found is not None:
                return found
            return False if track.done and also() else None

        found = self._timeline.wait_for(came, deadline)
        return found if isinstance(found, Sighting) else None

    def _patience(self, kind: str, gave: str, track: Track) -> float:
        """Seconds until the next screen at the latest, by the terminal's own times (profile), with a margin."""
        times, scale, margin = self._profile.times, self._scale, self.margin_s
        exchange = (times.connect + times.answer) / scale
        if track.awaited == DARK:
            return times.sleep / scale + margin
        if gave == "wait":
            return max(times.idle, times.paper) / scale + margin
        limits = {
            "busy": 2 * exchange,
            "settling": 4 * exchange,
            "signing_in": exchange,
            "reversing": 3 * exchange,
            "printing": 2 * times.slip_mm / times.print_mm_s,
            "continue_print": times.copy / scale,
            "boot": times.boot / scale,
            DARK: times.boot / scale + 2,
        }
        return limits.get(kind, (times.result + times.chip) / scale) + margin

    def _nothing_came(self, result: Performance, track: Track, also_point: str) -> None:
        current = self._eye.current
        word, why = self._hand.silence_witness()
        point = also_point if track.done and also_point else f"screen.{track.awaited or 'menu'}"
        shown = current.text if current else "nothing"
        text = f"last seen: {shown}; {why}"
        now = time.monotonic()
        waited = now - (current.at if current else now)
        result.absent.append(Absent(seq=self._eye.count, at=now, point=point, waited=waited, witness=word, why=text))
        self._timeline.append("absent", point=point, witness=word, why=text)

    def _last_look(self, result: Performance, track: Track, before: Frame | None) -> None:
        """A slip that came without a screen that announces it: the paper is not as it was."""
        last = result.captures[-1].frames[-1] if result.captures else before
        if self._slips is None or last is None or any(one.point == "slip" for one in result.absent):
            return
        if self._slips.moved(last):
            known = len(result.captures)
            self._capture(result, track, time.monotonic() - 0.2)
            result.unannounced = len(result.captures) > known
            if not result.unannounced:
                return
        if not any(isinstance(step, Slip) for one in track.branches for step in one.forbidden):
            return
        try:
            self._slips.check()
        except CameraError as error:  # nothing was to be printed: the action does not fail with the camera
            self._timeline.append("paper_unseen", why=str(error))
        else:
            result.paper_at = time.monotonic()

    def _capture(self, result: Performance, track: Track, since: float) -> None:
        if self._slips is None:
            return
        with self._hand.watch("settle"):
            capture = self._slips.at_rest(since, time.monotonic() + REST_S)
        if capture is None:
            now = time.monotonic()
            why = f"the paper was never at rest for two frames within {REST_S:g} s after the printing"
            result.absent.append(
                Absent(seq=self._eye.count, at=now, point="slip", waited=now - since, witness="none", why=why)
            )
            self._timeline.append("absent", point="slip", witness="none", why=why)
            return
        result.captures.append(capture)
        self.on_capture(capture, track)
