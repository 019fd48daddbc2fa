"""Glyphs of many fonts, for `train.py`: none is a font of the simulated terminal or of the reading benchmark."""

from __future__ import annotations

import gzip
import re
import struct
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Ink = npt.NDArray[np.float32]
FIGURES = "0123456789.,:/-*"
# Not taken for one of the figures by a person either; letters that are (O, I, l, S, B …) are left out.
LETTERS = "ACEFHJKLMNPRTUVWXYabcdefhkmnprtuvwxy@#%&$=+()<>?"
HIGH = 64  # pixels of a digit
BELOW = 28  # and below its foot
# Fonts of the simulated terminal and of the benchmark, and pictures.
_LEFT_OUT = (
    "unifont|wqy|wenquanyi|Noto.*CJK|gbsn|gkai|uming|ukai|ter-|Terminus|/8x16|clR|12x24|DSEG|[Ss]ymbol|[Mm]ath"
    "|D050000L|Z003|LinLibertine_[IK]|_K\\.otf|Emoji|dingbat|cursor|deccurs|nil2|micro|olcursor|olgl|k14|jiskan|hanglm"
)
_X11 = [
    "10x20",
    "6x13",
    "6x13B",
    "7x13",
    "7x13B",
    "7x14",
    "7x14B",
    "8x13",
    "8x13B",
    "9x15",
    "9x15B",
    "9x18",
    "9x18B",
    "clB8x16",
    "clB9x15",
    "clR9x15",
    "8x13O",
]


class Shapes:
    """One font: `glyphs` by character, ink 0..1 in a frame of HIGH + below rows, digits standing from row 0 to HIGH;
    `dots` a digit's height in its own dots, 0 for an outline."""

    def __init__(self, name: str, glyphs: dict[str, Ink], dots: int) -> None:
        self.name, self.glyphs, self.dots = name, glyphs, dots


def all_shapes() -> list[Shapes]:
    """Every usable font of this machine, in a fixed order."""
    listed = subprocess.run(["fc-list", "-f", "%{file}\n"], capture_output=True, text=True, check=True).stdout
    outlines = sorted({path for path in listed.splitlines() if not re.search(_LEFT_OUT, path)})
    found = [_outline(Path(path)) for path in outlines if Path(path).suffix in (".ttf", ".otf", ".pfb", ".ttc")]
    x11 = Path("/usr/share/fonts/X11/misc")
    found += [_bitmap(x11 / f"{name}.pcf.gz") for name in _X11 if (x11 / f"{name}.pcf.gz").exists()]
    consoles = Path("/usr/share/consolefonts")
    for name in ("Lat15-VGA16", "Lat15-Fixed16", "Lat15-Fixed13", "Lat15-VGA14", "Lat15-VGA8", "Lat15-Fixed18"):
        if (path := consoles / f"{name}.psf.gz").exists():
            found.append(_console(path))
    return [one for one in found if one is not None]


def _framed(name: str, drawn: dict[str, Ink], dots: int) -> Shapes | None:
    """Glyphs of one frame, its digits cut to rows 0..HIGH. None where digits are not of one height."""
    digits = [np.flatnonzero(drawn[char].max(axis=1) > 0.5) for char in "0123456789" if char in drawn]
    if len(digits) < 10 or any(not len(rows) for rows in digits):
        return None
    top = int(np.median([rows[0] for rows in digits]))
    foot = int(np.median([rows[-1] + 1 for rows in digits]))
    high = foot - top
    if any(abs(int(rows[0]) - top) > 0.2 * high or abs(int(rows[-1]) + 1 - foot) > 0.2 * high for rows in digits):
        return None
    glyphs: dict[str, Ink] = {}
    for char, ink in drawn.items():
        columns = np.flatnonzero(ink.max(axis=0) > 0.5)
        if not len(columns):
            continue
        below = round(BELOW * high / HIGH)
        part = np.pad(ink, ((0, below), (0, 0)))[top : foot + below, columns[0] : columns[-1] + 1]
        size = max(1, round(part.shape[1] * HIGH / high)), HIGH + BELOW
        scaled = Image.fromarray(part.astype(np.float32)).resize(size, Image.NEAREST if dots else Image.BILINEAR)
        glyphs[char] = np.asarray(scaled, np.float32)
    if any(char not in glyphs for char in FIGURES):
        return None
    return Shapes(name, glyphs, high if dots else 0)


def _outline(path: Path) -> Shapes | None:
    try:
        font = ImageFont.truetype(str(path), 88)
        drawn = {char: _drawn(font, char, 200) for char in FIGURES + LETTERS}
    except (OSError, ValueError):
        return None
    return _framed(path.stem, drawn, 0)


def _bitmap(path: Path) -> Shapes | None:
    size = int(re.sub(r".*?(\d+)\D*$", r"\1", path.name.split(".")[0]))
    try:
        font = ImageFont.truetype(str(path), size)
    except OSError:
        return None
    return _framed(path.name.split(".")[0], {char: _drawn(font, char, 40) for char in FIGURES + LETTERS}, 1)


def _drawn(font: ImageFont.FreeTypeFont, char: str, side: int) -> Ink:
    picture = Image.new("L", (side, side))
    ImageDraw.Draw(picture).text((side // 4, side // 8), char, fill=255, font=font)
    return np.asarray(picture, np.float32) / 255


def _console(path: Path) -> Shapes | None:
    """A PSF font, version 1 or 2, whose first 128 glyphs are ASCII."""
    data = gzip.decompress(path.read_bytes())
    if data[:2] == b"\x36\x04":
        start, size, width = 4, data[3], 8
    else:
        start, size, width = struct.unpack("<I", data[8:12])[0], *struct.unpack("<I4xI", data[20:32])
    wide = (width + 7) // 8
    drawn = {}
    for char in FIGURES + LETTERS:
        rows = np.frombuffer(data, np.uint8, size, start + ord(char) * size).reshape(-1, wide)
        drawn[char] = np.unpackbits(rows, axis=1)[:, :width].astype(np.float32)
    return _framed(path.name.split(".")[0], drawn, 1)
