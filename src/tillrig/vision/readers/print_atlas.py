"""Printed lines against the printer's own font: the expected line drawn, laid on the picture cell by cell, and held
against its rivals.

Paper curls and the camera has hardly more than a pixel a dot, so there is no grid to read blind; but where a glyph
should stand is known to a dot, and what it would look like through the lens is known too.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import FontSpec, Ink, PaperGeometry
from tillrig.vision.readers.glyphs import GlyphSet, glyph_sets, is_wide

SCALE = 2
# Blur of lens and printer, in pixels at two pixels a dot: where sound and faulty characters part best, by height
# (docs/vision.md).
_SPREAD = {"text": 1.6, "small": 1.3, "amount": 1.9}
# A dead dot of the print head leaves a stripe so wide, and little else, of what is missing from a character.
_STRIPE_PX = 6
_STRIPE_SHARE = 0.65
_PAD = 4
_RIVALS = 24
_ALIGN = 3
_LIKE_ENOUGH = 0.8
Bank = npt.NDArray[np.float32]


class PrintCell(msgspec.Struct, frozen=True):
    """One character in place: `margin` 1 when the ink is exactly it, -1 when it is exactly the `rival` that fits best.

    `added`: share of the difference to the rival that is ink the character should not have. `striped`: what is
    missing is one narrow upright stripe, as a dead dot of the print head leaves it.
    """

    char: str
    margin: float
    rival: str
    added: float
    striped: bool


class PrintFit(msgspec.Struct, frozen=True):
    """A text laid on a line; `likeness` is the correlation of the whole (-1..1), cells are its characters without
    spaces."""

    text: str
    likeness: float
    cells: tuple[PrintCell, ...]
    stretch: int
    height: str

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


class PrintAtlas:
    """For the fonts of a printer: the first of each size draws that size; amounts are the text font doubled."""

    name = "atlas"

    def __init__(self, geometry: PaperGeometry) -> None:
        self._geometry = geometry
        self._fonts: dict[str, FontSpec] = {}
        for spec in geometry.fonts:
            if spec.size == geometry.text_height:
                self._fonts.setdefault("text", spec)
                self._fonts.setdefault("amount", spec)
            if spec.size == geometry.small_height:
                self._fonts.setdefault("small", spec)
        self._stretches: dict[str, tuple[int, ...]] = {"amount": (2, 1)}

    def can_show(self, text: str, height: str) -> bool:
        """Whether there is a font for that height with every character."""
        return any(self._shows(text, name) for name in self._heights(height))

    def fit(self, ink: Ink, text: str, height: str) -> PrintFit | None:
        """Lay `text` (spaces count) on `ink` (two pixels a dot, with some dots around the line). None when it is
        wider than the picture.

        A line's height class is a guess where it is skewed or has no tall letters, so its neighbour is tried when the
        fit is poor.
        """
        best: PrintFit | None = None
        for name in self._heights(height):
            if best is not None and best.likeness >= _LIKE_ENOUGH:
                break
            if not self._shows(text, name):
                continue
            for stretch in self._stretches.get(name, (1,)):
                fit = self._fit(ink, text, self._fonts[name], name, stretch)
                if fit is not None and (best is None or fit.likeness > best.likeness):
                    best = fit
        if best is not None and height == "amount" and best.likeness > _LIKE_ENOUGH:
            self._stretches[height] = (best.stretch,)
        return best

    def _heights(self, height: str) -> tuple[str, ...]:
        return {"text": ("text", "small"), "small": ("small", "text")}.get(height, (height,))

    def _shows(self, text: str, height: str) -> bool:
        spec = self._fonts.get(height)
        if spec is None:
            return False
        half, full = _sets(spec)
        return all((full if is_wide(char) else half).index(char) is not None for char in text if char != " ")

    def _fit(self, ink: Ink, text: str, spec: FontSpec, height: str, across: int) -> PrintFit | None:
        down = 2 if height == "amount" else 1
        half, full = _sets(spec)
        places: list[tuple[str, GlyphSet, int, int]] = []
        x = 0
        for char in text:
            glyphs = full if is_wide(char) else half
            if char != " ":
                places.append((char, glyphs, glyphs.index(char) or 0, x))
            x += glyphs.width * across
        rows = half.height * down
        bits = np.zeros((rows, x), np.float32)
        for _, glyphs, number, left in places:
            bits[:, left : left + glyphs.width * across] = _sized(glyphs.bits[number], across, down)
        drawn = _through_lens(bits, _SPREAD[height])
        if drawn.shape[1] > ink.shape[1] + 2 * _PAD * SCALE * 4 or not places:
            return None
        reach = 10
        room = cv2.copyMakeBorder(
            ink,
            *_room(ink.shape[0], drawn.shape[0], reach),
            *_room(ink.shape[1], drawn.shape[1], reach),
            cv2.BORDER_CONSTANT,
            value=0,
        )
        found = cv2.matchTemplate(room, drawn, cv2.TM_CCOEFF_NORMED)
        _, likeness, _, (left0, top0) = cv2.minMaxLoc(found)
        cells = []
        drift = (0, 0)
        for char, glyphs, number, left in places:
            cell, drift = self._cell(
                room, drawn, char, glyphs, number, (left, across, down), (left0, top0), drift, _SPREAD[height]
            )
            cells.append(cell)
        return PrintFit(text, float(likeness), tuple(cells), across, height)

    def _cell(
        self,
        room: Ink,
        drawn: Ink,
        char: str,
        glyphs: GlyphSet,
        number: int,
        place: tuple[int, int, int],
        origin: tuple[int, int],
        drift: tuple[int, int],
        spread: float,
    ) -> tuple[PrintCell, tuple[int, int]]:
        left, across, down = place
        width = (glyphs.width * across + 2 * _PAD) * SCALE
        x0 = left * SCALE
        model = drawn[:, x0 : x0 + width]
        context = drawn[:, max(0, x0 - width // 2) : x0 + width + width // 2]
        at = (origin[0] + max(0, x0 - width // 2), origin[1])
        # Curl moves neighbouring characters together: look around where the one before was found.
        window = _cut(
            room,
            at[0] + drift[0] - _ALIGN,
            at[1] + drift[1] - _ALIGN,
            context.shape[1] + 2 * _ALIGN,
            context.shape[0] + 2 * _ALIGN,
        )
        _, _, _, (dx, dy) = cv2.minMaxLoc(cv2.matchTemplate(window, context, cv2.TM_CCOEFF_NORMED))
        near = np.ascontiguousarray(window[dy : dy + context.shape[0], dx : dx + context.shape[1]])
        drift = (int(np.clip(drift[0] + dx - _ALIGN, -4, 4)), int(np.clip(drift[1] + dy - _ALIGN, -5, 5)))
        first = x0 - max(0, x0 - width // 2)
        left_over, gain = _left_over(near, context)
        numbers, bank = _rivals(glyphs, number, across, down, spread)
        apart = (bank - _drawn_glyph(glyphs, number, across, down, spread)[None])[:, :, : model.shape[1]] * gain
        energy = (apart**2).sum(axis=(1, 2))
        margins = 1.0 - 2.0 * (apart * left_over[:, first : first + width][None]).sum(axis=(1, 2)) / np.maximum(
            energy, 1e-3
        )
        worst = int(margins.argmin())
        added = float(np.square(np.maximum(apart[worst], 0)).sum() / max(float(energy[worst]), 1e-3))
        striped = _striped(left_over[:, first : first + width])
        return PrintCell(char, float(margins[worst]), glyphs.chars[int(numbers[worst])], added, striped), drift


def _room(have: int, need: int, reach: int) -> tuple[int, int]:
    short = max(0, need - have)
    return reach + short // 2, reach + short - short // 2


def _cut(picture: Ink, x: int, y: int, width: int, height: int) -> Ink:
    left, top = max(0, -x), max(0, -y)
    right, bottom = max(0, x + width - picture.shape[1]), max(0, y + height - picture.shape[0])
    part = picture[max(0, y) : max(0, y + height), max(0, x) : max(0, x + width)]
    if left or top or right or bottom:
        part = cv2.copyMakeBorder(part, top, bottom, left, right, cv2.BORDER_CONSTANT, value=0)
    return part


def _left_over(seen: Ink, model: Ink) -> tuple[Ink, float]:
    """What the model does not explain of the picture, and its ink density, once density, ground, a fraction of a
    pixel's shift and a little more or less blur are allowed for (least squares)."""
    down, across = np.gradient(model)
    soft = cv2.Laplacian(model, cv2.CV_32F)
    basis = np.stack([model, np.ones_like(model), across, down, soft]).reshape(5, -1).astype(np.float64)
    flat = seen.reshape(-1).astype(np.float64)
    normal = basis @ basis.T
    weight, *_ = np.linalg.lstsq(normal + 1e-6 * np.trace(normal) * np.eye(5), basis @ flat, rcond=None)
    gain = float(min(max(weight[0], 0.3), 1.6))
    return (flat - weight @ basis).reshape(seen.shape).astype(np.float32), gain


