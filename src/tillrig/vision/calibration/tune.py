"""Does a camera still stand as it was calibrated? Its picture now against the reference frame of that day."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.errors import CameraError
from tillrig.vision.calibration.locate import padded
from tillrig.vision.geometry import Corners, Grey
from tillrig.vision.ink import LINEAR, SATURATED

# Patches compared: their half size and how far (px) they may have moved to be found again; small ones where little
# room is left around the paper.
_SIZES = ((20, 28), (10, 12))
_PATCHES = 60
_LIKE = 0.6
_LEAST_PATCHES = 4
_TEXTURE = 3.0
_LEAST_EDGES = 20.0
# In tune up to: shift as a share of a dot, ratios of focus and light, and no more than this share clipped or black.
SHIFT_DOTS = 0.3
FOCUS = (0.6, 1.7)
LIGHT = (0.6, 1.6)
_DARK_LEVEL = 14
_CLIPPED_SHARE = 0.3


@dataclass(frozen=True)
class Tune:
    """`shift_px` by which the surroundings of the display (or paper) moved, the median patch; `turn_px` by how much the
    patches differ in that; `focus` and `light` ratios now to then. `faults` name what is out of tune."""

    shift_px: float
    turn_px: float
    focus: float
    light: float
    patches: int
    faults: tuple[str, ...]


def compare(
    now: Grey, then: Grey, corners: Corners, px_per_dot: float, pad: tuple[float, float] = (0.02, 0.02)
) -> Tune:
    """The picture `now` against the reference `then`; what lies within `corners` (the display, the print) and a share
    `pad` of it (across, down) around is left out. Where the reference has no patch that could be found again, a shift
    cannot be told and is none. Raises CameraError when the pictures are of different sizes."""
    if now.shape != then.shape:
        raise CameraError(
            f"the camera gives {now.shape[1]}x{now.shape[0]} px and was calibrated at {then.shape[1]}x{then.shape[0]}; "
            "set its size as it was, or calibrate again"
        )
    around = np.ones(then.shape, np.uint8)
    cv2.fillConvexPoly(around, np.round(padded(np.asarray(corners, np.float64), *pad)).astype(np.int32), 0)
    mask = around.astype(bool)
    light = _light(now, mask) / max(_light(then, mask), 1e-6)
    sharp = _sharpness(then, mask)
    # Where there never was an edge, none can have become soft.
    focus = _sharpness(now, mask) / (sharp * max(light, 1e-3) ** (1 / 2.2)) if sharp >= _LEAST_EDGES else 1.0
    moves, tried = _moves(now, then, mask)
    if float(np.percentile(now[::4, ::4], 95)) < _DARK_LEVEL:
        return Tune(
            0.0, 0.0, focus, light, 0, ("covered: the picture is black; uncover the lens, or switch the light on",)
        )
    faults = []
    clipped = float((now[~mask] >= SATURATED).mean()) if (~mask).any() else 0.0
    if clipped > _CLIPPED_SHARE:
        faults.append(f"saturated: {clipped:.0%} of the field is clipped; shorten the exposure or shade the lamp")
    if not LIGHT[0] <= light <= LIGHT[1]:
        faults.append(f"light: {light:.2f} of what it was; restore lamp and exposure")
    if not FOCUS[0] <= focus <= FOCUS[1]:
        faults.append(f"focus: {focus:.2f} of the sharpness it had; restore the focus")
    shift = turn = 0.0
    if len(moves) >= _LEAST_PATCHES:
        middle = np.median(moves, axis=0)
        shift = float(np.hypot(*middle))
        turn = float(np.percentile(np.hypot(*(moves - middle).T), 75))
        if max(shift, turn) > SHIFT_DOTS * px_per_dot:
            faults.append(f"moved: by {shift:.1f} px, turned by {turn:.1f} px; put the camera back or calibrate again")
    elif not faults and tried >= _LEAST_PATCHES:
        faults.append("view: what surrounds the display is not what it was; is this the right camera?")
    return Tune(shift, turn, focus, light, len(moves), tuple(faults))


def _light(grey: Grey, mask: npt.NDArray[np.bool_]) -> float:
    return float(cv2.LUT(grey, LINEAR)[mask].mean()) if mask.any() else float(cv2.LUT(grey, LINEAR).mean())


def _sharpness(grey: Grey, mask: npt.NDArray[np.bool_]) -> float:
    """Strongest edges, with the sensor's noise taken off: a covered lens has noise and no edges."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 0.8).astype(np.float32)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    slope = cv2.magnitude(across, down)[mask]
    if not slope.size:
        return 0.0
    return max(float(np.percentile(slope, 99.5)) - float(np.median(slope)), 0.1)


def _moves(now: Grey, then: Grey, mask: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.float64], int]:
    """(n, 2) px by which patches of the reference are found elsewhere, and how many were looked for."""
    soft_then, soft_now = (cv2.GaussianBlur(one, (0, 0), 1.2) for one in (then, now))
    found: tuple[npt.NDArray[np.float64], int] = np.empty((0, 2)), 0
    for half, reach in _SIZES:
        patches = _patches(soft_then, mask, half, reach)
        moved = [one for x, y in patches if (one := _moved(soft_now, soft_then, x, y, half, reach)) is not None]
        found = np.asarray(moved, np.float64).reshape(-1, 2), len(patches)
        if len(patches) >= _LEAST_PATCHES:
            break
    return found


def _patches(soft: Grey, mask: npt.NDArray[np.bool_], half: int, reach: int) -> list[tuple[int, int]]:
    """Middles of patches with corners in them, apart from each other, wholly around the display."""
    inner = cv2.erode(mask.astype(np.uint8), np.ones((2 * half + 1, 2 * half + 1), np.uint8))
    edge = half + reach + 1
    inner[:edge] = inner[-edge:] = 0
    inner[:, :edge] = inner[:, -edge:] = 0
    points = cv2.goodFeaturesToTrack(soft, _PATCHES, 0.03, 1.5 * half, mask=inner, blockSize=9)
    found = [] if points is None else [(int(x), int(y)) for x, y in points.reshape(-1, 2).round()]
    return [(x, y) for x, y in found if soft[y - half : y + half + 1, x - half : x + half + 1].std() >= _TEXTURE]


def _moved(now: Grey, then: Grey, x: int, y: int, half: int, reach: int) -> tuple[float, float] | None:
    patch = then[y - half : y + half + 1, x - half : x + half + 1]
    around = half + reach
    likeness = cv2.matchTemplate(
        now[y - around : y + around + 1, x - around : x + around + 1], patch, cv2.TM_CCOEFF_NORMED
    )
    _, best, _, (column, row) = cv2.minMaxLoc(likeness)
    if best < _LIKE or not (0 < column < 2 * reach and 0 < row < 2 * reach):
        return None
    return (
        column - reach + _peak(*likeness[row, column - 1 : column + 2].tolist()),
        row - reach + _peak(*likeness[row - 1 : row + 2, column].tolist()),
    )


def _peak(before: float, here: float, after: float) -> float:
    bend = before - 2 * here + after
    return 0.5 * (before - after) / bend if abs(bend) > 1e-9 else 0.0
