"""The corpus's fonts: none is one that the simulated terminal shows or prints with (Unifont, WenQuanYi Zen Hei).

A `Face` is one cell-pitched bitmap font of a terminal: Chinese and Latin glyphs of one height, as its firmware would
hold them. `Face.bdf` writes it as a BDF file, which is what a lab would name in its profile. Outline fonts are for
colour displays. `PACKAGES` are the Debian packages that hold the sources.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import struct
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from tillrig.vision.readers.glyphs import gb2312

Bits = npt.NDArray[np.bool_]
X11 = Path("/usr/share/fonts/X11/misc")
TRUETYPE, OPENTYPE = Path("/usr/share/fonts/truetype"), Path("/usr/share/fonts/opentype")
PACKAGES = {
    "xfonts-intl-chinese": X11 / "gb16st.pcf.gz",
    "xfonts-base": X11 / "8x16.pcf.gz",
    "xfonts-terminus": X11 / "ter-u16n_unicode.pcf.gz",
    "xfonts-wqy": X11 / "wenquanyi_12pt.pcf",
    "fonts-wqy-microhei": TRUETYPE / "wqy/wqy-microhei.ttc",
    "fonts-arphic-gbsn00lp": TRUETYPE / "arphic-gbsn00lp/gbsn00lp.ttf",
    "fonts-arphic-gkai00mp": TRUETYPE / "arphic-gkai00mp/gkai00mp.ttf",
    "fonts-noto-cjk": OPENTYPE / "noto/NotoSansCJK-Regular.ttc",
}
BUILT = Path(__file__).resolve().parents[2] / "build" / "reading-fonts"
_PCF_METRICS, _PCF_BITMAPS, _PCF_ENCODINGS = 4, 8, 32


class FontMissingError(Exception):
    """A font file is not installed; names the package."""


class Source(msgspec.Struct, frozen=True):
    """A font file; `index` is the face of a collection, `raise_by` moves its glyphs up by so many dots."""

    path: Path
    index: int = 0
    raise_by: int = 0


class Face(msgspec.Struct, frozen=True):
    """A terminal's bitmap font: `height` dots, Latin half as wide, Chinese as wide as high."""

    name: str
    height: int
    chinese: Source
    latin: Source

    def glyph(self, char: str) -> Bits:
        """Dots of one character, height x (height or height / 2). KeyError when the font lacks it."""
        return _glyphs(self)[char]

    def shows(self, text: str) -> bool:
        """Whether the font has every character."""
        return all(char in _glyphs(self) for char in text)

    def line(self, text: str, width: int, left: int = 0) -> Bits:
        """`text` on a line of `width` dots from `left` on. ValueError when it does not fit."""
        out = np.zeros((self.height, width), np.bool_)
        for char in text:
            glyph = self.glyph(char)
            if left + glyph.shape[1] > width:
                raise ValueError(f"{text!r} is wider than {width} dots of {self.name}")
            out[:, left : left + glyph.shape[1]] = glyph
            left += glyph.shape[1]
        return out

    def bdf(self) -> Path:
        """The same font as a BDF file, written once."""
        # Named after this file's state too: another way to draw a font makes another file.
        path = BUILT / f"{self.name}-{_edition()}.bdf"
        if not path.exists():
            BUILT.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(f".{os.getpid()}.part")
            part.write_text(_bdf(self), "ascii")
            part.replace(path)
        return path


@lru_cache(maxsize=1)
def _edition() -> str:
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]


def check_installed() -> None:
    """Raises FontMissingError that names every package that is missing."""
    missing = [package for package, file in PACKAGES.items() if not file.exists()]
    if missing:
        raise FontMissingError(
            f"fonts of the corpus are not installed: run `make fonts`, or install {', '.join(missing)}"
        )


_SONG16 = Source(X11 / "gb16st.pcf.gz")
_FANGSONG16 = Source(X11 / "gb16fs.pcf.gz")
_WQY16 = Source(X11 / "wenquanyi_12pt.pcf", raise_by=2)
_SONY16 = Source(X11 / "8x16.pcf.gz")
_CLEAN16 = Source(X11 / "clR8x16.pcf.gz")
_TERMINUS16 = Source(X11 / "ter-u16n_unicode.pcf.gz")
_SONG24, _SONY24 = Source(X11 / "gb24st.pcf.gz"), Source(X11 / "12x24.pcf.gz")
_TERMINUS24 = Source(X11 / "ter-u24b_unicode.pcf.gz")
_MICROHEI = Source(TRUETYPE / "wqy/wqy-microhei.ttc")
_NOTO = Source(OPENTYPE / "noto/NotoSansCJK-Regular.ttc", 2)
_GBSN = Source(TRUETYPE / "arphic-gbsn00lp/gbsn00lp.ttf")
_GKAI = Source(TRUETYPE / "arphic-gkai00mp/gkai00mp.ttf")

