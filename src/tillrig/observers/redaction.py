"""Pictures as they may be stored: what may show a secret is painted over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

#: JPEG quality of a picture that had to be painted over.
QUALITY = 92
#: Blocks across an area that is made illegible.
BLOCKS = 8
#: Camera pixels around a row that are painted too.
AROUND = 4


def painted_over(jpeg: bytes, areas: Iterable[Sequence[tuple[float, float]]]) -> bytes:
    """`jpeg` with each area (its corners, camera pixels) filled; nothing at all where it cannot be decoded."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        return b""
    for corners in areas:
        hull = cv2.convexHull(np.asarray(corners, np.float32).reshape(-1, 1, 2)).astype(np.int32)
        cv2.fillConvexPoly(picture, hull, (40, 40, 40))
        cv2.polylines(picture, [hull], True, (40, 40, 40), 2 * AROUND)
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])


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
