"""Four-sided areas in a picture: what stands out from its surroundings and has straight sides."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import Grey

Quad = npt.NDArray[np.float64]
_WORK_SIDE = 640
_LEVELS = (0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85)
# Share of its own hull that an area must fill, holes closed, and of a quad that its hull must fill.
_SOLID = 0.75


def find_quads(grey: Grey, least_share: float = 0.02, most_share: float = 0.95, *, upright: bool = True) -> list[Quad]:
    """Corners (4, 2) from top-left clockwise, in pixels of `grey`, of areas that cover a share of the picture between
    the two given; brighter or darker than around them, the most four-sided first. Double finds are left out."""
    scale = _WORK_SIDE / max(grey.shape)
    small = grey if scale >= 1 else cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    scale = small.shape[1] / grey.shape[1]
    area = float(small.shape[0] * small.shape[1])
    found: list[tuple[float, Quad]] = []
    for mask in _masks(np.asarray(small, np.uint8)):
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        for contour in contours:
            hull = cv2.convexHull(contour)
            size = cv2.contourArea(hull)
            if not least_share * area <= size <= most_share * area or cv2.contourArea(contour) < _SOLID * size:
                continue
            quad = _four_sides(hull.reshape(-1, 2).astype(np.float64))
            if quad is None:
                continue
            fill = size / max(cv2.contourArea(quad.astype(np.float32)), 1.0)
            if 0.9 <= fill <= 1.04:
                found.append((abs(1 - fill), _ordered((quad + 0.5) / scale - 0.5) if upright else quad / scale))
    found.sort(key=lambda one: one[0])
    kept: list[Quad] = []
    near = 0.008 * max(grey.shape)
    for _, quad in found:
        if all(np.abs(quad - other).max() > near for other in kept):
            kept.append(quad)
    return kept


def shape_of(quad: Quad) -> float:
    """Width over height, as seen."""
    sides = np.hypot(*(np.roll(quad, -1, axis=0) - quad).T)
    return float((sides[0] + sides[2]) / max(sides[1] + sides[3], 1e-6))


def _masks(small: Grey) -> Iterator[Grey]:
    smooth = cv2.GaussianBlur(small, (0, 0), 1.2)
    low, high = (float(value) for value in np.percentile(smooth, (2, 98)))
    kernel = np.ones((5, 5), np.uint8)
    otsu, _ = cv2.threshold(smooth, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    for level in (otsu, *(low + share * (high - low) for share in _LEVELS)):
        bright = (smooth > level).astype(np.uint8) * 255
        # Text joins the ground it stands on.
        yield np.asarray(cv2.morphologyEx(bright, cv2.MORPH_CLOSE, kernel), np.uint8)
        yield np.asarray(cv2.morphologyEx(255 - bright, cv2.MORPH_CLOSE, kernel), np.uint8)
    local = cv2.adaptiveThreshold(smooth, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 101, -2)
    yield np.asarray(cv2.morphologyEx(local, cv2.MORPH_CLOSE, kernel), np.uint8)


def _four_sides(hull: Quad) -> Quad | None:
    """The hull's four straight sides met in corners: rounded corners and small bites do not move them."""
    around = cv2.arcLength(hull.astype(np.float32), True)
    for share in (0.01, 0.015, 0.02, 0.03, 0.04, 0.06):
        corners = cv2.approxPolyDP(hull.astype(np.float32), share * around, True).reshape(-1, 2)
        if len(corners) == 4:
            break
    else:
        return None
    sides = []
    dense = _dense(hull)
    for number in range(4):
        start, end = corners[number].astype(np.float64), corners[(number + 1) % 4].astype(np.float64)
        along = end - start
        length = float(np.hypot(*along))
        if length < 8:
            return None
        along /= length
        across = np.array([-along[1], along[0]])
        place, off = (dense - start) @ along, (dense - start) @ across
        near = (place > 0.12 * length) & (place < 0.88 * length) & (np.abs(off) < 0.03 * around / 4 + 2)
        if int(near.sum()) < 5:
            return None
        slope, shift = np.polyfit(place[near], off[near], 1)
        sides.append((start + shift * across, along + slope * across))
    met = [_meet(sides[number - 1], sides[number]) for number in range(4)]
    return None if any(point is None for point in met) else np.array(met)


def _dense(hull: Quad) -> Quad:
    """Points about a pixel apart along a closed line."""
    parts = []
    for start, end in zip(hull, np.roll(hull, -1, axis=0), strict=True):
        steps = max(1, round(float(np.hypot(*(end - start)))))
        parts.append(start + (end - start) * (np.arange(steps) / steps)[:, None])
    return np.concatenate(parts)


def _meet(one: tuple[Quad, Quad], two: tuple[Quad, Quad]) -> Quad | None:
    matrix = np.stack([one[1], -two[1]], axis=1)
    if abs(float(np.linalg.det(matrix))) < 1e-3:
        return None
    return np.asarray(one[0] + one[1] * np.linalg.solve(matrix, two[0] - one[0])[0])


def _ordered(quad: Quad) -> Quad:
    """From the corner nearest to the picture's top-left, clockwise."""
    middle = quad.mean(axis=0)
    angle = np.arctan2(quad[:, 1] - middle[1], quad[:, 0] - middle[0])
    quad = quad[np.argsort(angle)]
    return np.roll(quad, -int((quad.sum(axis=1)).argmin()), axis=0)
