"""A character and its rival both drawn: blur and place are adjusted to the rival's favour too."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import FontSpec, Ink
from tillrig.vision.readers.print_cells import PrintCell
from tillrig.vision.readers.print_model import Drawn, draw
from tillrig.vision.readers.print_weighed import left_over_of

# Margin below which both are drawn, and for how many characters of a line, the weakest first.
_CONTESTED = 0.6
_MOST = 6


def contested(
    cells: tuple[PrintCell, ...],
    level: Ink,
    left_over: Ink,
    gains: npt.NDArray[np.float64],
    drawn: Drawn,
    spec: FontSpec,
) -> tuple[PrintCell, ...]:
    """The cells, those in doubt with the margin that both drawings give. A character that explains its picture badly is
    held against the one most like what it leaves over too."""
    found = list(cells)
    doubtful = sorted(
        (cell.margin, number) for number, cell in enumerate(cells) if cell.margin < _CONTESTED or cell.stranger
    )
    for _, number in doubtful[:_MOST]:
        cell = cells[number]
        told = []
        for rival in dict.fromkeys(filter(None, (cell.rival, cell.stranger))):
            other = draw(with_char(drawn.text, number, rival), spec, drawn.height, drawn.across, drawn.dead)
            if other is not None and other.picture.shape == drawn.picture.shape:
                told.append((between(number, level, left_over, float(gains[number]), drawn, other), rival))
        if told:
            margin, rival = min(told)
            added = cell.added if rival == cell.rival else 1.0
            found[number] = msgspec.structs.replace(cell, margin=margin, rival=rival, added=added)
    return tuple(found)


def between(number: int, level: Ink, left_over: Ink, gain: float, drawn: Drawn, other: Drawn) -> float:
    """1 where the picture is what `drawn` has as character `number`, -1 where it is what `other` has; `left_over` is
    what `drawn` does not explain of `level`."""
    window = drawn.window(number)
    apart = other.picture[window] - drawn.picture[window]
    both = left_over[window] + left_over_of(level, other)[0][window]
    return -float((both * apart).sum()) / max(float(np.square(apart).sum()) * gain, 1e-3)


def with_char(text: str, number: int, char: str) -> str:
    """`text` with its character `number`, spaces not counted, exchanged."""
    at = [place for place, one in enumerate(text) if one != " "][number]
    return text[:at] + char + text[at + 1 :]
