"""The image sensor: tone, flicker bands, noise and JPEG of a frame whose light is already composed."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from tillrig.simulator.optics.grades import Grade
from tillrig.simulator.optics.lens import Floats
from tillrig.simulator.optics.pose import Light

Frame = NDArray[np.uint8]

MAINS_FLICKER_HZ = 100.0
FLICKER_STEPS = 8  # phases of the flicker that a settled picture is kept in
_TILE_SLACK = 64  # noise tiles are larger than the frame and cut at a new place each time
_TILES = 3

cv2.setNumThreads(1)


class Sensor:
    """Noise and flicker of one camera; deterministic from (seed, order of calls)."""

    def __init__(self, grade: Grade, width: int, height: int, seed: int, flicker_phase: float) -> None:
        self._grade = grade
        self._width, self._height = width, height
        self._flicker_phase = flicker_phase
        self._rng = np.random.default_rng([seed, 0x5E4507])
        self._out = np.empty((height, width, 3), np.uint8)
        self._tiles: list[tuple[Frame, Frame]] = []
        self._shot: list[tuple[Frame, Frame]] = []
        self._mask: Frame | None = None
        dither = self._rng.integers(0, 255, (height, width, 3), dtype=np.uint8)
        self._dither: Frame = dither

    def flicker_step(self, at: float) -> int:
        """Which of FLICKER_STEPS phases the lamp's flicker has at time `at` (s)."""
        return round((at * MAINS_FLICKER_HZ + self._flicker_phase) % 1.0 * FLICKER_STEPS) % FLICKER_STEPS

    def flicker_gain(self, step: int) -> Floats:
        """Light of each row, around 1, for one phase."""
        rows = np.arange(self._height) / self._height - 0.5
        cycles = step / FLICKER_STEPS + rows * self._grade.readout_s * MAINS_FLICKER_HZ
        return (1 + self._grade.flicker * np.sin(2 * math.pi * cycles)).astype(np.float32)

    def expose(self, picture: Frame, gain: float, step: int, top: int = 0) -> Frame:
        """The picture, whose first row is the frame's row `top`, under that phase's flicker and a gain; a new array."""
        gains = self.flicker_gain(step)[top : top + len(picture)] * gain
        out = np.empty_like(picture)
        band = self._height if self._grade.readout_s == 0 else self._height // 120
        for first in range(0, len(picture), band):
            rows = slice(first, first + band)
            cv2.convertScaleAbs(picture[rows], out[rows], alpha=float(gains[rows].mean()))
        return out

    def settle(self, picture: Frame, window: tuple[slice, slice] = np.s_[:, :]) -> None:
        """Tell the sensor the light the coming frames have in a window: shot noise follows it."""
        if self._mask is None:
            self._mask = np.zeros_like(self._dither)
        self._mask[window] = cv2.compare(picture, np.ascontiguousarray(self._dither[window]), cv2.CMP_GT)

    def read(self, exposed: Frame) -> Frame:
        """One read-out: the exposed picture with fresh noise, in a buffer that the next call overwrites."""
        if not self._tiles:
            self._make_tiles()
        out = self._out
        up, down = self._cut(self._tiles)
        cv2.add(exposed, up, out)
        cv2.subtract(out, down, out)
        if self._mask is not None and self._shot:
            up, down = self._cut(self._shot)
            cv2.add(out, cv2.bitwise_and(up, self._mask), out)
            cv2.subtract(out, cv2.bitwise_and(down, self._mask), out)
        return out

    def skip(self) -> None:
        """Pass over one read-out: the next `read` has other noise."""
        self._rng.integers(0, _TILE_SLACK, 7)

    def jpeg(self, frame: Frame) -> bytes:
        """The frame compressed with the grade's quality."""
        done, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, self._grade.jpeg_quality])
        if not done:
            raise RuntimeError(f"JPEG encoder refused a frame of {frame.shape}")
        return bytes(data)

    def _make_tiles(self) -> None:
        shape = (self._height + _TILE_SLACK, self._width + _TILE_SLACK, 3)
        for store, sigma in ((self._tiles, self._grade.read_noise), (self._shot, self._grade.shot_noise)):
            for _ in range(_TILES):
                # The dither of +-0.5 makes the rounded noise keep its mean; its own variance (1/12) is taken off first.
                spread = math.sqrt(max(sigma**2 - 1 / 12, 0.0))
                noise = self._rng.standard_normal(shape, dtype=np.float32) * np.float32(spread)
                noise += self._rng.random(shape, dtype=np.float32) - np.float32(0.5)
                whole = np.rint(noise)
                store.append((np.clip(whole, 0, 255).astype(np.uint8), np.clip(-whole, 0, 255).astype(np.uint8)))

    def _cut(self, tiles: list[tuple[Frame, Frame]]) -> tuple[Frame, Frame]:
        up, down = tiles[int(self._rng.integers(len(tiles)))]
        y, x = (int(v) for v in self._rng.integers(0, _TILE_SLACK, 2))
        window = np.s_[y : y + self._height, x : x + self._width]
        return up[window], down[window]


def light_field(width: int, height: int, grade: Grade, light: Light) -> Floats:
    """Illumination of each pixel, 1 at the brightest edge, 1 - gradient at the darkest."""
    angle = math.radians(light.gradient_deg)
    across = (np.arange(width) / (width - 1) - 0.5)[None, :] * math.cos(angle)
    down = (np.arange(height) / (height - 1) - 0.5)[:, None] * math.sin(angle)
    slope = (across + down) / (abs(math.cos(angle)) + abs(math.sin(angle)))
    return (1 - grade.gradient * (0.5 - slope)).astype(np.float32)


def glare_field(width: int, height: int, grade: Grade, light: Light) -> Floats:
    """Light the glare adds to each pixel, of 255."""
    if grade.glare_strength == 0:
        return np.zeros((height, width), np.float32)
    across = (np.arange(width) - light.glare_x * width)[None, :]
    down = (np.arange(height) - light.glare_y * height)[:, None]
    spot = np.exp(-(across**2 + down**2) / (2 * (light.glare_sigma * width) ** 2))
    return (255 * grade.glare_strength * spot).astype(np.float32)
