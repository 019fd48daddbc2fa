"""A printed target: four ArUco markers on a plate around the display, their places declared in the rig file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.errors import CameraError, UsageError
from tillrig.vision.geometry import Corners, Grey, checked_corners

Floats = npt.NDArray[np.float64]
_LEAST_MARKERS = 3
_STEP_K1 = 0.002
_LARGEST_K1 = 0.15


@dataclass(frozen=True)
class TargetFit:
    """`residual_px`: rms distance of the markers' corners from where the fit puts them."""

    corners: Corners
    k1: float
    residual_px: float
    markers: tuple[int, ...]


def dictionary_named(name: str) -> cv2.aruco.Dictionary:
    """Of OpenCV's predefined ones, without their prefix: `4X4_50`. Raises UsageError."""
    number = getattr(cv2.aruco, f"DICT_{name.upper()}", None)
    if not isinstance(number, int):
        raise UsageError(f"there is no marker dictionary {name!r}; usual ones: 4X4_50, 5X5_100, APRILTAG_36h11")
    return cv2.aruco.getPredefinedDictionary(number)


def find_target(
    grey: Grey,
    markers: Mapping[int, Sequence[float]],
    marker_mm: float,
    display_mm: Sequence[float],
    *,
    dictionary: str = "4X4_50",
    k1: float = 0.0,
) -> TargetFit:
    """Corners of the dot matrix from the markers on the plate.

    `markers`: id to the place (mm) of the marker's top-left corner, from the dot matrix's top-left corner to the right
    and down; `display_mm`: width and height of the dot matrix. Raises CameraError when fewer than three of the markers
    are seen, or they do not stand as declared.
    """
    settings = cv2.aruco.DetectorParameters()
    settings.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    seen, ids, _ = cv2.aruco.ArucoDetector(dictionary_named(dictionary), settings).detectMarkers(grey)
    plane: list[Floats] = []
    points: list[Floats] = []
    used: list[int] = []
    for quad, number in zip(seen, [] if ids is None else ids.ravel().tolist(), strict=True):
        if number not in markers or number in used:
            continue
        x, y = markers[number]
        plane.append(np.array([[x, y], [x + marker_mm, y], [x + marker_mm, y + marker_mm], [x, y + marker_mm]]))
        points.append(quad.reshape(4, 2).astype(np.float64))
        used.append(number)
    if len(used) < _LEAST_MARKERS:
        raise CameraError(
            f"of the target's markers {sorted(markers)} the camera sees {sorted(used) or 'none'}; at least "
            f"{_LEAST_MARKERS} are needed: is the plate in view, flat, sharp and evenly lit?"
        )
    where, there = np.concatenate(plane), np.concatenate(points)
    term = k1
    for _ in range(6):
        base = _residual(where, there, term, grey.shape)
        slope = (_residual(where, there, term + _STEP_K1, grey.shape) - base) / _STEP_K1
        step = -float((slope * base).sum()) / (float((slope * slope).sum()) + 1e-9)
        term = float(np.clip(term + np.clip(step, -0.03, 0.03), -_LARGEST_K1, _LARGEST_K1))
    matrix = _homography(where, there, term, grey.shape)
    residual = float(np.sqrt(np.square(_residual(where, there, term, grey.shape)).sum(axis=1).mean()))
    width, height = display_mm
    box = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    flat = cv2.perspectiveTransform(box[None], matrix)[0]
    corners = checked_corners(_bend(flat, term, grey.shape).tolist(), "the target's display")
    side = float(np.hypot(*(there[1] - there[0])))
    if residual > max(1.0, 0.03 * side):
        raise CameraError(
            f"the markers {sorted(used)} lie {residual:.1f} px beside the places declared in the rig file; "
            "measure the plate again"
        )
    return TargetFit(corners, term, residual, tuple(sorted(used)))


def _unit(shape: tuple[int, ...]) -> tuple[Floats, float]:
    centre = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2])
    return centre, float(np.hypot(*centre))


def _bend(flat: Floats, k1: float, shape: tuple[int, ...]) -> Floats:
    centre, unit = _unit(shape)
    away = (flat - centre) / unit
    return np.asarray(centre + away * (1 + k1 * np.square(away).sum(axis=1, keepdims=True)) * unit)


def _straight(seen: Floats, k1: float, shape: tuple[int, ...]) -> Floats:
    centre, unit = _unit(shape)
    away = (seen - centre) / unit
    true = away.copy()
    for _ in range(8):
        true = away / (1 + k1 * np.square(true).sum(axis=1, keepdims=True))
    return np.asarray(centre + true * unit)


def _homography(where: Floats, there: Floats, k1: float, shape: tuple[int, ...]) -> Floats:
    matrix, _ = cv2.findHomography(where, _straight(there, k1, shape))
    if matrix is None:
        raise CameraError("the target's markers lie on one line; look at the declared positions")
    return np.asarray(matrix, np.float64)


def _residual(where: Floats, there: Floats, k1: float, shape: tuple[int, ...]) -> Floats:
    flat = cv2.perspectiveTransform(where[None], _homography(where, there, k1, shape))[0]
    return np.asarray(_bend(flat, k1, shape) - there)
