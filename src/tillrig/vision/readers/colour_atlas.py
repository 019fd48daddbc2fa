"""Rows of a colour display against the display's own font: the text drawn smooth, laid on the picture, and every
character held against its rivals.

The display's dots are hardly wider than a camera pixel and its text has shades, so no dot is read by itself; but what
each glyph would look like through the lens is known, and so is what would look better if another stood there.
"""

from __future__ import annotations

from collections import OrderedDict

import cv2
import msgspec
import numpy as np

from tillrig.errors import UsageError
from tillrig.vision.geometry import FontSpec, Ink
from tillrig.vision.readers.colour_fit import (
    LEFT,
    Laid,
    Numbers,
    Plane,
    Sought,
    energies,
    laid,
    padded,
    place,
    refined,
    toned,
    tops,
)
from tillrig.vision.readers.colour_model import BEFORE, SCALE, Lens, Shapes, blurred, enlarged, shapes
from tillrig.vision.readers.colour_spell import respelled, spelled

# Likeness (correlation) of a row below which it is not that text in that font, and margin (-1..1) of its weakest
# character, chosen by measurement: docs/vision.md.
_LIKE, _FOR = 0.80, 0.25
# A margin counts when noise alone would have to be so many sigmas off to make it.
_SIGMAS = 3.0
# Share of a character's light that may stay unexplained, and ink beside the text, in decimal dots.
_ODD, _BEYOND = 0.5, 0.6
# Likeness from which no other size of the font and no other line is tried: at first, and how much less than that of
# the last text that stood in its row.
_SURELY, _LESS = 0.97, 0.015
_RIVALS = 24
# Energy (squared ink, pixels) below which two glyphs cannot be told apart.
_TWINS = 1.0
# Pixels around the line of the last text; rounds in which lens and density settle to so much.
_REACH = 4
_TURNS, _SETTLED, _SAME_TONE = 4, 0.1, 0.03
# Densities that are tried where no text has shown a row's own.
_GAINS = (0.8, 1.2, 1.7, 2.4)
_KNOWN = 48
_BLANK = " "


class ColourCell(msgspec.Struct, frozen=True):
    """One character in place: `margin` 1 when the ink is exactly it, -1 when it is exactly the `rival` that fits best;
    `doubt` how far noise alone moves that margin (one sigma). `odd`: share of its light that neither it nor the row's
    usual noise explains."""

    char: str
    margin: float
    rival: str
    doubt: float
    odd: float


class ColourFit(msgspec.Struct, frozen=True):
    """A text laid on a row; cells are its characters without spaces. `beyond`: the strongest ink that is no part of
    the text, in decimal dots."""

    text: str
    laid: Laid
    cells: tuple[ColourCell, ...]
    beyond: float

    @property
    def likeness(self) -> float:
        return self.laid.likeness

    @property
    def margin(self) -> float:
        """The weakest cell's."""
        return min((cell.margin for cell in self.cells), default=0.0)

    @property
    def span(self) -> tuple[int, int]:
        """Pixel columns [first, last) of the row between which the text stands."""
        one = self.laid
        begin, end = int(one.left[0]), int(one.left[-1]) + SCALE * float(one.shapes.advance[one.numbers[-1]])
        return max(0, begin - LEFT), round(end) - LEFT + 2 * SCALE * BEFORE

    @property
    def stands(self) -> bool:
        """Whether this text, and no other, is what the row shows."""
        if self.likeness < _LIKE or self.beyond > _BEYOND or self.margin < _FOR:
            return False
        return all(cell.margin >= _SIGMAS * cell.doubt and cell.odd <= _ODD for cell in self.cells)

    @property
    def likeliest(self) -> str:
        """The text with every character that does not stand replaced by its rival."""
        rest = iter(self.cells)
        out = []
        for char in self.text:
            cell = None if char.isspace() else next(rest)
            out.append(char if cell is None or cell.margin >= _FOR else cell.rival)
        return "".join(out)


