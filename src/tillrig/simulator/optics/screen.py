"""From the darkness of the display's dots to the light that reaches the screen camera's sensor."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from tillrig.simulator.optics.lens import Floats
from tillrig.simulator.optics.pose import ACTIVE_WIDTH, Pose
from tillrig.simulator.optics.scene import (
    GLASS_DIM,
    GLASS_LIT,
    HALF_HEIGHT,
    HALF_WIDTH,
    INK_SHARE,
    draw_scene,
    glass_area,
    half_height,
)
from tillrig.simulator.optics.sensor import Frame, glare_field, light_field

CELL = 6  # drawn pixels a dot, one of them partly the gap
GAP_DARKNESS = 0.2  # a gap's drawn pixel keeps so much of its dot's darkness
IDLE_DARKNESS = 0.035  # an unlit dot is not quite clear: the grid can be seen
DIM_CONTRAST = 0.8  # without backlight the dots are paler too


class ScreenRenderer:
    """Cached geometry and light of one pose; `compose` costs 2-3 ms, only inside the display's window."""

    def __init__(self, pose: Pose) -> None:
        self._pose = pose
        self._grade = pose.numbers
        view = pose.screen
        self.width, self.height = view.width, view.height
        corners = view.project(glass_area(pose))
        pad = 24
        self._x0, self._y0 = (max(0, int(v) - pad) for v in corners.min(axis=0))
        self._x1, self._y1 = (int(v) + pad for v in corners.max(axis=0))
        self._x1, self._y1 = min(self._x1, self.width), min(self._y1, self.height)
        self._full_maps = view.plane_maps(0, 0, self.width, self.height)
        window = np.s_[self._y0 : self._y1, self._x0 : self._x1]
        self.window = window
        plane_x, plane_y = (m[window] for m in self._full_maps)
        pitch = ACTIVE_WIDTH / pose.columns / CELL
        self._dot_maps = cv2.convertMaps(
            (plane_x + ACTIVE_WIDTH / 2) / pitch - 0.5 + CELL,
            (plane_y + half_height(pose)) / pitch - 0.5 + CELL,
            cv2.CV_16SC2,
        )
        light = pose.screen_light
        self._light = light_field(self.width, self.height, self._grade, light)
        self._glare = glare_field(self.width, self.height, self._grade, light)
        self._grid = self._dot_grid()
        self._layers: dict[tuple[bool, float, float], tuple[Frame, Floats, Floats]] = {}

    def compose(
        self, darkness: NDArray[np.float32], backlight: bool, extra_sigma: float = 0.0, gain: float = 1.0
    ) -> Frame:
        """`darkness` (rows, columns) of the dots in 0..1 to the light of the frame, BGR uint8, a new array."""
        frame = self.surround(backlight, extra_sigma, gain).copy()
        seen = self.spread(IDLE_DARKNESS + darkness * (1 - IDLE_DARKNESS), extra_sigma)
        frame[self.window] = self.window_light(seen, backlight, extra_sigma, gain)
        return frame

    def surround(self, backlight: bool, extra_sigma: float, gain: float) -> Frame:
        """The frame without any dots; not to be written to."""
        return self._layer(backlight, extra_sigma, gain)[0]

    def spread(self, dots: Floats, extra_sigma: float) -> Floats:
        """Dots (rows, columns) of any sign as the lens spreads them over the display's window; linear."""
        canvas = np.zeros(self._grid.shape, np.float32)
        inner = np.s_[CELL:-CELL, CELL:-CELL]
        size = (self._pose.columns * CELL, self._pose.rows * CELL)
        large = cv2.resize(dots.astype(np.float32), size, interpolation=cv2.INTER_NEAREST)
        canvas[inner] = cv2.multiply(large, np.ascontiguousarray(self._grid[inner]))
        seen = cv2.remap(canvas, self._dot_maps[0], self._dot_maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        return _blur(seen, self._sigma(extra_sigma))

    def window_light(self, seen: Floats, backlight: bool, extra_sigma: float, gain: float) -> Frame:
        """Light of the display's window under dots that `spread` gave."""
        _, clear, ink = self._layer(backlight, extra_sigma, gain)
        light = cv2.subtract(clear, cv2.multiply(ink, cv2.merge([seen, seen, seen])))
        return np.asarray(cv2.convertScaleAbs(cv2.max(light, 0.0)), np.uint8)

    def _sigma(self, extra: float) -> float:
        return math.hypot(self._grade.blur_sigma_px, extra)

    def _dot_grid(self) -> Floats:
        cell = np.ones((CELL, CELL), np.float32)
        cell[-1, :] = cell[:, -1] = GAP_DARKNESS
        return np.tile(cell, (self._pose.rows + 2, self._pose.columns + 2))

    def _layer(self, backlight: bool, extra_sigma: float, gain: float) -> tuple[Frame, Floats, Floats]:
        """Frame without dots; in the display's window light of clear glass, and light a dark dot takes."""
        key = (backlight, round(extra_sigma, 2), round(gain, 4))
        if key not in self._layers:
            if len(self._layers) >= 4:
                self._layers.clear()
            self._layers[key] = self._build(*key)
        return self._layers[key]

    def _build(self, backlight: bool, extra_sigma: float, gain: float) -> tuple[Frame, Floats, Floats]:
        map_x, map_y = self._full_maps
        scene = draw_scene(self._pose, backlight).astype(np.float32)
        seen = cv2.remap(
            scene, map_x + HALF_WIDTH, map_y + HALF_HEIGHT, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        seen = _blur(seen, self._sigma(extra_sigma))
        light = self._light[..., None] * np.ones(3, np.float32)
        light[self.window] *= self._moire()
        clear = (seen * light + self._glare[..., None]) * np.float32(gain)
        glass = np.array(GLASS_LIT if backlight else GLASS_DIM, np.float32)
        depth = self._grade.contrast * INK_SHARE * (1.0 if backlight else DIM_CONTRAST)
        ink = light[self.window] * glass * np.float32(depth * gain)
        base = cv2.convertScaleAbs(np.clip(clear, 0, 255))
        # The sensor clips after the dots took their light, so the window keeps what is above 255.
        return np.asarray(base, np.uint8), np.ascontiguousarray(clear[self.window]), np.ascontiguousarray(ink)

    def _moire(self) -> Floats:
        """Beat of dot grid and sensor grid over the glass; the three colours beat a little apart."""
        light = self._pose.screen_light
        map_x, map_y = (m[self.window] for m in self._full_maps)
        limit_x, limit_y = glass_area(self._pose)[2]
        inside = ((np.abs(map_x) < limit_x) & (np.abs(map_y) < limit_y)).astype(np.float32)
        angle = math.radians(light.moire_deg)
        phase = (map_x * math.cos(angle) + map_y * math.sin(angle)) * (2 * math.pi / light.moire_period_px)
        waves = np.stack([np.sin(phase + shift) for shift in (-0.5, 0.0, 0.5)], axis=-1)
        return (1 + self._grade.moire * waves * inside[..., None]).astype(np.float32)


def _blur(picture: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)
