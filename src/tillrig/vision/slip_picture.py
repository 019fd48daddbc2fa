"""The levelled picture of a slip, and its lines' parts of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from tillrig.vision.geometry import Grey, Ink
from tillrig.vision.paper import Band
from tillrig.vision.readers.base import LineImage
from tillrig.vision.slip_line import SlipLine

SCALE = 2
# Dots left and right of the print that are looked at: paper sways.
MARGIN = 8
# Dots around a line that its drawn text is looked for in.
_AROUND = 7


@dataclass(frozen=True)
class Sheet:
    """One frame's paper without its skew: `picture` at SCALE pixels a dot and `ink` (0 ground, 1 burnt) at one, both
    with MARGIN dots around; `bands` its lines from the top, in dots, columns counted with that margin and rows without;
    `skew` what was taken out; `size` of the frame (width, height); `images` the lines' crops made so far."""

    picture: Grey
    ink: Ink
    bands: tuple[Band, ...]
    skew: float
    size: tuple[int, int]
    images: dict[Band, LineImage] = field(default_factory=dict)


def stretched(crop: Grey) -> Grey:
    """Grey levels spread between the line's own ink and ground; never binarised."""
    low, high = np.percentile(crop, (1, 90)).tolist() if crop.size else (0.0, 255.0)
    if high - low < 10:
        return crop
    return np.clip((crop.astype(np.float32) - low) * (225.0 / (high - low)) + 25, 0, 255).astype(np.uint8)


def print_ink(picture: Grey, band: Band, bands: Sequence[Band]) -> Ink:
    """Ink of the line with some dots around it, at two pixels a dot: 0 ground, about 1 burnt. The lines above and below
    are left out."""
    top = max(0, (band.top + MARGIN - _AROUND) * SCALE)
    left = (print_left(band) + MARGIN) * SCALE
    part = picture[top : (band.bottom + MARGIN + _AROUND) * SCALE, left : (band.right + _AROUND) * SCALE].astype(
        np.float32
    )
    coarse = cv2.resize(part, None, fx=0.125, fy=0.25, interpolation=cv2.INTER_AREA)
    ground = cv2.dilate(coarse, np.ones((5, 9), np.uint8))
    ground = cv2.resize(
        cv2.GaussianBlur(ground, (0, 0), 2), (part.shape[1], part.shape[0]), interpolation=cv2.INTER_LINEAR
    )
    depth = 1.0 - part / np.maximum(ground, 1.0)
    depth /= max(float(np.percentile(depth, 97)), 0.1)
    above = max((other.bottom for other in bands if other.bottom <= band.top), default=None)
    below = min((other.top for other in bands if other.top >= band.bottom), default=None)
    if above is not None:
        depth[: max(0, (above + band.top + 2 * MARGIN) * SCALE // 2 - top)] = 0.0
    if below is not None:
        depth[max(0, (band.bottom + below + 2 * MARGIN) * SCALE // 2 - top) :] = 0.0
    return np.asarray(depth, np.float32)


def nearest(bands: Sequence[Band], line: SlipLine) -> Band | None:
    """The band that covers most of the line's rows."""
    best, most = None, 0
    for band in bands:
        shared = min(band.bottom, line.bottom) - max(band.top, line.top)
        if shared > most:
            best, most = band, shared
    return best if best is not None and most >= 0.5 * (line.bottom - line.top) else None


def print_left(band: Band) -> int:
    """Left edge, in dots of the print, of the picture that texts are drawn on."""
    return max(0, band.left - _AROUND) - MARGIN


def parted(bands: Sequence[Band], gap: int) -> tuple[tuple[Band, ...], ...]:
    """The lines of each slip: paper that is blank for `gap` dots parts two."""
    slips: list[list[Band]] = []
    for band in bands:
        if not slips or band.top - slips[-1][-1].bottom >= gap:
            slips.append([])
        slips[-1].append(band)
    return tuple(tuple(slip) for slip in slips)
