"""Glyphs learned from a terminal's own display: a sheet of mean ink (PNG) and what stands where on it (JSON)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from tillrig.errors import ProfileError
from tillrig.vision.geometry import Ink

FORMAT = "tillrig learned glyphs 1"
DIGITS = "0123456789"
_COLUMNS = 32
_LARGEST_SHEET = 4096


class LearnedGlyph(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One character: `x`, `y` of its top-left dot on the sheet, `width` in dots, `seen` in so many places."""

    char: Annotated[str, msgspec.Meta(min_length=1, max_length=1)]
    x: Annotated[int, msgspec.Meta(ge=0)]
    y: Annotated[int, msgspec.Meta(ge=0)]
    width: Annotated[int, msgspec.Meta(ge=1, le=256)]
    seen: int = 1


class LearnedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The JSON file. `sheet` is the picture's name beside it, a dot a pixel, 0 clear … 255 dark."""

    format: str
    size: Annotated[int, msgspec.Meta(ge=4, le=256)]
    sheet: str
    glyphs: tuple[LearnedGlyph, ...]
    rig: str = ""
    date: str = ""


def read_learned(path: Path) -> dict[str, Ink]:
    """Mean ink (size x width, 0 … 1) of each learned character. Raises ProfileError naming the file and the cause.

    When not all ten digits were learned, none is given: a font that lacks one reads it as another, with confidence.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=LearnedFile)
    except OSError as problem:
        raise ProfileError(f"font {path} cannot be read: {problem.strerror or problem}") from problem
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise ProfileError(f"font {path} holds no learned glyphs: {problem}; run `tillrig learn` again") from problem
    if found.format != FORMAT:
        raise ProfileError(f"font {path}: format {found.format!r} is not {FORMAT!r}; run `tillrig learn` again")
    picture = path.with_name(Path(found.sheet).name)
    sheet = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE) if picture.is_file() else None
    if sheet is None:
        raise ProfileError(f"font {path}: its sheet {picture} is not there or no picture; run `tillrig learn` again")
    glyphs: dict[str, Ink] = {}
    for glyph in found.glyphs:
        part = sheet[glyph.y : glyph.y + found.size, glyph.x : glyph.x + glyph.width]
        if part.shape != (found.size, glyph.width):
            raise ProfileError(f"font {path}: the glyph {glyph.char!r} lies outside its sheet {picture.name}")
        if glyph.char in glyphs:
            raise ProfileError(f"font {path}: the glyph {glyph.char!r} stands there twice")
        glyphs[glyph.char] = part.astype(np.float32) / 255.0
    if not set(DIGITS) <= set(glyphs):
        glyphs = {char: ink for char, ink in glyphs.items() if char not in DIGITS}
    return glyphs


def sheet_of(
    glyphs: Mapping[str, Ink], seen: Mapping[str, int], name: str, rig: str, date: str
) -> tuple[bytes, npt.NDArray[np.uint8]]:
    """The JSON text for a sheet called `name`, and the sheet. All glyphs have one height."""
    size = next(iter(glyphs.values())).shape[0]
    wide = 2 * max(ink.shape[1] for ink in glyphs.values())
    rows = -(-len(glyphs) // _COLUMNS)
    sheet = np.zeros((rows * (size + 1), min(_LARGEST_SHEET, _COLUMNS * wide)), np.uint8)
    placed = []
    for number, (char, ink) in enumerate(glyphs.items()):
        x, y = number % _COLUMNS * wide, number // _COLUMNS * (size + 1)
        sheet[y : y + size, x : x + ink.shape[1]] = np.round(np.clip(ink, 0, 1) * 255)
        placed.append(LearnedGlyph(char, x, y, ink.shape[1], seen.get(char, 1)))
    found = LearnedFile(format=FORMAT, size=size, sheet=name, glyphs=tuple(placed), rig=rig, date=date)
    return json.dumps(msgspec.to_builtins(found), ensure_ascii=False, indent=1).encode(), sheet
