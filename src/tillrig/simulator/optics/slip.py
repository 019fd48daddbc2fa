"""From the paper in the slot to the light that reaches the slip camera's sensor."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from tillrig.simulator.optics.lens import Floats
from tillrig.simulator.optics.paper import LEADING_DOTS, Paper
from tillrig.simulator.optics.pose import SLIP_DOTS_WIDE, SLIP_PX_PER_DOT, Corners, Pose
from tillrig.simulator.optics.sensor import Frame, glare_field, light_field

PAPER_DOTS_WIDE = 464  # 58 mm
SIDE = (PAPER_DOTS_WIDE - SLIP_DOTS_WIDE) // 2
BORDER = 8  # dots drawn beyond the paper's sides
OVERSAMPLING = 2  # drawn pixels a dot
BEYOND = 72  # dots drawn beyond the calibrated window, up to the frame's edge
_FINE = 4  # parts of a dot line that a uniform motion is resolved to
SLOT_SHADOW, SHADOW_DOTS = 0.30, 30.0
PATCH = (-40.0, 40.0, 20.0, 46.0)  # left, right, top, bottom of the grey patch on the lid, plane units
GREY_PATCH = 128
# Printed markers on the lid beside the patch (4x4 bits in a black frame in a white one): middles, plane units.
MARKS = ((-120.0, 32.0), (-70.0, 32.0), (70.0, 32.0), (120.0, 32.0))
MARK_MODULE, _MARK_MODULES = 5.0, 8

_PAPER = (220.0, 226.0, 228.0)
_INK = (58.0, 50.0, 48.0)
_DESK = (150, 168, 178)
_LID = (70, 66, 62)
_LIP = (34, 32, 31)


def slip_patch(pose: Pose) -> Corners:
    """Where the grey reference patch below the slot stands in the frame, from top-left clockwise."""
    left, right, top, bottom = PATCH
    points = pose.slip.project([(left, top), (right, top), (right, bottom), (left, bottom)])
    return [[round(float(x), 2), round(float(y), 2)] for x, y in points]


def slip_marks(pose: Pose) -> list[Corners]:
    """Where the printed markers stand in the frame, white frame included, each from top-left clockwise."""
    half = MARK_MODULE * _MARK_MODULES / 2
    quads = []
    for x, y in MARKS:
        points = pose.slip.project(
            [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)]
        )
        quads.append([[round(float(px), 2), round(float(py), 2)] for px, py in points])
    return quads


class SlipRenderer:
    """Cached geometry and light of one pose; `compose` works only on the rows that have paper."""

    def __init__(self, pose: Pose) -> None:
        self._pose = pose
        self._grade = pose.numbers
        view = pose.slip
        self.width, self.height = view.width, view.height
        self.depth = pose.slip_dots + BEYOND  # dots drawn above the slot
        plane_x, plane_y = view.plane_maps(0, 0, self.width, self.height)
        self._plane = (plane_x, plane_y)
        across, up = self._curled(plane_x / SLIP_PX_PER_DOT, -plane_y / SLIP_PX_PER_DOT)
        half = PAPER_DOTS_WIDE / 2 + BORDER
        self._maps = cv2.convertMaps(
            ((across + half) * OVERSAMPLING - 0.5).astype(np.float32),
            ((self.depth - up) * OVERSAMPLING - 0.5).astype(np.float32),
            cv2.CV_16SC2,
        )
        slot = view.project([(x, 0.0) for x in np.linspace(-half, half, 9) * SLIP_PX_PER_DOT])
        self._slot_row = min(self.height, math.ceil(float(slot[:, 1].max())) + 8)
        rows = view.project([(0.0, -v * SLIP_PX_PER_DOT) for v in range(self.depth + 1)])[:, 1]
        self._row_of_height = rows  # frame row where the paper is `index` dots above the slot, mid width
        light = pose.slip_light
        self._light = light_field(self.width, self.height, self._grade, light)
        self._glare = glare_field(self.width, self.height, self._grade, light)
        rng = np.random.default_rng([pose.seed, 0x70E2])
        self._torn = _torn_edge(rng)
        self._drawn_width = (PAPER_DOTS_WIDE + 2 * BORDER) * OVERSAMPLING
        self._row_across = np.arange(self.height)[:, None]
        self._layers: dict[tuple[float, float], tuple[Frame, Frame, Frame, Frame]] = {}

    def _curled(self, across: Floats, up: Floats) -> tuple[Floats, Floats]:
        """Which paper point stands where, at most the grade's curl away: lines bow and wander along the slip."""
        curl = self._grade.curl_dots
        if curl == 0:
            return across, up
        rng = np.random.default_rng([self._pose.seed, 0xC0A1])
        phases = rng.uniform(0, 2 * math.pi, 3)
        bow = 1 - (across / (SLIP_DOTS_WIDE / 2)) ** 2
        wave = np.sin(up * (2 * math.pi / 900) + phases[0])
        lift = curl * (0.7 * np.clip(bow, -1, 1) * wave + 0.3 * np.sin(up * (2 * math.pi / 420) + phases[1]))
        sway = 0.7 * curl * np.sin(up * (2 * math.pi / 1100) + phases[2])
        return (across + sway).astype(np.float32), (up + lift).astype(np.float32)

    def compose(
        self, paper: Paper | None, at: float, exposure_s: float, extra_sigma: float = 0.0, gain: float = 1.0
    ) -> Frame:
        """The light of one frame with mid exposure at `at` and an exposure gain, BGR uint8, a new array."""
        empty, sheet, ink, glare = self._layer(extra_sigma, gain)
        frame = empty.copy()
        half_s = self._grade.readout_s / 2 + exposure_s / 2
        if paper is not None and float(paper.position(at + half_s)) > 0:
            sigma = math.hypot(self._grade.blur_sigma_px, extra_sigma)
            self._lay(frame, sheet, ink, self._motion(paper, at, exposure_s), sigma)
        # Glare comes last: the sensor clips the sum, so ink under a spot is lifted, not hidden by a clipped sheet.
        return np.asarray(cv2.add(frame, glare, frame), np.uint8)

    def _motion(self, paper: Paper, at: float, exposure_s: float) -> _Motion:
        """Where the paper stands for each drawn dot row, at the opening and the closing of that row's exposure."""
        height = np.arange(self.depth, 0, -1) - 0.5
        row_time = at + (self._row_of_height[np.ceil(height).astype(int)] / self.height - 0.5) * self._grade.readout_s
        ends = paper.position(row_time + exposure_s / 2)
        starts = paper.position(row_time - exposure_s / 2)
        oldest = max(0, math.floor(float(starts.min()) - self.depth) - 1)
        lines = paper.lines(oldest, math.ceil(float(ends.max())) + 1)
        return _Motion(starts - height, ends - height, lines, oldest)

    def _lay(self, frame: Frame, sheet: Frame, ink: Frame, motion: _Motion, sigma: float) -> None:
        """Put the paper into the frame: only the rows it reaches, and its outline only around the torn end."""
        first = int(np.count_nonzero(motion.ends < 0))  # drawn dot rows above the first line
        if first == self.depth:
            return  # the first line leaves the slot after the lowest row was exposed
        above = max(0, first - LEADING_DOTS - 2)
        spread = math.ceil(3 * sigma) + 22  # tilt, curl and blur carry a dot row so far up or down the frame
        top = max(0, int(self._row_of_height[self.depth - above]) - spread)
        whole = min(self._slot_row, int(self._row_of_height[self.depth - first]) + spread) if first else top
        rows = slice(top, self._slot_row)
        seen = self._seen(self._tones(motion, first), rows, sigma)
        lit = cv2.subtract(sheet[rows], cv2.multiply(ink[rows], cv2.merge([seen, seen, seen]), scale=1 / 255))
        if whole > top:
            edge = slice(top, whole)
            alpha = self._seen(self._cover(motion, first), edge, sigma)
            alpha3 = cv2.merge([alpha, alpha, alpha])
            under = cv2.multiply(frame[edge], cv2.bitwise_not(alpha3), scale=1 / 255)
            lit[: whole - top] = cv2.add(under, cv2.multiply(lit[: whole - top], alpha3, scale=1 / 255))
        frame[rows] = lit

    def _seen(self, drawn: Frame, rows: slice, sigma: float) -> Frame:
        warped = cv2.remap(drawn, self._maps[0][rows], self._maps[1][rows], cv2.INTER_LINEAR)
        return np.asarray(cv2.GaussianBlur(warped, (0, 0), sigma), np.uint8)

    def _tones(self, motion: _Motion, first: int) -> Frame:
        """Darkness of the drawn dots; smeared by what moved while exposing."""
        starts, ends = motion.starts[first:] - motion.oldest, motion.ends[first:] - motion.oldest
        if motion.still:
            dots = motion.lines[np.clip(np.floor(starts).astype(int), 0, len(motion.lines) - 1)]
        elif motion.uniform:
            dots = _slid(motion.lines, starts, ends)
        else:
            within = np.tile((np.arange(OVERSAMPLING) + 0.5) / OVERSAMPLING - 0.5, len(starts))
            dots = _smeared(
                motion.lines, np.repeat(starts, OVERSAMPLING) + within, np.repeat(ends, OVERSAMPLING) + within
            )
        tones = np.zeros((self.depth * OVERSAMPLING, self._drawn_width), np.uint8)
        left, width = (SIDE + BORDER) * OVERSAMPLING, SLIP_DOTS_WIDE * OVERSAMPLING
        size = (width, (self.depth - first) * OVERSAMPLING)
        tones[first * OVERSAMPLING :, left : left + width] = cv2.resize(dots, size, interpolation=cv2.INTER_NEAREST)
        return tones

    def _cover(self, motion: _Motion, first: int) -> Frame:
        """Where there is paper, around the torn end."""
        cover = np.zeros((self.depth * OVERSAMPLING, self._drawn_width), np.uint8)
        cover[first * OVERSAMPLING :] = 255
        start = max(0, first - LEADING_DOTS) * OVERSAMPLING
        reach = np.repeat(motion.ends, OVERSAMPLING)[start : first * OVERSAMPLING, None]
        cover[start : first * OVERSAMPLING] = np.where(reach >= -self._torn[None, :], 255, 0)
        return cover

    def _layer(self, extra_sigma: float, gain: float) -> tuple[Frame, Frame, Frame, Frame]:
        """Frame without paper, frame full of blank paper, the light a fully burnt dot takes, and the glare."""
        key = (round(extra_sigma, 2), round(gain, 4))
        if key not in self._layers:
            if len(self._layers) >= 3:
                self._layers.clear()
            self._layers[key] = self._build(*key)
        return self._layers[key]

    def _build(self, extra_sigma: float, gain: float) -> tuple[Frame, Frame, Frame, Frame]:
        plane_y = self._plane[1]
        sigma = math.hypot(self._grade.blur_sigma_px, extra_sigma)
        surroundings = cv2.GaussianBlur(self._surroundings().astype(np.float32), (0, 0), sigma)
        light = self._light[..., None] * np.float32(gain)
        height = np.maximum(-plane_y / SLIP_PX_PER_DOT, 0)
        shadow = 1 - SLOT_SHADOW * np.exp(-height / SHADOW_DOTS)
        bend = 1 + 0.006 * self._grade.curl_dots * np.sin(
            height * (2 * math.pi / 900) + self._pose.slip_light.flicker_phase * 6
        )
        paper_light = light * (shadow * bend)[..., None].astype(np.float32)
        solid = self._sheet_outline(sigma)[..., None]
        empty = surroundings * light
        sheet = empty * (1 - solid) + np.array(_PAPER, np.float32) * paper_light * solid
        ink = (np.array(_PAPER, np.float32) - np.array(_INK, np.float32)) * paper_light * solid
        glare = np.repeat(self._glare[..., None] * np.float32(gain), 3, axis=2)
        return _to_frame(empty), _to_frame(sheet), _to_frame(ink), _to_frame(glare)

    def _sheet_outline(self, sigma: float) -> Floats:
        """0..1, where an endless slip covers the frame: its sides, and the slot below."""
        drawn = np.zeros((self.depth * OVERSAMPLING, self._drawn_width), np.float32)
        side = BORDER * OVERSAMPLING
        drawn[:, side:-side] = 1
        seen = cv2.remap(drawn, *self._maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        beyond = (self._plane[1] < 0) & (self._row_across < self._row_of_height[self.depth] + 4)
        sides = np.abs(self._plane[0]) < PAPER_DOTS_WIDE / 2 * SLIP_PX_PER_DOT
        return np.asarray(cv2.GaussianBlur(np.where(beyond & sides, 1, seen), (0, 0), sigma), np.float32)

    def _surroundings(self) -> Frame:
        plane_x, plane_y = self._plane
        rng = np.random.default_rng([self._pose.seed, 0xDE5C])
        grain = cv2.GaussianBlur(rng.normal(0, 26, (self.height, self.width)).astype(np.float32), (0, 0), 2, sigmaY=60)
        desk = np.clip(np.array(_DESK, np.float32) + grain[..., None] * 4, 0, 255)
        plane = np.where((plane_y < -160)[..., None], desk, np.array(_LID, np.float32))
        lip = (plane_y > -4) & (plane_y < 10) & (np.abs(plane_x) < PAPER_DOTS_WIDE / 2 * SLIP_PX_PER_DOT + 8)
        plane = np.where(lip[..., None], np.array(_LIP, np.float32), plane)
        left, right, top, bottom = PATCH
        inside = (plane_x > left) & (plane_x < right) & (plane_y > top) & (plane_y < bottom)
        plane = np.where(inside[..., None], GREY_PATCH, plane)
        half = MARK_MODULE * _MARK_MODULES / 2
        for number, (x, y) in enumerate(MARKS):
            across, down = (plane_x - x + half) / MARK_MODULE, (plane_y - y + half) / MARK_MODULE
            on = (across >= 0) & (across < _MARK_MODULES) & (down >= 0) & (down < _MARK_MODULES)
            plane[on] = _marker(number)[down[on].astype(int), across[on].astype(int), None]
        return plane.astype(np.uint8)


def _marker(number: int) -> Frame:
    """A marker's modules with its white frame, grey levels."""
    bits = cv2.aruco.generateImageMarker(
        cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50), number, _MARK_MODULES - 2
    )
    return np.asarray(np.where(np.pad(bits, 1, constant_values=255) > 0, 205, 26), np.uint8)


