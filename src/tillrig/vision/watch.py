"""Is the camera still a witness? Cheap checks of each frame that name what is wrong with the rig."""

from __future__ import annotations

import enum
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.vision.frame import Frame
from tillrig.vision.geometry import Grey

# Every so many frames the surroundings are measured; a condition must hold for so many measurements.
_EVERY = 5
_HOLD = 3
_LEARN = 4
_SAME_BYTES = 5
_SILENCE_S = 1.0
_BLACK_LEVEL = 14
_LIGHT_SHARE = 0.4
_SHARP_SHARE = 0.45
_CLIPPED_SHARE = 0.3


class RigCondition(enum.StrEnum):
    """What keeps a camera from testifying; each is a rig error, never the terminal's fault."""

    NO_FRAMES = "no frames"
    FROZEN = "frozen"
    BLACK = "black"
    LIGHT = "light changed"
    BLURRED = "out of focus"
    SATURATED = "saturated"


class CameraWatch:
    """Compares what lies around the display (within `around` camera points) with the first frames it was shown."""

    def __init__(self, around: Sequence[tuple[float, float]]) -> None:
        self._around = np.asarray(around, np.float64)
        self._last: Frame | None = None
        self._same = 0
        self._count = 0
        self._learned: list[tuple[float, float]] = []
        self._streak: dict[RigCondition, int] = {}
        self._mask: npt.NDArray[np.bool_] | None = None
        self._standing: RigCondition | None = None

    def feed(self, frame: Frame, half: Grey) -> RigCondition | None:
        """`half`: the frame decoded at half size. The condition that now holds, None when sound."""
        if self._last is not None and frame.jpeg == self._last.jpeg:
            self._same += 1
        else:
            self._same = 0
        self._last = frame
        if self._same >= _SAME_BYTES:
            return RigCondition.FROZEN
        if self._count % _EVERY == 0:
            self._standing = self._measure(half)
        self._count += 1
        return self._standing

    def no_frames(self, now: float) -> RigCondition | None:
        """NO_FRAMES when the last one is older than a second at monotonic time `now`."""
        if self._last is None or now - self._last.time <= _SILENCE_S:
            return None
        return RigCondition.NO_FRAMES

    def _measure(self, half: Grey) -> RigCondition | None:
        inside, mask = self._parts(half)
        ring = half[mask]
        light = float(ring.mean()) if ring.size else float(half.mean())
        edges = cv2.Laplacian(half, cv2.CV_16S, ksize=3)[mask]
        sharp = float(edges.std()) if edges.size else 0.0
        found: list[RigCondition] = []
        if float(np.percentile(half[::8, ::8], 95)) < _BLACK_LEVEL:
            found.append(RigCondition.BLACK)
        elif inside.size and float((inside >= 252).mean()) > _CLIPPED_SHARE:
            found.append(RigCondition.SATURATED)
        elif len(self._learned) < _LEARN:
            self._learned.append((light, sharp))
        else:
            light0, sharp0 = np.median(self._learned, axis=0).tolist()
            if abs(light - light0) > _LIGHT_SHARE * light0:
                found.append(RigCondition.LIGHT)
            elif sharp < _SHARP_SHARE * sharp0:
                found.append(RigCondition.BLURRED)
        for condition in RigCondition:
            self._streak[condition] = self._streak.get(condition, 0) + 1 if condition in found else 0
        return next((condition for condition in found if self._streak[condition] >= _HOLD), None)

    def _parts(self, half: Grey) -> tuple[Grey, npt.NDArray[np.bool_]]:
        low, high = self._around.min(axis=0) / 2, self._around.max(axis=0) / 2
        x0, y0 = (max(0, int(value)) for value in low)
        x1, y1 = (int(value) for value in high)
        if self._mask is None or self._mask.shape != half.shape:
            mask = np.ones(half.shape, np.bool_)
            pad = int(0.08 * max(x1 - x0, y1 - y0))
            mask[max(0, y0 - pad) : y1 + pad, max(0, x0 - pad) : x1 + pad] = False
            self._mask = mask
        return half[y0:y1, x0:x1], self._mask
