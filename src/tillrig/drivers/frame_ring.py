"""What every camera driver shares: the kept frames, waiting for the next, and noticing that none comes."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Annotated, Protocol, TypeVar

import msgspec

from tillrig.errors import CameraError
from tillrig.ports.camera import CameraControls, Shot, StreamFault

#: No frame for so long: `check` calls the camera broken.
FRESH_S = 1.0
#: A camera may take so long to its first frame.
FIRST_S = 8.0
#: No frame for so long: whoever waits for one is told, however late the deadline.
STALL_S = 2.0

#: Kinds of a stream's faults.
NO_FRAMES, TORN, WRONG_DEVICE = "no frames", "torn stream", "wrong device"
_KEPT_FAULTS = 200

Pixel = Annotated[int, msgspec.Meta(ge=1)]
Point = tuple[float, float]


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A printed plate around the display. `markers`: ArUco number to the place (mm) of the marker's top-left corner,
    from the dot matrix's own top-left corner to the right and down; `display_mm`: the dot matrix's width and height."""

    markers: dict[int, Point]
    marker_mm: Annotated[float, msgspec.Meta(gt=0)]
    display_mm: tuple[Annotated[float, msgspec.Meta(gt=0)], Annotated[float, msgspec.Meta(gt=0)]]
    dictionary: str = "4X4_50"


class TornError(CameraError):
    """What came is no whole picture."""


class WrongDeviceError(CameraError):
    """What came is not from the camera that the rig file describes."""


class Watch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands beside the display or the paper and never changes, px, clockwise from top-left: a grey `patch`, and
    `edges` (a dark frame, printed markers)."""

    patch: tuple[Point, Point, Point, Point] | None = None
    edges: tuple[tuple[Point, Point, Point, Point], ...] = ()


class View(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every camera's entry in a rig file says besides how to reach it.

    size           width and height of its frames, px
    corners        of the display's dot matrix or the paper window, px, clockwise from top-left
    distortion_k1  radial term of the lens: a point at r (in half diagonals of the frame) is seen at r (1 + k1 r^2)
    px_per_dot     camera pixels a printer dot
    exposure_ms, focus   locked at opening where given
    target         printed markers that `tillrig calibrate` finds the corners by
    watch          marks by which light, focus and place of the camera are watched
    """

    size: tuple[Pixel, Pixel] | None = None
    fps: Annotated[float, msgspec.Meta(gt=0, le=1000)] = 30.0
    corners: tuple[Point, Point, Point, Point] | None = None
    distortion_k1: float = 0.0
    px_per_dot: Annotated[float, msgspec.Meta(gt=0)] | None = None
    exposure_ms: Annotated[float, msgspec.Meta(gt=0)] | None = None
    focus: float | None = None
    keep_s: Annotated[float, msgspec.Meta(ge=1, le=120)] = 8.0
    target: Target | None = None
    watch: Watch | None = None