class _Motion:
    """Line positions passing each drawn dot row while exposing, and the lines themselves from `oldest` on."""

    def __init__(self, starts: NDArray[np.float64], ends: NDArray[np.float64], lines: Frame, oldest: int) -> None:
        self.starts = starts
        self.ends = ends
        self.lines = lines
        self.oldest = oldest
        run = ends - starts
        self.still = float(run.max()) < 1e-6 and float(np.ptp(np.diff(ends))) < 1e-6
        self.uniform = not self.still and float(np.ptp(run)) < 0.02


def _slid(lines: Frame, starts: NDArray[np.float64], ends: NDArray[np.float64]) -> Frame:
    """As `_smeared`, where all rows moved alike: one box filter, then rows picked to a quarter of a dot."""
    taps = max(float(np.mean(ends - starts)) * _FINE, 1.0)
    reach = math.ceil((taps - 1) / 2)
    kernel = np.clip(taps / 2 + 0.5 - np.abs(np.arange(-reach, reach + 1)), 0, 1)
    fine = cv2.resize(lines, (lines.shape[1], len(lines) * _FINE), interpolation=cv2.INTER_NEAREST)
    box = (kernel / kernel.sum()).astype(np.float32)
    smooth = cv2.sepFilter2D(fine, -1, np.ones(1, np.float32), box, borderType=cv2.BORDER_CONSTANT)
    within = np.tile((np.arange(OVERSAMPLING) + 0.5) / OVERSAMPLING - 0.5, len(starts))
    middle = np.repeat((starts + ends) / 2, OVERSAMPLING) + within
    return np.asarray(smooth[np.clip((middle * _FINE).astype(int), 0, len(smooth) - 1)], np.uint8)


