"""A pose: how the two cameras stand before one rig, drawn from a grade by a seed."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from tillrig.simulator.optics.grades import Grade, grade_named
from tillrig.simulator.optics.lens import Points, View

Corners = list[list[float]]

SCREEN_SIZE = (1280, 720)
SLIP_SIZE = (720, 1920)
SCREEN_FOCAL_PX = 1100.0
SLIP_FOCAL_PX = 3600.0  # a long lens keeps 1.3 px a dot over the whole length of a tilted slip
ACTIVE_WIDTH = 640.0  # the display fills half the frame's width
SLIP_PX_PER_DOT = 1.3
SLIP_DOTS_WIDE = 384
SLOT_ROW = 1846.0  # where the middle of the slot stands in the slip frame
SLIP_TOP_MARGIN = 16.0
SLIP_SIDE_MARGIN = 40.0


class Light(msgspec.Struct, frozen=True):
    """Light before one camera: direction of the gradient, glare spot (shares of the frame), moiré of the display."""

    gradient_deg: float
    glare_x: float
    glare_y: float
    glare_sigma: float
    moire_period_px: float
    moire_deg: float
    flicker_phase: float


class Pose(msgspec.Struct, frozen=True):
    """Everything drawn once for a rig run. Corners are [[x, y] * 4] in pixels, from top-left clockwise.

    `screen_corners` bound the display's active area, `slip_corners` the paper window of 384 dots times `slip_dots`;
    both carry the grade's calibration error. The `true_` ones do not.
    """

    grade: str
    seed: int
    columns: int
    rows: int
    screen: View
    slip: View
    screen_light: Light
    slip_light: Light
    slip_dots: int
    best_focus: int
    screen_corners: Corners
    slip_corners: Corners
    true_screen_corners: Corners
    true_slip_corners: Corners

    @classmethod
    def draw(cls, grade: str, seed: int, *, columns: int = 128, rows: int = 64) -> Pose:
        """The pose of this seed for a display of `columns` x `rows` dots. ValueError on an unknown grade."""
        numbers = grade_named(grade)
        rng = np.random.default_rng([seed, 0x0971C5])
        screen = _draw_view(numbers, rng, SCREEN_SIZE, SCREEN_FOCAL_PX, shift=16.0)
        slip = _hang(_draw_view(numbers, rng, SLIP_SIZE, SLIP_FOCAL_PX, shift=6.0))
        dots = _visible_dots(slip)
        true_screen = screen.project(active_area(columns, rows))
        true_slip = slip.project(slip_window(dots))
        lights = [_draw_light(numbers, rng) for _ in range(2)]
        return cls(
            grade=grade,
            seed=seed,
            columns=columns,
            rows=rows,
            screen=screen,
            slip=slip,
            screen_light=lights[0],
            slip_light=lights[1],
            slip_dots=dots,
            best_focus=int(rng.integers(90, 160)),
            screen_corners=_calibrated(true_screen, numbers, rng),
            slip_corners=_calibrated(true_slip, numbers, rng),
            true_screen_corners=_rounded(true_screen),
            true_slip_corners=_rounded(true_slip),
        )

    @property
    def numbers(self) -> Grade:
        """The grade's numbers."""
        return grade_named(self.grade)

    def to_json(self) -> str:
        """All drawn values as one JSON object."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Pose:
        """The pose that `to_json` wrote; msgspec.ValidationError on anything else."""
        return msgspec.json.decode(text, type=cls)

    def describe(self) -> str:
        """One line for a log or a report."""
        screen, slip = self.screen, self.slip
        return (
            f"{self.grade} seed {self.seed}: screen tilted {screen.tilt_x_deg:+.1f}/{screen.tilt_y_deg:+.1f} deg, "
            f"slip {slip.tilt_x_deg:+.1f}/{slip.tilt_y_deg:+.1f} deg, {self.slip_dots} dot lines in view, "
            f"k1 {screen.k1:+.2f}"
        )


def active_area(columns: int, rows: int) -> list[tuple[float, float]]:
    """The display's active area on its plane, from top-left clockwise."""
    half_x, half_y = ACTIVE_WIDTH / 2, ACTIVE_WIDTH * rows / columns / 2
    return [(-half_x, -half_y), (half_x, -half_y), (half_x, half_y), (-half_x, half_y)]


