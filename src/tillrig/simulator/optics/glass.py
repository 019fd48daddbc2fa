"""The display's glass in time: which dots are how dark, with the ghost of the last screen and the fade at power-off."""

from __future__ import annotations

import itertools
import math
import threading

import msgspec
import numpy as np

from tillrig.simulator.optics.grades import Grade
from tillrig.simulator.optics.lens import Floats

FADE_TAU_S = 0.150  # a glass without its controller relaxes to blank
VISIBLE = 1 / 512  # of full darkness: less is below half a grey level
_FORGET_S = 3.0


class Segment(msgspec.Struct, frozen=True):
    """The glass between two events: a target, and what still decays towards it."""

    number: int
    start: float
    backlight: bool
    powered: bool
    target: Floats
    ghost: Floats
    fade: Floats
    ghost_tau_s: float

    def left(self, at: float) -> tuple[float, float]:
        """Share of ghost and of fade still there at time `at`."""
        age = max(0.0, at - self.start)
        return (math.exp(-age / self.ghost_tau_s) if self.ghost_tau_s else 0.0), math.exp(-age / FADE_TAU_S)

    def residue(self, at: float) -> tuple[Floats, Floats]:
        """What is left of ghost and fade at time `at`, per dot."""
        ghost_left, fade_left = self.left(at)
        return _scaled(self.ghost, ghost_left), _scaled(self.fade, fade_left)

    def darkness(self, at: float) -> Floats:
        """Dots (rows, columns), 0 clear to 1 dark, at time `at`."""
        ghost, fade = self.residue(at)
        return np.asarray(np.clip(self.target + ghost + fade, 0, 1), np.float32)

    def settled(self, at: float) -> bool:
        """Nothing decays any more that a camera could see."""
        ghost, fade = self.residue(at)
        return max(float(np.abs(ghost).max()), float(np.abs(fade).max())) < VISIBLE


def _scaled(dots: Floats, by: float) -> Floats:
    return np.asarray(dots * np.float32(by), np.float32)


class Glass:
    """All events so far; asked by the camera for any recent time."""

    def __init__(self, grade: Grade, columns: int, rows: int, since: float) -> None:
        self._grade = grade
        self.columns, self.rows = columns, rows
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        blank = np.zeros((rows, columns), np.float32)
        self._memory: Floats = blank
        first = Segment(
            next(self._numbers), since, False, False, blank, blank, blank, grade.ghost_tau_s
        )  # as a terminal that has never had power
        self._segments = [first]

    def show(self, width: int, height: int, bits: int, data: bytes, at: float) -> None:
        """A new framebuffer: rows of 1 bpp, MSB first, 1 = dark. ValueError when it does not fit the glass."""
        if (width, height, bits) != (self.columns, self.rows, 1) or len(data) != width * height // 8:
            raise ValueError(
                f"the glass is {self.columns}x{self.rows} at 1 bit, {self.columns * self.rows // 8} bytes; "
                f"got {width}x{height} at {bits} bits, {len(data)} bytes"
            )
        dots = np.unpackbits(np.frombuffer(data, np.uint8)).reshape(height, width).astype(np.float32)
        with self._lock:
            self._memory = dots
            now = self._segments[-1]
            if now.powered:
                self._append(at, now.backlight, True)

    def light(self, backlight: bool, powered: bool, at: float) -> None:
        """Backlight and controller on or off. The picture memory outlives `powered` False (asleep), not `wipe`."""
        with self._lock:
            now = self._segments[-1]
            if (now.backlight, now.powered) != (backlight, powered):
                self._append(at, backlight, powered)

    def wipe(self, at: float) -> None:
        """Supply lost: controller and lamp off, picture memory gone; the glass fades."""
        with self._lock:
            self._memory = np.zeros_like(self._memory)
            self._append(at, backlight=False, powered=False)

    def during(self, start: float, end: float) -> list[Segment]:
        """The segments that hold at some time of [start, end], oldest first; never empty."""
        with self._lock:
            segments = list(self._segments)
        chosen = [s for s, after in itertools.pairwise(segments) if s.start <= end and after.start > start]
        if segments[-1].start <= end:
            chosen.append(segments[-1])
        return chosen or [segments[0]]

    def _append(self, at: float, backlight: bool, powered: bool) -> None:
        now = self._segments[-1]
        at = max(at, now.start)
        ghost, fade = now.residue(at)
        target = self._memory if powered else np.zeros_like(self._memory)
        if powered and now.powered:
            ghost = ghost + np.float32(self._grade.ghost) * (now.target - target)
        elif now.powered:
            fade = fade + now.target
        elif powered:
            fade = np.zeros_like(fade)
        number = next(self._numbers)
        self._segments.append(Segment(number, at, backlight, powered, target, ghost, fade, self._grade.ghost_tau_s))
        while len(self._segments) > 2 and self._segments[1].start < at - _FORGET_S:
            del self._segments[0]
