"""How much of a picture a drawn line explains, and what it leaves over."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import FontSpec, Ink
from tillrig.vision.readers.print_level import BURNT
from tillrig.vision.readers.print_model import PAD, SCALE, Drawn


def left_over_of(seen: Ink, drawn: Drawn) -> tuple[Ink, npt.NDArray[np.float64]]:
    """What the drawn line does not explain of the picture, and each cell's ink density, once density, ground, a
    fraction of a pixel's shift and a little more or less blur are allowed for around each cell (least squares)."""
    weights = _weights(seen, drawn)
    of_column = weights[drawn.owner].T.astype(np.float32)
    model = (drawn.basis * of_column[:, None, :]).sum(axis=0)
    return np.asarray(seen - model, np.float32), np.clip(weights[:, 0], 0.3, 1.6)


def _weights(seen: Ink, drawn: Drawn) -> npt.NDArray[np.float64]:
    """How much of line, ground, shifts and blur each cell's surroundings take (cells, 5), by least squares."""
    shares = (drawn.basis * seen).sum(axis=1).T.astype(np.float64)
    sums = np.concatenate([np.zeros((1, 5)), shares.cumsum(axis=0)])
    return np.asarray(np.einsum("nij,nj->ni", drawn.inverse, sums[drawn.last] - sums[drawn.first]))


def ink_between(left_over: Ink, gain: float, drawn: Drawn, spec: FontSpec) -> int:
    """Burnt pixels where the text has spaces."""
    free = np.ones(left_over.shape[1], np.bool_)
    free[: PAD * SCALE] = free[-PAD * SCALE :] = False
    for place in drawn.places:
        left = (place.left + PAD) * SCALE
        free[left : left + place.glyphs.width * drawn.across * SCALE] = False
    rows = left_over[PAD * SCALE : (PAD + spec.size * drawn.down) * SCALE]
    return int((rows[:, free] > BURNT * gain).sum())
