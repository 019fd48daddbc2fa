"""The slip's observer: takes frames of paper at rest."""

from __future__ import annotations

import time
from collections.abc import Callable

from tillrig.errors import CameraError
from tillrig.observations import Testimony
from tillrig.observers.lookout import Lookout
from tillrig.ports.camera import Camera, Shot
from tillrig.timeline import Timeline
from tillrig.vision import Frame, SlipLine, SlipReader

#: Where two frames leave something open, so many more are looked at, and so long waited for.
MORE_FRAMES, MORE_S = 4, 0.5


class Capture:
    """Frames of a slip at rest, newest last, and what was read and said of it.

    `more` gives further frames of the same rest.
    """

    def __init__(self, frames: tuple[Frame, ...], number: int, more: Callable[[Frame], tuple[Frame, ...]]) -> None:
        self._more: Callable[[Frame], tuple[Frame, ...]] | None = more
        self.frames = frames
        self.number = number
        self.at = frames[-1].time
        self.lines: tuple[SlipLine, ...] | None = None
        self.whole = False
        self.said: dict[tuple[int, str], Testimony] = {}

    def look_longer(self) -> bool:
        """Add the frames in which the paper still hung as it was; False when there are none (and at a second call)."""
        more, self._more = self._more, None
        found = more(self.frames[-1]) if more is not None else ()
        self.frames = (*self.frames, *found)
        return bool(found)


class SlipObserver:
    """Looks at the paper only when asked: two slips can follow each other without a cut."""

    def __init__(self, camera: Camera, reader: SlipReader, timeline: Timeline, lookout: Lookout | None = None) -> None:
        self._camera, self._reader, self._timeline = camera, reader, timeline
        self._lookout = lookout
        self._count = 0

    def at_rest(self, since: float, deadline: float) -> Capture | None:
        """Two distinct frames taken after `since` between which the paper does not move; None at `deadline`.

        The frames that the camera kept are looked at first: the printer may already have gone on when somebody asks.
        Raises CameraError when no frames come.
        """
        last: Frame | None = None
        index = -1
        for shot in self._camera.ring():
            index = shot.index
            if shot.at >= since:
                capture, last = self._compared(last, shot)
                if capture is not None:
                    return capture
        while time.monotonic() < deadline:
            try:
                shot = self._camera.after(index, deadline)
            except CameraError:
                self._camera.check()  # it is not the camera's fault that the deadline came before its next frame
                continue
            index = shot.index
            if shot.at >= since:
                capture, last = self._compared(last, shot)
                if capture is not None:
                    return capture
        return None

    def _compared(self, last: Frame | None, shot: Shot) -> tuple[Capture | None, Frame]:
        frame = Frame.of(shot, "slip")
        if last is None or last.jpeg == frame.jpeg or not self._reader.at_rest(last, frame):
            return None, frame
        self._count += 1
        self._timeline.append("slip_at_rest", at=frame.time, capture=self._count, frames=[last.id, frame.id])
        return Capture((last, frame), self._count, self._rest_of), frame

    def _rest_of(self, last: Frame) -> tuple[Frame, ...]:
        """Frames after `last`, until the paper moves."""
        found: list[Frame] = []
        ring = self._camera.ring()
        index = ring[-1].index if ring else -1
        kept = [shot for shot in ring if shot.at > last.time]
        deadline = time.monotonic() + MORE_S
        while len(found) < MORE_FRAMES:
            try:
                shot = kept.pop(0) if kept else self._camera.after(index, deadline)
            except CameraError:
                break
            index = max(index, shot.index)
            frame = Frame.of(shot, "slip")
            if frame.jpeg == (found or [last])[-1].jpeg:
                continue  # the same picture again tells nothing new
            if not self._reader.at_rest(last, frame):
                break
            found.append(frame)
        return tuple(found)

    def moved(self, before: Frame) -> bool:
        """Whether the paper hangs otherwise than in `before`. Raises CameraError when no newer frame comes."""
        latest = self._camera.latest()
        if latest is None or latest.at <= before.time:
            latest = self._camera.after(latest.index if latest else -1, time.monotonic() + 2.0)
        return not self._reader.at_rest(before, Frame.of(latest, "slip"))

    def check(self) -> None:
        """Raise CameraError when the camera cannot testify now."""
        self._camera.check()
        if self._lookout is not None:
            self._lookout.check()
        latest = self._camera.latest()
        if latest is None:
            raise CameraError("slip camera: no frame yet")
        following = self._camera.after(latest.index, time.monotonic() + 2.0)
        if following.jpeg == latest.jpeg:
            raise CameraError("slip camera: frozen, two frames are the same to the byte")
        if float(Frame.of(following, "slip").grey(4).max()) < 14:
            raise CameraError("slip camera: black")

    def warm_up(self, frame: Frame) -> None:
        """Build what the first comparison needs."""
        self._reader.at_rest(frame, frame)

    @property
    def frame(self) -> Frame | None:
        """The newest frame."""
        shot = self._camera.latest()
        return Frame.of(shot, "slip") if shot else None
