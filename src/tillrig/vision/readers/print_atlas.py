"""Printed lines against the printer's own font: the expected line drawn, laid on the picture, and every character held
against its rivals.

Paper curls and the camera has hardly more than a pixel a dot, so there is no grid to read blind; but where a glyph
should stand is known to a dot, and what it would look like through the lens is known too. A dead dot of the print
head takes the same column out of the expected character and out of its rivals.
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec
import numpy as np

from tillrig.vision.geometry import FontSpec, Ink, PaperGeometry
from tillrig.vision.readers.glyphs import is_wide
from tillrig.vision.readers.print_cells import PrintCell, cells_of
from tillrig.vision.readers.print_contest import between, contested, with_char
from tillrig.vision.readers.print_level import levelled, likeness_of, too_wide
from tillrig.vision.readers.print_model import SPREAD, dots_of, draw, gram, laid_out, sets
from tillrig.vision.readers.print_spacing import spaced
from tillrig.vision.readers.print_weighed import ink_between, left_over_of

__all__ = ["PrintAtlas", "PrintCell", "PrintFit"]

_LIKE_ENOUGH = 0.8
# How far (dots) from where the slip's other lines have it a dead column may seem to lie.
_DEAD_REACH = 1
_KNOWN = 256
_Key = tuple[int, str, str, tuple[float, ...]]


class PrintFit(msgspec.Struct, frozen=True):
    """A text laid on a line; `likeness` is the correlation of the whole (-1..1), cells are its characters without
    spaces.

    `origin`: where its first dot column begins, in dots from the left of the picture. `missing` and `inked`: for each
    dot column how much of its ink is not there, and how much there should be (squared ink, pixels). `beyond`: burnt
    pixels on the line left and right of the text and where it has spaces.
    """

    text: str
    likeness: float
    cells: tuple[PrintCell, ...]
    stretch: int
    height: str
    origin: float
    missing: Ink
    inked: Ink
    beyond: int = 0

    @property
    def margin(self) -> float:
        """The weakest cell's."""
        return min((cell.margin for cell in self.cells), default=0.0)

    @property
    def likeliest(self) -> str:
        """The text with every character replaced by the rival that fits better."""
        rest = iter(self.cells)
        out = []
        for char in self.text:
            cell = None if char == " " else next(rest)
            out.append(char if cell is None or cell.margin >= 0 else cell.rival)
        return "".join(out)

    @property
    def masked(self) -> frozenset[int]:
        """Numbers of the characters (without spaces) through which a known dead column runs."""
        return frozenset(number for number, cell in enumerate(self.cells) if cell.dead)

    def torn(self, cell: PrintCell, alive: tuple[float, ...]) -> bool:
        """Whether a dead dot of the head may be all that the character lacks: a stripe is missing, and `alive` (dots
        from the left of the picture) does not tell that the head prints there."""
        if not cell.striped:
            return False
        printed = {round(place - self.origin) for place in alive}
        return not {cell.stripe - 1, cell.stripe, cell.stripe + 1} <= printed


