"""A display or a slip read for somebody who was not there: every line with whether the eye vouches for it, and the
word on expected fields wherever they stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from tillrig.vision.alone import guessed
from tillrig.vision.fields import Place
from tillrig.vision.frame import Frame
from tillrig.vision.geometry import Corners, Point
from tillrig.vision.hearing import Asked, HeardLine, Verdict, hear, heard_row, twice
from tillrig.vision.ink import InkMap
from tillrig.vision.readers.base import LineImage, bare, fold
from tillrig.vision.row import RowReading, ScreenReading
from tillrig.vision.screen import ScreenReader
from tillrig.vision.slip import SlipReader
from tillrig.vision.slip_line import SlipLine
from tillrig.vision.spelling import spelled_alike
from tillrig.vision.standing import same_figures, stands
from tillrig.vision.testimony import Readers, Testimony, testify
from tillrig.vision.witness import SATURATED

# Confidence from which the dots alone vouch for a line: no cell's margin is below 0.4 there.
_DOTS_SURE = 0.85
# Confidence from which the recogniser alone says what stands beside figures that two readers read.
_LABEL_SURE = 0.8
# Linear light of the brightest dots below which nothing is lit.
_DARK = 0.004
# Mean confidence of a slip's lines below which what is within the corners is no print of this size.
_NO_PRINT = 0.5


class SheetLine(msgspec.Struct, frozen=True):
    """`box` four camera points; `vouched`: two readers agree, or the dots are beyond doubt where a recogniser is
    blind."""

    text: str
    confidence: float
    box: tuple[Point, ...]
    vouched: bool


class Sheet(msgspec.Struct, frozen=True):
    """Lines that hold ink, from top to bottom; `hear` gives the word on an expected field, `lacks` the characters of
    it that the fonts lack; `misfit` says why the profile or the corners cannot be those of this picture."""

    lines: tuple[SheetLine, ...]
    corners: Corners
    hear: Callable[[Asked], Verdict]
    lacks: Callable[[Asked], str]
    misfit: str = ""


def read_display(reader: ScreenReader, frames: Sequence[Frame]) -> Sheet:
    """All rows of a display, from one or more distinct frames of the same screen."""
    reading = reader.read_screen(list(frames))
    images = [[reader.line_image(frame, row.row) for frame in frames] for row in reading.rows]
    vouched = [
        _row_stands(row, of_row[0], reader) or _seconded(reader, row, of_row[0])
        for row, of_row in zip(reading.rows, images, strict=True)
    ]
    seen = reader.ink_of(frames[0])
    dim = seen.dim
    known = reader.readers.atlas is not None or reader.readers.colour_atlas is not None
    misfit = _misfit(reading, vouched, seen, dim) if known else ""
    if dim:
        vouched = [good and row.reader != "atlas" for row, good in zip(reading.rows, vouched, strict=True)]
    cell, readers = reader.geometry.cell, reader.readers
    heard: list[HeardLine] = []

    def word(asked: Asked) -> Verdict:
        if not heard:
            if readers.colour_atlas is not None:
                heard.extend(_heard_whole(*one, readers) for one in zip(reading.rows, images, vouched, strict=True))
            else:
                heard.extend(heard_row(*one, readers, cell) for one in zip(images, vouched, strict=True))
        return hear(
            heard,
            asked,
            single=len(frames) == 1,
            complete=all(vouched) and any(not row.blank for row in reading.rows),
            widest=reader.geometry.columns,
        )

    def lacks(asked: Asked) -> str:
        atlas = readers.atlas or readers.colour_atlas
        return "" if atlas is None else _lacking(asked.text, atlas.can_show)

    lines = tuple(
        SheetLine(row.text, row.confidence, row.box, good)
        for row, good in zip(reading.rows, vouched, strict=True)
        if not row.blank
    )
    return Sheet(lines, reader.corners, word, lacks, misfit)


def _misfit(reading: ScreenReading, vouched: Sequence[bool], seen: InkMap, dim: bool) -> str:
    """Clear dots that make no row of known characters are another display's, or not where the corners say."""
    inked = [good for row, good in zip(reading.rows, vouched, strict=True) if not row.blank]
    if seen.level < _DARK:
        return "the area within the corners is dark: no display is lit there"
    if inked and not any(inked) and not dim:
        return "the profile's dots or its font do not fit what is within the corners; check profile and corners"
    return ""


def _row_stands(row: RowReading, image: LineImage, reader: ScreenReader) -> bool:
    if image.saturated > SATURATED:
        return False
    if row.blank:
        return image.shows
    if "+" in row.reader:
        return True
    if row.reader == "atlas":
        return row.confidence >= _DOTS_SURE
    return _figures_stand(row, image, reader)


