"""Glyphs as rows of bits, drawn once each from the system's fonts."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

UNIFONT = Path("/usr/share/fonts/opentype/unifont/unifont.otf")
ZENHEI = Path("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc")
PACKAGES = {UNIFONT: "fonts-unifont", ZENHEI: "fonts-wqy-zenhei"}


class FontMissingError(Exception):
    """A font file of the system is not installed; names the package."""


def columns(text: str) -> int:
    """Width of ``text`` in Latin columns: a Chinese character takes two."""
    return sum(2 if wide(char) else 1 for char in text)


def wide(char: str) -> bool:
    """Whether a character takes two columns."""
    return ord(char) >= 0x1100 and not 0xFF61 <= ord(char) <= 0xFFDC


def wrap(text: str, width: int) -> list[str]:
    """Break greedily at ``width`` columns, never inside a Chinese character (rules H14, R1)."""
    lines, line, used = [], "", 0
    for char in text:
        step = 2 if wide(char) else 1
        if used + step > width:
            lines.append(line)
            line, used = "", 0
        line += char
        used += step
    return [*lines, line] if line or not lines else lines


class Font:
    """A fixed-pitch bitmap font: ``column`` dots a Latin column, ``height`` dots high."""

    def __init__(self, path: Path, size: int, index: int, top: int, height: int, column: int) -> None:
        self.path, self.size, self.index, self.top = path, size, index, top
        self.height, self.column = height, column

    @functools.cached_property
    def _face(self) -> Any:
        from PIL import ImageFont

        if not self.path.exists():
            raise FontMissingError(f"font {self.path} is not there: install the package {PACKAGES[self.path]}")
        return ImageFont.truetype(str(self.path), self.size, index=self.index)

    @functools.lru_cache(maxsize=4096)  # noqa: B019 - the few fonts live as long as the process
    def glyph(self, char: str) -> tuple[int, ...]:
        """Rows of one character from the top, each ``width`` bits with the leftmost dot highest."""
        from PIL import Image, ImageDraw

        width = self.column * (2 if wide(char) else 1)
        image = Image.new("1", (width, self.height), 0)
        draw = ImageDraw.Draw(image)
        draw.fontmode = "1"
        draw.text((0, -self.top), char, 1, font=self._face)
        stride = (width + 7) // 8
        raw = image.tobytes()
        spare = stride * 8 - width
        return tuple(int.from_bytes(raw[i * stride : (i + 1) * stride]) >> spare for i in range(self.height))

    def rows(self, text: str, dots: int) -> list[int]:
        """``text`` from the left edge as ``height`` rows of ``dots`` bits; what does not fit is cut."""
        rows, used = [0] * self.height, 0
        for char in text:
            width = self.column * (2 if wide(char) else 1)
            if used + width > dots:
                break
            used += width
            for i, bits in enumerate(self.glyph(char)):
                rows[i] = rows[i] << width | bits
        return [row << (dots - used) for row in rows]


SCREEN_FONT = Font(UNIFONT, 16, 0, 0, 16, 8)
SMALL_FONT = Font(UNIFONT, 16, 0, 0, 16, 8)
TEXT_FONT = Font(ZENHEI, 24, 1, 3, 28, 12)
