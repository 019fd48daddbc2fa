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
    first = sorted(
        ((max(_match(seen, one, across, down)[0] for across, down in _FIRST), n) for n, one in enumerate(known)),
        reverse=True,
    )
    found: list[Place] = []
    for _, number in first[:_KEPT]:
        best = max(
            ((*_match(seen, known[number], across, down), across, down) for across in _ACROSS for down in _DOWN),
            key=lambda one: one[0],
        )
        likeness, (x, y), across, down = best
        found.append(Place(known[number], _corners(quad, x, y, across, down, geometry), likeness))
    return sorted(found, key=lambda one: one.likeness, reverse=True)[:count]


def padded(quad: Floats, share: float) -> Floats:
    """The area around `quad`, larger by `share` of its size, in the same perspective."""
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    wide = np.array([[-share, -share], [1 + share, -share], [1 + share, 1 + share], [-share, 1 + share]])
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


def _match(seen: Ink, drawn: Drawn, across: float, down: float) -> tuple[float, tuple[int, int]]:
    height, width = drawn.dark.shape
    size = (max(8, round(across * width)), max(8, round(down * height)))
    rows = np.flatnonzero(drawn.known.any(axis=1))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    dark = drawn.dark.astype(np.float32)
    # As the seen: against its surroundings, and blurred by the lens and by what the coarse scale misses.
    dark = cv2.GaussianBlur(dark, (0, 0), 0.7) - cv2.GaussianBlur(dark, (0, 0), 9.0, borderType=cv2.BORDER_REFLECT)
    part = cv2.resize(dark, size, interpolation=cv2.INTER_AREA)
    mask = cv2.resize(drawn.known.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    first, last = (
        round(top * size[1] / height),
        max(round(top * size[1] / height) + 4, round(bottom * size[1] / height)),
    )
    part, mask = part[first:last], mask[first:last]
    part = part * mask
    scores = cv2.matchTemplate(seen, part - float(part.mean()), cv2.TM_CCORR)
    energy = cv2.matchTemplate(np.square(seen), mask, cv2.TM_CCORR)
    norm = np.sqrt(np.maximum(energy, 1e-3) * float(np.square(part - part.mean()).sum()))
    likeness = scores / np.maximum(norm, 1e-3)
    # The rows above and below what is known must lie within the window as well.
    low, high = first, likeness.shape[0] - (size[1] - last)
    window = likeness[low:high] if high > low else likeness
    _, best, _, where = cv2.minMaxLoc(window)
    return float(best), (where[0], where[1] + (low if high > low else 0) - first)


def _corners(quad: Floats, x: int, y: int, across: float, down: float, geometry: DisplayGeometry) -> Floats:
    width, height = geometry.width, geometry.height
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, quad.astype(np.float32))
    right, bottom = x + round(across * width), y + round(down * height)
    box = np.array([[[x, y], [right, y], [right, bottom], [x, bottom]]], np.float64)
    return np.asarray(cv2.perspectiveTransform(box, matrix)[0])
