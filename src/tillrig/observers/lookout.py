"""What was wrong with a camera, and when: the record that decides whether what it saw may accuse or acquit anybody."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from queue import Empty, Full, Queue

import msgspec

from tillrig.errors import CameraError, EvidenceError
from tillrig.observers.redaction import made_illegible
from tillrig.ports.camera import Camera, Shot
from tillrig.timeline import Timeline
from tillrig.vision import Frame
from tillrig.vision.watch import ADVICE, CameraWatch, RigCondition

#: Of the slip camera, which gives half as many frames, more are measured.
SLIP_EVERY = 2
#: The watch is waited for at most so long before a camera counts as one that says nothing.
WORD_S = 3.0
_KEPT = 500
#: A camera that moved further shows display or paper elsewhere than they were.
_NEAR_PX = 30.0
#: A stream that was damaged so short a time ago is damaged now.
_JUST_NOW_S = 1.0


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """A condition of one camera. It began after `since`; `until` None: it stands. `picture`: blob of the frame at which
    it was named ("": there is none)."""

    camera: str
    condition: str
    since: float
    until: float | None = None
    detail: str = ""
    picture: str = ""

    @property
    def text(self) -> str:
        """What happened, to what, and what to do."""
        more = f" ({self.detail})" if self.detail else ""
        advice = next((f"; {ADVICE[one]}" for one in RigCondition if one.value == self.condition), "")
        return f"{self.camera} camera: {self.condition}{more}{advice}"


class Lookout:
    """Keeps the conditions of one camera. `note` is called after every frame that the watch was fed, in one thread."""

    def __init__(self, name: str, camera: Camera, watch: CameraWatch, timeline: Timeline) -> None:
        self.name, self.watch = name, watch
        self._camera, self._timeline = camera, timeline
        self._changed = threading.Condition()
        self._episodes: deque[Episode] = deque(maxlen=_KEPT)
        self._sound_at = 0.0
        self._last: Frame | None = None
        self._told: set[float] = set()

    @property
    def condition(self) -> str:
        """What stands now, in words; "" when sound."""
        with self._changed:
            return self._episodes[-1].text if self._episodes and self._episodes[-1].until is None else ""

    def note(self, frame: Frame, damage: str = "") -> None:
        """After the watch saw `frame`. `damage`: it could not even be decoded, and why."""
        watch = self.watch
        condition = RigCondition.TORN if damage else watch.condition
        with self._changed:
            standing = self._episodes[-1] if self._episodes and self._episodes[-1].until is None else None
            if condition is None and standing is None:
                self._sound_at = max(self._sound_at, watch.sound_at or 0.0)
                self._last = frame
                self._changed.notify_all()
                return
            if condition is None and standing is not None:
                self._episodes[-1] = msgspec.structs.replace(standing, until=frame.time)
                self._changed.notify_all()
        if condition is not None and (standing is None or standing.condition != condition.value):
            since = standing.until if standing is not None else watch.since
            self._begin(condition, since if since is not None else self._sound_at, damage or watch.detail, frame)
        elif condition is None:
            self._timeline.append("camera", camera=self.name, condition="sound")

    def _begin(self, condition: RigCondition, since: float, detail: str, frame: Frame) -> None:
        with self._changed:
            if self._episodes and self._episodes[-1].until is None:
                since = self._episodes[-1].since
                self._episodes[-1] = msgspec.structs.replace(self._episodes[-1], until=frame.time)
        picture = self._stored(frame)
        episode = Episode(camera=self.name, condition=condition.value, since=since, detail=detail, picture=picture)
        with self._changed:
            self._episodes.append(episode)
            self._changed.notify_all()
        self._timeline.append(
            "camera", camera=self.name, condition=episode.text, since=since, frame=frame.id, picture=picture
        )

    def _stored(self, frame: Frame | None) -> str:
        """The blob of a frame whose content is made illegible: nobody has looked yet whether it shows a secret. A full
        disk is told by the timeline itself."""
        if frame is None:
            return ""
        far = self.watch.displaced is None or self.watch.displaced > _NEAR_PX
        shown = made_illegible(frame.jpeg, self.watch.corners, None if far else 2 * _NEAR_PX)
        with contextlib.suppress(EvidenceError):
            return self._timeline.blob(shown) if shown else ""
        return ""

    def episodes(self, since: float, until: float) -> tuple[Episode, ...]:
        """Conditions that held at some time between the two (monotonic seconds).

        Waits until the watch has looked at a frame taken after `until` and found it sound, or has named what is
        wrong: a fault that began in the last of these frames counts as well.
        """
        deadline = time.monotonic() + WORD_S
        with self._changed:
            while self._sound_at < until and not self._overlapping(since, until) and not self._broken(since, until):
                if not self._changed.wait(min(0.1, max(0.0, deadline - time.monotonic()))) and (
                    time.monotonic() >= deadline
                ):
                    break
            found = self._overlapping(since, until)
            silent = self._sound_at < until
        found += self._broken(since, until)
        if silent and not found:
            found = self._speechless(since)
        return found

    def _overlapping(self, since: float, until: float) -> tuple[Episode, ...]:
        return tuple(one for one in self._episodes if one.since <= until and (one.until is None or one.until >= since))

    def _broken(self, since: float, until: float) -> tuple[Episode, ...]:
        """What the driver had to say of the stream; its picture is the last sound one."""
        found = []
        for fault in self._camera.faults(since):
            if fault.at > until:
                continue
            picture = self._stored(self._last)
            episode = Episode(
                camera=self.name,
                condition=fault.kind,
                since=fault.at,
                until=fault.until,
                detail=fault.text,
                picture=picture,
            )
            if fault.at not in self._told:
                self._told.add(fault.at)
                self._timeline.append("camera", camera=self.name, condition=episode.text, picture=picture)
            found.append(episode)
        return tuple(found)

    def _speechless(self, since: float) -> tuple[Episode, ...]:
        """Neither sound nor anything named in time: only a camera that gives no frames does that."""
        if not self.watch.learned and self._last is not None:
            return ()  # it has hardly begun, and nothing is amiss so far
        faults = self._camera.faults(since)
        kind = next((one.kind for one in reversed(faults) if one.until is None), RigCondition.NO_FRAMES.value)
        try:
            self._camera.check()
        except CameraError as error:
            detail, picture = str(error), self._stored(self._last)
            return (
                Episode(
                    camera=self.name,
                    condition=kind,
                    since=max(since, self._sound_at),
                    detail=detail,
                    picture=picture,
                ),
            )
        return ()

    def check(self) -> None:
        """Raise CameraError when something is wrong now. A stream that is merely late is not asked why."""
        if text := self.condition:
            raise CameraError(text)
        now = time.monotonic()
        for one in self._broken(now - _JUST_NOW_S, now):
            if one.condition != RigCondition.NO_FRAMES.value:
                raise CameraError(one.text)


class SlipLookout(Lookout):
    """With a thread of its own: nobody else looks at the slip camera all the time. One frame waits at most."""

    def __init__(self, camera: Camera, watch: CameraWatch, timeline: Timeline) -> None:
        super().__init__("slip", camera, watch, timeline)
        self._queue: Queue[Shot | None] = Queue(maxsize=4)
        self._thread = threading.Thread(target=self._run, name="tillrig-slip-watch", daemon=True)
        self._unsubscribe = camera.subscribe(self._take)
        self._thread.start()

    def _take(self, shot: Shot) -> None:
        with contextlib.suppress(Full):
            self._queue.put_nowait(shot)

    def _run(self) -> None:
        while (shot := self._queue.get()) is not None:
            frame = Frame.of(shot, "slip")
            try:
                self.watch.feed(frame)
            except CameraError as error:
                self.note(frame, str(error))
            else:
                self.note(frame)

    def close(self) -> None:
        """End the thread."""
        self._unsubscribe()
        while True:
            try:
                self._queue.put_nowait(None)
                break
            except Full:
                with contextlib.suppress(Empty):
                    self._queue.get_nowait()
        self._thread.join(2.0)
