"""Screens whose dots are known beforehand: what a calibration compares the picture with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import DisplayGeometry
from tillrig.vision.readers.glyphs import GlyphSet, glyph_sets, is_wide

Bits = npt.NDArray[np.bool_]
# A screen of which less is known holds no picture still.
_LEAST_DOTS = 120
# Values of a field beyond so many are not all tried.
_MOST_TEXTS = 80


class KnownRow(msgspec.Struct, frozen=True):
    """One row. `align`: "" left, "^" centred, ">" right, "#" centred and inverse over the whole row. `text` None: what
    stands there is not known; `rest` False: only the beginning is known."""

    text: str | None
    align: str = ""
    rest: bool = True


class KnownScreen(msgspec.Struct, frozen=True):
    """`kind` names it; `rows` from the top, blank ones included."""

    kind: str
    rows: tuple[KnownRow, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The rows' texts, "" where not known."""
        return tuple(row.text or "" for row in self.rows)


class Drawn(msgspec.Struct, frozen=True):
    """A known screen by dots: `dark` (rows x columns), and where that is `known`."""

    screen: KnownScreen
    dark: Bits
    known: Bits


def known_screen(texts: Sequence[str], geometry: DisplayGeometry, kind: str = "given") -> KnownScreen:
    """Rows as somebody writes them down: a first `#`, `^` or `>` says how the row is aligned."""
    rows = [KnownRow(text[1:], text[0]) if text[:1] in tuple("#^>") else KnownRow(text) for text in texts]
    rows += [KnownRow("")] * (geometry.rows - len(rows))
    return KnownScreen(kind, tuple(rows[: geometry.rows]))


def draw(screen: KnownScreen, geometry: DisplayGeometry) -> Drawn | None:
    """None when the font lacks one of its characters, a row is too long, or too little of it is known."""
    sets = glyph_sets(geometry.fonts, geometry.cell)
    dark = np.zeros((geometry.height, geometry.width), np.bool_)
    known = np.zeros_like(dark)
    height = geometry.cell[1]
    for number, row in enumerate(screen.rows[: geometry.rows]):
        if row.text is None:
            continue
        band = slice(number * height, (number + 1) * height)
        if not _draw_row(row, geometry, sets, dark[band], known[band]):
            return None
    if int((dark & known).sum()) < _LEAST_DOTS:
        return None
    return Drawn(screen, dark, known)


def _draw_row(
    row: KnownRow, geometry: DisplayGeometry, sets: tuple[GlyphSet, GlyphSet], dark: Bits, known: Bits
) -> bool:
    text, width = row.text or "", geometry.cell[0]
    wide = sum(2 if is_wide(char) else 1 for char in text)
    free = geometry.columns - wide
    if free < 0:
        return False
    start = {"#": free // 2, "^": free // 2, ">": free}.get(row.align, 0) * width
    if row.align in "#^" and row.align and free % 2:
        # Whether an odd row is centred by half cells is the terminal's own affair: what is between is not known.
        known[:, : max(0, start - width)] = True
        known[:, start + (wide + 2) * width :] = True
        return True
    at = start
    for char in text:
        glyphs = sets[1] if is_wide(char) else sets[0]
        index = glyphs.index(char)
        if index is None:
            if char not in " \u3000":
                return False
        else:
            dark[:, at : at + glyphs.width] = glyphs.bits[index]
        at += width * (2 if is_wide(char) else 1)
    if row.rest:
        known[:] = True
    else:
        known[:, : at - width // 2] = True
    if row.align == "#":
        # Whether the whole row is inverse or the text alone differs between terminals; the text's own cells do not.
        dark[:] = ~dark
        known[:] = False
        known[:, start:at] = True
    return True


def screens_of(profile: Any) -> Iterator[KnownScreen]:
    """Every screen that a loaded profile describes, with each text that may stand on it; fields whose value is not
    known beforehand are left open."""
    from tillrig.profiles.screens import rows_of

    for kind, layout in profile.screens.items():
        names = list(layout.texts)
        choices = [list(dict.fromkeys(_texts(profile, layout.texts[name])))[:_MOST_TEXTS] for name in names]
        templates = rows_of(layout.rows)
        for values in itertools.product(*choices):
            fields = dict(zip(names, values, strict=True)) | _facts(profile)
            rows: list[KnownRow] = []
            for mark, template in zip((row[:1] for row in layout.rows), templates, strict=True):
                rows.extend(_rows(profile, template, mark if mark in tuple("#^>") else "", fields))
            rows += [KnownRow("")] * (profile.display.rows - len(rows))
            yield KnownScreen(kind, tuple(rows[: profile.display.rows]))


def _facts(profile: Any) -> dict[str, str]:
    return {"model": profile.model} if profile.model else {}


def _rows(profile: Any, template: Any, mark: str, fields: dict[str, str]) -> Iterator[KnownRow]:
    from tillrig.profiles.texts import broken

    text, rest = "", True
    for literal, field in template.pieces:
        if not field:
            text += literal
        elif field in fields:
            text += fields[field]
        else:
            rest = False
            break
    if template.flows:
        yield from (KnownRow(part, mark) for part in broken(text, profile.display.columns))
    elif not rest and (mark or not text):
        yield KnownRow(None, mark)
    else:
        yield KnownRow(text.replace("|", ""), mark, rest)


def _texts(profile: Any, keys: Sequence[str]) -> Iterator[str]:
    from tillrig.profiles.texts import response_text, text_of

    for key in keys:
        if key == "response.*":
            yield from (response_text(profile, code) for code in profile.responses)
        elif key.endswith("*"):
            yield from (text for name, text in profile.texts.items() if name.startswith(key[:-1]))
        else:
            yield text_of(profile, key)