class FrameRing:
    """Filled by one grabbing thread, read by any. Keeps encoded frames: a slow reader costs nothing, is never late."""

    def __init__(self, name: str, fps: float, keep_s: float = 8.0) -> None:
        self.name = name
        self._shots: deque[Shot] = deque(maxlen=max(2, round(fps * keep_s)))
        self._came = threading.Condition()
        self._sinks: list[Callable[[Shot], None]] = []
        self._index = 0
        self._last_at = time.monotonic()
        self._fault = ""
        self._faults: deque[StreamFault] = deque(maxlen=_KEPT_FAULTS)
        self._closed = self._ended = False

    def push(self, at: float, jpeg: bytes) -> None:
        shot = Shot(index=self._index, at=at, jpeg=jpeg)
        with self._came:
            self._index += 1
            self._shots.append(shot)
            self._last_at = time.monotonic()
            if self._fault:
                self._fault = ""
                self._mended(self._last_at)
            self._came.notify_all()
        for sink in self._sinks:
            try:
                sink(shot)
            except Exception as error:  # noqa: BLE001 - a listener's mistake must not blind the others
                self.fail(f"a listener failed: {type(error).__name__}: {error}")

    def fail(self, fault: str, kind: str = NO_FRAMES) -> None:
        """What is wrong now; the next good frame clears it."""
        with self._came:
            self._fault = fault
            last = self._faults[-1] if self._faults else None
            if last is None or last.until is not None or last.kind != kind:
                now = time.monotonic()
                self._mended(now)
                self._faults.append(StreamFault(now, None, kind, fault))

    def _mended(self, at: float) -> None:
        if self._faults and self._faults[-1].until is None:
            self._faults[-1] = msgspec.structs.replace(self._faults[-1], until=at)

    def faults(self, since: float) -> tuple[StreamFault, ...]:
        with self._came:
            return tuple(one for one in self._faults if one.until is None or one.until >= since)

    def end(self, fault: str) -> None:
        """No frame will ever come again; nobody need wait."""
        with self._came:
            self._fault, self._ended = fault, True
            self._came.notify_all()

    def latest(self) -> Shot | None:
        with self._came:
            return self._shots[-1] if self._shots else None

    def after(self, index: int, deadline: float) -> Shot:
        with self._came:
            while True:
                found = next((shot for shot in self._shots if shot.index > index), None)
                if found is not None:
                    return found
                now = time.monotonic()
                if self._closed:
                    raise CameraError(f"{self.name}: the camera is closed")
                stalled_at = self._last_at + (STALL_S if self._shots else FIRST_S)
                if self._ended or now >= min(deadline, stalled_at):
                    raise CameraError(f"{self.name}: no frame after number {index}; {self._seen(now)}")
                self._came.wait(min(deadline, stalled_at) - now)

    def ring(self) -> tuple[Shot, ...]:
        with self._came:
            return tuple(self._shots)

    def subscribe(self, sink: Callable[[Shot], None]) -> Callable[[], None]:
        self._sinks = [*self._sinks, sink]

        def unsubscribe() -> None:
            self._sinks = [kept for kept in self._sinks if kept is not sink]

        return unsubscribe

    def check(self) -> None:
        with self._came:
            if not self._well():
                # A busy computer may be late; a camera that lives gives a frame within this time.
                patience = FRESH_S if self._shots else self._last_at + FIRST_S - time.monotonic()
                self._came.wait_for(lambda: self._closed or self._ended or self._well(), patience)
            if self._closed:
                raise CameraError(f"{self.name}: the camera is closed")
            if not self._well():
                raise CameraError(f"{self.name}: {self._seen(time.monotonic())}")

    def close(self) -> None:
        with self._came:
            self._closed = True
            self._came.notify_all()

    def _well(self) -> bool:
        return bool(self._shots) and not self._fault and time.monotonic() - self._last_at <= FRESH_S

    def _seen(self, now: float) -> str:
        if self._shots:
            said = f"the last one, number {self._shots[-1].index}, came {now - self._last_at:.1f} s ago"
        else:
            said = f"none came in the {now - self._last_at:.1f} s since opening"
        return f"{said}{'; ' + self._fault if self._fault else ''}"


class RingCamera:
    """The part of the camera port that is the same whoever fills the ring."""

    def __init__(self, name: str, fps: float, keep_s: float) -> None:
        self.name, self.fps = name, fps
        self._frames = FrameRing(name, fps, keep_s)

    def latest(self) -> Shot | None:
        return self._frames.latest()

    def after(self, index: int, deadline: float) -> Shot:
        return self._frames.after(index, deadline)

    def ring(self) -> tuple[Shot, ...]:
        return self._frames.ring()

    def subscribe(self, sink: Callable[[Shot], None]) -> Callable[[], None]:
        return self._frames.subscribe(sink)

    def faults(self, since: float) -> tuple[StreamFault, ...]:
        return self._frames.faults(since)

    def check(self) -> None:
        self._frames.check()


class Lockable(Protocol):
    """A camera that has just been opened."""

    name: str

    def lock(self, controls: CameraControls) -> CameraControls: ...

    def close(self) -> None: ...


Opened = TypeVar("Opened", bound=Lockable)


def locked(camera: Opened, view: View) -> Opened:
    """`camera`, locked as the rig file says; closed again when it cannot be. Raises CameraError."""
    try:
        lock_as_declared(camera.name, view, camera.lock)
    except BaseException:
        camera.close()
        raise
    return camera


def kind_of(error: CameraError) -> str:
    """Which kind of fault an error of the stream is."""
    if isinstance(error, TornError):
        return TORN
    return WRONG_DEVICE if isinstance(error, WrongDeviceError) else NO_FRAMES


def lock_as_declared(name: str, view: View, lock: Callable[[CameraControls], CameraControls]) -> None:
    """Lock exposure and focus as the rig file says, and believe only what the device reads back. Raises CameraError."""
    if view.exposure_ms is None and view.focus is None:
        return
    wanted = CameraControls(
        exposure_ms=view.exposure_ms,
        focus=view.focus,
        auto_exposure=None if view.exposure_ms is None else False,
        auto_focus=None if view.focus is None else False,
    )
    require_read_back(name, wanted, lock(wanted))


def require_read_back(name: str, wanted: CameraControls, found: CameraControls) -> None:
    """Raise CameraError unless every wanted control was read back (5 % allowed: devices round)."""
    for control in CameraControls.__struct_fields__:
        asked, got = getattr(wanted, control), getattr(found, control)
        if asked is None:
            continue
        if isinstance(asked, bool):
            same = got is asked
        else:
            same = got is not None and abs(got - asked) <= max(0.05 * abs(asked), 1e-6)
        if not same:
            raise CameraError(f"{name}: {control} was set to {asked} and reads back {got}; the picture is not locked")
