"""The figures of a line, read one by one where the recogniser saw them: a second voice where no dots of a font are
known.

The recogniser says how many characters there are and roughly where. Where its count is wrong, a part holds two
characters or half of one, which the reader of figures takes for none.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import Grey, Ink
from tillrig.vision.readers.base import CharReading, LineImage, bare
from tillrig.vision.readers.figure_reader import FIGURES, OTHER, FigureReader, Span
from tillrig.vision.readers.recogniser import NETWORK_HEIGHT, STEP_PX, Recogniser
from tillrig.vision.spelling import cells_in_order, spelled_cells

Floats = npt.NDArray[np.float64]
_COUNTED = "0123456789*"
# A run with fewer digits is not asked about: a digit that nobody else saw is no testimony.
_LEAST_DIGITS = 2
# Ink of a dot that is dark.
_DOT = 0.5
# Times the usual step from character to character from which there is a space between.
_SPACE = 1.6
# And up to which there is none.
_ROOM = 1.2
# Ink, and columns with it, beyond the outermost cuts from which a character stands there that the cut leaves out.
_LEFT_OUT, _LEFT_OUT_PX = 0.5, 3
# Greatest ink of a column that parts two characters: several are tried.
_CLEAR = (0.12, 0.2, 0.3, 0.4, 0.5)
# Pitches around the one at which the characters were seen, and places of the first in parts of it.
_PITCHES, _PLACES = np.linspace(0.92, 1.08, 9), np.linspace(-0.45, 0.45, 19)


class Figures(msgspec.Struct, frozen=True):
    """`text` (folded, without spaces) with its figures as they were read, "?" where a part shows none; `margin` the
    smallest in nats; `runs` the characters [first, last) that were read so, while the others are whose the text was."""

    text: str
    margin: float
    runs: tuple[Span, ...] = ()


def figures_read(
    reader: FigureReader, recogniser: Recogniser, line: LineImage, text: str | None = None
) -> Figures | None:
    """The line's figures. Where its cells are known, those of `text`, each in its cell; else those of what the
    recogniser sees, where it sees them. None where there are none, or where `text` does not lie there as it is
    written."""
    if line.cell and line.ink is not None and text is not None:
        cells = spelled_cells(line.ink, text, line.cell) or cells_in_order(line.ink, text, line.cell)
        if cells is None or not _in_one_piece(line.ink, text, cells, line.cell):
            return None
        return _read(reader, np.clip(line.ink, 0, 1), bare(text), lambda first, last: [cells[first:last]])
    chars = [char for char in recogniser.read_crop(line.grey).chars if bare(char.char)]
    if not chars:
        return None
    ink = _ink(line.grey)
    seen = "".join(bare(char.char)[:1] for char in chars)
    if text is not None and not _parted_alike(text, seen, chars):
        return None
    return _read(reader, ink, seen, _cuts(chars, ink), _spaces(chars))


def _in_one_piece(ink: Ink, text: str, cells: Sequence[Span], cell: int) -> bool:
    """Whether the figures of `text` have cells without any dot between them where it has a space, and only there: a
    point of one dot is a dot, and 2 12.34 is not 212.34."""
    at = [place for place, char in enumerate(text) if bare(char)]
    chars = bare(text)
    if len(at) != len(chars):
        return True
    for number, ((_, last), (first, _)) in enumerate(itertools.pairwise(cells)):
        if chars[number] not in FIGURES or chars[number + 1] not in FIGURES:
            continue
        if first > last and float(ink[:, last:first].max()) > _DOT:
            return False
        parted = at[number + 1] - at[number] > 1
        if parted != (first - last >= cell) and {chars[number], chars[number + 1]} <= set("0123456789.,"):
            return False
    return True


def _read(
    reader: FigureReader,
    ink: Ink,
    text: str,
    cuts: Callable[[int, int], list[list[Span]]],
    spaces: frozenset[int] = frozenset(),
) -> Figures | None:
    """Each run of figures by the cut at which it looks most like figures."""
    out, margin, at, runs = "", float("inf"), 0, []
    for first, last in _runs(text, spaces):
        tried = [reader.read(ink, spans) for spans in cuts(first, last)]
        if not tried:
            return None
        seen, sure = max(tried, key=lambda one: (-one[0].count(OTHER), one[1]))
        out += text[at:first]
        runs.append((len(out), len(out) + len(seen)))
        out, margin, at = out + seen, min(margin, sure), last
    rest = out + text[at:]
    # A digit or a star that nobody else saw is no testimony.
    alone = any(char in _COUNTED for first, last in _others(text, spaces) for char in text[first:last])
    return None if alone or margin == float("inf") else Figures(rest, round(margin, 2), tuple(runs))


def _even(spans: Sequence[Span]) -> bool:
    """Whether no two neighbours stand so far from each other that a character may be between them."""
    middles = [(first + last) / 2 for first, last in spans]
    steps = np.diff(middles)
    return len(steps) < 2 or float(steps.max()) <= _SPACE * float(np.median(steps)) + 1


def _ink(grey: Grey) -> Ink:
    """0 ground, 1 ink, at the network's height."""
    width = max(1, round(grey.shape[1] * NETWORK_HEIGHT / grey.shape[0]))
    level = cv2.resize(grey, (width, NETWORK_HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32)
    dark, ground = np.percentile(level, (1, 75))
    return np.asarray(np.clip((ground - level) / max(float(ground - dark), 20.0), 0, 1), np.float32)


def _cuts(chars: Sequence[CharReading], ink: Ink) -> Callable[[int, int], list[list[Span]]]:
    """Ways to part the characters [first, last)."""
    middles = np.array([(char.column + 0.5) * STEP_PX for char in chars])
    edges = np.round([0.0, *(middles[:-1] + middles[1:]) / 2, ink.shape[1]]).astype(int).tolist()

    def ways(first: int, last: int) -> list[list[Span]]:
        plain = list(itertools.pairwise(edges[first : last + 1]))
        around = edges[first], edges[last]
        even = [spans for spans in _by_pitch(ink, middles[first:last]) if _covers(ink, spans, *around)]
        return [spans for spans in (plain, *_by_gaps(ink, last - first, *around), *even) if _even(spans)]

    return ways


def _spaces(chars: Sequence[CharReading]) -> frozenset[int]:
    """Numbers of the characters before which there is more room than between others."""
    steps = np.diff([char.column for char in chars])
    wide = _SPACE * float(np.median(steps)) if len(steps) else 0.0
    return frozenset(number for number, step in enumerate(steps.tolist(), 1) if step > wide)


def _parted_alike(text: str, seen: str, chars: Sequence[CharReading]) -> bool:
    """Whether `text`, if it is what the recogniser saw, has spaces between figures where there is room, and none where
    there is not: 55 5.68 is not 555.68, nor 2 12.34 the same as 212.34."""
    number = "0123456789.,"
    at = [place for place, char in enumerate(text) if bare(char)]
    if bare(text) != seen or len(at) != len(seen):
        return True
    steps = [(there.column - here.column, place) for place, (here, there) in enumerate(itertools.pairwise(chars), 1)]
    within = [(step, place) for step, place in steps if seen[place - 1] in number and seen[place] in number]
    if len(within) < 3:
        return True
    usual = float(np.median([step for step, _ in within]))
    return all(
        step > _ROOM * usual if at[place] - at[place - 1] > 1 else step <= _SPACE * usual for step, place in within
    )


def _runs(text: str, spaces: frozenset[int]) -> Iterator[Span]:
    """Characters [first, last) of each run of figures with enough digits; a label's colon is not of it."""
    edges = {number for number in range(1, len(text)) if (text[number] in FIGURES) != (text[number - 1] in FIGURES)}
    for start, last in itertools.pairwise(sorted({0, len(text)} | edges | spaces)):
        part = text[start:last]
        if part[0] in FIGURES and sum(char.isdigit() for char in part) >= _LEAST_DIGITS:
            yield start + len(part) - len(part.lstrip(":-/.,")), last


def _others(text: str, spaces: frozenset[int]) -> Iterator[Span]:
    """Characters [first, last) between these runs."""
    at = 0
    for first, last in _runs(text, spaces):
        yield at, first
        at = last
    yield at, len(text)


def _covers(ink: Ink, spans: Sequence[Span], left: int, right: int) -> bool:
    """Whether no character stands between `left` and `right` beside the spans: one that the recogniser dropped."""
    beside = ink[:, left : max(left, spans[0][0])], ink[:, min(right, spans[-1][1]) : right]
    return all(int((part.max(axis=0) > _LEFT_OUT).sum()) < _LEFT_OUT_PX for part in beside if part.size)


def _by_gaps(ink: Ink, count: int, left: int, right: int) -> Iterator[list[Span]]:
    """Columns without ink part the characters, where that gives as many as were seen."""
    highest = ink[:, left:right].max(axis=0, initial=0.0)
    for clear in _CLEAR:
        edges = np.diff(np.concatenate([[0], (highest > clear).astype(np.int8), [0]]))
        first, last = np.flatnonzero(edges == 1) + left, np.flatnonzero(edges == -1) + left
        if len(first) == count:
            yield list(zip(first.tolist(), last.tolist(), strict=True))


def _by_pitch(ink: Ink, middles: Floats) -> Iterator[list[Span]]:
    """Characters of one width, where the least ink lies between them."""
    if len(middles) < 3:
        return
    steps = np.arange(len(middles))
    pitch, start = np.polyfit(steps, middles, 1)
    if pitch < STEP_PX:
        return
    borders = steps[0] - 0.5 + np.arange(len(middles) + 1)
    total = ink.sum(axis=0)
    tried = []
    for share, place in itertools.product(_PITCHES, _PLACES):
        # The middle of the run stays where it was seen.
        at = start + pitch * (1 - share) * steps.mean() + (place + borders) * pitch * share
        cost = float(np.interp(at, np.arange(len(total)), total).mean())
        tried.append((cost + 0.5 * abs(place) + 2 * abs(share - 1), share, place, at))
    edges = np.clip(np.round(min(tried, key=lambda one: one[:3])[3]), 0, ink.shape[1]).astype(int).tolist()
    yield list(itertools.pairwise(edges))
