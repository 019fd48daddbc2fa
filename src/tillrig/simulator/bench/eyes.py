"""What the bench needs of the cameras, and how it gets them."""

from __future__ import annotations

import threading
from typing import Any, Protocol

CAMERA_FAULTS = (
    "ok", "dead", "frozen", "black", "covered", "defocused", "moved", "dark", "saturated", "torn", "wrong",
)  # fmt: skip
#: Those that take a number: pixels of a bump, width of another device's frames.
MEASURED_FAULTS = ("moved", "wrong")


class ScreenEye(Protocol):
    """The camera above the glass."""

    @property
    def url(self) -> str:
        """Address of its MJPEG stream."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def show(self, width: int, height: int, bits: int, data: bytes, at: float) -> None:
        """The display controller has a new picture since ``at``."""

    def light(self, backlight: bool, powered: bool, at: float) -> None:
        """Backlight and supply of the display since ``at``."""

    def wipe(self, at: float) -> None:
        """The supply is gone since ``at``: lamp off, picture lost."""

    def fault(self, kind: str | None, amount: float | None = None) -> None: ...


class SlipEye(Protocol):
    """The camera in front of the paper slot."""

    @property
    def url(self) -> str:
        """Address of its MJPEG stream."""

    @property
    def hanging(self) -> bool:
        """Whether paper hangs out of the slot."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def advance(self, lines: list[bytes], at: float) -> None:
        """Dot lines that came out of the slot at ``at``."""

    def take(self, at: float) -> None:
        """Somebody tore the paper off."""

    def fault(self, kind: str | None, amount: float | None = None) -> None: ...


class Eyes:
    """Both cameras and the pose they were mounted in (None: a bench without cameras)."""

    def __init__(self, screen: ScreenEye, slip: SlipEye, pose: Any = None) -> None:
        self.screen = screen
        self.slip = slip
        self.pose = pose

    def start(self) -> None:
        """Open both cameras' ports."""
        self.screen.start()
        self.slip.start()

    def stop(self) -> None:
        """Close them, both at once: each waits for its viewers to go."""
        threads = [threading.Thread(target=eye.stop) for eye in (self.screen, self.slip)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


class _Blind:
    """No camera at all: keeps only whether paper hangs out."""

    url = ""
    hanging = False

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def show(self, width: int, height: int, bits: int, data: bytes, at: float) -> None: ...
    def light(self, backlight: bool, powered: bool, at: float) -> None: ...
    def wipe(self, at: float) -> None: ...
    def fault(self, kind: str | None, amount: float | None = None) -> None: ...

    def advance(self, lines: list[bytes], at: float) -> None:
        self.hanging = True

    def take(self, at: float) -> None:
        self.hanging = False


def no_eyes() -> Eyes:
    """A bench without cameras: lines, relays and power only."""
    return Eyes(_Blind(), _Blind())


def mount_eyes(grade: str, seed: int) -> Eyes:
    """Mount both cameras in a pose drawn from ``grade`` by ``seed``."""
    from tillrig.simulator.optics import Pose, ScreenCamera, SlipCamera

    pose = Pose.draw(grade, seed)
    return Eyes(ScreenCamera(pose), SlipCamera(pose), pose)
