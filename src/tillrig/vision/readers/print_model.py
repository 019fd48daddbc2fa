"""How a printer's text looks through the lens: drawn lines, and the glyphs that could stand in a character's place."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import FontSpec, Ink
from tillrig.vision.readers.glyphs import GlyphSet, glyph_sets, is_wide

SCALE = 2
PAD = 4
# Blur of lens and printer, in pixels at two pixels a dot: where sound and faulty characters part best, by height
# (docs/vision.md).
SPREAD = {"text": 1.6, "small": 1.3, "amount": 1.9}
# Of a set no larger than this every character is a rival, of a larger one the nearest shapes.
ALL_ARE_RIVALS = 500
_RIVALS = 24
_DRAWN_KEPT = 96
_RIDGE = 1e-6
# A rival that differs by less than this share of what it differed by before a dead column was left out of both cannot
# be told from the character.
DECIDABLE = 0.3
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """One character: glyph `number` of `glyphs`, its first dot column `left` on the drawn line."""

    char: str
    glyphs: GlyphSet
    number: int
    left: int


@dataclass(frozen=True)
class Drawn:
    """A line as the lens shows it, `PAD` dots around it, `SCALE` pixels a dot.

    `basis`: what a picture of it is made of (5, height, width): the line, the ground, a shift across and down, more
    or less blur. `inverse` (cells, 5, 5) solves the least squares of each cell and half a cell around it; `first` and
    `last` are those windows' columns. `owner`: the cell whose solution holds for a column. `dead`: columns left out.
    """

    text: str
    height: str
    across: int
    down: int
    bits: Ink
    basis: Ink
    places: tuple[Place, ...]
    inverse: Floats
    first: npt.NDArray[np.intp]
    last: npt.NDArray[np.intp]
    owner: npt.NDArray[np.intp]
    dead: tuple[int, ...]
    small: Ink

    @property
    def picture(self) -> Ink:
        return np.asarray(self.basis[0])

    def window(self, number: int) -> tuple[slice, slice]:
        """Rows and columns of `picture` that show character `number`."""
        place = self.places[number]
        left = place.left * SCALE
        return slice(None), slice(left, left + (place.glyphs.width * self.across + 2 * PAD) * SCALE)


_lines: OrderedDict[tuple[str, FontSpec, str, int, tuple[int, ...]], Drawn | None] = OrderedDict()


def draw(text: str, spec: FontSpec, height: str, across: int, dead: tuple[int, ...] = ()) -> Drawn | None:
    """The drawn line, kept for the next picture of it; None when it has no ink."""
    key = (text, spec, height, across, dead)
    if key in _lines:
        _lines.move_to_end(key)
        return _lines[key]
    made = _lines[key] = _draw(text, spec, height, across, dead)
    while len(_lines) > _DRAWN_KEPT:
        _lines.popitem(last=False)
    return made


def laid_out(text: str, spec: FontSpec, across: int = 1) -> tuple[tuple[Place, ...], int]:
    """Where the characters stand, and the line's width in dots."""
    half, full = sets(spec)
    places = []
    x = 0
    for char in text:
        glyphs = full if is_wide(char) else half
        if char != " ":
            places.append(Place(char, glyphs, glyphs.index(char) or 0, x))
        x += glyphs.width * across
    return tuple(places), x


def columns_of(text: str, spec: FontSpec, across: int = 1) -> Ink:
    """Dots of ink in each dot column of the printed line."""
    places, width = laid_out(text, spec, across)
    out = np.zeros(width, np.float32)
    for place in places:
        ink = place.glyphs.bits[place.number].sum(axis=0)
        out[place.left : place.left + place.glyphs.width * across] = np.repeat(ink, across) * across
    return out


