"""The steps of a calibration as pictures: corners in the frame, the display upright, dots over the grid, the score."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.vision.calibration.shown import Drawn
from tillrig.vision.geometry import Corners, DisplayGeometry, Grey
from tillrig.vision.rectify import Rectifier, project

Picture = npt.NDArray[np.uint8]
_RED, _GREEN, _BLUE = (60, 60, 230), (60, 200, 60), (230, 120, 40)
_SCALE = 6


def with_corners(grey: Grey, corners: Corners, size: tuple[int, int], k1: float) -> Picture:
    """The raw frame with the found area drawn in, its top-left corner marked; sides bent as the lens bends them."""
    picture = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    width, height = size
    box = np.array([[0, 0], [width, 0], [width, height], [0, height], [0, 0]], np.float64)
    around = np.concatenate([a + np.linspace(0, 1, 20)[:, None] * (b - a) for a, b in pairwise(box)])
    seen = project(around, size, np.asarray(corners), k1, (grey.shape[1], grey.shape[0]))
    cv2.polylines(picture, [np.round(seen * 16).astype(np.int32)], True, _GREEN, 1, cv2.LINE_AA, 4)
    for number, (x, y) in enumerate(corners):
        cv2.circle(picture, (round(x), round(y)), 7, _RED if number == 0 else _GREEN, 1, cv2.LINE_AA)
    return picture


def rectified(grey: Grey, corners: Corners, size: tuple[int, int], k1: float, scale: int = _SCALE) -> Picture:
    """The area within the corners, upright, `scale` pixels a dot."""
    return np.asarray(Rectifier(corners, *size, scale, k1=k1, margin=2)(grey), np.uint8)


def dots_over_grid(grey: Grey, corners: Corners, geometry: DisplayGeometry, k1: float, drawn: Drawn | None) -> Picture:
    """The rectified display with the grid of its cells, and a ring at each dot that the known text says is dark."""
    flat = rectified(grey, corners, (geometry.width, geometry.height), k1)
    picture = np.asarray(cv2.cvtColor(flat, cv2.COLOR_GRAY2BGR), np.uint8)
    left = top = 2 * _SCALE
    wide, high = geometry.width * _SCALE, geometry.height * _SCALE
    for column in range(geometry.columns + 1):
        x = left + column * geometry.cell[0] * _SCALE
        cv2.line(picture, (x, top), (x, top + high), _BLUE, 1)
    for row in range(geometry.rows + 1):
        y = top + row * geometry.cell[1] * _SCALE
        cv2.line(picture, (left, y), (left + wide, y), _BLUE, 1)
    if drawn is not None:
        for y, x in np.argwhere(drawn.dark & drawn.known):
            middle = (left + x * _SCALE + _SCALE // 2, top + y * _SCALE + _SCALE // 2)
            cv2.circle(picture, middle, 1, _RED, -1)
    return picture


def score_card(lines: Sequence[str], sure: bool) -> Picture:
    """The figures as text, one a line (ASCII)."""
    picture = np.full((40 + 34 * len(lines), 900, 3), 255, np.uint8)
    cv2.rectangle(picture, (0, 0), (12, picture.shape[0]), _GREEN if sure else _RED, -1)
    for number, line in enumerate(lines):
        place = (30, 44 + 34 * number)
        cv2.putText(picture, line, place, cv2.FONT_HERSHEY_SIMPLEX, 0.7, (40, 40, 40), 1, cv2.LINE_AA)
    return picture
