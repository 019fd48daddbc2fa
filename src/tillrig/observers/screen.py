"""The screen's observer: follows every frame of its camera in a thread of its own and tells which screen is shown.

A *sighting* is one screen of the profile from its first sure reading to the next screen; while keys echo, the same
sighting goes through several *states*. Frames of the last state are kept, so that it can be read with care afterwards.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from queue import Empty, Full, Queue

from tillrig.errors import CameraError
from tillrig.masking import mask_digits
from tillrig.observers.attention import Attention
from tillrig.observers.lookout import Lookout
from tillrig.ports.camera import Camera, Shot
from tillrig.profiles import Profile, Recognition
from tillrig.timeline import Timeline
from tillrig.vision import Agreement, Frame, ScreenReader, ScreenWatch

#: Fields whose digits are never written down: they are what was typed of a secret.
SECRET_FIELDS = frozenset({"stars"})
#: Frames kept of a state, and how many of its last ones are dropped because the change may have begun in them.
KEPT, SUSPECT = 6, 1
DARK = "dark"
#: A camera silent for less is not asked why: frames come late when the machine is busy.
SILENT_S = 2.0


class State:
    """One set of rows that was shown. Times are monotonic seconds of frames."""

    def __init__(self, rows: tuple[str, ...], recognition: Recognition, at: float) -> None:
        self.rows = rows
        self.recognition = recognition
        self.at = at
        self.settled_at: float | None = None
        self._frames: deque[Frame] = deque(maxlen=KEPT)
        self._first: list[Frame] = []

    def add(self, frame: Frame) -> None:
        last = self._frames[-1] if self._frames else self._first[-1] if self._first else None
        if last is not None and last.jpeg == frame.jpeg:
            return  # the same picture again tells nothing new
        if len(self._first) < 2:
            self._first.append(frame)
        else:
            self._frames.append(frame)

    def frames(self, ended: bool) -> tuple[Frame, ...]:
        """Distinct frames, newest first; without those in which the next change may have begun."""
        kept = list(self._frames)
        if ended and len(kept) > SUSPECT:
            kept = kept[:-SUSPECT]
        return tuple(reversed([*self._first, *kept]))


class Sighting:
    """One screen as it was seen. `kind` "" is a screen that the profile does not know, "dark" an empty glass."""

    def __init__(self, seq: int, state: State) -> None:
        self.seq = seq
        self.states = [state]
        self.ended_at: float | None = None

    @property
    def kind(self) -> str:
        return self.last.recognition.kind

    @property
    def last(self) -> State:
        return self.states[-1]

    @property
    def at(self) -> float:
        return self.states[0].at

    @property
    def fields(self) -> dict[str, str]:
        return self.last.recognition.fields

    @property
    def keys(self) -> dict[str, str]:
        return self.last.recognition.keys

    @property
    def text(self) -> str:
        """Rows in one line, for messages; secrets hidden."""
        return " | ".join(hidden_rows(self.last)).strip(" |") or "(blank)"

    def same_screen(self, recognition: Recognition) -> bool:
        """Whether `recognition` is this screen in another state."""
        mine = self.last.recognition
        if mine.kind != recognition.kind or mine.kind == "":
            return mine.kind == recognition.kind and mine.fields == recognition.fields
        return all(mine.keys.get(name) == recognition.keys.get(name) for name in ("title", "text", "prompt"))


def hidden_rows(state: State) -> list[str]:
    """Rows with the digits of secret fields hidden."""
    secrets = {state.recognition.fields[name] for name in SECRET_FIELDS if state.recognition.fields.get(name)}
    return [mask_digits(row) if "".join(row.split()) in secrets else row for row in state.rows]


class ScreenObserver:
    """Feeds every frame to the watch, reads while something changes, and appends `screen` events to the timeline."""

    def __init__(
        self,
        camera: Camera,
        reader: ScreenReader,
        watch: ScreenWatch,
        dark: Callable[[Frame], bool],
        profile: Profile,
        timeline: Timeline,
        lookout: Lookout,
    ) -> None:
        self._camera, self._watch, self._dark = camera, watch, dark
        self._lookout = lookout
        self._profile, self._timeline = profile, timeline
        self._dark_frames = 0
        self._agreement = Agreement(reader)
        self._queue: Queue[Shot | None] = Queue(maxsize=6)
        self._lock = threading.Lock()
        self._sightings: list[Sighting] = []
        self._count = 0
        self._generation = -1
        self._settled = False
        self._read_last: Frame | None = None
        self.expected: frozenset[str] = frozenset()
        self.failure: BaseException | None = None
        self.last_frame: Frame | None = None
        self.frames_read = 0
        #: Rows as the newest frame reads, agreed or not.
        self.glimpse: tuple[str, ...] = ()
        self._attention = Attention()
        self._thread = threading.Thread(target=self._run, name="tillrig-screen", daemon=True)
        self._unsubscribe = camera.subscribe(self._take)
        self._thread.start()

    # -- for the operator ---------------------------------------------------------------------------------------------
    @property
    def count(self) -> int:
        """Sightings so far; pass it to `since` later."""
        with self._lock:
            return self._count

    @property
    def current(self) -> Sighting | None:
        with self._lock:
            return self._sightings[-1] if self._sightings else None

    def since(self, count: int) -> tuple[Sighting, ...]:
        """Sightings that began after the `count`th."""
        with self._lock:
            return tuple(sighting for sighting in self._sightings if sighting.seq > count)

    def forget(self, count: int) -> None:
        """Drop sightings up to the `count`th; the current one stays."""
        with self._lock:
            self._sightings = [one for one in self._sightings if one.seq > count or one is self._sightings[-1]]

    def expect(self, kinds: Iterable[str]) -> None:
        """Kinds that come next: they are recognised more readily."""
        self.expected = frozenset(kinds)

    def check(self) -> None:
        """Raise CameraError when the camera cannot testify now."""
        if self.failure is not None:
            raise CameraError(f"screen camera: {self.failure}") from self.failure
        self._lookout.check()
        if self.last_frame is None or time.monotonic() - self.last_frame.time > SILENT_S:
            self._camera.check()

    def close(self) -> None:
        self._unsubscribe()
        try:
            self._queue.put_nowait(None)
        except Full:
            self._queue.get_nowait()
            self._queue.put_nowait(None)
        self._thread.join(2.0)

    # -- the thread ---------------------------------------------------------------------------------------------------
    def _take(self, shot: Shot) -> None:
        """In the camera's thread: hand over, and drop the oldest when the observer cannot keep up."""
        while True:
            try:
                self._queue.put_nowait(shot)
                return
            except Full:
                try:
                    self._queue.get_nowait()
                except Empty:
                    continue

    def _run(self) -> None:
        while (shot := self._queue.get()) is not None:
            frame = Frame.of(shot, "screen")
            try:
                self._look(frame)
            except CameraError as error:
                self._lookout.note(frame, str(error))
            except Exception as error:  # noqa: BLE001 - must reach the waiting thread, which raises it
                self.failure = error
                self._timeline.append("camera", camera="screen", condition=f"observer failed: {error!r}")
                return

    def largest_gap(self, since: float) -> float:
        """The longest time from `since` (monotonic s) until now without a frame that was looked at."""
        return self._attention.largest_gap(since, time.monotonic())

    def _look(self, frame: Frame) -> None:
        self.last_frame = frame
        self._attention.looked(frame.time)
        state = self._watch.feed(frame)
        self._lookout.note(frame)
        if state.condition is not None or self._lookout.watch.doubtful:
            return  # what such a camera shows is not read
        moved = state.generation != self._generation
        current = self.current
        if not moved and self._settled and current is not None:
            current.last.add(frame)
            return
        self._generation = state.generation
        self._settled = False
        if self._dark(frame):
            self._dark_frames += 1
            if self._dark_frames >= 2:
                self._settled = state.settled
                self._seen(("",) * self._profile.display.rows, frame, state.settled)
            return
        self._dark_frames = 0
        before = self.glimpse
        rows = self._agreement.feed(frame)
        self.glimpse = tuple(row.text for row in self._agreement.last())
        self.frames_read += 1
        self._timeline.wake()
        if rows is not None:
            self._settled = state.settled
            self._seen(tuple(row.text for row in rows), frame, state.settled)
        else:
            self._seen_in_part(before, self.glimpse, frame, self._read_last)
        self._read_last = frame

    def _seen(self, rows: tuple[str, ...], frame: Frame, settled: bool) -> None:
        current = self.current
        if current is not None and current.last.rows == rows:
            self._same_rows(current, frame, settled)
            return
        recognition = self._recognise(rows)
        if recognition.partial and not settled:
            self._settled = False  # a screen that is being drawn; one that stays so is taken once it has settled
            return
        state = State(rows, recognition, frame.time)
        state.add(frame)
        if settled:
            state.settled_at = frame.time
        with self._lock:
            if current is not None and current.same_screen(recognition):
                current.states.append(state)
                sighting = current
            else:
                if current is not None:
                    current.ended_at = frame.time
                self._count += 1
                sighting = Sighting(self._count, state)
                self._sightings.append(sighting)
        self._timeline.append(
            "screen",
            at=frame.time,
            sighting=sighting.seq,
            screen=recognition.kind,
            rows=hidden_rows(state),
            score=round(recognition.score, 3),
            frame=frame.id,
        )

    def _seen_in_part(self, before: tuple[str, ...], now: tuple[str, ...], frame: Frame, earlier: Frame | None) -> None:
        """Two readings that agree but for one row announce a screen that goes on changing (a self-test, a clock)."""
        same = [one if one == two else "" for one, two in zip(before, now, strict=False)]
        if len(same) < len(now) or sum(one != two for one, two in zip(before, now, strict=True)) != 1:
            return
        recognition = self._recognise(tuple(same))
        kind, current = recognition.kind, self.current
        if not recognition.partial and kind not in ("", DARK) and (current is None or current.kind != kind):
            self._seen(tuple(same), frame, settled=False)
            newest = self.current
            if newest is not None and earlier is not None:
                newest.last.add(earlier)

    def _same_rows(self, current: Sighting, frame: Frame, settled: bool) -> None:
        current.last.add(frame)
        if settled and current.last.settled_at is None:
            current.last.settled_at = frame.time
            self._timeline.append("settled", at=frame.time, sighting=current.seq, screen=current.kind, frame=frame.id)
        elif current.last.settled_at is None:
            self._timeline.wake()

    def _recognise(self, rows: tuple[str, ...]) -> Recognition:
        if not any(row.strip() for row in rows):
            return Recognition(kind=DARK, score=1.0)
        found: Recognition = self._profile.recogniser.recognise(rows, self.expected)
        return found
