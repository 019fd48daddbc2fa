"""Where in a picture a lit colour display is: straight edges in a dark frame, and rows that can be read."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from tillrig.vision.calibration.areas import display_areas
from tillrig.vision.colour_row import SCALE
from tillrig.vision.frame import Frame
from tillrig.vision.geometry import Corners, DisplayGeometry
from tillrig.vision.quads import Quad, shape_of
from tillrig.vision.readers.base import bare
from tillrig.vision.screen import ScreenReader
from tillrig.vision.testimony import Readers

# Width by height as seen, as a share of the display's own: a tilt of 25 degrees makes 0.9 or 1.1.
_SHAPE = (0.85, 1.15)
_TRIED_AREAS = 6
# Rows at the top and at the bottom that may be as dark as the bezel, so that the area ends below or above them.
_BARS = ((0, 0), (1, 0), (0, 1), (1, 1))
# Camera pixels a dot, at least.
_LEAST_PITCH = 1.0
# Confidence of a row that one reader has read for certain; what another row takes off.
_SURE, _UNREAD = 0.85, 2
# Characters that leave no doubt, and that a row has at least; ink that is text.
_PLENTY, _LEAST, _INKED = 8, 2, 0.5


def find_lit(
    frame: Frame, geometry: DisplayGeometry, readers: Readers, before: Sequence[Corners] = ()
) -> list[tuple[int, Corners]]:
    """Places of the dot matrix with the characters that are read there for certain, most first; those of other pictures
    (`before`) are looked at first. The first place that leaves no doubt ends the search."""
    alone = Readers(recogniser=readers.recogniser, tesseract=None)
    for corners in before:
        score = _score(frame, geometry, corners, readers)
        if score >= _PLENTY:
            return [(score, corners)]
    found: list[tuple[int, Corners]] = []
    for area in display_areas(frame.grey(), geometry)[:_TRIED_AREAS]:
        places = [place for bars in _BARS if (place := _behind(area.corners, geometry, bars)) is not None]
        told = sorted(((_score(frame, geometry, place, alone), place) for place in places), key=lambda one: -one[0])
        # Drawing rows takes long, so that only the likeliest place's are.
        if readers.colour_atlas is not None:
            told = [(_score(frame, geometry, place, readers), place) for score, place in told[:1] if score > 0]
        found += told
        if any(score >= _PLENTY for score, _ in told):
            break
    return sorted(found, key=lambda one: -one[0])


def _behind(area: Quad, geometry: DisplayGeometry, bars: tuple[int, int]) -> Corners | None:
    """The matrix whose rows without so many at the top and at the bottom fill the area; None when its shape is another
    or its dots are too small."""
    row, width, height = geometry.cell[1], geometry.width, geometry.height
    top, bottom = row * bars[0], height - row * bars[1]
    across = float(np.hypot(*(area[1] - area[0])) + np.hypot(*(area[2] - area[3]))) / 2
    if across < _LEAST_PITCH * width or not _SHAPE[0] <= shape_of(area) * (bottom - top) / width <= _SHAPE[1]:
        return None
    seen = np.array([[0, top], [width, top], [width, bottom], [0, bottom]], np.float32)
    matrix = cv2.getPerspectiveTransform(seen, area.astype(np.float32))
    whole = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], np.float32)
    corners = cv2.perspectiveTransform(whole, matrix)[0]
    return tuple((float(x), float(y)) for x, y in corners)  # type: ignore[return-value]


def _score(frame: Frame, geometry: DisplayGeometry, corners: Corners, readers: Readers) -> int:
    """Characters in rows that are read for certain: by two readers, where the font is known. A row that is not counts
    against the place, and so does text that stands higher in one row than in another, as it does in rows of another
    height."""
    reader = ScreenReader(geometry, corners, readers=readers, fit=False)
    score, middles = 0, []
    for row in reader.read_screen(frame).rows:
        if row.blank:
            continue
        agreed = row.confidence > _SURE if readers.colour_atlas is None else "+" in row.reader
        # The edge of an area reads as a stroke.
        if not agreed or len(bare(row.text)) < _LEAST:
            score -= _UNREAD
            continue
        score += len(bare(row.text))
        ink = reader.line_image(frame, row.row).print
        if ink is not None and (inked := np.flatnonzero((ink > _INKED).any(axis=1))).size:
            middles.append(float(inked[0] + inked[-1]) / 2 / SCALE)
    return score - round(max(middles) - min(middles)) if middles else min(score, 0)