def slip_window(dots: int) -> list[tuple[float, float]]:
    """The paper window on its plane (slot at y = 0, paper upwards), from top-left clockwise."""
    half, top = SLIP_DOTS_WIDE / 2 * SLIP_PX_PER_DOT, -dots * SLIP_PX_PER_DOT
    return [(-half, top), (half, top), (half, 0.0), (-half, 0.0)]


def _draw_view(grade: Grade, rng: np.random.Generator, size: tuple[int, int], focal: float, shift: float) -> View:
    tilts = rng.uniform(*grade.tilt_deg, size=2) * rng.choice([-1, 1], size=2)
    return View(
        width=size[0],
        height=size[1],
        focal_px=focal,
        k1=grade.k1,
        tilt_x_deg=round(float(tilts[0]), 3),
        tilt_y_deg=round(float(tilts[1]), 3),
        roll_deg=round(float(rng.uniform(-grade.roll_deg, grade.roll_deg)), 3),
        shift_x=round(float(rng.uniform(-shift, shift)), 2),
        shift_y=round(float(rng.uniform(-shift, shift)), 2),
    )


def _hang(view: View) -> View:
    """Mount the slip camera as a technician would: slot near the lower edge, paper along the frame."""
    wanted_roll, shift_x = view.roll_deg / 3, view.shift_x
    view = msgspec.structs.replace(view, roll_deg=0.0, shift_y=SLOT_ROW - view.height / 2)
    for _ in range(8):
        slot, top = view.project([(0.0, 0.0), (0.0, -1700.0)]).tolist()
        lean = math.degrees(math.atan2(top[0] - slot[0], slot[1] - top[1]))
        across = view.project(
            [(-100.0, y) for y in (0.0, -850.0, -1700.0)] + [(100.0, y) for y in (0.0, -850.0, -1700.0)]
        )
        scale = float((across[3:, 0] - across[:3, 0]).mean()) / 200
        view = msgspec.structs.replace(
            view,
            roll_deg=round(view.roll_deg - lean + wanted_roll, 4),
            shift_x=round(view.shift_x + view.width / 2 + shift_x - (slot[0] + top[0]) / 2, 3),
            shift_y=round(view.shift_y + SLOT_ROW - slot[1], 3),
            shift_z=round((view.focal_px + view.shift_z) * scale - view.focal_px, 3),
        )
    return view


def _visible_dots(view: View) -> int:
    """Longest window, in whole 8-dot steps, that stays inside the frame."""
    for dots in range(1480, 800, -8):
        corners = view.project(slip_window(dots))
        sides_inside = corners[:, 0].min() >= SLIP_SIDE_MARGIN and corners[:, 0].max() <= view.width - SLIP_SIDE_MARGIN
        if corners[:, 1].min() >= SLIP_TOP_MARGIN and sides_inside:
            return dots
    raise ValueError(f"no slip window fits the frame of {view}")


def _draw_light(grade: Grade, rng: np.random.Generator) -> Light:
    return Light(
        gradient_deg=round(float(rng.uniform(0, 360)), 2),
        glare_x=round(float(rng.uniform(0.25, 0.75)), 4),
        glare_y=round(float(rng.uniform(0.25, 0.75)), 4),
        glare_sigma=round(float(rng.uniform(*grade.glare_sigma)), 4),
        moire_period_px=round(float(rng.uniform(14, 60)), 2),
        moire_deg=round(float(rng.uniform(0, 180)), 2),
        flicker_phase=round(float(rng.uniform(0, 1)), 4),
    )


def _calibrated(true: Points, grade: Grade, rng: np.random.Generator) -> Corners:
    error = np.clip(rng.normal(0, 1, (4, 2)), -2.5, 2.5) * grade.calibration_px
    return _rounded(true + error)


def _rounded(points: Points) -> Corners:
    return [[round(float(x), 3), round(float(y), 3)] for x, y in points]
