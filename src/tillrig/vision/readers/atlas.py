"""Reads dot by dot: every cell of the grid against every glyph of the terminal's own font.

It has no language model, so it sees the stroke in which 余 and 佘 differ; but it needs the font and the grid.
"""

from __future__ import annotations

import itertools
from functools import lru_cache

import msgspec
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import FontSpec, Ink
from tillrig.vision.readers.base import CharReading, LineImage, LineReading, fold, squeeze
from tillrig.vision.readers.glyphs import GlyphSet, glyph_sets, is_wide

_BIG = 1e9
# Mean squared error a dot of a cell that a half-width glyph explains so well that no full-width glyph is tried there.
_EXPLAINED = 0.05
# Mean squared error a dot above which a line is not of this font and grid.
FOREIGN = 0.085
# What noise and blur take off the agreement of two neighbouring dots with a learned glyph.
_STRANGE = 0.2
# Likeness of a cell to its glyph below which two neighbouring dots say the contrary: it shows another glyph.
STRANGE = -0.5
# Of a learned font: squared error a dot that a character costs which was not learned, where the cell looks like none
# that was, and where it does. Dots of ink that any character has.
_UNKNOWN, _KNOWN_THERE, _LEAST_INK = 0.02, 0.3, 1.5
# Dots in which two half-width glyphs side by side may differ from a full-width one that they rival.
_SAME_HALVES = 4
# Rows that are read once more soon: a blind reading and several expectations of a few frames.
_REMEMBERED = 64


class Cell(msgspec.Struct, frozen=True):
    """One glyph in place: `margin` -1..1 on the dots in which it differs from its nearest rival; `error` mean squared
    a dot; `likeness` 0.8 where each dot is as the glyph has it, -1.2 where two neighbours say the contrary; `known`:
    the font has the glyph, so that the dots testify."""

    char: str
    column: int
    margin: float
    rival: str
    error: float
    likeness: float = 1.0
    known: bool = True


class Placed(msgspec.Struct, frozen=True):
    """Cells of a text laid on a row. `error` mean squared a dot over the whole row."""

    text: str
    cells: tuple[Cell, ...]
    error: float

    @property
    def strange(self) -> bool:
        """Whether some cell shows a glyph that the font does not have."""
        return any(cell.known and cell.likeness < STRANGE for cell in self.cells)

    @property
    def open(self) -> tuple[int, ...]:
        """Numbers of the characters (spaces not counted) on which the dots do not testify: they were not learned."""
        inked = [cell for cell in self.cells if cell.char not in " \u3000"]
        return tuple(number for number, cell in enumerate(inked) if not cell.known)

    @property
    def margin(self) -> float:
        """The weakest testifying cell's."""
        return min((cell.margin for cell in self.cells if cell.known), default=0.0)


