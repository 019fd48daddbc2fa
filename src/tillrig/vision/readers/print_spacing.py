"""Where the spaces of a printed line are: recognisers lose them, and columns are made of them."""

from __future__ import annotations

import numpy as np

from tillrig.vision.fields import edits
from tillrig.vision.geometry import Ink, PaperGeometry
from tillrig.vision.readers.base import bare
from tillrig.vision.readers.glyphs import is_wide


def spaced(ink: Ink, text: str, height: str, geometry: PaperGeometry) -> str:
    """`text` with the spaces that the gaps in its line's ink (two pixels a dot) show; as it is where the two do not go
    together."""
    pitch = {"small": geometry.small_height, "amount": geometry.text_height * 2}.get(height, geometry.text_height)
    return spaced_by_gaps(text, ink, pitch) or text


def spaced_by_gaps(text: str, ink: Ink, pitch: float) -> str | None:
    """`text` with spaces where its ink (rows x columns) has gaps of a half-width character's `pitch` in pixels; None
    where characters and ink do not go together."""
    chars = bare(text)
    runs = _runs(ink, 0.8 * pitch)
    if not runs or not chars:
        return None
    start = runs[0][0]
    out, place, cells = "", 0, 0.0
    for number, (first, last) in enumerate(runs):
        if number:
            gap = round((first - start) / pitch - cells)
            out += " " * max(0, gap)
            cells += max(0, gap)
        until = (last - start) / pitch
        while place < len(chars) and cells < until - 0.35:
            out += chars[place]
            cells += 2 if is_wide(chars[place]) else 1
            place += 1
    return out if place == len(chars) and edits(bare(out), chars) == 0 else None


def _runs(ink: Ink, gap: float) -> list[tuple[int, int]]:
    """Columns [first, last) of ink, parted by gaps wider than `gap` pixels."""
    middle = ink[ink.shape[0] // 6 : -ink.shape[0] // 6 or None]
    inked = np.flatnonzero((middle > 0.5).sum(axis=0) >= 2)
    runs: list[list[int]] = []
    for column in inked.tolist():
        if runs and column - runs[-1][1] <= gap:
            runs[-1][1] = column + 1
        else:
            runs.append([column, column + 1])
    return [(first, last) for first, last in runs]
