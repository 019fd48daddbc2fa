"""The lit window of a display in a picture: a bright four-sided area in a darker frame, its edges to a part of a
pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import Grey
from tillrig.vision.quads import Quad, find_quads, shape_of

Floats = npt.NDArray[np.float64]
_LEAST_AREA, _MOST_AREA = 0.02, 0.9
# A window within another gives way to it if that one is at least so sharp.
_AS_SHARP = 0.5
_SAMPLES = 48
_REACH_PX = 9.0
# Share of a side, at either end, where the corner's rounding is no edge.
_ENDS = 0.07
_LEAST_STEP = 6.0


@dataclass(frozen=True)
class Edge:
    """Points (n, 2) on one side of the window, outliers left out, and the outward unit normals (n, 2) there."""

    points: Floats
    normals: Floats


@dataclass(frozen=True)
class Window:
    """`corners` (4, 2) from top-left clockwise; `edges` top, right, bottom, left; `step` the median grey step across
    them; `roughness` rms px of the edge points about a smooth bow."""

    corners: Floats
    edges: tuple[Edge, ...]
    step: float
    roughness: float


def find_windows(grey: Grey, aspect: float, slack: float = 1.6, quads: Sequence[Quad] | None = None) -> list[Window]:
    """Candidates whose width over height is within a factor `slack` of `aspect`, sharpest edges first; one that lies
    within another as sharp comes after it. `quads`: the four-sided areas of the picture, if somebody found them."""
    found: list[Window] = []
    for quad in find_quads(grey, _LEAST_AREA, _MOST_AREA) if quads is None else quads:
        if not _whole(quad, grey) or not aspect / slack <= shape_of(quad) <= aspect * slack:
            continue
        window = trace(grey, quad)
        if window is not None and not any(float(np.abs(one.corners - window.corners).max()) < 2.0 for one in found):
            found.append(window)
    found.sort(key=_sharpness, reverse=True)
    return sorted(found, key=lambda one: any(_within(one, other) for other in found if other is not one))


def _sharpness(window: Window) -> float:
    return window.step / (0.3 + window.roughness)


def _within(one: Window, other: Window) -> bool:
    """What lies between an inverse row and the frame has four sharp sides too."""
    if _sharpness(other) < _AS_SHARP * _sharpness(one):
        return False
    around = other.corners.astype(np.float32)
    inside = all(cv2.pointPolygonTest(around, (float(x), float(y)), True) > -3.0 for x, y in one.corners)
    return inside and cv2.contourArea(one.corners.astype(np.float32)) < cv2.contourArea(around)


def _whole(quad: Quad, grey: Grey) -> bool:
    height, width = grey.shape[:2]
    return bool((quad > 1).all() and (quad[:, 0] < width - 2).all() and (quad[:, 1] < height - 2).all())


def trace(grey: Grey, quad: Floats) -> Window | None:
    """The window whose sides lie within some pixels of `quad`'s; None when a side shows no edge from bright to dark."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.0).astype(np.float32)
    edges, steps, rough = [], [], []
    for side in range(4):
        traced = _trace_side(smooth, quad[side], quad[(side + 1) % 4])
        if traced is None:
            return None
        edges.append(traced[0])
        steps.append(traced[1])
        rough.append(traced[2])
    corners = _crossings([_line(edge) for edge in edges])
    if corners is None or float(np.abs(corners - quad).max()) > 3 * _REACH_PX:
        return None
    return Window(corners, tuple(edges), float(np.median(steps)), float(np.sqrt(np.mean(np.square(rough)))))


def _trace_side(smooth: npt.NDArray[np.float32], a: Floats, b: Floats) -> tuple[Edge, float, float] | None:
    along = (b - a) / max(float(np.hypot(*(b - a))), 1e-6)
    outward = np.array([along[1], -along[0]])
    places = a + np.linspace(_ENDS, 1 - _ENDS, _SAMPLES)[:, None] * (b - a)
    offsets = np.arange(-_REACH_PX, _REACH_PX + 0.25, 0.5)
    grid = (places[:, None, :] + offsets[None, :, None] * outward).astype(np.float32)
    profile = cv2.remap(smooth, grid, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    falls = profile[:, :-2] - profile[:, 2:]
    best = falls.argmax(axis=1)
    inner = (best > 0) & (best < falls.shape[1] - 1)
    rows = np.arange(len(places))
    step = falls[rows, best]
    usable = inner & (step > max(_LEAST_STEP, 0.4 * float(np.median(step))))
    if usable.sum() < _SAMPLES // 2:
        return None
    rows, best = rows[usable], best[usable]
    before, here, after = falls[rows, best - 1], falls[rows, best], falls[rows, best + 1]
    bend = before - 2 * here + after
    part = np.where(np.abs(bend) > 1e-3, 0.5 * (before - after) / np.where(np.abs(bend) > 1e-3, bend, 1.0), 0.0)
    offset = offsets[best + 1] + np.clip(part, -0.5, 0.5) * 0.5
    place = np.linspace(_ENDS, 1 - _ENDS, _SAMPLES)[rows]
    keep = np.ones(len(rows), np.bool_)
    for _ in range(4):
        bow = np.polynomial.Polynomial.fit(place[keep], offset[keep], 2)
        away = np.abs(offset - bow(place))
        keep = away < max(0.5, 2.5 * float(np.median(away[keep])))
        if keep.sum() < _SAMPLES // 3:
            return None
    points = places[rows] + offset[:, None] * outward
    rough = float(np.sqrt(np.mean(np.square((offset - bow(place))[keep]))))
    return Edge(points[keep], np.tile(outward, (int(keep.sum()), 1))), float(np.median(step)), rough


def _line(edge: Edge) -> Floats:
    """(a, b, c) with a x + b y = c, through the points in least squares."""
    middle = edge.points.mean(axis=0)
    _, _, axes = np.linalg.svd(edge.points - middle)
    normal = axes[1]
    return np.array([normal[0], normal[1], float(normal @ middle)])


def _crossings(lines: list[Floats]) -> Floats | None:
    corners = []
    for side in range(4):
        one, two = lines[side - 1], lines[side]
        matrix = np.array([one[:2], two[:2]])
        if abs(float(np.linalg.det(matrix))) < 1e-3:
            return None
        corners.append(np.linalg.solve(matrix, np.array([one[2], two[2]])))
    return np.asarray(corners)