def _striped(left_over: Ink) -> bool:
    missing = np.maximum(-left_over, 0).sum(axis=0)
    total = float(missing.sum())
    if total <= 0:
        return False
    widest = float(np.convolve(missing, np.ones(_STRIPE_PX), "valid").max())
    return widest >= _STRIPE_SHARE * total


def _sized(bits: npt.NDArray[np.bool_], across: int, down: int) -> npt.NDArray[np.float32]:
    return np.repeat(np.repeat(bits, down, axis=0), across, axis=1).astype(np.float32)


def _through_lens(bits: npt.NDArray[np.float32], spread: float) -> Ink:
    large = cv2.copyMakeBorder(bits, _PAD, _PAD, _PAD, _PAD, cv2.BORDER_CONSTANT, value=0)
    large = np.repeat(np.repeat(large, SCALE, axis=0), SCALE, axis=1)
    return np.asarray(cv2.GaussianBlur(large, (0, 0), spread), np.float32)


@lru_cache(maxsize=8)
def _sets(spec: FontSpec) -> tuple[GlyphSet, GlyphSet]:
    return glyph_sets((spec,), (spec.size // 2, spec.size), tall=spec.size // 3)


_banks: dict[tuple[int, int, int, int, float], tuple[npt.NDArray[np.intp], Bank]] = {}
_drawn: dict[tuple[int, int, int, int, float], Ink] = {}


def _drawn_glyph(glyphs: GlyphSet, number: int, across: int, down: int, spread: float) -> Ink:
    key = (id(glyphs), number, across, down, spread)
    if key not in _drawn:
        _drawn[key] = _through_lens(_sized(glyphs.bits[number], across, down), spread)
    return _drawn[key]


def _rivals(glyphs: GlyphSet, number: int, across: int, down: int, spread: float) -> tuple[npt.NDArray[np.intp], Bank]:
    """For Latin every other character, for Chinese the nearest shapes, as the lens shows them."""
    key = (id(glyphs), number, across, down, spread)
    if key not in _banks:
        count = _RIVALS if len(glyphs.chars) > 500 else len(glyphs.chars)
        numbers = glyphs.neighbours(number, count)
        numbers = numbers[numbers != number]
        _banks[key] = numbers, np.stack([_drawn_glyph(glyphs, int(rival), across, down, spread) for rival in numbers])
    return _banks[key]
