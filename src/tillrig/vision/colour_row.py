"""A row of a colour display as ink: 0 on its ground, about 1 in its text, whatever the two colours and the light."""

from __future__ import annotations

import itertools

import cv2
import numpy as np

from tillrig.vision.geometry import Grey, Ink
from tillrig.vision.ink import LINEAR
from tillrig.vision.readers.recogniser import NETWORK_HEIGHT

SCALE = 2
# Dots around a row that its picture has.
MARGIN = 4
# Pixels of a stretch of row whose ground is taken at once, and the blur that joins the stretches, in stretches.
_STRETCH, _JOINED = 32, 1.2
# Usual ink of the ground, in shares of the darkest, below which that is more than noise: noise alone gives 0.24.
_EVEN = 0.07
# Ink that is text, and pixels of ground left at either end of it.
_INKED, _AROUND = 0.35, 5
# Dots by which a row may seem to lie off its place.
_SLACK = 2
# Dots from a row's edge in which a bar's edge may seem to lie.
_EDGE = 3
# Share of a stretch's pixels that the ground certainly has.
_GROUND = 75


def row_ink(rectified: Grey, number: int, height: int) -> Ink:
    """Row `number` of a display rectified at SCALE pixels a dot with MARGIN dots around it; rows are `height` dots."""
    top = number * height * SCALE
    light = cv2.LUT(rectified[top : top + (height + 2 * MARGIN) * SCALE], LINEAR)
    inner = light[MARGIN * SCALE : -MARGIN * SCALE, MARGIN * SCALE : -MARGIN * SCALE]
    smooth = cv2.GaussianBlur(inner, (0, 0), 1.0)
    middle, low, high = (float(value) for value in np.percentile(smooth, (50, 0.3, 99.7)))
    dark = middle - low > high - middle
    ground = _ground(inner, _GROUND if dark else 100 - _GROUND, light.shape[1])
    away = ground - light if dark else light - ground
    if dark:
        # Light multiplies what a bright ground sends out; on a dark one there is nothing to go by.
        away = away * (float(np.median(ground)) / np.maximum(ground, 1e-3))
    contrast = float(np.percentile(_inner(cv2.GaussianBlur(away, (0, 0), 1.0)), 99.7))
    ink = np.asarray(np.clip(away / max(contrast, 1e-3), -1.0, 2.0), np.float32)
    _bare_edges(ink)
    return ink


def crop_of(ink: Ink) -> Grey:
    """The row as a recogniser takes it: dark on light, as high as its network, from its first ink to its last."""
    core = ink[MARGIN * SCALE : -MARGIN * SCALE]
    columns = np.flatnonzero((cv2.GaussianBlur(core, (0, 0), 1.2) > _INKED).sum(axis=0) >= SCALE)
    first, last = (int(columns[0]) - _AROUND, int(columns[-1]) + _AROUND + 1) if len(columns) else (0, core.shape[1])
    dark = np.clip(255.0 - 225.0 * core[:, max(0, first) : last], 0, 255).astype(np.uint8)
    width = max(NETWORK_HEIGHT // 3, round(dark.shape[1] * NETWORK_HEIGHT / dark.shape[0]))
    return np.asarray(cv2.resize(dark, (width, NETWORK_HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def marked(ink: Ink) -> bool:
    """Whether something stands on the row's ground: its ink is normed, so that of an empty row noise alone is left."""
    smooth = _inner(cv2.GaussianBlur(ink, (0, 0), 1.0))
    return float(np.median(np.abs(smooth - np.median(smooth)))) < _EVEN


def _inner(row: Ink) -> Ink:
    """The row without what may be its neighbours' or the bezel's."""
    side = (MARGIN + _EDGE) * SCALE
    return row[side:-side, side:-side]


def _bare_edges(ink: Ink) -> None:
    """What lies outside the row belongs to its neighbours or to the bezel."""
    beyond, edge = (MARGIN - _SLACK) * SCALE, (MARGIN + _EDGE) * SCALE
    for lines in (slice(None, edge), slice(-edge, None)):
        ink[lines] -= np.median(ink[lines], axis=1, keepdims=True)
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
    middles = (edges[:-1] + edges[1:]) / 2 + MARGIN * SCALE
    return np.asarray(np.interp(np.arange(width), middles, even), np.float32)[None]
