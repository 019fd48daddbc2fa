"""The thermal paper: dot lines as the head burns them, how far they stand out of the slot, and when they got there."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

from tillrig.simulator.optics.pose import SLIP_DOTS_WIDE, Pose
from tillrig.simulator.optics.sensor import Frame

LINES_PER_SECOND = 480.0  # 60 mm/s at 8 dots/mm
LEADING_DOTS = 24  # blank paper between head and tear bar, with the torn end
KEPT_LINES = 2048  # longer than any window; what is above fell behind the camera
_KEPT_EVENTS = 256


class Burn:
    """How dark one slip's dots come out: thermal tone, faint bands, a dead column; drawn per slip by the seed."""

    def __init__(self, pose: Pose, slip: int) -> None:
        grade = pose.numbers
        self._rng = np.random.default_rng([pose.seed, 0xB0A2, slip])
        self._faint = grade.faint_bands
        self._grain = grade.grain
        self.band_period = float(self._rng.uniform(180, 420))
        self.band_phase = float(self._rng.uniform(0, 1))
        dead = self._rng.random() < grade.dead_column_share
        column = int(self._rng.integers(8, SLIP_DOTS_WIDE - 8))
        self.dead_column: int | None = column if dead else None

    def strength(self, first: int, count: int) -> NDArray[np.float32]:
        """Darkness of burnt dots per line from `first` on, 0..1: faint bands take the grade's share in their middle."""
        lines = np.arange(first, first + count)
        wave = np.sin(2 * np.pi * (lines / self.band_period + self.band_phase))
        return (1 - self._faint * np.clip(wave * 2 - 0.6, 0, 1)).astype(np.float32)

    def tone(self, dots: NDArray[np.bool_], first: int) -> Frame:
        """Dot lines (n, 384) to darkness of 255; unburnt paper is nearly 0."""
        count = len(dots)
        burnt = dots.copy()
        if self.dead_column is not None:
            burnt[:, self.dead_column] = False
        # A dot among burnt neighbours is hotter, a lone one paler.
        padded = np.pad(burnt, ((0, 0), (1, 1)))
        warmth = 0.90 + 0.05 * padded[:, :-2] + 0.05 * padded[:, 2:]
        dark = burnt * warmth * self.strength(first, count)[:, None] * 250
        grain = self._rng.normal(0, self._grain, (count, SLIP_DOTS_WIDE))
        return np.clip(dark + np.where(burnt, grain, np.abs(grain) * 0.6), 0, 255).astype(np.uint8)


def unpack(lines: list[bytes]) -> NDArray[np.bool_]:
    """Dot lines of 48 bytes, most significant bit first, to (n, 384); ValueError on another length."""
    for line in lines:
        if len(line) * 8 != SLIP_DOTS_WIDE:
            raise ValueError(f"a dot line is {SLIP_DOTS_WIDE // 8} bytes, got {len(line)}")
    packed = np.frombuffer(b"".join(lines), np.uint8).reshape(len(lines), -1)
    return np.unpackbits(packed, axis=1).astype(bool)


class Paper:
    """One hanging slip: its lines and its position in time."""

    def __init__(self, pose: Pose, slip: int, since: float) -> None:
        self.slip = slip
        self.since = since
        self.burn = Burn(pose, slip)
        self.printed = 0
        self._tones: Frame = np.zeros((2 * KEPT_LINES, SLIP_DOTS_WIDE), np.uint8)
        self._held = 0
        self._times: list[float] = [since]
        self._positions: list[float] = [0.0]

    def advance(self, dots: NDArray[np.bool_], at: float) -> None:
        """The last of `dots` left the head at `at`; the others just before, at the printer's speed."""
        count = len(dots)
        if not count:
            return
        tones = self.burn.tone(dots, self.printed)[-KEPT_LINES:]
        if self._held + len(tones) > len(self._tones):
            keep = min(self._held, KEPT_LINES)
            self._tones[:keep] = self._tones[self._held - keep : self._held].copy()
            self._held = keep
        self._tones[self._held : self._held + len(tones)] = tones
        self._held += len(tones)
        end = max(at, self._times[-1])
        start = max(self._times[-1], end - count / LINES_PER_SECOND)
        if start > self._times[-1]:
            self._mark(start, float(self.printed))
        self.printed += count
        self._mark(end, float(self.printed))

    def _mark(self, at: float, position: float) -> None:
        self._times.append(at)
        self._positions.append(position)
        if len(self._times) > 2 * _KEPT_EVENTS:
            del self._times[:_KEPT_EVENTS], self._positions[:_KEPT_EVENTS]

    def position(self, at: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Dot lines that had left the slot at time(s) `at`."""
        return np.asarray(np.interp(at, self._times, self._positions), dtype=np.float64)

    def moving(self, start: float, end: float) -> bool:
        """Whether the paper moves between two times."""
        low, high = self.position(np.array([start, end]))
        return bool(high > low)

    def settled_since(self, at: float) -> float:
        """Time of the last mark at or before `at`."""
        return self._times[max(0, bisect_right(self._times, at) - 1)]

    def lines(self, first: int, last: int) -> Frame:
        """Tones of lines first .. last (exclusive); what was never printed or is no longer kept is blank."""
        out = np.zeros((max(0, last - first), SLIP_DOTS_WIDE), np.uint8)
        oldest = self.printed - self._held
        low, high = max(first, oldest), min(last, self.printed)
        if high > low:
            out[low - first : high - first] = self._tones[low - oldest : high - oldest]
        return out
