"""The shapes of a font's characters in the terminal's own dots."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from tillrig.errors import ProfileError, UsageError
from tillrig.vision.geometry import FontSpec, Ink
from tillrig.vision.readers.learned import read_learned

Bits = npt.NDArray[np.bool_]
# A character that differs from another in fewer dots is the same to the eye.
_SAME_SHAPE = 1


@lru_cache(maxsize=1)
def gb2312() -> str:
    """ASCII, and the punctuation, full-width forms and Chinese characters of GB 2312, in code order.

    Its kana, Greek, Cyrillic and box drawing are left out: a Chinese terminal shows none, and З would rival 3.
    """
    found = [chr(code) for code in range(0x20, 0x7F)]
    for lead in (0xA1, 0xA3, *range(0xB0, 0xF8)):
        for trail in range(0xA1, 0xFF):
            try:
                found.append(bytes((lead, trail)).decode("gb2312"))
            except UnicodeDecodeError:
                continue
    return "".join(found)


def is_wide(char: str) -> bool:
    """Whether a terminal gives the character two half-width cells: everything that GBK writes in two bytes."""
    return ord(char) > 0x7F


class GlyphSet:
    """All glyphs of one cell width: `chars[i]` has the bit map `bits[i]` (height x width).

    `learned`: by number, the mean ink in which a glyph was seen. Of a learned font the rivals are not all known, so
    that a cell must look like that, dot by dot.
    """

    def __init__(self, chars: str, bits: Bits, learned: dict[int, Ink] | None = None) -> None:
        self.chars = chars
        self.bits = bits
        self.learned = learned or {}
        self.height, self.width = bits.shape[1:]
        flat = bits.reshape(len(chars), -1)
        self.matrix = flat.astype(np.float32)
        self.weight = self.matrix.sum(axis=1)
        self._index = {char: number for number, char in enumerate(chars)}
        self._near: dict[int, npt.NDArray[np.intp]] = {}

    def index(self, char: str) -> int | None:
        return self._index.get(char)

    def shape(self, number: int) -> Ink:
        """Ink of glyph `number` (height x width): as it was seen, or as the font has it."""
        known = self.learned.get(number)
        return np.asarray(self.matrix[number].reshape(self.height, self.width)) if known is None else known

    def errors(self, cells: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Squared error of every cell (n, height*width) against every glyph: (n, glyphs)."""
        energy = (cells**2).sum(axis=1, keepdims=True)
        return np.asarray(energy - 2 * (cells @ self.matrix.T) + self.weight[None, :])

    def neighbours(self, number: int, count: int = 32) -> npt.NDArray[np.intp]:
        """The glyphs that differ from glyph `number` in the fewest dots, nearest first; equal shapes left out."""
        near = self._near.get(number)
        if near is None:
            apart = self.weight + self.weight[number] - 2 * (self.matrix @ self.matrix[number])
            apart[apart < _SAME_SHAPE] = np.inf
            near = np.argpartition(apart, count)[:count] if len(apart) > count else np.flatnonzero(np.isfinite(apart))
            near = self._near[number] = near[np.argsort(apart[near])]
        return near


@lru_cache(maxsize=8)
def glyph_sets(fonts: tuple[FontSpec, ...], cell: tuple[int, int], tall: int = 0) -> tuple[GlyphSet, GlyphSet]:
    """Half-width and full-width glyphs of the first font that has them, at its size, in cells of `cell` dots; `tall`
    adds rows below for fonts that reach out of their cell. Raises ProfileError."""
    if not fonts:
        raise UsageError("the profile names no font for this cell, so there is no atlas")
    width, height = cell
    half: dict[str, Bits] = {}
    full: dict[str, Bits] = {}
    learned: dict[str, Ink] = {}
    for spec in fonts:
        if spec.size != height:
            continue
        if spec.kind == "learned":
            _add_learned(spec, width, tall, half, full, learned)
            continue
        for char, bits in _rendered(spec, tall).items():
            target = full if is_wide(char) else half
            target.setdefault(char, bits[:, : width * (2 if is_wide(char) else 1)])
    if not half or not full:
        raise ProfileError(f"none of the profile's fonts has {height} dots: {', '.join(spec.path for spec in fonts)}")
    return _glyph_set(half, learned), _glyph_set(full, learned)


def _glyph_set(chars: dict[str, Bits], learned: dict[str, Ink]) -> GlyphSet:
    numbers = {number: learned[char] for number, char in enumerate(chars) if char in learned}
    return GlyphSet("".join(chars), np.stack(list(chars.values())), numbers)


def _add_learned(
    spec: FontSpec, width: int, tall: int, half: dict[str, Bits], full: dict[str, Bits], learned: dict[str, Ink]
) -> None:
    """Learned glyphs, and the blank cell of either width, where no font before has them."""
    if tall:
        raise ProfileError(f"font {spec.path} was learned from a display; paper needs a font file")
    found = read_learned(Path(spec.path))
    found.setdefault(" ", np.zeros((spec.size, width), np.float32))
    found.setdefault("\u3000", np.zeros((spec.size, 2 * width), np.float32))
    for char, ink in found.items():
        target = full if is_wide(char) else half
        if ink.shape != (spec.size, width * (2 if is_wide(char) else 1)):
            raise ProfileError(
                f"font {spec.path}: the glyph {char!r} has {ink.shape[1]}x{ink.shape[0]} dots and does not fill its "
                f"cell of {width}x{spec.size}; was it learned with another profile?"
            )
        if char not in target:
            target[char], learned[char] = ink > 0.5, ink


@lru_cache(maxsize=8)
def _rendered(spec: FontSpec, tall: int) -> dict[str, Bits]:
    if not Path(spec.path).is_file():
        raise ProfileError(f"font {spec.path} of the profile does not exist; install it or correct the path")
    try:
        font = ImageFont.truetype(spec.path, spec.size, index=spec.index)
    except OSError as problem:
        raise ProfileError(f"font {spec.path} cannot be loaded: {problem}") from problem
    # One tall picture for all: making one for each glyph takes most of the time. A cell's height of room is left
    # between them for what reaches out of its own.
    size, chars = spec.size, "\ufffe" + gb2312()
    pitch = 2 * (size + tall)
    picture = Image.new("1", (size, pitch * len(chars)))
    draw = ImageDraw.Draw(picture)
    draw.fontmode = "1"
    for place, char in enumerate(chars):
        draw.text((0, place * pitch), char, font=font, fill=1)
    drawn = np.array(picture, dtype=np.bool_).reshape(len(chars), pitch, size)[:, : size + tall]
    missing = drawn[0]
    found = {}
    for char, bits in zip(chars[1:], drawn[1:], strict=True):
        if bits.any() or char in " \u3000":
            if is_wide(char) and np.array_equal(bits, missing):
                continue
            found[char] = bits
    return found
