"""Where in a picture the lit display's dot matrix is, when nobody has said so.

A four-sided area is only a guess: bezels, keys and labels have four sides too. What proves it is that the profile's
dot grid fits what is shown there and that the dots are the profile's own characters.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import msgspec
import numpy as np

from tillrig.errors import UsageError
from tillrig.vision.calibration.areas import display_areas
from tillrig.vision.find_colour import find_lit
from tillrig.vision.frame import Frame
from tillrig.vision.geometry import Corners, DisplayGeometry, Grey
from tillrig.vision.gridfit import GridFit, fit_grid
from tillrig.vision.quads import Quad
from tillrig.vision.readers.base import bare
from tillrig.vision.row import RowReading
from tillrig.vision.screen import ScreenReader
from tillrig.vision.testimony import Readers

# Bare glass around the matrix, in dots.
_ACROSS = (0.0, 3.0, 7.0)
_DOWN = (0.0, 3.0)
_TRIED_AREAS = 8
# Characters that two readers agree on, rows that they do not agree on taken off, that leave no doubt.
_PLENTY = 8
_SURE = 0.85
# Dots of ink that the shortest text has.
_LEAST_INKED = 90
# rms difference of the fitted ink to a two-valued picture above which no grid fits.
_WORST_FIT = 0.16
_LEAST_CHARS = 2


class _Candidate(msgspec.Struct, frozen=True):
    fit: GridFit


def find_screen(frame: Frame, geometry: DisplayGeometry, readers: Readers, before: Sequence[Corners] = ()) -> Corners:
    """Corners of the dot matrix. `before`: where displays were found in other pictures, looked at first. Raises
    UsageError, which names the picture and the cause, when no area holds a readable display of this geometry or when
    two different ones do."""
    find = _find_colour if geometry.kind == "colour" else _find_dots
    return find(frame, geometry, readers, before)


def _find_dots(frame: Frame, geometry: DisplayGeometry, readers: Readers, before: Sequence[Corners]) -> Corners:
    grey = frame.grey()
    proven: list[tuple[int, _Candidate]] = []
    for corners in before:
        fit = fit_grid(grey, geometry, corners, rounds=8)
        if fit is not None:
            one = _Candidate(fit)
            score = _read_score(frame, geometry, one, readers)
            if score >= _PLENTY:
                return fit.corners
    areas = _areas(grey, geometry)
    if not areas:
        raise _refusal(frame, "no four-sided area of the display's shape stands out from its surroundings")
    fitting = False
    for area in areas:
        candidates = [one for one in _candidates(grey, geometry, area) if one.fit.residual <= _WORST_FIT]
        if not candidates:
            continue
        fitting = True
        first = max(candidates, key=lambda one: _dots_score(frame, geometry, one, readers))
        for one in (first, *_a_row_off(grey, geometry, first)):
            score = _read_score(frame, geometry, one, readers)
            if score >= _LEAST_CHARS:
                proven.append((score, one))
        if proven and max(score for score, _ in proven) >= _PLENTY:
            break
    if not fitting:
        raise _refusal(frame, "in none of the areas that stand out do the dots of such a display lie, or it is blank")
    if not proven:
        raise _refusal(frame, "an area fits the dot grid, but what it shows cannot be read for certain")
    score, best = max(proven, key=lambda one: (one[0], -one[1].fit.residual))
    if any(other >= 0.5 * score and _elsewhere(one.fit.corners, best.fit.corners) for other, one in proven):
        raise _refusal(frame, "two areas can be read as such a display")
    return best.fit.corners


def _find_colour(frame: Frame, geometry: DisplayGeometry, readers: Readers, before: Sequence[Corners]) -> Corners:
    """A colour display has no dots to fit a grid to: the rows that are read in a lit area prove it."""
    proven = [one for one in find_lit(frame, geometry, readers, before) if one[0] >= _LEAST_CHARS]
    if not proven:
        raise _refusal(frame, "no lit area of the display's shape holds rows that can be read for certain")
    score, best = proven[0]
    if any(2 * other >= score and _elsewhere(corners, best) for other, corners in proven):
        raise _refusal(frame, "two areas can be read as such a display")
    return best


def _areas(grey: Grey, geometry: DisplayGeometry) -> list[Quad]:
    """Those in which the dots are large enough to be read: two camera pixels each."""
    areas = [area.corners for area in display_areas(grey, geometry)]
    return [area for area in areas if _across(area) >= 2 * geometry.width][:_TRIED_AREAS]


def _refusal(frame: Frame, why: str) -> UsageError:
    return UsageError(f"the display was not found in {frame.camera}: {why}; give its corners")


def _across(quad: Quad) -> float:
    return float(np.hypot(*(quad[1] - quad[0])) + np.hypot(*(quad[2] - quad[3]))) / 2


def _candidates(grey: Grey, geometry: DisplayGeometry, area: Quad) -> list[_Candidate]:
    """The best fits of an area; the few dots of a wrong one may fit by chance, so areas do not compete by fit."""
    found = []
    for family in _within(area, geometry):
        rough = [fit for corners in family if (fit := fit_grid(grey, geometry, corners, rounds=2)) is not None]
        rough.sort(key=lambda fit: fit.residual)
        for start in rough[:2]:
            fine = fit_grid(grey, geometry, start.corners, start.k1, rounds=8)
            if fine is not None and fine.inked >= _LEAST_INKED:
                found.append(_Candidate(fine))
    return found


def _within(area: Quad, geometry: DisplayGeometry) -> list[list[Corners]]:
    """Where the matrix may lie in an area: with some bare glass around it; or reaching beyond it by an inverse row
    that is as dark as the bezel."""
    row = geometry.cell[1]
    return [
        [_inner(area, geometry, (x, y, x, y)) for x in _ACROSS for y in _DOWN],
        [_inner(area, geometry, (0.0, top - row, 0.0, 0.0)) for top in (0.0, 3.0, 6.0)],
    ]


def _inner(area: Quad, geometry: DisplayGeometry, glass: tuple[float, float, float, float]) -> Corners:
    """The matrix in an area that reaches `glass` dots (left, top, right, bottom) beyond it."""
    left, top, right, bottom = glass
    whole = np.array([[-left, -top], [geometry.width + right, -top], [0, 0], [-left, geometry.height + bottom]])
    whole[2] = geometry.width + right, geometry.height + bottom
    matrix = cv2.getPerspectiveTransform(whole.astype(np.float32), area.astype(np.float32))
    inner = np.array([[[0, 0], [geometry.width, 0], [geometry.width, geometry.height], [0, geometry.height]]])
    seen = cv2.perspectiveTransform(inner.astype(np.float32), matrix)[0]
    return tuple((float(x), float(y)) for x, y in seen)  # type: ignore[return-value]


def _a_row_off(grey: Grey, geometry: DisplayGeometry, one: _Candidate) -> list[_Candidate]:
    """The grid a row higher and a row lower: an inverse first or last row is as dark as a bezel and falls off the
    area, and the grid then fits as well without it."""
    row = geometry.cell[1]
    found = []
    for glass in ((0, -row, 0, row), (0, row, 0, -row)):
        moved = _inner(np.asarray(one.fit.corners), geometry, glass)
        fit = fit_grid(grey, geometry, moved, one.fit.k1, rounds=8)
        if fit is not None and fit.residual <= _WORST_FIT:
            found.append(_Candidate(fit))
    return found


def _elsewhere(one: Corners, two: Corners) -> bool:
    """Whether two areas are two displays, not one grid a row off: their middles lie half a height apart."""
    ours, theirs = np.asarray(one), np.asarray(two)
    height = float(np.hypot(*(theirs[3] - theirs[0])))
    return float(np.hypot(*(ours.mean(axis=0) - theirs.mean(axis=0)))) > 0.5 * height


def _dots_score(frame: Frame, geometry: DisplayGeometry, one: _Candidate, readers: Readers) -> float:
    """Characters of the profile's own font that the dots show; without a font, how much ink fits how well."""
    if readers.atlas is None:
        return one.fit.inked * (_WORST_FIT - one.fit.residual)
    reader = ScreenReader(geometry, one.fit.corners, k1=one.fit.k1, readers=readers, fit=False)
    rows = reader.quick_rows(frame)
    return float(sum(len(bare(row.text)) * max(0.0, row.confidence - 0.3) for row in rows if not row.blank))


def _read_score(frame: Frame, geometry: DisplayGeometry, one: _Candidate, readers: Readers) -> int:
    """Characters that two readers agree on; a row with ink that they do not agree on counts against the grid, for a
    bezel taken for a row is such a one."""
    reader = ScreenReader(geometry, one.fit.corners, k1=one.fit.k1, readers=readers, fit=False)
    score = 0
    for row in reader.read_screen(frame).rows:
        if row.blank:
            # A dark row without a character is a bezel, not an inverse row.
            score -= 4 if row.inverse else 0
            continue
        agreed = row.confidence > _SURE if readers.atlas is None else _agreed(row)
        score += len(bare(row.text)) if agreed else -2
    return score


def _agreed(row: RowReading) -> bool:
    """Two readers, or the dots of a row of stars, at which recognisers fail."""
    return "+" in row.reader or (row.reader == "atlas" and row.confidence > _SURE)
