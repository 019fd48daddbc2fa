"""What stands before the camera: a terminal with an LCD or a colour display, or a slip hanging from its slot.

Light is linear, 1 is white paper in full light, channels are blue, green, red as OpenCV has them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.reading.fonts import Bits
from benchmarks.reading.optics import Floats, Pose

Bytes = npt.NDArray[np.uint8]
_OVER = 2
_GLASSES = {  # clear glass, dark dot at full contrast
    "green": ((0.16, 0.62, 0.50), (0.03, 0.09, 0.08)),
    "grey": ((0.50, 0.56, 0.52), (0.06, 0.06, 0.06)),
    "amber": ((0.10, 0.48, 0.72), (0.02, 0.06, 0.09)),
    "cool": ((0.72, 0.58, 0.40), (0.12, 0.06, 0.05)),
}
_PAPER, _BURNT = (0.74, 0.79, 0.80), (0.06, 0.05, 0.05)
SLIP_MARGIN = 40  # dots of bare paper left and right of the print


class LcdScene:
    """A monochrome display of the pose's dots in its terminal."""

    def __init__(self, pose: Pose) -> None:
        self._pose = pose
        setting, random = pose.setting, np.random.default_rng([pose.seed, 0x1CD])
        clear, dark = _GLASSES[str(random.choice(list(_GLASSES)))]
        self._clear = np.array(clear, np.float32)
        self._take = np.float32(setting.contrast) * (self._clear - np.array(dark, np.float32))
        base = _terminal(pose, random, clear)
        self._region = pose.region((-2, -2, pose.columns + 2, pose.rows + 2))
        self._maps = pose.maps(self._region, _OVER)
        self._moire = pose.moire(self._region)[..., None]
        if setting.wear:
            base = base * _worn_glass(pose, random, self._region)[..., None]
        self._base = pose.lens(base)

    def light(self, dots: Bits, before: Bits | None = None) -> Floats:
        """The scene's light with these dots dark; `before` is the screen whose ghost is still there."""
        cell = np.full((8, 8), 1.0, np.float32)
        cell[7], cell[:, 7] = 0.15, 0.15
        darkness = dots.astype(np.float32)
        if before is not None:
            darkness += np.float32(self._pose.setting.ghost * 0.3) * (before.astype(np.float32) - darkness)
        plane = np.kron(0.03 + 0.97 * darkness, cell)
        seen = _reduced(self._pose.lens(self._pose.sample(plane, self._maps, 8, (0, 0)), _OVER))[..., None]
        x0, y0, x1, y1 = self._region
        out = self._base.copy()
        out[y0:y1, x0:x1] = self._moire * (out[y0:y1, x0:x1] - seen * self._take)
        return out


class TftScene:
    """A colour display of the pose's dots in its terminal: red, green and blue stripes behind a black mask."""

    def __init__(self, pose: Pose) -> None:
        self._pose = pose
        random = np.random.default_rng([pose.seed, 0x7F7])
        base = pose.lens(_terminal(pose, random, (0.012, 0.012, 0.012)))
        self._region = pose.region((-3, -3, pose.columns + 3, pose.rows + 3))
        self._maps = pose.maps(self._region, _OVER)
        self._moire = pose.moire(self._region)[..., None]
        self._base = base
        self._dust = _worn_glass(pose, random, self._region) if pose.setting.wear else None

    def light(self, picture: Floats, before: Floats | None = None) -> Floats:
        """The scene's light with this picture (rows x columns x 3, linear) on the display."""
        del before  # a colour display leaves no ghost that a camera sees
        black = 0.5 * (1 - self._pose.setting.contrast)
        shown = black + (1 - black) * picture
        mask = np.ones((3, 3), np.float32) * 1.25
        mask[2] = 0.4
        fine = np.stack([np.kron(shown[..., channel], mask) for channel in range(3)], axis=-1)
        # The stripes of one dot stand beside each other: blue a third of a dot to the right of green, red to the left.
        fine[..., 0], fine[..., 2] = np.roll(fine[..., 0], 1, axis=1), np.roll(fine[..., 2], -1, axis=1)
        fine = cv2.copyMakeBorder(fine, 6, 6, 6, 6, cv2.BORDER_CONSTANT, value=(0.012,) * 3)
        fine = np.dstack([fine * 0.9, np.ones(fine.shape[:2], np.float32)])
        seen = _reduced(self._pose.lens(self._pose.sample(fine, self._maps, 3, (-2, -2)), _OVER))
        x0, y0, x1, y1 = self._region
        out = self._base.copy()
        out[y0:y1, x0:x1] = out[y0:y1, x0:x1] * (1 - seen[..., 3:]) + seen[..., :3] * self._moire
        return out * self._dust[..., None] if self._dust is not None else out


