"""Reads the firmware's pictures and dot lines back into text, by comparing dots with glyphs (no tolerance)."""

from __future__ import annotations

import functools
from pathlib import Path

from tillrig.simulator import firmware
from tillrig.simulator.firmware.hardware.fonts import SCREEN_FONT, SMALL_FONT, TEXT_FONT, Font, wide

ASCII = "".join(map(chr, range(32, 127)))


@functools.cache
def _alphabet() -> str:
    folder = Path(firmware.__file__).parent / "classic" / "1.0"
    text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.json"))
    others = set("佘换测试商户便利店签结重打最后一笔管理员谢谢光临")
    return ASCII + "".join(sorted({char for char in text if wide(char)} | others))


@functools.cache
def _table(font: Font) -> dict[tuple[int, ...], str]:
    return {font.glyph(char): char for char in reversed(_alphabet())}


def read_row(rows: list[int], dots: int, font: Font) -> str | None:
    """Text of one row of glyphs, None when a column holds no known glyph."""
    text, at, table = "", 0, _table(font)
    while at < dots:
        for columns in (2, 1):
            width = font.column * columns
            if at + width > dots:
                continue
            glyph = tuple(row >> (dots - at - width) & ((1 << width) - 1) for row in rows)
            char = table.get(glyph)
            if char is not None and wide(char) == (columns == 2):
                text += char
                at += width
                break
        else:
            return None
    return text.rstrip()


def read_screen(rows: bytes) -> list[str]:
    """Four texts of a 128x64 picture; an inverse row begins with ``#``."""
    lines = [int.from_bytes(rows[y * 16 : y * 16 + 16]) for y in range(64)]
    texts = []
    for number in range(4):
        part = lines[number * 16 : number * 16 + 16]
        inverse = part[0] >> 127 & 1
        if inverse:
            part = [line ^ ((1 << 128) - 1) for line in part]
        text = read_row(part, 128, SCREEN_FONT)
        assert text is not None, "a row of the screen holds no known glyphs"
        texts.append(("#" if inverse else "") + text)
    return texts


def read_slip(dots: list[bytes]) -> list[str]:
    """Texts of a printed slip from the top; blank paper is left out."""
    lines = [int.from_bytes(line) for line in dots]
    texts: list[str] = []
    y = 0
    while y < len(lines):
        for height, step, font, scale in ((56, 60, TEXT_FONT, 2), (28, 30, TEXT_FONT, 1), (16, 20, SMALL_FONT, 1)):
            text = _read_at(lines, y, height, font, scale)
            if text:
                texts.append(text.strip())
                y += step
                break
        else:
            assert not lines[y], f"dot line {y} belongs to no glyph, after {texts[-3:]}"
            y += 1
    return texts


def _read_at(lines: list[int], y: int, height: int, font: Font, scale: int) -> str | None:
    part = lines[y : y + height]
    if len(part) < height or not any(part):
        return None
    if scale == 2:
        if any(part[i] != part[i + 1] for i in range(0, height, 2)):
            return None
        halves = [f"{row:0384b}" for row in part[::2]]
        if any(half[::2] != half[1::2] for half in halves):
            return None
        return read_row([int(half[::2], 2) for half in halves], 192, font)
    return read_row(part, 384, font)