class ColourAtlas:
    """For the fonts of a colour display, each at the size in which it is shown."""

    name = "atlas"

    def __init__(self, fonts: tuple[FontSpec, ...]) -> None:
        if not fonts:
            raise UsageError("the profile names no font for this display, so there is no atlas")
        self._fonts = list(fonts)
        self._lens = Lens()
        self._surely = _SURELY
        self._tops: dict[FontSpec, int] = {}
        self._known: OrderedDict[tuple[int, str], tuple[Ink, ColourFit | None]] = OrderedDict()

    @property
    def usual(self) -> float:
        """Likeness that a text which stands in its row has on this display."""
        return self._surely

    def can_show(self, text: str) -> bool:
        """Whether one font has every character."""
        return any(shapes(spec).shows(text) for spec in self._fonts)

    def fit(self, ink: Ink, text: str) -> ColourFit | None:
        """Lay `text` on `ink` (a row at two pixels a dot, some dots around it); spaces stand for gaps of any width.
        None when no font has it or the row has no room for it."""
        key = id(ink), text
        if key not in self._known or self._known[key][0] is not ink:
            self._known[key] = ink, self._fit(ink, text)
            while len(self._known) > _KNOWN:
                self._known.popitem(last=False)
        return self._known[key][1]

    def _fit(self, ink: Ink, text: str) -> ColourFit | None:
        best = self._best(ink, text)
        if best is None:
            return None
        fit = ColourFit(text, best, cells_of(best), _beyond(best))
        if fit.stands:
            # What one row shows, the next is likely to show; so much alike is what this camera makes of a text.
            self._surely = min(_SURELY, (self._surely + fit.likeness - _LESS) / 2)
            self._lens = best.lens
            self._tops[best.shapes.spec] = best.top
            self._fonts.sort(key=lambda spec: spec != best.shapes.spec)
        return fit

    def _best(self, ink: Ink, text: str, loose: bool = False) -> Laid | None:
        """The text laid with the font that makes it most like the row."""
        best: Laid | None = None
        if not text.strip():
            return None
        for spec in tuple(self._fonts):
            font = shapes(spec)
            if not font.shows(text):
                continue
            found = self._laid(ink, font, text, loose)
            if found is not None and (best is None or found.likeness > best.likeness):
                best = found
            if best is not None and best.likeness >= (self._surely if spec in self._tops else _SURELY):
                break
        return best

    def spaced(self, ink: Ink, text: str) -> str:
        """`text` with the spaces that the row shows: recognisers lose them. As given where no font has it."""
        found = self._best(ink, text, loose=True)
        return text if found is None else respelled(found)

    def _laid(self, ink: Ink, font: Shapes, text: str, loose: bool) -> Laid:
        """Near the line on which this font's last text stood, and only then anywhere in the row."""
        picture = padded(ink, font.columns)
        before = self._tops.get(font.spec)
        if before is not None:
            found = self._refined(picture, font, text, loose, range(before - _REACH, before + _REACH + 1))
            if found.likeness >= self._surely:
                return found
        return self._refined(picture, font, text, loose, tops(picture, font))

    def _refined(self, picture: Ink, font: Shapes, text: str, loose: bool, rows: range) -> Laid:
        """The best line of `rows`, then lens and density as this row shows them."""
        lens, gain = self._lens, 1.0
        plane, sought = Plane(toned(picture, lens), lens), Sought(font, text, lens, loose)
        scores = {top: place(plane, sought, top, gain) for top in rows[::2]}
        top = max(scores, key=lambda one: scores[one][0])
        for _ in range(_TURNS):
            near = {one: place(plane, sought, one, gain) for one in (top - 1, top, top + 1)}
            top = max(near, key=lambda one: near[one][0])
            left = near[top][1]
            now, density = refined(plane, font, sought.numbers, left, top)
            if _alike(now, lens) and abs(density - gain) < _SETTLED:
                break
            lens, gain = now, density
            plane, sought = Plane(toned(picture, lens), lens), Sought(font, text, lens, loose)
        return laid(plane, font, text, sought.numbers, left, top)

    def read(self, ink: Ink, fit: ColourFit) -> str:
        """Blind reading of the row on which `fit` was laid: lens, line and font are taken from there, no character.

        Latin characters are all tried; of Chinese ones those of the fit and the shapes like theirs.
        """
        one = fit.laid
        plane = Plane(toned(padded(ink, one.shapes.columns), one.lens), one.lens)
        return spelled(plane, one.shapes, _candidates(one), one.top, one.gain)[1]

    def figures(self, ink: Ink) -> str:
        """Blind reading in Latin characters alone, with the font, the line and the lens of the last text that stood;
        "" before there was one."""
        spec = self._fonts[0]
        if spec not in self._tops:
            return ""
        font = shapes(spec)
        plane = Plane(toned(padded(ink, font.columns), self._lens), self._lens)
        found = [spelled(plane, font, font.latin, self._tops[spec], gain) for gain in _GAINS]
        return max(found, key=lambda one: one[0])[1]


