"""Which printed line is which expected text, by where their ink stands: cheap, and blind to single characters."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from tillrig.vision.geometry import Ink
from tillrig.vision.paper import Band
from tillrig.vision.readers.print_atlas import PrintAtlas
from tillrig.vision.readers.print_model import columns_of

# Correlation of the column sums above which a line may be that text; how far (dots) its left edge may be misjudged.
_ALIKE = 0.6
_SHIFTS = range(-4, 5)
_CLASSES = {"text": ("text", "small"), "small": ("small", "text"), "amount": ("amount",)}


def match_bands(ink: Ink, bands: Sequence[Band], texts: Sequence[str], atlas: PrintAtlas) -> list[int | None]:
    """For each band the number of the text that it most likely holds; the order of both is kept. `ink` by dots, rows
    as the bands count them."""
    alike = _likeness(ink, bands, texts, atlas)
    rows, columns = alike.shape
    best = np.zeros((rows + 1, columns + 1))
    for row in range(rows - 1, -1, -1):
        for column in range(columns - 1, -1, -1):
            gain = alike[row, column] - _ALIKE
            taken = gain + best[row + 1, column + 1] if gain > 0 else -1.0
            best[row, column] = max(taken, best[row + 1, column], best[row, column + 1])
    found: list[int | None] = [None] * rows
    row = column = 0
    while row < rows and column < columns:
        gain = alike[row, column] - _ALIKE
        if gain > 0 and best[row, column] == gain + best[row + 1, column + 1]:
            found[row] = column
            row, column = row + 1, column + 1
        elif best[row, column] == best[row + 1, column]:
            row += 1
        else:
            column += 1
    return found


def _likeness(ink: Ink, bands: Sequence[Band], texts: Sequence[str], atlas: PrintAtlas) -> Ink:
    width = ink.shape[1]
    found = np.zeros((len(bands), len(texts)), np.float32)
    reach = max(abs(shift) for shift in _SHIFTS)
    for height, classes in _CLASSES.items():
        numbers = [number for number, band in enumerate(bands) if band.height == height]
        drawn = [
            (place, profile)
            for place, text in enumerate(texts)
            for name in classes
            if name in atlas.fonts and atlas.can_show(text, name)
            for across in ((2, 1) if name == "amount" else (1,))
            if len(profile := columns_of(text, atlas.fonts[name], across)) and profile.any()
        ]
        if not numbers or not drawn:
            continue
        wanted = np.stack([_placed(profile[np.flatnonzero(profile)[0] :], width, reach) for _, profile in drawn])
        wanted = _normal(wanted)
        profiles = [_profile(ink, bands[number]) for number in numbers]
        seen = np.stack([_placed(profile, width, reach) for profile in profiles])
        best = np.max([_normal(np.roll(seen, shift, axis=1)) @ wanted.T for shift in _SHIFTS], axis=0)
        for which, (place, _) in enumerate(drawn):
            found[numbers, place] = np.maximum(found[numbers, place], best[:, which])
    return found


def _profile(ink: Ink, band: Band) -> Ink:
    return np.asarray(np.clip(ink[band.top : band.bottom, band.left :], 0, 1).sum(axis=0))


def _placed(profile: Ink, width: int, reach: int) -> Ink:
    out = np.zeros(width + 2 * reach, np.float32)
    count = min(len(profile), width)
    out[reach : reach + count] = profile[:count]
    return np.asarray(cv2.GaussianBlur(out[None, :], (0, 0), 1.2)[0], np.float32)


def _normal(rows: Ink) -> Ink:
    rows = rows - rows.mean(axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(np.sqrt(np.square(rows).sum(axis=1, keepdims=True)), 1e-6), np.float32)
