"""Is anything shown at all? A glass without a picture has no contrast, and reading it yields noise."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from tillrig.vision import DisplayGeometry, Frame, Rectifier

#: Contrast of the strongest dots, as a share of the glass's brightness, below which nothing is shown. Measured on the
#: simulated glass: empty 0.04 (typical grade) to 0.12 (bad), with text 0.28 to 0.15.
LEAST_CONTRAST = 0.135


class Darkness:
    """Looks at the display's area of a frame; 2 ms."""

    def __init__(self, geometry: DisplayGeometry, corners: Sequence[Sequence[float]], k1: float) -> None:
        self._size = (geometry.width, geometry.height)
        self._rectifier = Rectifier(corners, geometry.width, geometry.height, 2, k1=k1)

    def contrast(self, frame: Frame) -> float:
        """Deviation of the strongest dots from their surroundings, as a share of the mean brightness."""
        picture = cv2.resize(self._rectifier(frame.grey(2), 2), self._size, interpolation=cv2.INTER_AREA)
        small = picture.astype(np.float32)
        detail = small - cv2.blur(small, (25, 25))
        deviation = np.abs(detail - np.median(detail))
        return float(np.percentile(deviation, 97) / max(1.0, float(small.mean())))

    def __call__(self, frame: Frame) -> bool:
        return self.contrast(frame) < LEAST_CONTRAST