def _draw(text: str, spec: FontSpec, height: str, across: int, dead: tuple[int, ...]) -> Drawn | None:
    down = 2 if height == "amount" else 1
    places, width = laid_out(text, spec, across)
    half, _ = sets(spec)
    bits = np.zeros((half.height * down, width), np.float32)
    for place in places:
        bits[:, place.left : place.left + place.glyphs.width * across] = sized(
            place.glyphs.bits[place.number], across, down
        )
    if not places or not bits.any():
        return None
    for column in dead:
        if 0 <= column < width:
            bits[:, column] = 0.0
    picture = through_lens(bits, SPREAD[height])
    slope_down, slope_across = np.gradient(picture)
    basis = np.stack(
        [picture, np.ones_like(picture), slope_across, slope_down, cv2.Laplacian(picture, cv2.CV_32F)]
    ).astype(np.float32)
    first, last, owner = _windows(places, across, picture.shape[1])
    columns = np.ascontiguousarray(basis.transpose(2, 0, 1))
    gram = np.matmul(columns, columns.transpose(0, 2, 1)).astype(np.float64)
    sums = np.concatenate([np.zeros((1, 5, 5)), gram.cumsum(axis=0)])
    normal = sums[last] - sums[first]
    normal += _RIDGE * np.trace(normal, axis1=1, axis2=2)[:, None, None] * np.eye(5)
    small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return Drawn(
        text, height, across, down, bits, basis, places, np.linalg.inv(normal), first, last, owner, dead,
        np.asarray(small, np.float32),
    )  # fmt: skip


