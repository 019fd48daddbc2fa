"""Where known text stands in a lit window: a coarse look that is right to about a dot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.vision.calibration.shown import Drawn
from tillrig.vision.geometry import DisplayGeometry, Grey, Ink
from tillrig.vision.ink import LINEAR

Floats = npt.NDArray[np.float64]
# Share of the window's width and height that the dots fill.
_ACROSS = tuple(np.arange(0.84, 1.0001, 0.016))
_DOWN = tuple(np.arange(0.80, 1.0001, 0.025))
_FIRST = ((0.97, 0.93), (0.93, 0.93), (0.97, 0.97), (0.95, 0.88))
_KEPT = 10
# Less alike than this share of the best, a screen is not looked at closely.
_WORTH = 0.7
_BORDER = 0.02


@dataclass(frozen=True)
class Place:
    """A known screen and the corners (4, 2) at which its dots lie; `likeness` the correlation, 1 is perfect."""

    drawn: Drawn
    corners: Floats
    likeness: float


def locate(grey: Grey, quad: Floats, known: Sequence[Drawn], geometry: DisplayGeometry, count: int = 3) -> list[Place]:
    """The `count` best places of different screens within the area `quad`, best first."""
    seen = _ink(grey, quad, geometry)
    squared = np.asarray(np.square(seen), np.float32)
    first: list[tuple[float, int, _Pattern]] = []
    for drawn in known:
        pattern = _Pattern(drawn)
        first.append((max(pattern.match(seen, squared, *scale)[0] for scale in _FIRST), len(first), pattern))
    first.sort(reverse=True, key=lambda one: one[0])
    found: list[Place] = []
    for rough, _, pattern in first[:_KEPT]:
        if rough < _WORTH * first[0][0]:
            break
        likeness, x, y, across, down = max(
            (*pattern.match(seen, squared, across, down), across, down) for across in _ACROSS for down in _DOWN
        )
        found.append(Place(pattern.drawn, _corners(quad, x, y, across, down, geometry), likeness))
    found.sort(key=lambda one: one.likeness, reverse=True)
    return [one for one in found if one.likeness >= _WORTH * found[0].likeness][:count]


def padded(quad: Floats, share: float, down: float | None = None) -> Floats:
    """The area around `quad`, larger at each side by `share` of its size (`down` above and below), in the same
    perspective."""
    down = share if down is None else down
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    wide = np.array([[-share, -down], [1 + share, -down], [1 + share, 1 + down], [-share, 1 + down]])
    matrix = cv2.getPerspectiveTransform(unit, quad.astype(np.float32))
    return np.asarray(cv2.perspectiveTransform(wide[None].astype(np.float64), matrix)[0])


def _ink(grey: Grey, quad: Floats, geometry: DisplayGeometry) -> Ink:
    """Darkness of the window against its surroundings, one value a dot, roughly 0 … 1."""
    width, height = 3 * geometry.width, 3 * geometry.height
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    flat = cv2.warpPerspective(cv2.LUT(grey, LINEAR), matrix, (width, height), flags=cv2.INTER_LINEAR)
    dots = cv2.resize(flat, (geometry.width, geometry.height), interpolation=cv2.INTER_AREA)
    near = cv2.GaussianBlur(dots, (0, 0), 9.0, borderType=cv2.BORDER_REFLECT)
    ink = 1.0 - dots / np.maximum(near, 1e-4)
    # The window's own rim is no text.
    x, y = max(1, round(_BORDER * geometry.width)), max(1, round(_BORDER * geometry.height))
    ink[:y] = ink[-y:] = 0
    ink[:, :x] = ink[:, -x:] = 0
    return np.asarray(np.clip(ink, -0.6, 0.6), np.float32)


class _Pattern:
    """A known screen against its own surroundings, as `_ink` shows a picture, blurred by the lens and by what the
    coarse scale misses."""

    def __init__(self, drawn: Drawn) -> None:
        self.drawn = drawn
        dark = drawn.dark.astype(np.float32)
        near = cv2.GaussianBlur(dark, (0, 0), 9.0, borderType=cv2.BORDER_REFLECT)
        self._dark = cv2.GaussianBlur(dark, (0, 0), 0.7) - near
        self._known = drawn.known.astype(np.float32)
        rows = np.flatnonzero(drawn.known.any(axis=1))
        self._rows = int(rows[0]), int(rows[-1]) + 1

    def match(self, seen: Ink, squared: Ink, across: float, down: float) -> tuple[float, int, int]:
        """Correlation at the best place of this size, and the place's left and top."""
        height, width = self._dark.shape
        size = (max(8, round(across * width)), max(8, round(down * height)))
        first = round(self._rows[0] * size[1] / height)
        last = max(first + 4, round(self._rows[1] * size[1] / height))
        mask = cv2.resize(self._known, size, interpolation=cv2.INTER_AREA)[first:last]
        part = cv2.resize(self._dark, size, interpolation=cv2.INTER_AREA)[first:last] * mask
        part = part - float(part.mean())
        scores = cv2.matchTemplate(seen, part, cv2.TM_CCORR)
        energy = cv2.matchTemplate(squared, mask, cv2.TM_CCORR)
        likeness = scores / np.sqrt(np.maximum(energy, 1e-3) * max(float(np.square(part).sum()), 1e-6))
        # The rows above and below what is known must lie within the window as well.
        low, high = first, likeness.shape[0] - (size[1] - last)
        top = low if high > low else 0
        _, best, _, where = cv2.minMaxLoc(likeness[low:high] if high > low else likeness)
        return float(best), int(where[0]), int(where[1]) + top - first


def _corners(quad: Floats, x: int, y: int, across: float, down: float, geometry: DisplayGeometry) -> Floats:
    width, height = geometry.width, geometry.height
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, quad.astype(np.float32))
    right, bottom = x + round(across * width), y + round(down * height)
    box = np.array([[[x, y], [right, y], [right, bottom], [x, bottom]]], np.float64)
    return np.asarray(cv2.perspectiveTransform(box, matrix)[0])
