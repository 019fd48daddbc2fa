"""A row of a colour display as ink: 0 on its ground, about 1 in its text, whatever the two colours and the light."""

from __future__ import annotations

import itertools

import cv2
import msgspec
import numpy as np

from tillrig.vision.geometry import Grey, Ink
from tillrig.vision.readers.recogniser import NETWORK_HEIGHT

SCALE = 2
# Cameras answer linearly or with a tone curve up to 2.2: the middle leaves the least to be bent straight afterwards.
_LIGHT = ((np.arange(256) / 255.0) ** 1.5).astype(np.float32)
# Dots around a row that its picture has.
MARGIN = 4
# Pixels of a stretch of row whose ground is taken at once, and the blur that joins the stretches, in stretches.
_STRETCH, _JOINED = 32, 1.2
# Contrast of text, at least: in shares of its ground (moire makes 0.1), of the brightest part of the display, and in
# sizes of the noise. Light of a display below which nothing is lit.
_LEAST_OF_GROUND, _LEAST_OF_BRIGHTEST, _OVER_GRAIN, _DARK = 0.12, 0.04, 3.0, 0.02
# Blur (pixels) that takes the sensor's noise away, at which the network reads most: 46 of 54 rows against 42 without.
_SMOOTH = 1.2
# Ink that is text, pixels of it one above the other (a full stop has six), and pixels of ground left at either end.
_INKED, _TALL, _AROUND = 0.35, 4, 5
# Dots by which a row may seem to lie off its place.
_SLACK = 2
# Share of a row's height that no stroke leaves free.
_HIGH = 10
# Dots from a row's edge in which a bar's edge may seem to lie.
_EDGE = 3
# Share of a stretch's pixels that the ground certainly has.
_GROUND = 75


class SmoothRow(msgspec.Struct, frozen=True):
    """`ink` of a row (pixels, SCALE a dot, MARGIN dots around it); `blank`: nothing stands on its ground."""

    ink: Ink
    blank: bool


def smooth_rows(rectified: Grey, rows: int, height: int) -> tuple[SmoothRow, ...]:
    """The rows, each `height` dots, of a display rectified at SCALE pixels a dot with MARGIN dots around it."""
    brightest = float(_LIGHT[int(np.percentile(rectified, 95))])
    return tuple(_row(rectified, number, height, brightest) for number in range(rows))


def _row(rectified: Grey, number: int, height: int, brightest: float) -> SmoothRow:
    top = number * height * SCALE
    light = cv2.LUT(rectified[top : top + (height + 2 * MARGIN) * SCALE], _LIGHT)
    inner = _inner(light)
    side = (MARGIN + _EDGE) * SCALE
    middle = _ground(inner, 50, light.shape[1])[:, side:-side]
    low, high = np.percentile(cv2.GaussianBlur((inner - middle) / np.maximum(middle, 1e-3), (0, 0), 1.5), (0.3, 99.7))
    dark = -low > high
    ground = _ground(inner, _GROUND if dark else 100 - _GROUND, light.shape[1])
    usual = float(np.median(ground))
    away = ground - light if dark else light - ground
    if dark:
        # Light multiplies what a bright ground sends out; on a dark one there is nothing to go by.
        away = away * (usual / np.maximum(ground, 1e-3))
    smooth = _inner(cv2.GaussianBlur(away, (0, 0), 1.0))
    contrast = float(np.percentile(smooth, 99.7))
    ink = np.asarray(np.clip(away / max(contrast, 1e-3), -1.0, 2.0), np.float32)
    _bare_edges(ink)
    least = max(_LEAST_OF_GROUND * usual, _LEAST_OF_BRIGHTEST * brightest, _OVER_GRAIN * _grain(away))
    return SmoothRow(ink, contrast < least or brightest < _DARK)


def _grain(away: Ink) -> float:
    """Usual size of the noise of single pixels."""
    fine = _inner(away) - _inner(cv2.blur(away, (3, 3)))
    return float(np.median(np.abs(fine)))


def crop_of(ink: Ink) -> Grey:
    """The row as a recogniser takes it: dark on light, as high as its network, from its first ink to its last."""
    core = cv2.GaussianBlur(ink, (0, 0), _SMOOTH)[MARGIN * SCALE : -MARGIN * SCALE]
    columns = np.flatnonzero((core > _INKED).sum(axis=0) >= _TALL)
    first, last = (int(columns[0]) - _AROUND, int(columns[-1]) + _AROUND + 1) if len(columns) else (0, core.shape[1])
    dark = np.clip(255.0 - 225.0 * core[:, max(0, first) : last], 0, 255).astype(np.uint8)
    width = max(NETWORK_HEIGHT // 3, round(dark.shape[1] * NETWORK_HEIGHT / dark.shape[0]))
    return np.asarray(cv2.resize(dark, (width, NETWORK_HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def _inner(row: Ink) -> Ink:
    """The row without what may be its neighbours' or the bezel's."""
    side = (MARGIN + _EDGE) * SCALE
    return row[side:-side, side:-side]


def _bare_edges(ink: Ink) -> None:
    """What lies outside the row belongs to its neighbours or to the bezel, whose edges may seem to lie within: ink as
    long as the row, or nearly as high."""
    beyond, edge = (MARGIN - _SLACK) * SCALE, (MARGIN + _EDGE) * SCALE
    for part in (slice(None, edge), slice(-edge, None)):
        ink[part] -= np.median(ink[part], axis=1, keepdims=True)
        low, high = np.percentile(ink[edge:-edge, part], (_HIGH, 100 - _HIGH), axis=0)
        ink[:, part] -= np.maximum(low, 0) + np.minimum(high, 0)
    ink[:beyond] = ink[-beyond:] = 0.0
    inside = (MARGIN + 1) * SCALE
    ink[:, :inside] = ink[:, -inside:] = 0.0


def _ground(inner: Grey | Ink, share: int, width: int) -> Ink:
    """Light of the ground along the row (1, width)."""
    edges = np.linspace(0, inner.shape[1], max(2, round(inner.shape[1] / _STRETCH)) + 1).astype(int)
    values = np.array(
        [np.percentile(inner[:, first:last], share) for first, last in itertools.pairwise(edges)], np.float32
    )
    even = cv2.GaussianBlur(values[None], (0, 0), _JOINED, borderType=cv2.BORDER_REPLICATE)[0]
    middles = (edges[:-1] + edges[1:]) / 2 + (MARGIN + _EDGE) * SCALE
    return np.asarray(np.interp(np.arange(width), middles, even), np.float32)[None]
