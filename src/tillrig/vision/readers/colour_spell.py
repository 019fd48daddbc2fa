"""A row of a colour display read without an expectation: the string of glyphs that explains most of its ink."""

from __future__ import annotations

import numpy as np

from tillrig.vision.readers.colour_fit import Laid, Numbers, Plane, energies
from tillrig.vision.readers.colour_model import SCALE, Shapes

# Gap, in widths of a space, from which it is one; a glyph must explain this share of its own light.
_GAP, _LEAST = 0.6, 0.15


def spelled(plane: Plane, font: Shapes, kinds: Numbers, top: int, gain: float) -> tuple[float, str]:
    """The likeliest text of glyphs `kinds` on the line whose boxes begin at row `top` (or one pixel off), and how much
    squared ink it explains."""
    inks = font.inks(kinds, plane.lens.bow)
    energy = energies(inks, plane.lens)
    flat = inks.reshape(len(kinds), -1).T
    common = np.max([plane.parts(one, inks.shape[1:]) @ flat for one in (top - 1, top, top + 1)], axis=0)
    saved = 2 * gain * common - gain * gain * (1 + _LEAST) * energy[None]
    # The least way to the next glyph; what is more is ground, which costs nothing.
    steps = SCALE * np.floor(font.advance[kinds]).astype(int) - 1
    widths = np.unique(np.maximum(steps, 1))
    groups = [np.flatnonzero(np.maximum(steps, 1) == width) for width in widths]
    chosen = np.stack([group[saved[:, group].argmax(axis=1)] for group in groups], axis=1)
    value = np.take_along_axis(saved, chosen, axis=1)
    size = len(saved)
    best = np.full(size + int(widths[-1]) + 1, -np.inf)
    best[0] = 0.0
    came = np.full((len(best), 2), -1)
    for x in range(size):
        if best[x] >= best[x + 1]:
            best[x + 1], came[x + 1] = best[x], (x, -1)
        ends, total = x + widths, best[x] + value[x]
        better = total > best[ends]
        best[ends[better]] = total[better]
        came[ends[better], 0], came[ends[better], 1] = x, np.flatnonzero(better)
    at = int(best.argmax())
    found: list[tuple[int, int]] = []
    while at > 0:
        before, width = came[at].tolist()
        if width >= 0:
            found.append((before, int(kinds[chosen[before, width]])))
        at = before
    return float(best.max()), _joined(found[::-1], font)


def respelled(one: Laid) -> str:
    """A laid text with its spaces as wide as they stand."""
    return _joined(list(zip(one.left.tolist(), one.numbers.tolist(), strict=True)), one.shapes)


def _joined(found: list[tuple[int, int]], font: Shapes) -> str:
    text, end = "", 0.0
    for x, number in found:
        gap = (x - end) / (SCALE * font.space)
        text += (" " * max(1, round(gap)) if text and gap >= _GAP else "") + font.chars[number]
        end = x + SCALE * float(font.advance[number])
    return text
