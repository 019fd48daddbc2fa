"""Is anything shown at all? A glass without a picture has no structure that stays: what it seems to show is noise."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.vision import DisplayGeometry, Frame, Rectifier

#: Structure common to two frames, as a share of the glass's brightness, below which nothing is shown. Measured on the
#: simulated glass, 12 poses a grade, lit and unlit: without a picture at most 0.002 (clean), 0.013 (typical), 0.031
#: (bad); a title alone at least 0.098, 0.057, 0.029; four dots in a row of their own 0.051, 0.032, 0.016.
LEAST_STRUCTURE = 0.026
_BLOCK, _STEP = 16, 8
_FINE, _COARSE = 0.6, 3.0


class Darkness:
    """Looks at the display's area of two frames in sequence: noise of one is not in the other, text is; 2 ms.

    A change between the two looks like darkness for once, so more than one answer is needed to believe it.
    """

    def __init__(self, geometry: DisplayGeometry, corners: Sequence[Sequence[float]], k1: float) -> None:
        self._size = (geometry.width, geometry.height)
        self._rectifier = Rectifier(corners, geometry.width, geometry.height, 2, k1=k1)
        self._before: npt.NDArray[np.float32] | None = None

    def structure(self, frame: Frame) -> float | None:
        """Deviation of the block with most structure common to this frame and the one before, as a share of the mean
        brightness; None for the first frame.
        """
        detail, before = self._detail(frame), self._before
        self._before = detail
        if before is None:
            return None
        block = (_BLOCK, _BLOCK)
        common = cv2.blur(detail * before, block) - cv2.blur(detail, block) * cv2.blur(before, block)
        half = _BLOCK // 2
        most = float(common[half : -half + 1 : _STEP, half : -half + 1 : _STEP].max())
        return float(np.sqrt(max(0.0, most)))

    def _detail(self, frame: Frame) -> npt.NDArray[np.float32]:
        """The picture per dot without light and glare, which change slowly over the glass."""
        picture = cv2.resize(self._rectifier(frame.grey(2), 2), self._size, interpolation=cv2.INTER_AREA)
        small = picture.astype(np.float32)
        fine, coarse = cv2.GaussianBlur(small, (0, 0), _FINE), cv2.GaussianBlur(small, (0, 0), _COARSE)
        return np.asarray((fine - coarse) / max(1.0, float(small.mean())), np.float32)

    def __call__(self, frame: Frame) -> bool:
        structure = self.structure(frame)
        return structure is not None and structure < LEAST_STRUCTURE
