"""Pictures as they may be stored: what may show a secret is painted over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

#: JPEG quality of a picture that had to be painted over.
QUALITY = 92
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
