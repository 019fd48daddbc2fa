"""What the screen camera sees besides the display's dots: desk, housing, bezel, grey patch, keys."""

from __future__ import annotations

import cv2
import numpy as np

from tillrig.simulator.optics.pose import ACTIVE_WIDTH, Corners, Pose
from tillrig.simulator.optics.sensor import Frame

HALF_WIDTH, HALF_HEIGHT = 1000, 640  # of the drawn plane, around the display's middle
GLASS_MARGIN = 14.0  # bare glass around the active area
BEZEL_X, BEZEL_Y = 44.0, 40.0
HOUSING_HALF_WIDTH = 462.0
PATCH_MIDDLE, PATCH_HALF = (414.0, -70.0), 22.0
GREY_PATCH = 128

_DESK = (150, 168, 178)
_HOUSING = (92, 88, 84)
_BEZEL = (30, 28, 27)
_KEY = (188, 190, 190)
_PRINT = (205, 205, 200)
# Bare display glass (unlit dots), BGR: yellow-green with the LED backlight, grey-green by room light alone.
GLASS_LIT = (96.0, 214.0, 188.0)
GLASS_DIM = (66.0, 88.0, 82.0)
INK_SHARE = 0.86  # of the glass's light that a fully dark dot takes at contrast 1.0


def half_height(pose: Pose) -> float:
    """Half the active area's height in plane units."""
    return ACTIVE_WIDTH * pose.rows / pose.columns / 2


def grey_patch(pose: Pose) -> Corners:
    """Where the grey reference patch stands in the frame, from top-left clockwise: the witness of light."""
    (x, y), h = PATCH_MIDDLE, PATCH_HALF
    return _corners(pose, [(x - h, y - h), (x + h, y - h), (x + h, y + h), (x - h, y + h)])


def bezel_edge(pose: Pose) -> Corners:
    """Outer edge of the bezel in the frame, from top-left clockwise: the witness of focus and of a bumped camera."""
    x, y = ACTIVE_WIDTH / 2 + BEZEL_X, half_height(pose) + BEZEL_Y
    return _corners(pose, [(-x, -y), (x, -y), (x, y), (-x, y)])


def glass_area(pose: Pose) -> list[tuple[float, float]]:
    """The visible glass on the plane, from top-left clockwise."""
    x, y = ACTIVE_WIDTH / 2 + GLASS_MARGIN, half_height(pose) + GLASS_MARGIN
    return [(-x, -y), (x, -y), (x, y), (-x, y)]


def _corners(pose: Pose, points: list[tuple[float, float]]) -> Corners:
    return [[round(float(x), 2), round(float(y), 2)] for x, y in pose.screen.project(points)]


def draw_scene(pose: Pose, backlight: bool) -> Frame:
    """The plane around the display as BGR, one plane unit a pixel, (0, 0) of the plane in the middle."""
    rng = np.random.default_rng([pose.seed, 0x5CE4E])
    plane = np.empty((2 * HALF_HEIGHT, 2 * HALF_WIDTH, 3), np.uint8)
    grain = cv2.GaussianBlur(rng.normal(0, 26, plane.shape[:2]).astype(np.float32), (0, 0), 40, sigmaY=1.5)
    plane[:] = np.clip(np.array(_DESK) + grain[..., None] * 4, 0, 255)
    half_y = half_height(pose)
    _rounded(plane, (-HOUSING_HALF_WIDTH - 6, -half_y - 190, HOUSING_HALF_WIDTH + 6, 900), 46, (52, 50, 48))
    _rounded(plane, (-HOUSING_HALF_WIDTH, -half_y - 184, HOUSING_HALF_WIDTH, 900), 42, _HOUSING)
    active_x = ACTIVE_WIDTH / 2
    _rounded(plane, (-active_x - BEZEL_X, -half_y - BEZEL_Y, active_x + BEZEL_X, half_y + BEZEL_Y), 10, _BEZEL)
    glass = GLASS_LIT if backlight else GLASS_DIM
    x, y = active_x + GLASS_MARGIN, half_y + GLASS_MARGIN
    _rounded(plane, (-x, -y, x, y), 4, (int(glass[0]), int(glass[1]), int(glass[2])))
    cv2.putText(
        plane, "CLASSIC", _at(-active_x - 30, -half_y - 66), cv2.FONT_HERSHEY_DUPLEX, 1.1, _PRINT, 2, cv2.LINE_AA
    )
    cv2.circle(
        plane, _at(active_x - 10, -half_y - 76), 9, (70, 170, 70) if backlight else (60, 80, 60), -1, cv2.LINE_AA
    )
    for i, label in enumerate(("F1", "F2", "F3", "F4")):
        left = -active_x + i * 168.0
        _rounded(plane, (left, half_y + 74, left + 136, half_y + 132), 14, _KEY)
        cv2.putText(
            plane, label, _at(left + 48, half_y + 112), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (60, 58, 56), 2, cv2.LINE_AA
        )
    _draw_patch(plane)
    return plane


def _draw_patch(plane: Frame) -> None:
    (x, y), h = PATCH_MIDDLE, PATCH_HALF
    _rounded(plane, (x - h - 6, y - h - 6, x + h + 6, y + h + 62), 3, (215, 215, 215))
    cv2.rectangle(plane, _at(x - h, y - h), _at(x + h, y + h), (GREY_PATCH,) * 3, -1)
    cv2.rectangle(plane, _at(x - h, y + h + 8), _at(x, y + h + 54), (24, 24, 24), -1)


def _at(x: float, y: float) -> tuple[int, int]:
    return round(x + HALF_WIDTH), round(y + HALF_HEIGHT)


def _rounded(plane: Frame, box: tuple[float, float, float, float], radius: int, colour: tuple[int, int, int]) -> None:
    (left, top), (right, bottom) = _at(*box[:2]), _at(*box[2:])
    cv2.rectangle(plane, (left + radius, top), (right - radius, bottom), colour, -1)
    cv2.rectangle(plane, (left, top + radius), (right, bottom - radius), colour, -1)
    for cx in (left + radius, right - radius):
        for cy in (top + radius, bottom - radius):
            cv2.circle(plane, (cx, cy), radius, colour, -1, cv2.LINE_AA)
