"""Printed lines against the printer's own font: the expected line drawn, laid on the picture, and every character held
against its rivals.

Paper curls and the camera has hardly more than a pixel a dot, so there is no grid to read blind; but where a glyph
should stand is known to a dot, and what it would look like through the lens is known too. A dead dot of the print
head takes the same column out of the expected character and out of its rivals.
"""

from __future__ import annotations

from collections import OrderedDict

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import FontSpec, Ink, PaperGeometry
from tillrig.vision.readers.glyphs import is_wide
from tillrig.vision.readers.print_cells import PrintCell, cells_of
from tillrig.vision.readers.print_model import PAD, SCALE, SPREAD, Drawn, dots_of, draw, gram, laid_out, sets

__all__ = ["PrintAtlas", "PrintCell", "PrintFit"]

_LIKE_ENOUGH = 0.8
# Pixels around the picture that the line may lie off, pixels by which curl may bend it, pixels of line looked at at
# once.
_REACH = 12
_BEND = 5
_SEGMENT = 90
# How far (dots) from where the slip's other lines have it a dead column may seem to lie.
_DEAD_REACH = 1
# Ink of a pixel from which it counts as burnt when nothing should stand there.
_BURNT = 0.6
_KNOWN = 256
_Key = tuple[int, str, str, tuple[float, ...]]


