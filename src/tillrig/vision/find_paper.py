"""Where in a picture the printed width of a slip is, from the paper's own edges."""

from __future__ import annotations

import cv2
import numpy as np

from tillrig.errors import UsageError
from tillrig.vision.frame import Frame
from tillrig.vision.geometry import Corners, Grey, PaperGeometry, checked_corners
from tillrig.vision.quads import Quad, find_quads
from tillrig.vision.slip import SlipReader
from tillrig.vision.testimony import Readers

# Paper beside the print, in dots at 8 a millimetre: 58 mm paper holds 384 dots, 80 mm paper 576.
_BESIDE = {384: 40, 576: 32}
_TRIED = 4
# Paper is so much brighter than what it lies on or hangs before.
_BRIGHTER = 1.12
_LEAST_DOT_PX = 1.0
_SURE, _LEAST_LINES = 0.9, 2


def find_paper(frame: Frame, geometry: PaperGeometry, readers: Readers) -> Corners:
    """Corners of the printed width, paper's top to bottom. Raises UsageError, naming picture and cause, when no
    bright strip with readable lines on it stands out."""
    grey = frame.grey()
    strips = [quad for quad in find_quads(grey, 0.03, 0.98) if _is_paper(grey, quad, geometry)][:_TRIED]
    best: tuple[int, Corners] | None = None
    for strip in strips:
        corners = _printed(strip, geometry)
        reading = SlipReader(geometry, corners, readers=readers).read_slip(frame)
        lines = [line for line in reading.lines if line.height != "rule"]
        sure = sum(line.confidence >= _SURE for line in lines)
        if sure >= max(_LEAST_LINES, len(lines) // 2) and (best is None or sure > best[0]):
            best = (sure, corners)
    if best is None:
        why = "none of the bright areas has lines on it that can be read" if strips else "no bright area has its edges"
        raise UsageError(f"the paper was not found in {frame.camera}: {why}; give its corners")
    return best[1]


def _is_paper(grey: Grey, quad: Quad, geometry: PaperGeometry) -> bool:
    sides = np.hypot(*(np.roll(quad, -1, axis=0) - quad).T)
    across, down = (sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2
    if across < _LEAST_DOT_PX * geometry.dots or down < 0.25 * across:
        return False
    return _level(grey, _grown(quad, 0.9)) > _BRIGHTER * _level(grey, _grown(quad, 1.12), _grown(quad, 1.02))


def _grown(quad: Quad, share: float) -> Quad:
    middle = quad.mean(axis=0)
    return np.asarray(middle + (quad - middle) * share)


def _level(grey: Grey, area: Quad, without: Quad | None = None) -> float:
    """The brighter half's mean grey level within an area, `without` another cut out of it."""
    mask = np.zeros(grey.shape, np.uint8)
    cv2.fillPoly(mask, [area.astype(np.int32)], 1)
    if without is not None:
        cv2.fillPoly(mask, [without.astype(np.int32)], 0)
    values = grey[mask > 0]
    return float(np.median(values)) if values.size else 0.0


def _printed(strip: Quad, geometry: PaperGeometry) -> Corners:
    beside = _BESIDE.get(geometry.dots, round(geometry.dots * 0.08))
    share = beside / (geometry.dots + 2 * beside)
    top, bottom = strip[1] - strip[0], strip[2] - strip[3]
    inner = [
        strip[0] + top * share,
        strip[1] - top * share,
        strip[2] - bottom * share,
        strip[3] + bottom * share,
    ]
    return checked_corners([point.tolist() for point in inner])
