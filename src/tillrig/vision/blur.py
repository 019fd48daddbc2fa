"""How much more a picture of print is blurred than drawn text, from their spectra, and the picture with that undone.

Which text stands there hardly matters: lines of one font have about the same spectrum, and a blur takes away from it
what its covariance says, a moved camera in one direction more than in the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import Grey, Ink

# Side of the windows that spectra are taken of, in pixels, and the least share of ink in one that counts.
SIDE = 48
_LEAST_INK = 0.05
_LEAST_WINDOWS = 12
# Frequencies (cycles a pixel) that are compared: below, curl and light; above, nothing is left of a blurred line.
_LOW, _HIGH = 0.03, 0.25
# How far print must stand above the noise to be compared.
_ABOVE = 4.0
# By how much a frequency is raised at most.
_MOST = 6.0

Spectrum = npt.NDArray[np.float64]


class Blur(msgspec.Struct, frozen=True):
    """Covariance of the blur beyond the drawn text's own (square pixels; negative where the picture is sharper), and
    the power of `print` and `noise` by frequency, as the picture has them (SIDE, SIDE)."""

    across: float
    both: float
    down: float
    print: Spectrum
    noise: float

    @property
    def axes(self) -> tuple[float, float]:
        """Its least and its largest variance in any direction."""
        least, most = np.linalg.eigvalsh([[self.across, self.both], [self.both, self.down]]).tolist()
        return float(least), float(most)


def spectrum(lines: Sequence[Ink]) -> Spectrum | None:
    """Mean power of lines' ink (two pixels a dot, the line in the middle) in windows of SIDE; None when there are too
    few with ink."""
    window = np.outer(np.hanning(SIDE), np.hanning(SIDE))
    total, count = np.zeros((SIDE, SIDE)), 0
    for line in lines:
        if line.shape[0] < SIDE or line.shape[1] < SIDE:
            continue
        top = (line.shape[0] - SIDE) // 2
        for left in range(0, line.shape[1] - SIDE + 1, SIDE // 2):
            part = line[top : top + SIDE, left : left + SIDE]
            if float(part.mean()) < _LEAST_INK:
                continue
            total += np.abs(np.fft.fft2((part - part.mean()) * window)) ** 2
            count += 1
    return total / count if count >= _LEAST_WINDOWS else None


def blur_of(seen: Sequence[Ink], drawn: Sequence[Ink]) -> Blur | None:
    """How the seen lines are blurred beyond the drawn ones; None when they do not tell."""
    ours, theirs = spectrum(seen), spectrum(drawn)
    if ours is None or theirs is None:
        return None
    y, x = np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE), indexing="ij")
    radius = np.hypot(x, y)
    noise = float(np.median(ours[radius > 0.42]))
    told = (radius > _LOW) & (radius < _HIGH) & (ours > _ABOVE * noise) & (theirs > 1e-4 * theirs.max())
    if told.sum() < 40:
        return None
    ratio = np.log(ours[told] - noise) - np.log(theirs[told])
    bend = -4 * np.pi**2
    basis = np.stack([np.ones(told.sum()), bend * x[told] ** 2, 2 * bend * (x * y)[told], bend * y[told] ** 2], axis=1)
    weight = np.ones(len(ratio))
    for _ in range(5):
        terms = np.linalg.lstsq(basis * weight[:, None], ratio * weight, rcond=None)[0]
        weight = 1 / np.sqrt(1 + np.square((ratio - basis @ terms) / 0.7))
    level, across, both, down = terms.tolist()
    lost = np.exp(bend * (across * x**2 + 2 * both * x * y + down * y**2))
    return Blur(across, both, down, np.asarray(theirs * np.exp(level) * np.minimum(lost, 1e3)), noise)


def sharpened(picture: Grey, blur: Blur) -> Grey:
    """The picture as blurred as drawn text is, as far as its noise allows (Wiener's filter)."""
    y, x = np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE), indexing="ij")
    lost = np.exp(-2 * np.pi**2 * (blur.across * x**2 + 2 * blur.both * x * y + blur.down * y**2))
    gain = np.minimum(1 / np.maximum(lost, 1e-6), 1e6) * blur.print / (blur.print + blur.noise)
    gain = np.minimum(gain, _MOST)
    gain[0, 0] = 1.0
    kernel = np.fft.fftshift(np.fft.ifft2(gain).real)[1:, 1:]
    kernel *= np.outer(np.hanning(SIDE + 1)[1:-1], np.hanning(SIDE + 1)[1:-1])
    kernel /= kernel.sum()
    out = cv2.filter2D(picture.astype(np.float32), -1, kernel.astype(np.float32), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(np.clip(out, 0, 255), np.uint8)