def _alike(one: Lens, other: Lens) -> bool:
    return msgspec.structs.replace(one, tone=0.0) == msgspec.structs.replace(other, tone=0.0) and (
        abs(one.tone - other.tone) < _SAME_TONE
    )


def _candidates(one: Laid) -> Numbers:
    font = one.shapes
    wide = [number for number in set(one.numbers.tolist()) if font.wide[number]]
    near = [font.nearest(number, _RIVALS) for number in wide]
    return np.unique(np.concatenate([font.latin, np.array(wide, np.intp), *near]))


def cells_of(one: Laid) -> tuple[ColourCell, ...]:
    """Each character against its rivals, by what the drawn row leaves over."""
    font, lens = one.shapes, one.lens
    plane = Plane(one.left_over, lens)
    parts = plane.parts(one.top, (font.rows, font.columns), one.left)
    cells = []
    for number, x, part, density in zip(one.numbers.tolist(), one.left.tolist(), parts, one.gains, strict=True):
        gain = float(np.clip(density, 0.3 * one.gain, 1.6 * one.gain))
        own = font.inks([number], lens.bow)[0]
        odd = _odd(one, number, x, gain * gain * float(energies(own[None], lens)[0]))
        if font.wide[number]:
            numbers = np.union1d(font.nearest(number, _RIVALS), font.likeliest(number, part, _RIVALS))
        else:
            numbers = font.latin
        numbers = numbers[numbers != number]
        cells.append(_cell(one, number, own, numbers, part, gain, odd))
    return tuple(cells)


def _cell(one: Laid, number: int, own: Ink, numbers: Numbers, part: Ink, gain: float, odd: float) -> ColourCell:
    """`part`: what is left over around the glyph, by dots; the empty ground is a rival too."""
    font, lens = one.shapes, one.lens
    apart = np.concatenate([font.inks(numbers, lens.bow), np.zeros_like(own)[None]]) - own
    energy = energies(apart, lens)
    margins = 1.0 - 2.0 * (apart.reshape(len(apart), -1) @ part) / np.maximum(gain * energy, 1e-3)
    told = energy > _TWINS
    if not told.any():
        return ColourCell(font.chars[number], 1.0, _BLANK, 0.0, odd)
    worst = int(np.where(told, margins, np.inf).argmin())
    rival = font.chars[int(numbers[worst])] if worst < len(numbers) else _BLANK
    doubt = 2.0 * one.noise / (gain * float(np.sqrt(energy[worst])))
    return ColourCell(font.chars[number], float(margins[worst]), rival, doubt, odd)


def _odd(one: Laid, number: int, x: int, energy: float) -> float:
    font = one.shapes
    begin = x + SCALE * BEFORE
    part = one.left_over[one.top : one.top + SCALE * font.rows, begin : begin + round(SCALE * font.advance[number])]
    return max(0.0, float(np.square(part).sum()) - part.size * one.noise**2) / max(energy, 1e-3)


def _beyond(one: Laid) -> float:
    """The strongest spot that the text does not explain, on the height of its digits, in decimal dots of its ink."""
    font, lens = one.shapes, one.lens
    dot, tall = font.index("."), font.index("0")
    if dot is None or tall is None:
        return 0.0
    ink = font.inks([dot, tall], lens.bow)
    inked = [np.flatnonzero(cover.max(axis=1)) for cover in ink]
    columns = np.flatnonzero(ink[0].max(axis=0))
    spot = ink[0][inked[0][0] : inked[0][-1] + 1, columns[0] : columns[-1] + 1]
    spot = blurred(cv2.copyMakeBorder(enlarged(spot), 5, 5, 5, 5, cv2.BORDER_CONSTANT, value=0), lens)
    level = spot - spot.mean()
    first, last = one.top + SCALE * int(inked[1][0]), one.top + SCALE * int(inked[1][-1] + 1)
    room = one.left_over[first - 4 : last + 4, LEFT : one.left_over.shape[1] - LEFT]
    found = cv2.matchTemplate(room, level, cv2.TM_CCORR)
    return float(found.max()) / (one.gain * float((spot * level).sum()))
