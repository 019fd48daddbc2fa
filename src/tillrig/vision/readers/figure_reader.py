"""Figures one by one, in any font: a small network that sees the ink of one character and nothing of its neighbours.

Trained by tools/figures on fonts of neither the simulated terminal nor the reading benchmark. It has no language model
and does not find characters by itself: the cells are given, and what stands in none of the figures' shapes is "?". A
letter that looks like a figure (B, D, O, Z, l) is that figure to it, beyond doubt.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import Ink

FIGURES = "0123456789.,:/-*"
OTHER = "?"
#: A crop's pixels; digits stand from row TOP to row FOOT, the character in the middle.
ROWS, COLUMNS, TOP, FOOT = 32, 24, 4, 28
_INK = 0.45
# Share of the run's height that a digit at least has: a smaller one is a separator, whatever it was taken for.
_DIGIT_HIGH = 0.55
_LEAST_ROWS = 5

Span = tuple[int, int]


class FigureReader:
    """Reads characters of FIGURES in their own cells. Thread safe; the network is loaded once."""

    name = "figures"

    def read(self, ink: Ink, spans: Sequence[Span]) -> tuple[str, float]:
        """What stands in each of `spans`, columns [first, last) of a line's `ink` (rows x columns, 0..1), and the
        smallest margin in nats of a character over its best rival. ("", 0) where nothing stands as high as a digit."""
        crops = framed(ink, spans)
        if crops is None:
            return "", 0.0
        said = np.sort(log := _network().run(None, {"ink": crops[:, None]})[0], axis=1)
        text = "".join((FIGURES + OTHER)[int(number)] for number in log.argmax(axis=1))
        return text, float((said[:, -1] - said[:, -2]).min())


def framed(ink: Ink, spans: Sequence[Span]) -> npt.NDArray[np.float32] | None:
    """Each span as the network takes it: (spans, ROWS, COLUMNS), in one scale, digits from TOP to FOOT. None where the
    run has no rows of digits."""
    limits = _digit_rows(ink, spans)
    if limits is None:
        return None
    top, foot = limits
    scale = (FOOT - TOP) / (foot - top)
    crops = np.zeros((len(spans), ROWS, COLUMNS), np.float32)
    for number, (first, last) in enumerate(spans):
        part = np.ascontiguousarray(ink[:, first:last], np.float32)
        weight = part.clip(0, 1).sum(axis=0)
        if float(weight.sum()) <= 0:
            continue
        inked = np.flatnonzero(part.max(axis=0) > _INK)
        middle = (inked[0] + inked[-1]) / 2 if len(inked) else (last - first - 1) / 2
        # Pixel centres are at whole numbers on both sides.
        matrix = np.array(
            [
                [scale, 0, (COLUMNS - 1) / 2 - scale * middle],
                [0, scale, TOP - 0.5 - scale * (top - 0.5)],
            ],
            np.float32,
        )
        crops[number] = cv2.warpAffine(part, matrix, (COLUMNS, ROWS), flags=cv2.INTER_LINEAR, borderValue=0)
    return crops.clip(0, 1)


def _digit_rows(ink: Ink, spans: Sequence[Span]) -> tuple[int, int] | None:
    """Rows [top, foot) of the run's digits: what the high characters agree on."""
    found = []
    for first, last in spans:
        rows = np.flatnonzero(ink[:, first:last].max(axis=1) > _INK) if last > first else np.array([], np.intp)
        if len(rows):
            found.append((int(rows[0]), int(rows[-1]) + 1))
    if not found:
        return None
    highest = max(foot - top for top, foot in found)
    high = [one for one in found if one[1] - one[0] >= _DIGIT_HIGH * highest]
    top, foot = (int(np.median([one[side] for one in high])) for side in (0, 1))
    return (top, foot) if foot - top >= _LEAST_ROWS else None


@lru_cache(maxsize=1)
def _network() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    model = resources.files("tillrig.vision.readers") / "figures.onnx"
    return onnxruntime.InferenceSession(model.read_bytes(), options, providers=["CPUExecutionProvider"])
