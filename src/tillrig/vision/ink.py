"""From grey values to ink: 0 where a dot is clear, 1 where it is dark, with light, glare and contrast divided out.

Worked in linear light, because glare adds there and so cancels against the background.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import Grey, Ink
from tillrig.vision.light import Separation, separate

GAMMA = 2.2
LINEAR = ((np.arange(256) / 255.0) ** GAMMA).astype(np.float32)
SATURATED = 252
# Contrast (linear, share of full scale) below which a picture holds no text: six times the typical sensor's noise
# after averaging a dot.
_LEAST_CONTRAST = 0.015
# The same as a share of the light: moire and noise of an empty display split into 0.09 on a typical camera, faint
# text into 0.4.
_LEAST_SHARE = 0.2
# The same of a fitted contrast; and it is not below what the fit leaves unexplained. Moire, noise and glare of an empty
# display split into 0.12, text of a bad camera into 0.15 and more.
_LEAST_FITTED = 0.14
# In little light a fitted contrast may be less, where it explains the dots: noise alone leaves 0.24 and more of what it
# splits into unexplained, dim text up to 0.18.
_LEAST_AT_ALL, _NOISY = 0.003, 0.2
_SURFACE_SIGMA = 7.0
# Contrast of a display, as a share of its light, below which it is dim: typical displays show 0.40 and more, bad ones
# 0.15 to 0.34.
_DIM = 0.37


@dataclass(frozen=True)
class InkMap:
    """`ink` per dot (0 clear, 1 dark, float32), `contrast` of dark against clear in linear light, `saturated` dots,
    `level` the background.

    `span` is the local difference of clear and dark in linear light, `parts` what was fitted.
    """

    ink: Ink
    contrast: float
    saturated: npt.NDArray[np.bool_]
    level: float
    span: Ink
    parts: Separation | None = None

    @property
    def soft(self) -> Ink:
        """Ink as the lens left it."""
        if self.parts is None:
            return self.ink
        return np.asarray(np.clip(self.parts.soft, -0.3, 1.3))

    @property
    def dim(self) -> bool:
        """Whether glare may hide characters from the dots."""
        return self.contrast < _DIM * self.level


def dots_of(rectified: Grey, scale: int, margin: int) -> tuple[Ink, npt.NDArray[np.bool_]]:
    """Linear light per dot from the middle of each dot's pixels, and which dots are clipped; the margin is cut off."""
    if margin:
        rectified = rectified[margin * scale : -margin * scale, margin * scale : -margin * scale]
    rows, columns = rectified.shape[0] // scale, rectified.shape[1] // scale
    light = cv2.LUT(rectified, LINEAR)
    dots = cv2.resize(light, (columns, rows), interpolation=cv2.INTER_AREA)
    return dots, _clipped(rectified, rows, columns)


def _clipped(rectified: Grey, rows: int, columns: int) -> npt.NDArray[np.bool_]:
    if int(rectified.max()) < SATURATED:
        return np.zeros((rows, columns), np.bool_)
    white = (rectified >= SATURATED).astype(np.float32)
    return np.asarray(cv2.resize(white, (columns, rows), interpolation=cv2.INTER_AREA) > 0.5)


def ink_map(
    dots: Ink, saturated: npt.NDArray[np.bool_], least_contrast: float = _LEAST_CONTRAST, cell: int = 0
) -> InkMap:
    """Separate clear and dark dots under uneven light; a picture without enough contrast is all clear. With `cell`, the
    height of a row of text in dots, light and blur are fitted."""
    coarse = _by_neighbours(dots, saturated, least_contrast)
    if not cell:
        return coarse
    found = separate(dots, coarse.ink > 0.5, cell)
    if found is None:
        return coarse
    span, level = np.maximum(found.contrast(), 1e-4), coarse.level
    contrast = float(np.median(span))
    faint = contrast < least_contrast and (contrast < _LEAST_AT_ALL or found.residual > _NOISY)
    if faint or contrast < max(_LEAST_FITTED, found.residual) * level:
        return InkMap(np.zeros_like(dots), contrast, saturated, level, np.ones_like(dots))
    return InkMap(np.clip(found.ink, -0.3, 1.3), contrast, saturated, level, span, found)


def _by_neighbours(dots: Ink, saturated: npt.NDArray[np.bool_], least_contrast: float) -> InkMap:
    """By the light of the nearest dots of either kind."""
    level = float(np.percentile(dots, 90))
    smooth = cv2.GaussianBlur(dots, (0, 0), 25.0, borderType=cv2.BORDER_REFLECT)
    cut, low, high = _split(dots / np.maximum(smooth, 1e-4))
    dark = dots / np.maximum(smooth, 1e-4) < cut
    contrast = (high - low) * level
    clear_surface: Ink | None = None
    dark_surface: Ink | None = None
    for _ in range(2):
        clear_surface = _surface(dots, ~dark)
        if clear_surface is None:
            break
        dark_surface = _surface(dots, dark)
        if dark_surface is None:
            return InkMap(np.zeros_like(dots), 0.0, saturated, level, np.ones_like(dots))
        dark = dots < (clear_surface + dark_surface) / 2
        contrast = float(np.median(clear_surface - dark_surface))
    if clear_surface is None or dark_surface is None or contrast < max(least_contrast, _LEAST_SHARE * level):
        return InkMap(np.zeros_like(dots), contrast, saturated, level, np.ones_like(dots))
    # Where no dark dot is near, the local dark surface is a guess: never let the span shrink below half the usual one.
    span = np.maximum(clear_surface - dark_surface, contrast * 0.5)
    ink = (clear_surface - dots) / span
    return InkMap(np.clip(ink, -0.3, 1.3), contrast, saturated, level, span)


def _split(values: Ink) -> tuple[float, float, float]:
    """Otsu's threshold of a float picture with the means of both sides."""
    low, high = float(values.min()), float(values.max())
    scale = 255.0 / max(high - low, 1e-6)
    eight = ((values - low) * scale).astype(np.uint8)
    cut, _ = cv2.threshold(eight, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    dark = eight <= cut
    if dark.all() or not dark.any():
        return low, low, high
    return low + (cut + 0.5) / scale, float(values[dark].mean()), float(values[~dark].mean())


def _surface(dots: Ink, chosen: npt.NDArray[np.bool_]) -> Ink | None:
    """Smooth surface through the chosen dots, falling back to a plane of the whole where none is near."""
    count = int(chosen.sum())
    if count < 6:
        return None
    weight = chosen.astype(np.float32)
    near = cv2.GaussianBlur(weight, (0, 0), _SURFACE_SIGMA, borderType=cv2.BORDER_CONSTANT)
    values = cv2.GaussianBlur(weight * dots, (0, 0), _SURFACE_SIGMA, borderType=cv2.BORDER_CONSTANT)
    mean = float(dots[chosen].mean())
    # A weak pull to the global mean keeps empty regions finite.
    pull = 0.004
    return np.asarray((values + pull * mean) / (near + pull), dtype=np.float32)