class SlipScene:
    """A slip hanging upwards from the slot, its newest line lowest."""

    def __init__(self, pose: Pose) -> None:
        self._pose = pose
        self._random = random = np.random.default_rng([pose.seed, 0x511])
        setting = pose.setting
        half = pose.columns / 2
        self._region = pose.region((-SLIP_MARGIN - 8, 0, pose.columns + SLIP_MARGIN + 8, pose.rows + 4))
        across, down = pose.maps((0, 0, pose.width, pose.height))
        self._base = _slot(pose, random, across, down)
        across, down = pose.maps(self._region, _OVER)
        wave = random.uniform(0, 2 * math.pi, 4)
        bow = np.clip(1 - ((across - half) / half) ** 2, -1, 1)
        up = pose.rows - down
        lift = setting.curl * (0.7 * bow * np.sin(up / 140 + wave[0]) + 0.3 * np.sin(up / 67 + wave[1]))
        sway = 0.7 * setting.curl * np.sin(up / 175 + wave[2])
        self._shade = (1 + 0.012 * setting.curl * np.sin(up / 140 + wave[0])).astype(np.float32)
        self._shade *= (1 - 0.35 * np.exp(-np.clip(up, 0, None) / 26)).astype(np.float32)
        if setting.wear:
            lift = lift + self._creases(across, down)
        self._maps = (across + sway).astype(np.float32), (down + lift).astype(np.float32)
        self._tear = random.uniform(-3, 3, 2)

    def light(self, dots: Bits, before: Bits | None = None) -> Floats:
        """The scene's light with a slip of these dots (lines x dots) out of the slot."""
        del before
        pose, random = self._pose, self._random
        setting = pose.setting
        tone = self._tone(dots, random)
        first = pose.rows - len(dots)
        ink = np.zeros((pose.rows, pose.columns), np.float32)
        ink[max(0, first) :] = tone[max(0, -first) :]
        seen = self._seen(np.repeat(np.repeat(ink, 2, axis=0), 2, axis=1), (0, 0))
        # Bare paper around the print, torn at its far end.
        wide = pose.columns + 2 * SLIP_MARGIN
        sheet = np.zeros((2 * pose.rows, 2 * wide), np.float32)
        teeth = np.abs((np.arange(2 * wide) / 21 + self._tear[0]) % 1 - 0.5) * 9 + 18
        reach = np.maximum(0, (first - teeth) * 2)
        sheet[np.arange(2 * pose.rows)[:, None] >= reach[None]] = 1
        cover = self._seen(sheet, (-SLIP_MARGIN, 0))
        shade = _reduced(self._shade)
        x0, y0, x1, y1 = self._region
        paper, burnt = np.array(_PAPER, np.float32), np.array(_BURNT, np.float32)
        take = (setting.contrast * (paper - burnt)).astype(np.float32)
        lit = (paper - seen[..., None] * take) * shade[..., None]
        out = self._base.copy()
        cover = cover[..., None]
        out[y0:y1, x0:x1] = out[y0:y1, x0:x1] * (1 - cover) + lit * cover
        return out

    def _seen(self, plane: Floats, origin: tuple[float, float]) -> Floats:
        return _reduced(self._pose.lens(self._pose.sample(plane, self._maps, 2, origin), _OVER))

    def _tone(self, dots: Bits, random: np.random.Generator) -> Floats:
        """Burnt dots: thermal tone, pale bands, a dead dot, and what wear does."""
        setting = self._pose.setting
        burnt = dots.astype(np.float32)
        if random.random() < setting.dead:
            burnt[:, int(random.integers(8, dots.shape[1] - 8))] = 0
        warm = 0.88 + 0.06 * (np.roll(burnt, 1, axis=1) + np.roll(burnt, -1, axis=1))
        lines = np.arange(len(dots))
        wave = np.sin(2 * math.pi * (lines / random.uniform(180, 420) + random.random()))
        pale = (1 - setting.bands * np.clip(2 * wave - 0.6, 0, 1)).astype(np.float32)
        tone = burnt * warm * pale[:, None] + random.normal(0, 0.012, dots.shape).astype(np.float32) * burnt
        if setting.wear:
            for _ in range(3):  # coffee, oil: darker paper, no ink of its own
                centre, size = random.uniform(0, 1, 2) * dots.shape, random.uniform(20, 60)
                y, x = np.ogrid[: dots.shape[0], : dots.shape[1]]
                ring = np.exp(-((np.hypot(y - centre[0], x - centre[1]) - size) ** 2) / (2 * (size / 6) ** 2))
                tone = np.maximum(tone, 0) + (0.16 * ring * (1 - tone)).astype(np.float32)
        return np.clip(tone, 0, 1).astype(np.float32)

    def _creases(self, across: Floats, down: Floats) -> Floats:
        """Folds: the paper kinks, and one side of the fold is in shade."""
        lift = np.zeros_like(across)
        for _ in range(4):
            at, slope = self._random.uniform(0, self._pose.rows), self._random.uniform(-0.4, 0.4)
            away = (down - at - slope * (across - self._pose.columns / 2)) / 12
            lift += (self._random.uniform(1.0, 2.2) * np.exp(-(away**2))).astype(np.float32)
            self._shade *= (1 - 0.18 * np.exp(-((away - 0.4) ** 2) * 3)).astype(np.float32)
        return lift


SCENES = {"lcd": LcdScene, "tft": TftScene, "slip": SlipScene}


def _reduced(picture: Floats) -> Floats:
    size = picture.shape[1] // _OVER, picture.shape[0] // _OVER
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


