"""How smooth text on a colour display looks through the lens: grey glyphs of a font, in the display's own dots.

Ink is 0 on the ground and 1 in the full colour of the text. Where a glyph covers a dot in part, the light lies between
the two on a curve that the display's and the camera's tone bend: ink = (1 - bow) a + bow a^2 of the coverage a.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import msgspec
import numpy as np
import numpy.typing as npt
from PIL import ImageFont

from tillrig.errors import ProfileError
from tillrig.vision.geometry import FontSpec, Ink
from tillrig.vision.readers.glyphs import gb2312, is_wide

SCALE = 2
# Dots of a glyph's box left of its origin and right of the size's square: room for strokes that reach out of it.
BEFORE, AFTER = 2, 3
_TWIN = 0.6


class Lens(msgspec.Struct, frozen=True):
    """Blur across and down (sigma in pixels, two a dot), the bow of the display's tone, and the camera's `tone`: how
    much of the squared ink its picture has too much."""

    across: float = 1.6
    down: float = 1.6
    bow: float = 0.0
    tone: float = 0.0

    def kernels(self, rows: int, columns: int) -> tuple[Ink, Ink]:
        """What two dots of a column, and of a row, have in common as the lens shows them."""
        return _gram(rows, self.down), _gram(columns, self.across)


class Shapes:
    """All glyphs of a font at one size: `cover` (glyphs, rows, columns) the share of each dot that is covered (0..1),
    `advance` in dots. The origin lies `BEFORE` columns from the left, `base` rows from the top."""

    def __init__(self, spec: FontSpec) -> None:
        font = _loaded(spec)
        self.spec = spec
        found = _rendered(font, spec)
        self.chars = "".join(found)
        self.cover = np.stack([cover for cover, _ in found.values()])
        self.advance = np.array([advance for _, advance in found.values()], np.float32)
        self.rows, self.columns = self.cover.shape[1:]
        self.space = float(font.getlength(" ")) or spec.size / 4
        self._index = {char: number for number, char in enumerate(self.chars)}
        self.wide = np.array([is_wide(char) for char in self.chars])
        flat = self.cover.reshape(len(self.chars), -1)
        self._flat, self._weight = flat, np.square(flat).sum(axis=1)
        self._known: dict[int, Ink] = {}

    def index(self, char: str) -> int | None:
        return self._index.get(char)

    def shows(self, text: str) -> bool:
        return all(char.isspace() or char in self._index for char in text)

    def inks(self, numbers: npt.NDArray[np.intp] | list[int], bow: float) -> Ink:
        """Ink of glyphs (n, rows, columns)."""
        cover = self.cover[numbers]
        return np.asarray((1.0 - bow) * cover + bow * np.square(cover), np.float32)

    def nearest(self, number: int, count: int) -> npt.NDArray[np.intp]:
        """The Chinese glyphs that are most like glyph `number`, equal shapes left out."""
        apart = np.where(self.wide, self._apart(number), np.inf)
        near = np.argpartition(apart, count)[:count]
        return np.asarray(near[np.isfinite(apart[near])])

    def likeliest(self, number: int, left_over: Ink, count: int) -> npt.NDArray[np.intp]:
        """The glyphs that would explain most of what glyph `number` leaves over (by dots of its box), for what sets
        them apart from it."""
        shared = self._flat @ left_over
        gained = (shared - shared[number]) / self._apart(number)
        return np.asarray(np.argpartition(-gained, count)[:count])

    def _apart(self, number: int) -> Ink:
        """Squared coverage by which each glyph differs from glyph `number`; infinite for the same shape."""
        if number not in self._known:
            apart = self._weight + self._weight[number] - 2 * (self._flat @ self._flat[number])
            self._known[number] = np.where(apart < _TWIN, np.inf, apart)
        return self._known[number]

    @property
    def latin(self) -> npt.NDArray[np.intp]:
        return np.flatnonzero(~self.wide)


@lru_cache(maxsize=12)
def shapes(spec: FontSpec) -> Shapes:
    """The font's glyphs, drawn once. Raises ProfileError."""
    return Shapes(spec)


def _loaded(spec: FontSpec) -> ImageFont.FreeTypeFont:
    if spec.kind == "learned":
        raise ProfileError(
            f"font {spec.path}: glyphs that were learned have dots but no shades, and a colour display draws smooth "
            "text; name the font's own file (TTF, OTF, BDF), or none"
        )
    if not Path(spec.path).is_file():
        raise ProfileError(f"font {spec.path} of the profile does not exist; install it or correct the path")
    try:
        return ImageFont.truetype(spec.path, spec.size, index=spec.index, layout_engine=ImageFont.Layout.BASIC)
    except OSError as problem:
        raise ProfileError(f"font {spec.path} cannot be loaded: {problem}") from problem


def _rendered(font: ImageFont.FreeTypeFont, spec: FontSpec) -> dict[str, tuple[Ink, float]]:
    """Coverage and advance of every character that the font has; the rows that no glyph uses are cut off."""
    size = spec.size
    columns, base = BEFORE + size + AFTER, size + size // 2
    chars = "\ufffe" + gb2312().replace(" ", "").replace("\u3000", "")
    drawn = np.zeros((len(chars), 2 * size, columns), np.float32)
    for place, char in enumerate(chars):
        mask, (left, top) = font.getmask2(char, mode="L", anchor="ls")
        width, height = mask.size
        cover = np.asarray(mask, np.float32).reshape(height, width) / 255.0
        x, y = max(0, BEFORE + left), max(0, base + top)
        part = cover[: 2 * size - y, max(0, -BEFORE - left) :][:, : columns - x]
        drawn[place, y : y + part.shape[0], x : x + part.shape[1]] = part
    usual = np.flatnonzero(drawn[1:].max(axis=(0, 2)) > 0)
    drawn = drawn[:, usual[0] : usual[-1] + 1]
    found = {}
    for char, cover in zip(chars[1:], drawn[1:], strict=True):
        if cover.any() and not (is_wide(char) and np.array_equal(cover, drawn[0])):
            found[char] = (cover, float(font.getlength(char)))
    if not found:
        raise ProfileError(f"font {spec.path} has none of the characters of a Chinese terminal")
    return found


@lru_cache(maxsize=64)
def _gram(dots: int, spread: float) -> Ink:
    room = int(4 * spread + 2) // SCALE + 1
    unit = np.zeros(((dots + 2 * room) * SCALE, dots), np.float32)
    for dot in range(dots):
        unit[(room + dot) * SCALE : (room + dot + 1) * SCALE, dot] = 1.0
    one = np.ones(1, np.float32)
    seen = np.asarray(cv2.sepFilter2D(unit, -1, one, _kernel(spread), borderType=cv2.BORDER_CONSTANT), np.float32)
    return np.asarray(seen.T @ seen)


def _kernel(spread: float) -> Ink:
    return np.asarray(cv2.getGaussianKernel(2 * int(4 * spread + 1) + 1, spread, cv2.CV_32F)[:, 0], np.float32)


def blurred(picture: Ink, lens: Lens) -> Ink:
    """A picture (two pixels a dot) as the lens shows it."""
    return np.asarray(
        cv2.sepFilter2D(picture, -1, _kernel(lens.across), _kernel(lens.down), borderType=cv2.BORDER_CONSTANT),
        np.float32,
    )


def enlarged(dots: Ink) -> Ink:
    """Two pixels a dot each way."""
    return np.repeat(np.repeat(dots, SCALE, axis=-2), SCALE, axis=-1)
