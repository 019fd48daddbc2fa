"""One camera looking at one plane: pin-hole projection with tilt, roll and a radial term."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Points = NDArray[np.float64]


class View(msgspec.Struct, frozen=True):
    """Camera against plane.

    Plane units are pixels at the distance of the focal length, y downwards, origin in the frame's middle.
    """

    width: int
    height: int
    focal_px: float
    k1: float
    tilt_x_deg: float
    tilt_y_deg: float
    roll_deg: float
    shift_x: float
    shift_y: float
    shift_z: float = 0.0  # plane's origin beyond the focal length

    @property
    def camera_matrix(self) -> Points:
        """3x3 intrinsics, as OpenCV wants them."""
        return np.array([[self.focal_px, 0, self.width / 2], [0, self.focal_px, self.height / 2], [0, 0, 1]])

    def rotation(self) -> Points:
        tilt, _ = cv2.Rodrigues(np.array([math.radians(self.tilt_x_deg), math.radians(self.tilt_y_deg), 0.0]))
        roll, _ = cv2.Rodrigues(np.array([0.0, 0.0, math.radians(self.roll_deg)]))
        return np.asarray(roll @ tilt, dtype=np.float64)

    def _plane_to_ray(self) -> Points:
        turn = self.rotation()
        return np.column_stack(
            [turn[:, 0], turn[:, 1], np.array([self.shift_x, self.shift_y, self.focal_px + self.shift_z])]
        )

    def project(self, points: Points | Sequence[Sequence[float]]) -> Points:
        """Plane points (n, 2) to pixel positions (n, 2)."""
        flat = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        rays = np.column_stack([flat, np.ones(len(flat))]) @ self._plane_to_ray().T
        bent = rays[:, :2] / rays[:, 2:]
        bent *= 1 + self.k1 * (bent**2).sum(axis=1, keepdims=True)
        return np.asarray(bent * self.focal_px + (self.width / 2, self.height / 2))

    def plane_maps(self, x0: int, y0: int, width: int, height: int) -> tuple[Floats, Floats]:
        """For a window of the frame: which plane point (x, y) each pixel sees, two (height, width) arrays."""
        across, down = np.meshgrid(
            np.arange(x0, x0 + width, dtype=np.float64), np.arange(y0, y0 + height, dtype=np.float64)
        )
        bent_x, bent_y = (across - self.width / 2) / self.focal_px, (down - self.height / 2) / self.focal_px
        ray_x, ray_y = bent_x.copy(), bent_y.copy()
        for _ in range(6):  # the radial term is small: the fixed point is met to 1e-6 px in four rounds
            factor = 1 + self.k1 * (ray_x**2 + ray_y**2)
            ray_x, ray_y = bent_x / factor, bent_y / factor
        back = np.linalg.inv(self._plane_to_ray())
        depth = back[2, 0] * ray_x + back[2, 1] * ray_y + back[2, 2]
        plane_x = (back[0, 0] * ray_x + back[0, 1] * ray_y + back[0, 2]) / depth
        plane_y = (back[1, 0] * ray_x + back[1, 1] * ray_y + back[1, 2]) / depth
        return plane_x.astype(np.float32), plane_y.astype(np.float32)
