"""Undo the camera's view: from frame pixels to the display's or the paper's own dots."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import Corners, Grey, Point, checked_corners

Points = npt.NDArray[np.float64]
# Dots between knots so near each other that the projection is straight to a hundredth of a camera pixel.
KNOT_DOTS = 4


class Rectifier:
    """Maps the area within `corners` to `width` x `height` dots at `scale` pixels a dot, with `margin` dots more on
    each side.

    `k1` is the radial lens term: a point at distance r from the frame's centre (in half diagonals) is seen at r (1 +
    k1 r^2). The maps are made once per frame size, so a call costs one remap.
    """

    def __init__(
        self,
        corners: Sequence[Sequence[float]],
        width: int,
        height: int,
        scale: float,
        *,
        k1: float = 0.0,
        margin: int = 0,
    ) -> None:
        self.corners: Corners = checked_corners(corners)
        self.width, self.height, self.scale, self.k1, self.margin = width, height, scale, k1, margin
        self._maps: dict[tuple[int, int, int], tuple[npt.NDArray[np.int16], npt.NDArray[np.uint16]]] = {}

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of the rectified picture in pixels."""
        return round((self.height + 2 * self.margin) * self.scale), round((self.width + 2 * self.margin) * self.scale)

    def __call__(self, grey: Grey, reduce: int = 1) -> Grey:
        """Rectified picture of a frame decoded at 1/`reduce` of its size."""
        key = (grey.shape[1], grey.shape[0], reduce)
        maps = self._maps.get(key)
        if maps is None:
            maps = self._maps[key] = self._make_maps(*key)
        return np.asarray(
            cv2.remap(grey, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
        )

    def to_camera(self, dots: Sequence[Point], frame_size: tuple[int, int]) -> tuple[Point, ...]:
        """Points given in dots (origin: first corner) as points of a frame of `frame_size` (width, height)."""
        seen = self._project(np.asarray(dots, np.float64).reshape(-1, 2), frame_size)
        return tuple((round(float(x), 1), round(float(y), 1)) for x, y in seen)

    def at(self, corners: Sequence[Sequence[float]], k1: float) -> Rectifier:
        """The same for other corners."""
        return Rectifier(corners, self.width, self.height, self.scale, k1=k1, margin=self.margin)

    def moved(self, corners: Points, bulge: float, frame_size: tuple[int, int]) -> tuple[tuple[Point, ...], float]:
        """Corners and `k1` when the corners move by so many dots (4, 2), and the middle of the upper side by `bulge`
        dots inwards."""
        width, height = self.width, self.height
        dots = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64) + corners
        start = self.to_camera([(float(x), float(y)) for x, y in dots], frame_size)
        half = float(np.hypot(*(np.asarray(self.corners[1]) - self.corners[0]))) / 2
        unit = float(np.hypot(*(np.asarray(frame_size, np.float64) - 1))) / 2
        return start, self.k1 + bulge * (2 * half / width) * unit**2 / (half**3 * height / width)

    def _make_maps(self, width: int, height: int, reduce: int) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint16]]:
        rows, columns = self.shape
        x = knots(columns, self.scale * KNOT_DOTS)
        y = knots(rows, self.scale * KNOT_DOTS)
        grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2) / self.scale - self.margin
        # Pixel centres are at half units; a reduced picture's pixel covers `reduce` of them.
        seen = (self._project(grid, (width * reduce, height * reduce)) + 0.5) / reduce - 0.5
        field = between(seen, rows, columns, self.scale * KNOT_DOTS)
        first, second = cv2.convertMaps(field, None, cv2.CV_16SC2)
        return first, second

    def _project(self, dots: Points, frame_size: tuple[int, int]) -> Points:
        return project(dots, (self.width, self.height), np.asarray(self.corners), self.k1, frame_size)


def project(dots: Points, size: tuple[int, int], corners: Points, k1: float, frame_size: tuple[int, int]) -> Points:
    """Camera points (n, 2) of `dots` (n, 2) on a plane of `size` (width, height) dots seen at `corners` (4, 2)
    through a lens of term `k1`."""
    centre = (np.asarray(frame_size, np.float64) - 1) / 2
    unit = float(np.hypot(*centre))
    straight = _straighten((corners - centre) / unit, k1) * unit
    source = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, straight.astype(np.float32)).astype(np.float64)
    plane = dots @ matrix[:, :2].T + matrix[:, 2]
    plane = plane[:, :2] / plane[:, 2:]
    squared = (plane**2).sum(axis=1, keepdims=True) / unit**2
    return np.asarray(plane * (1 + k1 * squared) + centre)


def _straighten(seen: Points, k1: float) -> Points:
    radius = np.hypot(seen[:, 0], seen[:, 1])[:, None]
    true = radius.copy()
    for _ in range(12):
        true = radius / (1 + k1 * true**2)
    return np.asarray(seen * (true / np.maximum(radius, 1e-9)))


def knots(count: int, step: float) -> Points:
    """Centres of the first and the last of `count` cells, and evenly between them knots about `step` cells apart."""
    return np.linspace(0.5, count - 0.5, 2 + int(count / step))


def between(seen: Points, rows: int, columns: int, step: float) -> npt.NDArray[np.float32]:
    """(rows, columns, 2) points, linear between those `seen` (n, 2) at the knots of both sides, the lower ones last."""
    across, down = _weights(columns, step), _weights(rows, step)
    field = seen.reshape(down.shape[1], across.shape[1], 2).astype(np.float32)
    return np.stack([down @ field[..., 0] @ across.T, down @ field[..., 1] @ across.T], axis=-1)


@lru_cache(maxsize=16)
def _weights(count: int, step: float) -> npt.NDArray[np.float32]:
    """(cells, knots): the share that each knot has in each cell."""
    at = knots(count, step)
    away = np.abs(np.arange(count)[:, None] + 0.5 - at[None]) / (at[1] - at[0])
    return np.asarray(np.clip(1 - away, 0, None), np.float32)