def _smeared(lines: Frame, starts: NDArray[np.float64], ends: NDArray[np.float64]) -> Frame:
    """Mean of the lines each row passed between two positions (in lines)."""
    sums = np.zeros((len(lines) + 1, lines.shape[1]), np.float32)
    np.cumsum(lines, axis=0, dtype=np.float32, out=sums[1:])
    shortest = 0.1  # a row that rests while others move: the line it rests on
    low = np.clip(starts - shortest / 2, 0, len(lines) - shortest)
    high = np.clip(np.maximum(ends + shortest / 2, low + shortest), 0, len(lines))
    width = (high - low)[:, None].astype(np.float32)
    return np.asarray(np.clip((_at(sums, high) - _at(sums, low)) / width, 0, 255), np.uint8)


def _at(sums: Floats, position: NDArray[np.float64]) -> Floats:
    whole = np.minimum(position.astype(int), len(sums) - 2)
    part = (position - whole)[:, None].astype(np.float32)
    return np.asarray(sums[whole] * (1 - part) + sums[whole + 1] * part, np.float32)


def _torn_edge(rng: np.random.Generator) -> NDArray[np.float64]:
    """How far paper reaches beyond the first line, per drawn column: the teeth of the tear bar."""
    columns = np.arange((PAPER_DOTS_WIDE + 2 * BORDER) * OVERSAMPLING) / OVERSAMPLING
    teeth = np.abs((columns / 11 + rng.uniform(0, 1)) % 1 - 0.5) * 10
    slant = rng.uniform(-3, 3) * (columns / PAPER_DOTS_WIDE - 0.5) * 2
    return np.clip(LEADING_DOTS * 0.65 + teeth + slant, 4, LEADING_DOTS)


def _to_frame(light: Floats) -> Frame:
    return np.asarray(np.clip(light + 0.5, 0, 255), np.uint8)