def _windows(
    places: tuple[Place, ...], across: int, width: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    left = np.array([place.left * SCALE for place in places], np.intp)
    span = np.array([(place.glyphs.width * across + 2 * PAD) * SCALE for place in places], np.intp)
    middle = left + span / 2
    owner = np.abs(np.arange(width)[:, None] - middle[None]).argmin(axis=1)
    return np.maximum(0, left - span // 2), np.minimum(width, left + span + span // 2), owner.astype(np.intp)


def sized(bits: npt.NDArray[np.bool_], across: int, down: int) -> Ink:
    return np.repeat(np.repeat(bits, down, axis=-2), across, axis=-1).astype(np.float32)


def through_lens(bits: Ink, spread: float) -> Ink:
    large = cv2.copyMakeBorder(bits, PAD, PAD, PAD, PAD, cv2.BORDER_CONSTANT, value=0)
    large = np.repeat(np.repeat(large, SCALE, axis=0), SCALE, axis=1)
    return np.asarray(cv2.GaussianBlur(large, (0, 0), spread), np.float32)


@lru_cache(maxsize=16)
def upright(rows: int, spread: float) -> Ink:
    """How `rows` dots in a column are seen: (pixels, rows); the same holds across. Dots d are seen as U d V'."""
    unit = np.eye(rows, dtype=np.float32)
    large = np.repeat(cv2.copyMakeBorder(unit, PAD, PAD, 0, 0, cv2.BORDER_CONSTANT, value=0), SCALE, axis=0)
    return np.asarray(cv2.sepFilter2D(large, -1, np.ones(1, np.float32), _kernel(spread)), np.float32)


@lru_cache(maxsize=16)
def gram(rows: int, spread: float) -> Ink:
    """How much the pictures of two dots in a column have in common (rows, rows)."""
    seen = upright(rows, spread)
    return np.asarray(seen.T @ seen)


def dots_of(picture: Ink, spread: float) -> Ink:
    """What a picture (of `PAD` dots around the line) has in common with each dot's own picture, by dots."""
    blurred = cv2.GaussianBlur(picture, (0, 0), spread, borderType=cv2.BORDER_CONSTANT)
    inner = blurred[PAD * SCALE : -PAD * SCALE, PAD * SCALE : -PAD * SCALE]
    return np.asarray(
        cv2.resize(inner, (inner.shape[1] // SCALE, inner.shape[0] // SCALE), interpolation=cv2.INTER_AREA)
        * float(SCALE * SCALE),
        np.float32,
    )


def _kernel(spread: float) -> Ink:
    size = round(spread * 8 + 1) | 1
    return np.asarray(cv2.getGaussianKernel(size, spread, cv2.CV_32F)[:, 0], np.float32)


@lru_cache(maxsize=8)
def sets(spec: FontSpec) -> tuple[GlyphSet, GlyphSet]:
    """Half-width and full-width glyphs of a printer's font."""
    return glyph_sets((spec,), (spec.size // 2, spec.size), tall=spec.size // 3)


@dataclass(frozen=True)
class Bank:
    """Rivals of one glyph: `apart` (rivals, rows, columns) the dots that each has more (1) or fewer (-1) than it,
    `energy` the sums of squares of what the lens makes of them, `added` the share of it that is more ink."""

    numbers: npt.NDArray[np.intp]
    apart: Ink
    energy: Ink
    added: Ink


_banks: dict[tuple[int, int, int, int, float], Bank] = {}


def rivals(glyphs: GlyphSet, number: int, across: int, down: int, spread: float) -> Bank:
    """For Latin every other character, for Chinese the nearest shapes, as the lens shows them."""
    key = (id(glyphs), number, across, down, spread)
    if key not in _banks:
        count = _RIVALS if len(glyphs.chars) > ALL_ARE_RIVALS else len(glyphs.chars)
        numbers = glyphs.neighbours(number, count)
        numbers = numbers[numbers != number]
        apart = glyphs.bits[numbers].astype(np.float32) - glyphs.bits[number]
        _banks[key] = _bank(numbers, np.repeat(np.repeat(apart, down, axis=1), across, axis=2), spread)
    return _banks[key]


def best_of_all(
    glyphs: GlyphSet, number: int, part: Ink, gain: float, size: tuple[int, int], spread: float, column: int | None
) -> tuple[int, float]:
    """Of all glyphs of the set the one whose shape is most like what glyph `number` leaves over, however faint a blur
    that nobody knows leaves it, and that one's margin.

    `part`: what is left over, by the dots of the character printed `size` = (across, down) times as large; `column`:
    its dead one. Rivals that cannot be told from the glyph without that column are left out.
    """
    across, down = size
    upright_, level, norms = _lens(glyphs, across, down, spread, column)
    wanted = glyphs.bits[number].astype(np.float32)
    energy = norms + norms[number] - 2 * (glyphs.matrix @ (upright_ @ wanted @ level).reshape(-1))
    over = part.reshape(glyphs.height * down, glyphs.width * across).copy()
    told = energy > _RIDGE
    if column is not None:
        over[:, column] = 0.0
        upright_, level, norms = _lens(glyphs, across, down, spread, None)
        whole = norms + norms[number] - 2 * (glyphs.matrix @ (upright_ @ wanted @ level).reshape(-1))
        told &= energy >= DECIDABLE * whole
    folded = over.reshape(glyphs.height, down, glyphs.width, across).sum(axis=(1, 3)).reshape(-1)
    shared = glyphs.matrix @ folded
    shared = shared - shared[number]
    like = np.where(told & (shared > 0), shared / np.sqrt(np.maximum(energy, _RIDGE)), -np.inf)
    best = int(like.argmax())
    return best, float(1.0 - 2.0 * shared[best] / max(gain * float(energy[best]), 1e-3))


@lru_cache(maxsize=32)
def _lens(
    glyphs: GlyphSet, across: int, down: int, spread: float, column: int | None
) -> tuple[Ink, Ink, npt.NDArray[np.float32]]:
    """What two dots of a glyph, printed so large, have in common upright and across, and the energy of each glyph."""
    level = gram(glyphs.width * across, spread).copy()
    if column is not None:
        level[column, :] = level[:, column] = 0.0
    level = level.reshape(glyphs.width, across, glyphs.width, across).sum(axis=(1, 3))
    upright_ = gram(glyphs.height * down, spread).reshape(glyphs.height, down, glyphs.height, down).sum(axis=(1, 3))
    bits = glyphs.matrix.reshape(-1, glyphs.height, glyphs.width)
    norms = np.concatenate(
        [((upright_ @ some @ level) * some).sum(axis=(1, 2)) for some in np.array_split(bits, 1 + len(bits) // 512)]
    )
    return np.asarray(upright_), np.asarray(level), np.asarray(norms, np.float32)


def without_column(bank: Bank, column: int, spread: float) -> Bank:
    """The same rivals as a head prints them whose dot `column` (of the glyph's own, from 0) is dead."""
    apart = bank.apart.copy()
    apart[:, :, column] = 0.0
    return _bank(bank.numbers, apart, spread)


def _bank(numbers: npt.NDArray[np.intp], apart: Ink, spread: float) -> Bank:
    upright_, level = gram(apart.shape[1], spread), gram(apart.shape[2], spread)
    energy = np.asarray((upright_ @ apart @ level * apart).sum(axis=(1, 2)))
    more = np.maximum(apart, 0)
    added = (upright_ @ more @ level * more).sum(axis=(1, 2)) / np.maximum(energy, 1e-3)
    return Bank(numbers, apart, energy, np.minimum(added, 1.0))
