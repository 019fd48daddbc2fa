"""A camera: a ring of encoded frames, newest last, with the time they were taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import msgspec


class Shot(msgspec.Struct, frozen=True):
    """`at` monotonic seconds of exposure (of arrival where the camera does not say); `index` counts up."""

    index: int
    at: float
    jpeg: bytes


class StreamFault(msgspec.Struct, frozen=True):
    """The stream was not sound from `at` to `until` (monotonic seconds; None: it still is not). `kind`: torn stream,
    wrong device, no frames."""

    at: float
    until: float | None
    kind: str
    text: str


class CameraControls(msgspec.Struct, frozen=True, kw_only=True):
    """As read back from the device; None where it cannot say."""

    exposure_ms: float | None = None
    focus: float | None = None
    auto_exposure: bool | None = None
    auto_focus: bool | None = None


@runtime_checkable
class Camera(Protocol):
    """Contract: tests/ports/test_camera.py. Raises tillrig.errors.CameraError."""

    @property
    def fps(self) -> float: ...

    def latest(self) -> Shot | None: ...

    def after(self, index: int, deadline: float) -> Shot:
        """The first frame newer than `index`, waiting until `deadline` (monotonic seconds)."""

    def ring(self) -> tuple[Shot, ...]:
        """The kept frames, oldest first (some seconds)."""

    def lock(self, controls: CameraControls) -> CameraControls:
        """Lock exposure and focus, and return what the device reads back."""

    def subscribe(self, sink: Callable[[Shot], None]) -> Callable[[], None]: ...

    def faults(self, since: float) -> tuple[StreamFault, ...]:
        """What was wrong with the stream at some time after `since` (monotonic seconds), oldest first."""

    def check(self) -> None:
        """Raise when no frame came for a second, or the stream is broken."""

    def close(self) -> None: ...
