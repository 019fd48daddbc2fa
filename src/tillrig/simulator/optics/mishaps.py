"""What happens to a camera besides being switched off: bumped, in the dark, blinded, another one in its place."""

from __future__ import annotations

import math

import cv2
import numpy as np

from tillrig.simulator.optics.sensor import Frame

FAULTS = (
    None, "dead", "frozen", "black", "covered", "defocused", "moved", "dark", "saturated", "torn", "wrong",
)  # fmt: skip
#: Camera pixels of a bump, and width of another device's frames, where nobody says otherwise.
BUMP_PX = 8.0
DARK_GAIN = 0.12
LAMP, LAMP_SIGMA = 330.0, 0.35  # light of a mirrored lamp, of 255, and its spread as a share of the frame
_GOLDEN_DEG = 137.5


class Mishap:
    """One of the faults that act on composed light; made when it begins."""

    def __init__(self, kind: str, amount: float | None, size: tuple[int, int], number: int) -> None:
        self.kind, self._size, self._number = kind, size, number
        self._amount = amount
        self._made: Frame | None = None

    @property
    def gain(self) -> float:
        """Light that is left; of a mirrored lamp so much that what it clips stays clipped when lamps flicker."""
        return {"dark": DARK_GAIN, "saturated": 1.15}.get(self.kind, 1.0)

    def spoil(self, light: Frame) -> Frame:
        """Light as it reaches the sensor now, BGR uint8."""
        match self.kind:
            case "moved":
                return self._bumped(light)
            case "saturated":
                return np.asarray(cv2.add(light, self._lamp()), np.uint8)
            case "wrong":
                return self._elsewhere()
        return light

    def _bumped(self, light: Frame) -> Frame:
        """Shifted in a direction of its own each time, and turned a little."""
        px = BUMP_PX if self._amount is None else self._amount
        angle = math.radians(_GOLDEN_DEG * (self._number + 1))
        height, width = light.shape[:2]
        turn = 0.01 * px * (-1) ** self._number
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1.0)
        matrix[:, 2] += (px * math.cos(angle), px * math.sin(angle))
        return np.asarray(cv2.warpAffine(light, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)

    def _lamp(self) -> Frame:
        if self._made is None:
            width, height = self._size
            across = (np.arange(width) / width - 0.5)[None, :] / LAMP_SIGMA
            down = (np.arange(height) / height - 0.5)[:, None] / LAMP_SIGMA
            spot = np.clip(LAMP * np.exp(-(across**2 + down**2) / 2), 0, 255).astype(np.uint8)
            self._made = np.asarray(cv2.merge([spot, spot, spot]), np.uint8)
        return self._made

    def _elsewhere(self) -> Frame:
        """A desk with things on it; `amount`: frames of that width, 4:3."""
        if self._made is None:
            width, height = self._size
            if self._amount is not None:
                width, height = int(self._amount), int(self._amount * 3 / 4)
            rng = np.random.default_rng([self._number, 0x0DD])
            scene = np.full((height, width, 3), int(rng.integers(50, 150)), np.uint8)
            for _ in range(40):
                x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
                across, down = int(rng.integers(20, width // 3)), int(rng.integers(20, height // 3))
                colour = tuple(int(value) for value in rng.integers(10, 230, 3))
                cv2.rectangle(scene, (x, y), (x + across, y + down), colour, int(rng.choice([-1, 2, 5])))
            self._made = np.asarray(cv2.GaussianBlur(scene, (0, 0), 1.2), np.uint8)
        return self._made


def torn(jpeg: bytes, number: int) -> bytes:
    """A JPEG whose middle third was overwritten on its way; beginning and end are still those of a JPEG."""
    rng = np.random.default_rng([number, 0x70D])
    third = len(jpeg) // 3
    return jpeg[:third] + rng.bytes(third) + jpeg[2 * third :]
