"""Photographs of flat things through the benchmark's own camera; it shares no code with the simulated rig's optics.

A `Pose` is one drawn position and light of one camera before one terminal: pin-hole projection, tilt, radial lens term,
uneven light, glare, sensor tone, noise, JPEG. It photographs a `Scene` given in the dots of display or paper.
"""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.reading.settings import Setting

Floats = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]
SIZES = {"lcd": (1280, 720), "tft": (1280, 720), "slip": (720, 1920)}
FOCAL = {"lcd": 1500.0, "tft": 1500.0, "slip": 3600.0}
PITCH = {"lcd": 5.0, "tft": 2.0, "slip": 1.3}  # camera pixels a dot
_LEAST_PITCH = {"lcd": 2.75, "tft": 1.3, "slip": 1.05}
_TONES = 4096
_NET = 16


class Pose:
    """`columns` x `rows` dots of display or paper window, photographed as `setting` says; all drawn from `seed`."""

    def __init__(self, setting: Setting, seed: int, surface: str, columns: int, rows: int) -> None:
        self.setting, self.seed, self.surface = setting, seed, surface
        self.columns, self.rows = columns, rows
        self.width, self.height = SIZES[surface]
        self.random = random = np.random.default_rng([seed, 0xCA3E])
        self.pitch = max(PITCH[surface] * setting.pitch, _LEAST_PITCH[surface])
        tilts = np.radians(random.uniform(*setting.tilt, 2) * random.choice([-1, 1], 2))
        self._turn = cv2.Rodrigues(np.array([tilts[0], tilts[1], 0.0]))[0] @ np.eye(3)
        roll = math.radians(random.uniform(-1.5, 1.5))
        self._turn = cv2.Rodrigues(np.array([0.0, 0.0, roll]))[0] @ self._turn
        self._shift = random.uniform(-14, 14, 2)
        self.k1 = setting.k1
        # Industrial cameras answer linearly, webcams with the usual tone curve.
        self.gamma = float(random.choice([1.0, 1.8, 2.2]))
        self._angle = float(random.uniform(0, 2 * math.pi))
        self._glare_at = random.uniform(0.3, 0.7, 2)
        self._glare_sigma = float(random.uniform(*setting.glare_sigma))
        self._phase = random.uniform(0, 2 * math.pi, 4)
        self._period = float(random.uniform(14, 60))
        self._fit_in_frame()
        self.true_corners = self.project([(0, 0), (columns, 0), (columns, rows), (0, rows)])
        error = np.clip(random.normal(0, 1, (4, 2)), -2.5, 2.5) * setting.calibration
        self.corners: list[list[float]] = np.round(self.true_corners + error, 2).tolist()
        # What a calibration of the lens would say; 0 where none was made.
        self.told_k1 = setting.k1 * float(random.uniform(0.95, 1.05)) if setting.lens_calibrated else 0.0
        self.light = self._light_field()
        self.glare = self._glare_field()

    def _fit_in_frame(self) -> None:
        """Centre the window, and step back while it does not fit."""
        self._depth = FOCAL[self.surface] * PITCH[self.surface] / self.pitch
        self._centre = np.array([(self.width - 1) / 2, (self.height - 1) / 2])
        self._offset = np.zeros(2)
        for _ in range(12):
            seen = self.project([(0, 0), (self.columns, 0), (self.columns, self.rows), (0, self.rows)])
            low, high = seen.min(axis=0), seen.max(axis=0)
            if self.surface == "slip":  # the slot stands near the lower edge
                wanted = np.array([self._centre[0] + self._shift[0], self.height - 62.0])
                now = np.array([(low[0] + high[0]) / 2, high[1]])
            else:
                wanted, now = self._centre + self._shift, (low + high) / 2
            self._offset += wanted - now
        room = np.array([self.width, self.height]) - 2 * np.array([24, 12])
        if ((high - low) > room).any() and self._depth < 2 * FOCAL[self.surface]:
            self.pitch *= 0.97
            self._fit_in_frame()

    def _matrix(self) -> Points:
        """Homography from dots to undistorted camera pixels around the lens's middle."""
        focal, scale = FOCAL[self.surface], PITCH[self.surface]
        to_plane = np.array([[scale, 0, -scale * self.columns / 2], [0, scale, -scale * self.rows / 2], [0, 0, 1.0]])
        turn = np.column_stack([self._turn[:, 0], self._turn[:, 1], [0.0, 0.0, self._depth]])
        shift = np.array([[1, 0, self._offset[0]], [0, 1, self._offset[1]], [0, 0, 1.0]])
        return shift @ np.diag([focal, focal, 1.0]) @ turn @ to_plane

    def project(self, dots: object) -> Points:
        """Points in dots, (n, 2), to camera pixels; pixel centres are whole numbers."""
        points = np.asarray(dots, np.float64).reshape(-1, 2)
        seen = np.column_stack([points, np.ones(len(points))]) @ self._matrix().T
        seen = seen[:, :2] / seen[:, 2:]
        unit = float(np.hypot(*self._centre))
        bent = seen * (1 + self.k1 * (seen**2).sum(axis=1, keepdims=True) / unit**2)
        return bent + self._centre

    def unproject(self, x: Points, y: Points) -> tuple[Points, Points]:
        """Camera pixels to dots."""
        unit = float(np.hypot(*self._centre))
        bent_x, bent_y = (x - self._centre[0]) / unit, (y - self._centre[1]) / unit
        radius = bent_x**2 + bent_y**2
        squared = radius.copy()
        for _ in range(6 if self.k1 else 0):
            squared = radius / (1 + self.k1 * squared) ** 2
        factor = unit / (1 + self.k1 * squared)
        back = np.linalg.inv(self._matrix())
        ux, uy = bent_x * factor, bent_y * factor
        depth = back[2, 0] * ux + back[2, 1] * uy + back[2, 2]
        return (back[0, 0] * ux + back[0, 1] * uy + back[0, 2]) / depth, (
            back[1, 0] * ux + back[1, 1] * uy + back[1, 2]
        ) / depth

    def maps(self, region: tuple[int, int, int, int], over: int = 1) -> tuple[Floats, Floats]:
        """For a region (x0, y0, x1, y1) of the frame, `over` samples a pixel each way: the dot position each sees."""
        x0, y0, x1, y1 = region
        step = (np.arange(over) + 0.5) / over - 0.5
        across = (np.arange(x0, x1)[:, None] + step).reshape(-1)
        down = (np.arange(y0, y1)[:, None] + step).reshape(-1)
        # Exact on a coarse net; between its knots the projection is straight to a thousandth of a dot.
        knots_x, knots_y = (np.linspace(line[0], line[-1], 2 + len(line) // (_NET * over)) for line in (across, down))
        exact = self.unproject(*np.meshgrid(knots_x, knots_y))
        at_x = np.linspace(0, len(knots_x) - 1, len(across), dtype=np.float32)
        at_y = np.linspace(0, len(knots_y) - 1, len(down), dtype=np.float32)
        at = np.meshgrid(at_x, at_y)
        x, y = (cv2.remap(values.astype(np.float32), *at, cv2.INTER_LINEAR) for values in exact)
        return x, y

    def region(self, box: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
        """The part of the frame that a box (x0, y0, x1, y1) of dots reaches, with some pixels around."""
        x0, y0, x1, y1 = box
        edge = np.linspace(0, 1, 9)
        around = [(x0 + (x1 - x0) * t, y) for t in edge for y in (y0, y1)]
        around += [(x, y0 + (y1 - y0) * t) for t in edge for x in (x0, x1)]
        seen = self.project(around)
        low = np.maximum(np.floor(seen.min(axis=0)).astype(int) - 8, 0)
        high = np.minimum(np.ceil(seen.max(axis=0)).astype(int) + 9, [self.width, self.height])
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])

    def sample(
        self, plane: Floats, maps: tuple[Floats, Floats], scale: float, origin: tuple[float, float], border: float = 0.0
    ) -> Floats:
        """A plane drawn at `scale` pixels a dot, whose first pixel begins at dot `origin`, as the maps see it."""
        x, y = (maps[0] - origin[0]) * scale - 0.5, (maps[1] - origin[1]) * scale - 0.5
        return cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(border,) * 4)

    def lens(self, picture: Floats, over: int = 1) -> Floats:
        """Blur of lens and shake on a picture of `over` samples a pixel: it comes before the sensor's pixels."""
        seen = cv2.GaussianBlur(picture, (0, 0), self.setting.blur * over)
        if self.setting.shake:
            seen = cv2.filter2D(seen, -1, _shaken(self.setting.shake * over, float(self._phase[3])))
        return np.asarray(seen, np.float32)

    def moire(self, region: tuple[int, int, int, int]) -> Floats:
        """Beat of the display's dots and the sensor's."""
        x0, y0, x1, y1 = region
        x, y = np.meshgrid(np.arange(x0, x1, dtype=np.float32), np.arange(y0, y1, dtype=np.float32))
        angle = self._phase[1]
        wave = np.sin((x * math.cos(angle) + y * math.sin(angle)) * (2 * math.pi / self._period) + self._phase[2])
        return (1 + self.setting.moire * wave).astype(np.float32)

    def expose(self, scene: Floats, shot: int) -> bytes:
        """JPEG of a scene's light (BGR, 1 = white paper in full light, blurred already): lamp, glare, sensor and noise
        of exposure number `shot`."""
        setting, random = self.setting, np.random.default_rng([self.seed, shot, 0x107])
        flicker = 1 + setting.flicker * np.sin(np.linspace(0, 2 * math.pi, self.height) + random.uniform(0, 6.28))
        light = self.light * (flicker[:, None] * setting.exposure).astype(np.float32)
        seen = cv2.multiply(scene, cv2.merge([light] * 3))
        if self.glare is not None:
            seen = cv2.add(seen, cv2.merge([self.glare] * 3))
        value = _tone(self.gamma)[(np.clip(seen, 0, 1) * (_TONES - 1)).astype(np.uint16)]
        if setting.sharpen:
            value = value + setting.sharpen * (value - cv2.GaussianBlur(value, (0, 0), 1.5))
        grain = _grain(random, self.height, self.width)
        grey = value.mean(axis=2)
        grain *= setting.read_noise + setting.shot_noise * np.sqrt(np.clip(grey, 0, 255) / 255)
        value = np.clip(value + grain[..., None] + 0.5, 0, 255).astype(np.uint8)
        return cv2.imencode(".jpg", value, [cv2.IMWRITE_JPEG_QUALITY, setting.quality])[1].tobytes()

    def _light_field(self) -> Floats:
        x = (np.arange(self.width) / self.width - 0.5)[None]
        y = (np.arange(self.height) / self.height - 0.5)[:, None]
        along = (x * math.cos(self._angle) + y * math.sin(self._angle)) / (
            abs(math.cos(self._angle)) + abs(math.sin(self._angle))
        )
        return (1 - self.setting.gradient * (0.5 - along)).astype(np.float32)

    def _glare_field(self) -> Floats | None:
        setting = self.setting
        if not setting.glare and not setting.streak:
            return None
        x = (np.arange(self.width, dtype=np.float32) / self.width)[None]
        y = (np.arange(self.height, dtype=np.float32) / self.width)[:, None]
        centre = self._glare_at[0], self._glare_at[1] * self.height / self.width
        spot = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * self._glare_sigma**2))
        glare = setting.glare * spot
        if setting.streak:
            angle = self._phase[0]
            across = (x - centre[0]) * math.cos(angle) + (y - centre[1]) * math.sin(angle)
            band = 1 / (1 + np.exp(np.clip((np.abs(across) - 0.035) / 0.002, -30, 30)))
            glare = glare + setting.streak * band
        return glare.astype(np.float32)


@lru_cache(maxsize=4)
def _tone(gamma: float) -> Floats:
    return (255 * np.linspace(0, 1, _TONES) ** (1 / gamma)).astype(np.float32)


@lru_cache(maxsize=1)
def _normals() -> Floats:
    return np.random.default_rng(20).standard_normal(1 << 22, dtype=np.float32)


def _grain(random: np.random.Generator, height: int, width: int) -> Floats:
    start = int(random.integers(0, (1 << 22) - height * width))
    return _normals()[start : start + height * width].reshape(height, width).copy()


def _shaken(length: float, angle: float) -> Floats:
    side = 2 * math.ceil(length) + 1
    kernel = np.zeros((side, side), np.float32)
    for t in np.linspace(-length / 2, length / 2, 33):
        x, y = side // 2 + t * math.cos(angle), side // 2 + t * math.sin(angle)
        x0, y0 = int(x), int(y)
        for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
            kernel[y0 + dy, x0 + dx] += (1 - abs(x - x0 - dx)) * (1 - abs(y - y0 - dy))
    return kernel / kernel.sum()
