"""Lays a text on a row of a colour display: where its glyphs stand, and what the drawn row leaves of the picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import Ink
from tillrig.vision.readers.colour_model import BEFORE, SCALE, Lens, Shapes, blurred, enlarged

# Pixels of ground put around a row, so that glyphs at its edges have their box.
ABOVE, LEFT = 12, 8
# Pixels around the text that its blur reaches.
_AROUND = 5
# What a glyph must gain, in energies of a usual one, to stand a pixel off the whole dots after the one before it.
_STRAYED = 0.02
# A gap in an unspaced text: widths of a space from which it may be one, and its price in those of a pixel.
_GAP, _GAP_PRICE = 0.7, 4.0
_NEVER = -1e9
_BLURS, _BOWS, _TONES = (0.6, 4.5), 1.2, 0.35
# A glyph's own window allows for so much shift (pixels) and blur (squared pixels) besides the whole row's.
_SHIFT, _BLUR = 0.5, 0.4
Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Laid:
    """A text on a row: glyph `numbers` of `shapes` whose boxes begin at pixels `left` and `top` of the padded row.

    `likeness` is the correlation with the picture (-1..1), `gains` the ink density of each glyph, `left_over` what the
    drawn row leaves over of the padded row, `noise` its usual size (rms) beside the glyphs.
    """

    text: str
    shapes: Shapes
    lens: Lens
    numbers: Numbers
    left: Numbers
    top: int
    likeness: float
    gain: float
    gains: Floats
    left_over: Ink
    noise: float


class Plane:
    """A padded row's ink (two pixels a dot) as glyphs are compared with it under one lens."""

    def __init__(self, ink: Ink, lens: Lens) -> None:
        self.ink = ink
        self.lens = lens
        seen = blurred(ink, lens)
        self._sums = cv2.boxFilter(
            seen, -1, (SCALE, SCALE), anchor=(0, 0), normalize=False, borderType=cv2.BORDER_CONSTANT
        )

    def parts(self, top: int, shape: tuple[int, int], left: Numbers | None = None) -> Ink:
        """What the picture has in common with each dot of a box of `shape` dots that begins at row `top` and each
        pixel column (or those of `left`): (columns, rows x columns of the box)."""
        rows, columns = shape
        at = self._sums[top : top + SCALE * rows : SCALE]
        windows = np.lib.stride_tricks.sliding_window_view(at, SCALE * columns, axis=1)[:, :, ::SCALE]
        chosen = windows if left is None else windows[:, left]
        return np.ascontiguousarray(chosen.transpose(1, 0, 2)).reshape(chosen.shape[1], -1)


def toned(ink: Ink, lens: Lens) -> Ink:
    """Ink as a camera without a tone of its own would show it."""
    return np.asarray(ink - lens.tone * ink * ink, np.float32)


def padded(ink: Ink, columns: int) -> Ink:
    right = SCALE * columns + LEFT
    return np.asarray(cv2.copyMakeBorder(ink, ABOVE, ABOVE, LEFT, right, cv2.BORDER_CONSTANT, value=0), np.float32)


def energies(inks: Ink, lens: Lens) -> Ink:
    """Squared light of glyphs (n, rows, columns) through the lens."""
    down, across = lens.kernels(inks.shape[1], inks.shape[2])
    return np.asarray((down @ inks @ across * inks).sum(axis=(1, 2)))


def tops(ink: Ink, shapes: Shapes) -> range:
    """Rows of the padded picture at which boxes of the font may begin."""
    first = ABOVE
    return range(first, max(first + 1, ink.shape[0] - ABOVE - SCALE * shapes.rows))


class Sought:
    """A text that is looked for with one font under one lens; `loose`: a space may stand before every character."""

    def __init__(self, shapes: Shapes, text: str, lens: Lens, loose: bool = False) -> None:
        self.shapes, self.loose, self.parted = shapes, loose, _parted(text)
        self.numbers = np.array([shapes.index(char) for char in text if not char.isspace()], np.intp)
        kinds, self.which = np.unique(self.numbers, return_inverse=True)
        inks = shapes.inks(kinds, lens.bow)
        self.energy = energies(inks, lens)
        self.flat = np.ascontiguousarray(inks.reshape(len(kinds), -1).T)