class PrintFit(msgspec.Struct, frozen=True):
    """A text laid on a line; `likeness` is the correlation of the whole (-1..1), cells are its characters without
    spaces.

    `origin`: where its first dot column begins, in dots from the left of the picture. `missing` and `inked`: for each
    dot column how much of its ink is not there, and how much there should be (squared ink, pixels). `beyond`: burnt
    pixels on the line left and right of the text.
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
        if drawn is None or drawn.picture.shape[1] > ink.shape[1] + 2 * PAD * SCALE * 4:
            return None
        level, origin, beyond = _levelled(ink, drawn)
        left_over, gains = _left_over(level, drawn)
        missing = -(dots_of(left_over, SPREAD[height]) * drawn.bits).sum(axis=0)
        upright = gram(drawn.bits.shape[0], SPREAD[height])
        inked = ((upright @ drawn.bits) * drawn.bits).sum(axis=0) * float(gram(1, SPREAD[height])[0, 0])
        columns = _dead_columns(dead, origin, missing, inked)
        if columns:
            masked = draw(text, spec, height, across, columns)
            if masked is not None:
                drawn = masked
                left_over, gains = _left_over(level, drawn)
        cells = cells_of(left_over, gains, drawn)
        return PrintFit(text, _likeness(level, drawn.picture), cells, across, height, origin, missing, inked, beyond)


def _levelled(ink: Ink, drawn: Drawn) -> tuple[Ink, float, int]:
    """The picture bent back onto the drawn line, where (dots) the line's first column lies in it, and how many burnt
    pixels stand beside the line."""
    model = drawn.picture
    height, width = model.shape
    room = cv2.copyMakeBorder(
        ink, *_room(ink.shape[0], height), *_room(ink.shape[1], width), cv2.BORDER_CONSTANT, value=0
    )
    pads = _room(ink.shape[0], height)[0], _room(ink.shape[1], width)[0]
    coarse = cv2.resize(room, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    found = cv2.matchTemplate(coarse, drawn.small[: coarse.shape[0], : coarse.shape[1]], cv2.TM_CCOEFF_NORMED)
    _, _, _, (left, top) = cv2.minMaxLoc(found)
    left, top = 2 * left, 2 * top
    across, down = _bends(room, drawn, left, top)
    x = np.arange(width, dtype=np.float32)
    map_x = np.broadcast_to((x + left + across).astype(np.float32), (height, width))
    map_y = np.arange(height, dtype=np.float32)[:, None] + (top + down).astype(np.float32)[None]
    level = cv2.remap(room, np.ascontiguousarray(map_x), map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)
    begin = float(left + across[min(width - 1, PAD * SCALE)])
    beside = np.concatenate(
        [_beside(room, top, height, 0, left + 2), _beside(room, top, height, left + width - 2, None)]
    )
    return np.asarray(level, np.float32), (begin - pads[1]) / SCALE + PAD, int((beside > _BURNT).sum())


def _beside(room: Ink, top: int, height: int, first: int, last: int | None) -> Ink:
    return room[max(0, top + 2 * PAD) : max(0, top + height - 2 * PAD), max(0, first) : last].reshape(-1)


def _bends(room: Ink, drawn: Drawn, left: int, top: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """By how many pixels each column of the line lies right of and below its place: a smooth curve through what its
    parts say."""
    model = drawn.picture
    height, width = model.shape
    count = max(1, round(width / _SEGMENT))
    edges = np.linspace(0, width, count + 1).astype(int)
    found = []
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = model[:, first:last]
        weight = float(part.var()) * part.size
        if weight < 8.0:
            continue
        window = _cut(room, left + first - _BEND, top - _BEND, last - first + 2 * _BEND, height + 2 * _BEND)
        like = cv2.matchTemplate(window, np.ascontiguousarray(part), cv2.TM_CCOEFF_NORMED)
        _, best, _, (dx, dy) = cv2.minMaxLoc(like)
        if best < 0.3:
            continue
        x = dx + _peak(like[dy, max(0, dx - 1) : dx + 2]) - _BEND
        y = dy + _peak(like[max(0, dy - 1) : dy + 2, dx]) - _BEND
        found.append(((first + last) / 2, x, y, weight * best**4))
    if not found:
        return np.zeros(width), np.zeros(width)
    at, x, y, weights = (np.array(values) for values in zip(*found, strict=True))
    along = (np.arange(width) - width / 2) / 400.0
    return _curve((at - width / 2) / 400.0, x, weights, along), _curve((at - width / 2) / 400.0, y, weights, along)


def _curve(
    at: npt.NDArray[np.float64], value: npt.NDArray[np.float64], weight: npt.NDArray[np.float64],
    along: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:  # fmt: skip
    """A cubic through the points, its bends held small; one stray point is left out."""
    stiff = np.diag([1e-6, 0.02, 0.06, 0.3])
    weight = weight / weight.sum()
    for _ in range(3):
        basis = np.vander(at, 4, increasing=True)
        normal = basis.T @ (basis * weight[:, None]) + stiff
        terms = np.linalg.solve(normal, basis.T @ (weight * value))
        off = np.abs(basis @ terms - value)
        weight = weight * np.where(off > 2.0, 0.1, 1.0)
    return np.asarray(np.vander(along, 4, increasing=True) @ terms)


def _peak(three: npt.NDArray[np.float32]) -> float:
    """Where between its neighbours the middle of three values peaks."""
    if len(three) != 3:
        return 0.0
    before, here, after = (float(value) for value in three)
    bend = before - 2 * here + after
    return float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < 0 else 0.0


def _room(have: int, need: int) -> tuple[int, int]:
    short = max(0, need - have)
    return _REACH + short // 2, _REACH + short - short // 2


def _cut(picture: Ink, x: int, y: int, width: int, height: int) -> Ink:
    left, top = max(0, -x), max(0, -y)
    right, bottom = max(0, x + width - picture.shape[1]), max(0, y + height - picture.shape[0])
    part = picture[max(0, y) : max(0, y + height), max(0, x) : max(0, x + width)]
    if left or top or right or bottom:
        part = cv2.copyMakeBorder(part, top, bottom, left, right, cv2.BORDER_CONSTANT, value=0)
    return part


def _likeness(seen: Ink, model: Ink) -> float:
    ours, theirs = model - model.mean(), seen - seen.mean()
    norm = float(np.sqrt(np.square(ours).sum() * np.square(theirs).sum()))
    return float((ours * theirs).sum()) / norm if norm > 0 else 0.0


def _left_over(seen: Ink, drawn: Drawn) -> tuple[Ink, npt.NDArray[np.float64]]:
    """What the drawn line does not explain of the picture, and each cell's ink density, once density, ground, a
    fraction of a pixel's shift and a little more or less blur are allowed for around each cell (least squares)."""
    shares = (drawn.basis * seen).sum(axis=1).T.astype(np.float64)
    sums = np.concatenate([np.zeros((1, 5)), shares.cumsum(axis=0)])
    weights = np.einsum("nij,nj->ni", drawn.inverse, sums[drawn.last] - sums[drawn.first])
    of_column = weights[drawn.owner].T.astype(np.float32)
    model = (drawn.basis * of_column[:, None, :]).sum(axis=0)
    return np.asarray(seen - model, np.float32), np.clip(weights[:, 0], 0.3, 1.6)


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