class PrintAtlas:
    """For the fonts of a printer: the first of each size draws that size; amounts are the text font doubled."""

    name = "atlas"

    def __init__(self, geometry: PaperGeometry) -> None:
        self._geometry = geometry
        self.fonts: dict[str, FontSpec] = {}
        for spec in geometry.fonts:
            if spec.size == geometry.text_height:
                self.fonts.setdefault("text", spec)
                self.fonts.setdefault("amount", spec)
            if spec.size == geometry.small_height:
                self.fonts.setdefault("small", spec)
        self._stretches: dict[str, tuple[int, ...]] = {"amount": (2, 1)}
        self._known: OrderedDict[_Key, tuple[Ink, PrintFit | None]] = OrderedDict()

    def can_show(self, text: str, height: str) -> bool:
        """Whether there is a font for that height with every character."""
        return any(self._shows(text, name) for name in self._heights(height))

    def spaced(self, ink: Ink, text: str, height: str) -> str:
        """`text` with the spaces that the gaps in the ink show."""
        return spaced(ink, text, height, self._geometry)

    def added(self, text: str, other: str, height: str) -> float:
        """Of the dots by which `other` differs from `text`, the share that it has more, in the character where that is
        largest; 1.0 for texts of another layout.
        """
        spec = self.fonts[height]
        ours, theirs = laid_out(text, spec)[0], laid_out(other, spec)[0]
        if [place.left for place in ours] != [place.left for place in theirs]:
            return 1.0
        shares = [0.0]
        for one, two in zip(ours, theirs, strict=True):
            here, there = one.glyphs.bits[one.number], two.glyphs.bits[two.number]
            if one.char != two.char and here.shape == there.shape:
                shares.append(float((there & ~here).sum()) / max(1.0, float((there ^ here).sum())))
        return max(shares)

    def fit(self, ink: Ink, text: str, height: str, dead: tuple[float, ...] = ()) -> PrintFit | None:
        """Lay `text` (spaces count) on `ink` (two pixels a dot, with some dots around the line). None when it is
        wider than the picture.

        `dead`: dots from the left of the picture at which the slip's other lines show dead columns. A line's height
        class is a guess where it is skewed or has no tall letters, so its neighbour is tried when the fit is poor.
        """
        key = (id(ink), text, height, dead)
        if key not in self._known or self._known[key][0] is not ink:
            self._known[key] = ink, self._fitted(ink, text, height, dead)
            while len(self._known) > _KNOWN:
                self._known.popitem(last=False)
        return self._known[key][1]

    def _fitted(self, ink: Ink, text: str, height: str, dead: tuple[float, ...]) -> PrintFit | None:
        best: PrintFit | None = None
        for name in self._heights(height):
            if best is not None and best.likeness >= _LIKE_ENOUGH:
                break
            if not self._shows(text, name):
                continue
            for stretch in self._stretches.get(name, (1,)):
                fit = self._fit(ink, text, self.fonts[name], name, stretch, dead)
                if fit is not None and (best is None or fit.likeness > best.likeness):
                    best = fit
        if best is not None and height == "amount" and best.likeness > _LIKE_ENOUGH:
            self._stretches[height] = (best.stretch,)
        return best

    def excused(self, ink: Ink, fit: PrintFit, number: int, dead: tuple[float, ...] = ()) -> float:
        """The margin of character `number` with its stripe taken for a dead column, against itself so printed and its
        rival printed whole; -1 where it cannot be told from another then."""
        cell, spec = fit.cells[number], self.fonts[fit.height]
        saved = 2 * fit.missing - fit.inked
        near = [column for column in range(cell.stripe - 1, cell.stripe + 2) if 0 <= column < len(saved)]
        known = _dead_columns(dead, fit.origin, fit.missing, fit.inked)
        if not near:
            return -1.0
        column = max(near, key=lambda one: float(saved[one]))
        masked = draw(fit.text, spec, fit.height, fit.stretch, tuple(sorted({*known, column})))
        whole = draw(with_char(fit.text, number, cell.rival), spec, fit.height, fit.stretch, known)
        if masked is None or whole is None or masked.picture.shape != whole.picture.shape:
            return -1.0
        level, _, _ = levelled(ink, masked, spec)
        left_over, gains = left_over_of(level, masked)
        so_printed = cells_of(left_over, gains, masked)[number]
        if so_printed.twins:
            return -1.0
        return min(so_printed.margin, between(number, level, left_over, float(gains[number]), masked, whole))

    def _heights(self, height: str) -> tuple[str, ...]:
        return {"text": ("text", "small"), "small": ("small", "text"), "rule": ("text",)}.get(height, (height,))

    def _shows(self, text: str, height: str) -> bool:
        spec = self.fonts.get(height)
        if spec is None:
            return False
        half, full = sets(spec)
        return all((full if is_wide(char) else half).index(char) is not None for char in text if char != " ")

    def _fit(
        self, ink: Ink, text: str, spec: FontSpec, height: str, across: int, dead: tuple[float, ...]
    ) -> PrintFit | None:
        drawn = draw(text, spec, height, across)
        if drawn is None or too_wide(drawn, ink):
            return None
        level, origin, beyond = levelled(ink, drawn, spec)
        left_over, gains = left_over_of(level, drawn)
        missing = -(dots_of(left_over, SPREAD[height]) * drawn.bits).sum(axis=0)
        upright = gram(drawn.bits.shape[0], SPREAD[height])
        inked = ((upright @ drawn.bits) * drawn.bits).sum(axis=0) * float(gram(1, SPREAD[height])[0, 0])
        columns = _dead_columns(dead, origin, missing, inked)
        if columns:
            masked = draw(text, spec, height, across, columns)
            if masked is not None:
                drawn = masked
                left_over, gains = left_over_of(level, drawn)
        beyond += ink_between(left_over, float(np.median(gains)), drawn, spec)
        cells = contested(cells_of(left_over, gains, drawn), level, left_over, gains, drawn, spec)
        return PrintFit(text, likeness_of(level, drawn.picture), cells, across, height, origin, missing, inked, beyond)


def _dead_columns(dead: tuple[float, ...], origin: float, missing: Ink, inked: Ink) -> tuple[int, ...]:
    """The line's own columns that are dead, given where other lines have them: the one near whose absence explains
    most; none where nothing is missing."""
    found = set()
    for place in dead:
        near = round(place - origin)
        # Leaving a column out saves so much squared error.
        saved = {
            column: 2 * float(missing[column]) - float(inked[column])
            for column in range(near - _DEAD_REACH, near + _DEAD_REACH + 1)
            if 0 <= column < len(inked) and inked[column] > 0
        }
        best = max(saved, key=lambda column: saved[column], default=None)
        if best is not None and saved[best] > 0:
            found.add(best)
    return tuple(sorted(found))