def place(plane: Plane, sought: Sought, top: int, gain: float) -> tuple[float, Numbers]:
    """Where each glyph of the text (its spaces may be of any width) explains most of the picture: (squared ink
    explained, left columns)."""
    shapes, which = sought.shapes, sought.which
    energy = gain * gain * sought.energy
    common = plane.parts(top, (shapes.rows, shapes.columns)) @ sought.flat
    saved = (2 * gain * common - energy[None]).T
    price = _STRAYED * float(np.median(energy))
    best = saved[which[0]].copy()
    came: list[Numbers] = []
    for number in range(1, len(which)):
        step = float(shapes.advance[sought.numbers[number - 1]]) * SCALE
        space = shapes.space * SCALE
        if sought.parted[number]:
            best, back = _parted_from(best, step + space / 2)
        else:
            best, back = _moved(best, step, price, step + _GAP * space if sought.loose else 0.0)
        came.append(back)
        best = best + saved[which[number]]
    at = int(best.argmax())
    score = float(best[at])
    left = [at]
    for back in reversed(came):
        at = int(back[at])
        left.append(at)
    return score, np.array(left[::-1], np.intp)


def _parted(text: str) -> list[bool]:
    """For each character whether a space stands before it."""
    before, found = " ", []
    for char in text:
        if not char.isspace():
            found.append(before.isspace())
        before = char
    return found


def _parted_from(best: Ink, least: float) -> tuple[Ink, Numbers]:
    """The best of all glyphs that begin `least` pixels or more to the left of each column, and where that began."""
    size, first = len(best), int(least)
    value, back = np.full(size, _NEVER, np.float32), np.zeros(size, np.intp)
    ahead = np.maximum.accumulate(best)
    rises = np.concatenate(([True], best[1:] > ahead[:-1]))
    origin = np.maximum.accumulate(np.where(rises, np.arange(size), 0))
    if first < size:
        value[first:], back[first:] = ahead[: size - first], origin[: size - first]
    return value, back


