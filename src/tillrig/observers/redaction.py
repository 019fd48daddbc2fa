"""Pictures as they may be stored: what may show a secret is painted over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np

#: JPEG quality of a picture that had to be painted over.
QUALITY = 92
#: Blocks across an area that is made illegible.
BLOCKS = 8
#: Camera pixels around a row that are painted too.
AROUND = 4
#: What is shown around a line, as a share of its height, and the longest side (pixels) of a line.
BESIDE, LARGEST = 0.2, 8000.0

Area = Sequence[tuple[float, float]]


def painted_over(jpeg: bytes, areas: Iterable[Area]) -> bytes:
    """`jpeg` with each area (its corners, camera pixels) filled; nothing at all where it cannot be decoded."""
    picture = _painted(jpeg, areas)
    return b"" if picture is None else bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])


def rectified(jpeg: bytes, box: Area, hidden: Iterable[Area] = ()) -> bytes:
    """What stands between the four points of `box` (camera pixels, from top-left clockwise) and a little around it,
    upright, as PNG; `hidden` areas are filled first. Nothing where the picture cannot be decoded or the box is none."""
    corners = np.asarray(box, np.float32)
    picture = _painted(jpeg, hidden)
    if picture is None or corners.shape != (4, 2):
        return b""
    sides = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    width, height = float(max(sides[0], sides[2])), float(max(sides[1], sides[3]))
    if not (4 <= width <= LARGEST and 4 <= height <= LARGEST):
        return b""
    beside = BESIDE * height
    upright = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) + np.float32(beside)
    matrix = cv2.getPerspectiveTransform(corners, upright)
    size = round(width + 2 * beside), round(height + 2 * beside)
    return bytes(cv2.imencode(".png", cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_CUBIC))[1])


def _painted(jpeg: bytes, areas: Iterable[Area]) -> Any:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) if jpeg else None
    if picture is None:
        return None
    for corners in areas:
        hull = cv2.convexHull(np.asarray(corners, np.float32).reshape(-1, 1, 2)).astype(np.int32)
        cv2.fillConvexPoly(picture, hull, (40, 40, 40))
        cv2.polylines(picture, [hull], True, (40, 40, 40), 2 * AROUND)
    return picture


def made_illegible(jpeg: bytes, corners: Sequence[Sequence[float]], around: float | None) -> bytes:
    """`jpeg` in blocks within `corners` and `around` camera pixels more (None: everywhere): light, colour and what
    covers it are still seen, no character is. Nothing at all where it cannot be decoded.
    """
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        return b""
    points = np.asarray(corners, np.float32)
    block = max(24, int((points[:, 0].max() - points[:, 0].min()) / BLOCKS))
    height, width = picture.shape[:2]
    size = (max(1, width // block), max(1, height // block))
    coarse = cv2.resize(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), (width, height), interpolation=0)
    mask = np.full((height, width), 255, np.uint8)
    if around is not None:
        mask[:] = 0
        hull = cv2.convexHull(points.reshape(-1, 1, 2)).astype(np.int32)
        cv2.fillConvexPoly(mask, hull, 255)
        cv2.polylines(mask, [hull], True, 255, int(2 * around))
    cv2.copyTo(coarse, mask, picture)
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])