def _terminal(pose: Pose, random: np.random.Generator, glass: Sequence[float]) -> Floats:
    """Desk, housing, bezel, glass, keys; drawn at the camera's own scale around the display, then seen by it."""
    scale = pose.pitch
    wide, high = pose.columns * scale, pose.rows * scale
    middle = np.array([900.0, 620.0])

    def box(x0: float, y0: float, x1: float, y1: float) -> tuple[tuple[int, int], tuple[int, int]]:
        return (round(middle[0] + x0), round(middle[1] + y0)), (round(middle[0] + x1), round(middle[1] + y1))

    plane = np.empty((1240, 1800, 3), np.float32)
    grain = cv2.GaussianBlur(random.normal(0, 1, plane.shape[:2]).astype(np.float32), (0, 0), 30, sigmaY=2)
    desk = np.array(random.uniform(0.1, 0.45) * random.uniform(0.75, 1.2, 3), np.float32)
    plane[:] = desk * (1 + 0.9 * grain[..., None])
    # OpenCV draws smooth edges and letters on bytes only.
    plane = np.clip(plane * 255, 0, 255).astype(np.uint8)
    body = float(random.choice([0.03, 0.10, 0.42]))
    _rounded(plane, *box(-wide / 2 - 130, -high / 2 - 150, wide / 2 + 130, 900), (body * 0.55,) * 3)
    _rounded(plane, *box(-wide / 2 - 122, -high / 2 - 142, wide / 2 + 122, 900), (body, body * 0.98, body * 0.95))
    _rounded(plane, *box(-wide / 2 - 40, -high / 2 - 36, wide / 2 + 40, high / 2 + 36), (0.014, 0.013, 0.012))
    cv2.rectangle(plane, *box(-wide / 2 - 12, -high / 2 - 12, wide / 2 + 12, high / 2 + 12), _bytes(glass), -1)
    mark = _bytes((0.75 if body < 0.3 else 0.08,) * 3)
    brand = box(-wide / 2, -high / 2 - 62, 0, 0)[0]
    cv2.putText(plane, "PAY POS", brand, cv2.FONT_HERSHEY_DUPLEX, 1.2, mark, 2, cv2.LINE_AA)
    for number in range(4):
        left = -wide / 2 + number * wide / 4
        _rounded(plane, *box(left + 8, high / 2 + 84, left + wide / 4 - 12, high / 2 + 150), (0.45, 0.45, 0.44))
    x, y = pose.maps((0, 0, pose.width, pose.height))
    x = (x - pose.columns / 2) * scale + middle[0]
    y = (y - pose.rows / 2) * scale + middle[1]
    seen = cv2.remap(plane, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return seen.astype(np.float32) / np.float32(255)


def _bytes(colour: Sequence[float]) -> tuple[int, ...]:
    return tuple(round(255 * value) for value in colour)


def _rounded(
    plane: Bytes, low: tuple[int, int], high: tuple[int, int], colour: Sequence[float], radius: int = 14
) -> None:
    for x in (low[0] + radius, high[0] - radius):
        for y in (low[1] + radius, high[1] - radius):
            cv2.circle(plane, (x, y), radius, _bytes(colour), -1, cv2.LINE_AA)
    cv2.rectangle(plane, (low[0] + radius, low[1]), (high[0] - radius, high[1]), _bytes(colour), -1)
    cv2.rectangle(plane, (low[0], low[1] + radius), (high[0], high[1] - radius), _bytes(colour), -1)


def _slot(pose: Pose, random: np.random.Generator, across: Floats, down: Floats) -> Floats:
    """Desk behind the paper; lid, lip and shadow of the printer below the slot."""
    grain = cv2.GaussianBlur(random.normal(0, 1, across.shape).astype(np.float32), (0, 0), 3, sigmaY=40)
    desk = np.array(random.uniform(0.1, 0.35) * random.uniform(0.75, 1.2, 3), np.float32) * (1 + 0.8 * grain[..., None])
    below = (down > pose.rows + 2)[..., None]
    lip = (np.abs(down - pose.rows - 3) < 5)[..., None]
    scene = np.where(below, np.float32(0.05), desk)
    scene = np.where(lip, np.float32(0.012), scene)
    return pose.lens(scene.astype(np.float32))


def _worn_glass(pose: Pose, random: np.random.Generator, region: tuple[int, int, int, int]) -> Floats:
    """Dust and scratches: some take a quarter of the light, some scatter a little into it."""
    plane = np.full((pose.height, pose.width), 128, np.uint8)
    x0, y0, x1, y1 = region
    for _ in range(60):
        at = int(random.integers(x0, x1)), int(random.integers(y0, y1))
        cv2.circle(plane, at, int(random.integers(1, 3)), float(random.uniform(90, 115)), -1, cv2.LINE_AA)
    for _ in range(5):
        first = random.integers((x0, y0), (x1, y1))
        last = first + random.integers(-160, 160, 2)
        cv2.line(plane, first.tolist(), last.tolist(), float(random.uniform(141, 160)), 1, cv2.LINE_AA)
    return plane.astype(np.float32) / np.float32(128)