def _moved(best: Ink, step: float, price: float, gap: float) -> tuple[Ink, Numbers]:
    """The same for a glyph that follows on whole dots; a pixel off them has its price, a `gap` a higher one."""
    size = len(best)
    value, back = np.full(size, _NEVER, np.float32), np.zeros(size, np.intp)
    if gap:
        value, back = _parted_from(best - _GAP_PRICE * price, gap)
    low, high = SCALE * int(step // SCALE), SCALE * -int(-step // SCALE)
    for one, cost in {low: 0.0, high: 0.0, low - 1: price, high + 1: price}.items():
        if 0 < one < size:
            better = best[: size - one] - cost > value[one:]
            value[one:][better] = best[: size - one][better] - cost
            back[one:][better] = np.flatnonzero(better)
    return value, back


def draw(shapes: Shapes, numbers: Numbers, left: Numbers, width: int, bow: float) -> Ink:
    """The glyphs in their places (two pixels a dot), `_AROUND` rows of ground above and below, not yet blurred."""
    canvas = np.zeros((SCALE * shapes.rows + 2 * _AROUND, width), np.float32)
    for glyph, x in zip(enlarged(shapes.inks(numbers, bow)), left.tolist(), strict=True):
        part = canvas[_AROUND : _AROUND + glyph.shape[0], x : x + glyph.shape[1]]
        np.maximum(part, glyph[:, : part.shape[1]], out=part)
    return canvas


def view(ink: Ink, shapes: Shapes, top: int) -> Ink:
    """The rows of the padded picture that `draw` draws."""
    return ink[top - _AROUND : top + SCALE * shapes.rows + _AROUND]


def refined(plane: Plane, shapes: Shapes, numbers: Numbers, left: Numbers, top: int) -> tuple[Lens, float]:
    """The lens and the ink density under which the drawn row is most like the picture."""
    lens = plane.lens
    seen = view(plane.ink, shapes, top)
    ends = slice(max(0, int(left[0]) - _AROUND), int(left[-1]) + SCALE * shapes.columns + _AROUND)
    straight = draw(shapes, numbers, left, plane.ink.shape[1], lens.bow)
    bent = draw(shapes, numbers, left, plane.ink.shape[1], lens.bow + 1.0)
    picture, bow = (blurred(one, lens)[:, ends] for one in (straight, bent - straight))
    down, across = np.gradient(picture)
    curves = np.gradient(across, axis=1), np.gradient(down, axis=0)
    parts = [picture, np.ones_like(picture), across, down, *curves, bow, picture * picture]
    basis = np.stack([part.ravel() for part in parts]).astype(np.float64)
    normal = basis @ basis.T
    trace = float(normal[0, 0])
    normal += np.diag([0, 0, 0, 0, 0, 0, 0.02, 0.005]) * trace
    weight = np.linalg.solve(normal + 1e-9 * trace * np.eye(8), basis @ seen[:, ends].ravel())
    gain = float(np.clip(weight[0], 0.2, 3.0))
    return (
        Lens(
            _wider(lens.across, float(weight[4]) / gain),
            _wider(lens.down, float(weight[5]) / gain),
            round(float(np.clip(lens.bow + weight[6] / gain, -_BOWS, _BOWS)) * 5) / 5,
            round(float(np.clip(lens.tone + weight[7] / (gain * gain), -_TONES, _TONES)), 2),
        ),
        gain,
    )


def _wider(sigma: float, curved: float) -> float:
    """A blur changed by what the second derivative's weight says, to a tenth of a pixel."""
    squared = sigma * sigma + float(np.clip(2 * curved, -0.75 * sigma * sigma, 1.5 * sigma * sigma))
    return round(float(np.clip(np.sqrt(squared), *_BLURS)), 1)


def laid(plane: Plane, shapes: Shapes, text: str, numbers: Numbers, left: Numbers, top: int) -> Laid:
    """The text in its places, density, ground and a fraction of a pixel's shift allowed for around each glyph."""
    lens, width = plane.lens, plane.ink.shape[1]
    seen = view(plane.ink, shapes, top)
    picture = blurred(draw(shapes, numbers, left, width, lens.bow), lens)
    down, across = np.gradient(picture)
    basis = np.stack([picture, np.ones_like(picture), across, down, cv2.Laplacian(picture, cv2.CV_32F)])
    columns = np.ascontiguousarray(basis.transpose(2, 0, 1), np.float32)
    grams = np.matmul(columns, columns.transpose(0, 2, 1)).astype(np.float64)
    shares = np.einsum("xby,yx->xb", columns, seen).astype(np.float64)
    advance = shapes.advance[numbers] * SCALE
    begin = left + SCALE * BEFORE
    first = np.maximum(0, begin - advance / 4 - _AROUND).astype(int)
    last = np.minimum(width, begin + 1.25 * advance + _AROUND).astype(int)
    sums, totals = _summed(grams), _summed(shares)
    normal = sums[last] - sums[first]
    held = normal[:, 0, 0]
    pull = np.zeros_like(normal)
    # Weights of shift and blur are held near nought, as far as the picture's noise lets them stray.
    for term, usual in ((2, _SHIFT), (3, _SHIFT), (4, _BLUR)):
        pull[:, term, term] = 0.001 * held / usual**2
    normal = normal + pull + 1e-6 * held[:, None, None] * np.eye(5)
    weights = np.linalg.solve(normal, (totals[last] - totals[first])[..., None])[..., 0]
    owner = np.abs(np.arange(width)[:, None] - (begin + advance / 2)[None]).argmin(axis=1)
    model = np.einsum("xby,xb->yx", columns, weights[owner].astype(np.float32))
    inside = np.zeros(width, np.bool_)
    inside[max(0, int(left[0])) : int(left[-1]) + SCALE * shapes.columns] = True
    left_over = plane.ink.copy()
    view(left_over, shapes, top)[:, inside] = (seen - model)[:, inside]
    rest = view(left_over, shapes, top)[:, inside]
    return Laid(
        text, shapes, lens, numbers, left, top, _likeness(seen[:, inside], model[:, inside]),
        float(np.median(weights[:, 0])), weights[:, 0], left_over, float(np.sqrt(np.square(rest).mean())),
    )  # fmt: skip


def _summed(values: Floats) -> Floats:
    return np.concatenate([np.zeros((1, *values.shape[1:])), values.cumsum(axis=0)])


def _likeness(seen: Ink, model: Ink) -> float:
    ours, theirs = model - model.mean(), seen - seen.mean()
    norm = float(np.sqrt(np.square(ours).sum() * np.square(theirs).sum()))
    return float((ours * theirs).sum()) / norm if norm > 0 else 0.0