class Atlas:
    """For rows of `columns` half-width cells of `cell` dots, drawn in `fonts`."""

    name = "atlas"

    def __init__(self, fonts: tuple[FontSpec, ...], cell: tuple[int, int] = (8, 16)) -> None:
        self.cell = cell
        self.half, self.full = glyph_sets(fonts, cell)
        self._halved = _halved(self.half, self.full)
        self._read_once = lru_cache(maxsize=_REMEMBERED)(self._read)
        self._place_once = lru_cache(maxsize=_REMEMBERED)(self._place)

    @property
    def partial(self) -> bool:
        """Whether the font was learned, so that it has some characters only."""
        return bool(self.half.learned or self.full.learned)

    def _ink_of(self, values: bytes) -> Ink:
        return np.frombuffer(values, np.float32).reshape(self.cell[1], -1)

    # -- the Reader interface

    def read_line(self, line: LineImage, alphabet: str | None = None) -> LineReading:
        if line.ink is None:
            return LineReading("", 0.0)
        return reading_of(self.read(line.ink, alphabet))

    def score(self, line: LineImage, expected: str) -> float:
        """Smallest cell margin, scaled to about nats: 10 is beyond doubt."""
        if line.ink is None:
            return float("-inf")
        placed = self.place(line.ink, expected)
        return 20.0 * min((cell.margin for cell in placed.cells), default=0.0) if placed else float("-inf")

    # -- blind

    def read(self, ink: Ink, alphabet: str | None = None) -> Placed:
        """Best text of a row of ink (cell height x width), spaces as they stand. Rows read lately are remembered."""
        return self._read_once(_values(ink), alphabet)

    def _read(self, dots: bytes, alphabet: str | None) -> Placed:
        ink = self._ink_of(dots)
        half, full, half_error, full_error = self._costs(ink, alphabet)
        starts, error = _path(half_error, full_error)
        cells = []
        for place, after in itertools.pairwise(starts):
            glyphs, number = (self.full, full[place]) if after - place == 2 else (self.half, half[place])
            cells.append(self._cell(ink, glyphs, int(number), place))
        self._against_halves(ink, cells)
        text = "".join(cell.char for cell in cells)
        return Placed(text, tuple(cells), error / ink.size)

    def drawn(self, ink: Ink) -> npt.NDArray[np.bool_]:
        """Dots of the best text of a row; the ink's own where no glyph fits."""
        bits = ink > 0.5
        for cell in self.read(ink).cells:
            if cell.error > 2 * FOREIGN:
                continue
            glyphs = self.full if is_wide(cell.char) else self.half
            left = cell.column * self.cell[0]
            bits[:, left : left + glyphs.width] = glyphs.bits[glyphs.index(cell.char) or 0]
        return np.asarray(bits)

    def misfit(self, ink: Ink) -> npt.NDArray[np.float64]:
        """Squared error of each half-width column of a row under the best text."""
        _, _, half_error, full_error = self._costs(ink, None)
        starts, _ = _path(half_error, full_error)
        out = np.zeros(len(half_error))
        for place, after in itertools.pairwise(starts):
            out[place:after] = half_error[place] if after - place == 1 else full_error[place] / 2
        return out

    def _against_halves(self, ink: Ink, cells: list[Cell]) -> None:
        """一 and -- rival each other: the margin of either is on the dots in which they differ."""
        width = self.cell[0]
        for place, cell in enumerate(cells):
            after = cells[place + 1] if place + 1 < len(cells) else None
            if is_wide(cell.char):
                pairs = [pair for pair, number in self._halved.items() if self.full.chars[number] == cell.char]
                rivals = [np.hstack([self.half.bits[left], self.half.bits[right]]) for left, right in pairs]
                own = self.full.bits[self.full.index(cell.char) or 0]
                told = [place]
            elif after is not None and not is_wide(after.char):
                pair = self.half.index(cell.char) or 0, self.half.index(after.char) or 0
                rivals = [self.full.bits[self._halved[pair]]] if pair in self._halved else []
                own = np.hstack([self.half.bits[pair[0]], self.half.bits[pair[1]]])
                told = [place, place + 1]
            else:
                continue
            part = ink[:, cell.column * width : (cell.column + 2) * width]
            for rival in rivals:
                apart = rival.astype(np.float32) - own
                margin = float(-(apart * (2 * np.clip(part, 0, 1) - 1)).sum() / max(1.0, float(np.abs(apart).sum())))
                for number in told:
                    if margin < cells[number].margin:
                        cells[number] = msgspec.structs.replace(cells[number], margin=margin)

    def _costs(
        self, ink: Ink, alphabet: str | None
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        width, height = self.cell
        columns = ink.shape[1] // width
        half_cells = ink[:, : columns * width].reshape(height, columns, width).transpose(1, 0, 2).reshape(columns, -1)
        errors = self.half.errors(half_cells)
        if alphabet is not None:
            errors[:, [char not in alphabet and char != " " for char in self.half.chars]] = _BIG
        half = errors.argmin(axis=1)
        half_error = errors[np.arange(columns), half].astype(np.float64)
        explained = half_error < _EXPLAINED * half_cells.shape[1]
        full = np.zeros(columns, np.intp)
        full_error = np.full(columns, _BIG)
        places = [
            column
            for column in range(columns - 1)
            if not (explained[column] and explained[column + 1])
            or (int(half[column]), int(half[column + 1])) in self._halved
        ]
        if places and (alphabet is None or any(is_wide(char) for char in alphabet)):
            cells = np.stack([ink[:, place * width : (place + 2) * width].reshape(-1) for place in places])
            wide = self.full.errors(cells)
            number = wide.argmin(axis=1)
            full[places] = number
            full_error[places] = wide[np.arange(len(places)), number]
        return half, full, half_error, full_error

    # -- against an expectation

    def can_show(self, text: str) -> bool:
        """Whether the font has every character of `text`."""
        return all((self.full if is_wide(char) else self.half).index(char) is not None for char in text if char != " ")

    def place(self, ink: Ink, expected: str, *, gaps: bool = False) -> Placed | None:
        """Lay `expected` on the row where it fits best; runs of spaces stretch, with `gaps` there may be spaces
        anywhere. None when it cannot be laid (too long, glyph missing). Of a learned font, characters that were not
        learned stand where the ink looks like no other: they are not `known`."""
        return self._place_once(_values(ink), expected, gaps)

    def _place(  # noqa: PLR0912 - one dynamic programme, forward and back
        self, dots: bytes, expected: str, gaps: bool
    ) -> Placed | None:
        ink = self._ink_of(dots)
        words = squeeze(expected).split(" ") if squeeze(expected) else []
        original = [word for word in expected.split() if word]
        if len(original) == len(words):
            words = original
        width, _ = self.cell
        columns = ink.shape[1] // width
        tokens: list[str] = []
        for number, word in enumerate(words):
            if number:
                tokens.append(" ")
            tokens.extend(word)
        if not self.partial and any(self._number(char) is None for char in tokens):
            return None
        blank = (
            (ink[:, : columns * width].reshape(ink.shape[0], columns, width) ** 2).sum(axis=(0, 2)).astype(np.float64)
        )
        # best[t][c]: tokens[:t] laid, next free column c. Blank columns are free before, after, and at a space token.
        best = np.full((len(tokens) + 1, columns + 1), _BIG)
        back = np.zeros((len(tokens) + 1, columns + 1), np.int8)
        best[0, 0] = 0.0
        errors: dict[tuple[str, int], float] = {}
        for t in range(len(tokens) + 1):
            loose = gaps or t == 0 or t == len(tokens) or tokens[t - 1] == " "
            for column in range(columns + 1):
                here = best[t, column]
                if here >= _BIG:
                    continue
                if column < columns and loose and here + blank[column] < best[t, column + 1]:
                    best[t, column + 1], back[t, column + 1] = here + blank[column], 0
                if t == len(tokens):
                    continue
                span = 2 if is_wide(tokens[t]) else 1
                if column + span <= columns:
                    cost = here + self._error(ink, tokens[t], column, errors)
                    if cost < best[t + 1, column + span]:
                        best[t + 1, column + span], back[t + 1, column + span] = cost, span
        if best[-1, columns] >= _BIG:
            return None
        cells: list[Cell] = []
        t, column = len(tokens), columns
        while column > 0 or t > 0:
            span = int(back[t, column])
            if span == 0:
                column -= 1
                cells.append(self._cell(ink, self.half, self.half.index(" ") or 0, column))
                continue
            t, column = t - 1, column - span
            known = self._number(tokens[t])
            glyphs = self.full if span == 2 else self.half
            cells.append(
                self._cell_unknown(ink, tokens[t], column, glyphs)
                if known is None
                else self._cell(ink, glyphs, known, column)
            )
        cells.reverse()
        return Placed("".join(cell.char for cell in cells), tuple(cells), float(best[-1, columns]) / ink.size)

    def _error(self, ink: Ink, char: str, column: int, known: dict[tuple[str, int], float]) -> float:
        key = (char, column)
        if key not in known:
            width = self.cell[0]
            glyphs = self.full if is_wide(char) else self.half
            part = ink[:, column * width : (column + (2 if is_wide(char) else 1)) * width]
            number = glyphs.index(char)
            if number is not None:
                known[key] = float(((part - glyphs.bits[number]) ** 2).sum())
            else:
                known[key] = self._error_unknown(part, glyphs)
        return known[key]

    def _number(self, char: str) -> int | None:
        return (self.full if is_wide(char) else self.half).index(char)

    def _cell_unknown(self, ink: Ink, char: str, column: int, glyphs: GlyphSet) -> Cell:
        """The cell of a character that was not learned: the dots speak against it where they show one that was."""
        part = ink[:, column * self.cell[0] : column * self.cell[0] + glyphs.width]
        if self._error_unknown(part, glyphs) <= part.size * _UNKNOWN:
            return Cell(char, column, 1.0, "?", 0.0, known=False)
        nearest = int(glyphs.errors(part.reshape(1, -1)).argmin())
        return Cell(char, column, -1.0, glyphs.chars[nearest], 1.0)

    def _error_unknown(self, part: Ink, glyphs: GlyphSet) -> float:
        """What it costs that a character stands here that was not learned: little where the ink looks like none that
        was."""
        if float((part > 0.5).sum()) < _LEAST_INK:
            return part.size * 1.0
        nearest = int(glyphs.errors(part.reshape(1, -1)).argmin())
        strange = _likeness(part, glyphs.shape(nearest)) < STRANGE
        return part.size * (_UNKNOWN if strange else _KNOWN_THERE)

    def _cell(self, ink: Ink, glyphs: GlyphSet, number: int, column: int) -> Cell:
        """The glyph against its nearest rivals, each on the dots in which the two differ."""
        part = ink[:, column * self.cell[0] : column * self.cell[0] + glyphs.width].reshape(-1)
        own = glyphs.matrix[number]
        numbers = glyphs.neighbours(number)
        if glyphs.width == self.cell[0] or float(np.square(part - own).mean()) > 0.1:
            errors = glyphs.errors(part[None])[0]
            numbers = np.concatenate([numbers, errors.argpartition(min(4, len(errors) - 1))[:4]])
            numbers = numbers[numbers != number]
        apart = glyphs.matrix[numbers] - own  # +1 where the rival alone has ink
        weight = np.abs(apart).sum(axis=1)
        alive = weight >= 1
        # -sum(apart * (2 ink - 1)) / weight: 1 when the dots say own, -1 when they say rival.
        margins = np.where(alive, -(apart @ (2 * np.clip(part, 0, 1) - 1)) / np.maximum(weight, 1), 1.0)
        worst = int(margins.argmin()) if len(margins) else -1
        margin, rival = (float(margins[worst]), glyphs.chars[int(numbers[worst])]) if worst >= 0 else (1.0, " ")
        likeness = _likeness(part.reshape(glyphs.height, glyphs.width), glyphs.shape(number))
        if number in glyphs.learned and likeness < margin:
            margin, rival = likeness, "?"
        return Cell(
            char=glyphs.chars[number],
            column=column,
            margin=margin,
            rival=rival,
            error=float(np.square(part - own).mean()),
            likeness=likeness,
        )


def _values(ink: Ink) -> bytes:
    return np.ascontiguousarray(ink, np.float32).tobytes()


def reading_of(placed: Placed) -> LineReading:
    """A placed text as a reading: confidence from margins and from how well the dots fit at all."""
    fit = max(0.0, 1.0 - placed.error / FOREIGN)
    chars = tuple(
        CharReading(cell.char, _confidence(cell) * (1.0 if fit else 0.5), cell.column) for cell in placed.cells
    )
    inked = [char for char in chars if char.char not in " \u3000"]
    weakest = min((char.confidence for char in inked), default=1.0)
    if placed.strange:
        weakest *= 0.5
    return LineReading(placed.text.replace("\u3000", "  ").rstrip(), min(weakest, 0.5 + 0.5 * fit), chars)


def _path(half_error: npt.NDArray[np.float64], full_error: npt.NDArray[np.float64]) -> tuple[list[int], float]:
    """Columns at which the cells of the cheapest way through a row begin, its end with them, and what it costs."""
    columns = len(half_error)
    best = np.full(columns + 1, _BIG)
    best[0] = 0.0
    step = [0] * (columns + 1)
    for column in range(columns):
        if best[column] + half_error[column] < best[column + 1]:
            best[column + 1], step[column + 1] = best[column] + half_error[column], 1
        if column + 2 <= columns and best[column] + full_error[column] < best[column + 2]:
            best[column + 2], step[column + 2] = best[column] + full_error[column], 2
    starts = [columns]
    while starts[-1] > 0:
        starts.append(starts[-1] - step[starts[-1]])
    return starts[::-1], float(best[columns])


def _halved(half: GlyphSet, full: GlyphSet) -> dict[tuple[int, int], int]:
    """Pairs of half-width glyphs that look like one full-width glyph of another meaning."""
    parts = full.bits.reshape(len(full.chars), full.height, 2, -1).transpose(2, 0, 1, 3).reshape(2, len(full.chars), -1)
    left, right = (half.errors(part.astype(np.float32)) for part in parts)
    apart = left.min(axis=1) + right.min(axis=1)
    inked = (half.weight[left.argmin(axis=1)] > 0) & (half.weight[right.argmin(axis=1)] > 0)
    alike = np.flatnonzero((apart <= _SAME_HALVES) & inked)
    return {
        (int(left[number].argmin()), int(right[number].argmin())): int(number)
        for number in alike
        if not fold(full.chars[number]).isascii()
    }


def _likeness(part: Ink, learned: Ink) -> float:
    """Margin of a glyph against characters that nobody knows: 0.8 when each dot looks as it should, -1.2 when two
    neighbouring dots say the contrary."""
    away = np.where(learned > 0.5, learned - part, part - learned)
    agree = 1.0 - 2.0 * np.clip(away, 0.0, 1.0)
    pairs = (
        agree[:, 1:] + agree[:, :-1],
        agree[1:] + agree[:-1],
        agree[1:, 1:] + agree[:-1, :-1],
        agree[1:, :-1] + agree[:-1, 1:],
    )
    return min(float(pair.min()) for pair in pairs) / 2 - _STRANGE


def _confidence(cell: Cell) -> float:
    return float(np.clip(0.5 + cell.margin, 0.0, 1.0)) * float(np.clip(1.2 - 4 * cell.error, 0.0, 1.0))
