"""Dead dots of a print head: columns in which the ink is missing from every line of a slip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tillrig.vision.readers.print_atlas import PrintFit

# Least share of its ink that a dead column lacks (measured 1.1 to 1.4; sound columns stay below 0.35), least ink that
# a line must have there to say so, and how many other lines must.
_MISSING = 0.65
_LEAST_INK = 1.0
_LEAST_LINES = 2
_LEAST_LIKE = 0.8
# Lines whose left edges lie nearer (dots) begin in the same dot column: paper sways by less.
_SAME_START = 2.5
# Of so many different texts it is remembered, at most, what a column printed of them.
_REMEMBERED = 8
RULE = "-"


@dataclass(frozen=True)
class Columns:
    """What the other lines say of the head's columns on one line: places (dots) at which they lack all ink, and at
    which they have theirs."""

    dead: tuple[float, ...] = ()
    alive: tuple[float, ...] = ()


class PrintHead:
    """What the slips read so far told of the columns of one printer's head, numbered from where its lines begin.

    A text tells once, however often it is printed, and never for itself: a glyph that the firmware draws wrong is
    wrong in the same text each time, a dead dot is missing from every text.
    """

    def __init__(self) -> None:
        self._lacked: dict[int, dict[str, bool]] = {}

    def remember(self, text: str, says: npt.NDArray[np.bool_], lacks: npt.NDArray[np.bool_]) -> None:
        """`says`: columns in which `text` should have ink enough to tell, `lacks`: those in which it has none."""
        for column in np.flatnonzero(says).tolist():
            told = self._lacked.setdefault(column, {})
            if text in told or len(told) < _REMEMBERED:
                told[text] = bool(lacks[column])

    def dead(self, text: str) -> tuple[int, ...]:
        """Columns that at least two texts other than `text` lack."""
        found = []
        for column, told in self._lacked.items():
            others = [lacked for one, lacked in told.items() if one != text]
            if sum(others) >= _LEAST_LINES and others.count(False) <= 0.25 * len(others):
                found.append(column)
        return tuple(found)


def dead_columns(
    fits: Sequence[PrintFit | None],
    lefts: Sequence[float],
    tops: Sequence[float],
    dots: int,
    head: PrintHead | None = None,
    *,
    remember: bool = False,
) -> tuple[Columns, ...]:
    """For each line the places (dots, in the same coordinates as `lefts`, the left edges of the fitted pictures) at
    which the *other* lines of the slip, or of slips before (`head`), show a dead column: no line is excused by itself.
    `alive` are those of this slip's other lines alone.

    `remember`: these fits are what the slip says, so `head` learns from them.
    """
    known = [number for number, fit in enumerate(fits) if fit is not None and fit.likeness >= _LEAST_LIKE]
    found = [Columns()] * len(fits)
    if len(known) <= _LEAST_LINES:
        return tuple(found)
    starts = np.array([lefts[number] + fits[number].origin for number in known])  # type: ignore[union-attr]
    offsets, curve = _offsets(starts, np.array([tops[number] for number in known]))
    voices, row_of = _voices([fits[number].text for number in known])  # type: ignore[union-attr]
    missing, inked = np.zeros((len(voices), dots)), np.zeros((len(voices), dots))
    for place, number in enumerate(known):
        fit = fits[number]
        assert fit is not None
        first = int(offsets[place])
        low, high = max(0, first), min(dots, first + len(fit.inked))
        missing[row_of[place], low:high] += fit.missing[low - first : high - first]
        inked[row_of[place], low:high] += fit.inked[low - first : high - first]
    says = inked >= _LEAST_INK
    lacks = says & (missing >= _MISSING * inked)
    count, against = says.sum(axis=0), (says & ~lacks).sum(axis=0)
    ink, lost = (inked * says).sum(axis=0), (missing * says).sum(axis=0)
    share = lost / np.maximum(ink, 1e-3)
    candidates = [
        column
        for column in np.flatnonzero(share >= _MISSING).tolist()
        if count[column] >= _LEAST_LINES and share[column] >= share[max(0, column - 2) : column + 3].max()
    ]
    rows = dict(zip(known, row_of, strict=True))
    for number, fit in enumerate(fits):
        mine = rows.get(number)
        at = curve(tops[number])
        here = {
            column
            for column in candidates
            if _dead(column, mine, says, lacks, int(count[column]), int(against[column]))
        }
        if head is not None and curve.aligned and fit is not None:
            here |= {column for column in head.dead(fit.text) if not here & {column - 1, column, column + 1}}
        others = count - says[mine] if mine is not None else count
        lacking = count - against - lacks[mine] if mine is not None else count - against
        alive = np.flatnonzero((others >= _LEAST_LINES) & (lacking <= 0.25 * others))
        found[number] = Columns(
            tuple(at + column for column in sorted(here)), tuple(at + column for column in alive.tolist())
        )
    if head is not None and remember and curve.aligned:
        for row, text in enumerate(voices):
            head.remember(text, says[row], lacks[row])
    return tuple(found)


def _voices(texts: Sequence[str]) -> tuple[list[str], list[int]]:
    """Who speaks, and for each line which of them: every line for itself, but all rules, which reach far and have
    little ink in a column, with one voice."""
    voices: list[str] = []
    row_of = []
    for text in texts:
        rule = not text.strip("-")
        if rule and RULE in voices:
            row_of.append(voices.index(RULE))
            continue
        row_of.append(len(voices))
        voices.append(RULE if rule else text)
    return voices, row_of


def _dead(
    column: int, mine: int | None, says: npt.NDArray[np.bool_], lacks: npt.NDArray[np.bool_], count: int, against: int
) -> bool:
    if mine is not None and says[mine, column]:
        count, against = count - 1, against - int(not lacks[mine, column])
    return count >= _LEAST_LINES and against <= 0.25 * count


class _Curve:
    """`aligned`: enough lines begin in one column to number the head's columns from there."""

    def __init__(self, terms: npt.NDArray[np.float64], middle: float, aligned: bool) -> None:
        self._terms, self._middle, self.aligned = terms, middle, aligned

    def __call__(self, top: float) -> float:
        return float(np.polyval(self._terms, (top - self._middle) / 500.0))


def _offsets(starts: npt.NDArray[np.float64], tops: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.intp], _Curve]:
    """In which dot column each line begins, and where column 0 lies at a height: most lines begin there, and sway
    moves neighbours alike."""
    usual = starts[np.abs(starts[:, None] - starts[None]).__lt__(_SAME_START).sum(axis=1).argmax()]
    together = np.abs(starts - usual) < _SAME_START
    middle = float(tops.mean())
    aligned = bool(together.sum() >= 6)
    degree = 2 if aligned else 0
    terms = np.polyfit((tops[together] - middle) / 500.0, starts[together], degree)
    curve = _Curve(terms, middle, aligned)
    away = starts - np.array([curve(float(top)) for top in tops])
    return np.where(together, 0, np.rint(away)).astype(np.intp), curve