def _figures_stand(row: RowReading, image: LineImage, reader: ScreenReader) -> bool:
    """Whether, where the dots say nothing, the reader of figures sees the same figures as the recogniser, and no
    Chinese character is the recogniser's guess."""
    alike = row.confidence >= _LABEL_SURE and same_figures(reader.readers, image, row.text)
    return alike and spelled_alike(reader.readers.recogniser, image, row.text)


def _seconded(reader: ScreenReader, row: RowReading, image: LineImage) -> bool:
    """On a colour display whose font nobody knows: whether a second reader reads the same, and no Chinese character is
    the recogniser's guess."""
    readers = reader.readers
    known = readers.atlas is not None or readers.colour_atlas is not None
    if reader.geometry.kind != "colour" or known or row.blank or not bare(row.text):
        return False
    if image.saturated > SATURATED or guessed(readers.recogniser, image):
        return False
    if same_figures(readers, image, row.text):
        return True
    return readers.tesseract is not None and bare(readers.tesseract.read_line(image).text) == bare(row.text)


def read_paper(reader: SlipReader, frames: Sequence[Frame]) -> Sheet:
    """All lines of a slip in view, read blind from the newest of the frames, and each drawn again to see that it is
    what was read."""
    reading = reader.read_slip(list(frames))
    newest = frames[-1]
    images = dict(zip((line.index for line in reading.lines), reader.line_images(newest), strict=False))
    told = [stands(line, images.get(line.index), reader.readers, reader.geometry) for line in reading.lines]
    lines, vouched = [line for line, _ in told], [good for _, good in told]
    heard = [_heard_line(reader, frames, line, good) for line, good in zip(lines, vouched, strict=True)]
    corners = reader._rectifier.corners

    def word(asked: Asked) -> Verdict:
        return hear(heard, asked, single=len(frames) == 1, complete=False)

    def lacks(asked: Asked) -> str:
        atlas = reader.readers.print_atlas
        if atlas is None:
            return ""
        return _lacking(asked.text, lambda char: any(atlas.can_show(char, size) for size in ("text", "small")))

    shown = tuple(SheetLine(line.text, line.confidence, line.box, good) for line, good in told if line.text)
    printed = [line.confidence for line in lines if line.height != "rule"]
    misfit = ""
    if printed and not any(vouched) and float(np.mean(printed)) < _NO_PRINT:
        misfit = "what is within the corners is no print of the profile's size; check profile and corners"
    return Sheet(shown, corners, word, lacks, misfit)


def _heard_line(reader: SlipReader, frames: Sequence[Frame], line: SlipLine, vouched: bool) -> HeardLine:
    looks = list(frames)
    if len(looks) == 1:
        looks.append(msgspec.structs.replace(looks[0], sequence=looks[0].sequence + 1_000_000))
    text = "" if line.height == "rule" else line.text
    return _heard(text, vouched, lambda whole, kind: reader.testify_line(looks, line, whole, kind))


def _heard_whole(row: RowReading, images: Sequence[LineImage], vouched: bool, readers: Readers) -> HeardLine:
    """A row that is drawn as a whole, with the expected field in its place."""
    return _heard(row.text, vouched, lambda whole, kind: testify(twice(images), whole, kind, readers))


def _heard(text: str, vouched: bool, word: Callable[[str, str], Testimony]) -> HeardLine:
    def ask(place: Place, expected: str, kind: str) -> Testimony:
        before, after = text[: place.first], text[place.last :]
        testimony = word(before + expected + after, kind)
        seen = _between(testimony.seen, before, after)
        if seen is None and testimony.answer.name == "MISMATCH":
            return msgspec.structs.replace(
                testimony, answer=type(testimony.answer).UNREADABLE, reason="what differs stands beside the field"
            )
        return msgspec.structs.replace(testimony, seen=seen if seen is not None else testimony.seen)

    return HeardLine(text, vouched, ask)


def _between(seen: str, before: str, after: str) -> str | None:
    """The middle of a line whose ends are known; None when the ends are not these."""
    text, head, tail = bare(seen), bare(before), bare(after)
    if not text.startswith(head) or not text.endswith(tail) or len(text) < len(head) + len(tail):
        return None
    return text[len(head) : len(text) - len(tail)]


def _lacking(text: str, shows: Callable[[str], bool]) -> str:
    return "".join(
        dict.fromkeys(char for char in text if not char.isspace() and not shows(char) and not shows(fold(char)))
    )
