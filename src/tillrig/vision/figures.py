"""The figures of a row, read by tesseract in their own cells: a second voice where no dots of a font are known."""

from __future__ import annotations

import itertools

import cv2
import msgspec

from tillrig.vision.geometry import Ink
from tillrig.vision.readers.base import LineImage, bare
from tillrig.vision.readers.recogniser import crop_of_dots
from tillrig.vision.readers.tesseract import Tesseract
from tillrig.vision.spelling import spelled_cells

# What figures are made of; a row with fewer digits in one run has none that tesseract is asked about.
_FIGURES = "0123456789.,:/-*"
_LEAST_DIGITS = 3
# Clear dots around the crop.
_AROUND = 4


def figures_read(tesseract: Tesseract, line: LineImage, text: str) -> str | None:
    """`text` with its figures as tesseract reads them, each run in the cells where it stands; None where the text has
    none or does not lie on the row's cells."""
    if line.ink is None or not line.cell:
        return None
    cells = spelled_cells(line.ink, text, line.cell)
    if cells is None:
        return None
    chars, out, asked, at = bare(text), "", False, 0
    for figure, run in itertools.groupby(chars, lambda char: char in _FIGURES):
        part = "".join(run)
        first, last = at, at + len(part) - 1
        at += len(part)
        if not figure or sum(char.isdigit() for char in part) < _LEAST_DIGITS:
            # A digit that nobody else saw is no testimony.
            if any(char.isdigit() for char in part):
                return None
            out += part
            continue
        lead = len(part) - len(part.lstrip(":-/.,"))  # a label's colon is not read with the figures
        asked = True
        out += part[:lead] + _read(tesseract, line, line.ink[:, cells[first + lead][0] : cells[last][1]])
    return out if asked else None


def _read(tesseract: Tesseract, line: LineImage, ink: Ink) -> str:
    grey = crop_of_dots(ink, line.cell, _AROUND, cv2.INTER_CUBIC)
    reading = tesseract.read_line(msgspec.structs.replace(line, grey=grey), _FIGURES)
    return bare(reading.text)