SONG16 = Face("song16", 16, _SONG16, _SONY16)
FANGSONG16 = Face("fangsong16", 16, _FANGSONG16, _TERMINUS16)
WQY16 = Face("wqy16", 16, _WQY16, _CLEAN16)
LCD_FACES = (SONG16, FANGSONG16, WQY16)
# Text and small print of one printer.
SLIP_FACES = (
    (Face("song24", 24, _SONG24, _SONY24), SONG16),
    (Face("noto24", 24, Source(_NOTO.path, 2, 5), _TERMINUS24), WQY16),
    (Face("microhei24", 24, _MICROHEI, Source(_MICROHEI.path, 1)), FANGSONG16),
    (Face("kai24", 24, _GKAI, _GKAI), SONG16),
)
TFT_FONTS = {"microhei": _MICROHEI, "noto": _NOTO, "song": _GBSN, "kai": _GKAI}


@lru_cache(maxsize=16)
def _glyphs(face: Face) -> dict[str, Bits]:
    chars = gb2312()
    found = _from(face.latin, [char for char in chars if char < "\x7f"], face.height, face.height // 2)
    found.update(_from(face.chinese, [char for char in chars if char > "\x7f"], face.height, face.height))
    return found


def _from(source: Source, chars: list[str], height: int, width: int) -> dict[str, Bits]:
    if not source.path.exists():
        check_installed()
        raise FontMissingError(f"{source.path} is not there")
    if ".pcf" in source.path.name:
        every = read_pcf(source.path)
        return {char: _cell(every[char][source.raise_by :], height, width) for char in chars if char in every}
    return _drawn(source, chars, height, width)


def _cell(glyph: Bits, height: int, width: int) -> Bits:
    out = np.zeros((height, width), np.bool_)
    part = glyph[:height, :width]
    out[: part.shape[0], : part.shape[1]] = part
    return out


def _drawn(source: Source, chars: list[str], height: int, width: int) -> dict[str, Bits]:
    """An outline font as a terminal's maker would make dots of it: one bit a dot, no grey."""
    font = outline(source, height)
    lacking = font.getmask("\ufffe", mode="1").getbbox(), bytes(font.getmask("\ufffe", mode="1"))
    found = {}
    for char in chars:
        mask = font.getmask(char, mode="1")
        if char not in " \u3000" and (mask.getbbox(), bytes(mask)) == lacking:
            continue
        picture = Image.new("1", (width, height))
        draw = ImageDraw.Draw(picture)
        draw.fontmode = "1"
        draw.text((0, -source.raise_by), char, font=font, fill=1)
        found[char] = np.array(picture)
    return found


@lru_cache(maxsize=64)
def outline(source: Source, size: int) -> ImageFont.FreeTypeFont:
    """An outline font at a pixel size. FontMissingError."""
    if not source.path.exists():
        check_installed()
    return ImageFont.truetype(str(source.path), size, index=source.index)


@lru_cache(maxsize=16)
def read_pcf(path: Path) -> dict[str, Bits]:
    """All glyphs of an X11 PCF font by character, each drawn into its font's cell: Unicode and GB 2312 encodings."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if data[:4] != b"\x01fcp":
        raise ValueError(f"{path} is not a PCF font")
    tables = {}
    for number in range(struct.unpack_from("<I", data, 4)[0]):
        kind, form, _, offset = struct.unpack_from("<4I", data, 8 + 16 * number)
        tables[kind] = (form, offset + 4)
    boxes = _pcf_boxes(data, *tables[_PCF_METRICS])
    ascent = max(box[3] for box in boxes)
    bitmaps = _pcf_bitmaps(data, *tables[_PCF_BITMAPS], boxes)
    found = {}
    for code, number in _pcf_codes(data, *tables[_PCF_ENCODINGS]):
        char = _char(code, "gb" in path.name)
        if char is not None:
            left, _, advance, up, _ = boxes[number]
            bits = bitmaps[number]
            cell = np.zeros((ascent - up + bits.shape[0], max(advance, max(left, 0) + bits.shape[1])), np.bool_)
            cell[ascent - up :, max(left, 0) : max(left, 0) + bits.shape[1]] = bits
            found[char] = cell
    return found


def _char(code: int, chinese: bool) -> str | None:
    if not chinese:
        return chr(code) if code >= 0x20 else None
    try:
        return bytes(((code >> 8) | 0x80, (code & 0xFF) | 0x80)).decode("gb2312")
    except UnicodeDecodeError:
        return None


def _order(form: int) -> str:
    return ">" if form & 4 else "<"


def _pcf_boxes(data: bytes, form: int, at: int) -> list[tuple[int, int, int, int, int]]:
    """(left, right, advance, ascent, descent) of each glyph."""
    if form & 0x100:
        count = struct.unpack_from(_order(form) + "H", data, at)[0]
        raw = np.frombuffer(data, np.uint8, 5 * count, at + 2).reshape(count, 5).astype(int) - 0x80
        return [tuple(row) for row in raw.tolist()]
    count = struct.unpack_from(_order(form) + "I", data, at)[0]
    return [struct.unpack_from(_order(form) + "5h", data, at + 4 + 12 * number) for number in range(count)]


def _pcf_bitmaps(data: bytes, form: int, at: int, boxes: list[tuple[int, int, int, int, int]]) -> list[Bits]:
    order = _order(form)
    count = struct.unpack_from(order + "I", data, at)[0]
    offsets = struct.unpack_from(f"{order}{count}I", data, at + 4)
    start = at + 4 + 4 * count + 16
    pad, unit = 1 << (form & 3), 1 << (form >> 4 & 3)
    bits_first = bool(form & 8)
    swapped = unit > 1 and bool(form & 4) != bits_first
    found = []
    for offset, (left, right, _, up, down) in zip(offsets, boxes, strict=True):
        width, height = right - left, up + down
        stride = -(-width // (8 * pad)) * pad
        raw = np.frombuffer(data, np.uint8, stride * height, start + offset).reshape(height, stride)
        if swapped:
            raw = raw.reshape(height, -1, unit)[:, :, ::-1].reshape(height, stride)
        bits = np.unpackbits(raw, axis=1, bitorder="big" if bits_first else "little")
        found.append(bits[:, :width].astype(np.bool_))
    return found


def _pcf_codes(data: bytes, form: int, at: int) -> list[tuple[int, int]]:
    low, high, first, last, _ = struct.unpack_from(_order(form) + "5h", data, at)
    columns = high - low + 1
    numbers = struct.unpack_from(f"{_order(form)}{columns * (last - first + 1)}H", data, at + 10)
    return [
        ((first + place // columns) << 8 | (low + place % columns), number)
        for place, number in enumerate(numbers)
        if number != 0xFFFF
    ]


def _bdf(face: Face) -> str:
    glyphs = _glyphs(face)
    size = face.height
    below = size // 8
    lines = [
        "STARTFONT 2.1",
        f"FONT -tillrig-{face.name}-medium-r-normal--{size}-{size * 10}-72-72-c-{size * 10}-iso10646-1",
        f"SIZE {size} 72 72",
        f"FONTBOUNDINGBOX {size} {size} 0 {-below}",
        "STARTPROPERTIES 5",
        f"PIXEL_SIZE {size}",
        f"FONT_ASCENT {size - below}",
        f"FONT_DESCENT {below}",
        'CHARSET_REGISTRY "ISO10646"',
        'CHARSET_ENCODING "1"',
        "ENDPROPERTIES",
        f"CHARS {len(glyphs)}",
    ]
    for char, bits in sorted(glyphs.items()):
        width = bits.shape[1]
        lines += [
            f"STARTCHAR U{ord(char):04X}",
            f"ENCODING {ord(char)}",
            f"SWIDTH {width * 1000 // size} 0",
            f"DWIDTH {width} 0",
            f"BBX {width} {size} 0 {-below}",
            "BITMAP",
            *(row.tobytes().hex().upper() for row in np.packbits(bits, axis=1)),
            "ENDCHAR",
        ]
    return "\n".join([*lines, "ENDFONT", ""])
