"""Which lines that were read blind stand: those that a second reader bears out, or that their drawing does."""

from __future__ import annotations

import re

import msgspec

from tillrig.vision.alone import guessed
from tillrig.vision.figure_witness import FIGURES_ALONE, FIGURES_FOR
from tillrig.vision.figures import figures_read
from tillrig.vision.geometry import PaperGeometry
from tillrig.vision.print_witness import ask_print_atlas
from tillrig.vision.readers.base import LineImage, bare
from tillrig.vision.readers.print_atlas import PrintAtlas
from tillrig.vision.readers.print_spacing import spaced
from tillrig.vision.slip_line import SlipLine
from tillrig.vision.testimony import Readers
from tillrig.vision.witness import LOOKALIKES, Vote

# A letter right beside a digit, as in hexadecimal; a currency before an amount is none.
_CURRENCY = re.compile(r"(?<![A-Za-z])(?:RMB|CNY)(?=\d)")
_LETTER_AMONG = re.compile(r"\d[A-Za-z]|[A-Za-z][.,]?\d")
_NUMBER = re.compile(r"(?<![\d.,])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\d.,])")
# Of print in a font that nobody knows: confidence of the recogniser from which a line is vouched for.
_PRINT_SURE = 0.9
# Margin (nats) from which its drawing vouches for a line that was read blind: 持 has passed for 将 at 8, 0 for C too.
_DRAWN_SURE = 10.0


def same_figures(readers: Readers, image: LineImage, text: str, least: float = FIGURES_FOR) -> bool:
    """Whether `text`, a recogniser's, has figures, and these are the same one by one, by `least` nats. A letter among
    them is nobody else's word."""
    if readers.figures is None or _LETTER_AMONG.search(_CURRENCY.sub("", bare(text))):
        return False
    said = figures_read(readers.figures, readers.recogniser, image, text)
    return said is not None and said.margin >= least and said.text == bare(text)


def stands(line: SlipLine, image: LineImage | None, readers: Readers, geometry: PaperGeometry) -> tuple[SlipLine, bool]:
    """The line with the spaces that its ink shows, and whether it, drawn so, is what the picture shows; where no font
    is known, whether its figures are read alike one by one."""
    if line.height == "rule":
        return line, True
    if image is None or not line.text:
        return line, False
    gaps = spaced(image.print, line.text, line.height, geometry).strip() if image.print is not None else line.text
    read = msgspec.structs.replace(line, text=gaps)
    if readers.print_atlas is None:
        alike = line.confidence >= _PRINT_SURE and same_figures(readers, image, line.text, FIGURES_ALONE)
        return read, alike and not guessed(readers.recogniser, image)
    drawn = _as_drawn(readers.print_atlas, image, (gaps, line.text.strip()))
    return (read, False) if drawn is None else (msgspec.structs.replace(line, text=drawn), True)


def _as_drawn(atlas: PrintAtlas, image: LineImage, texts: tuple[str, ...]) -> str | None:
    """The first of `texts` that the picture is beyond doubt, with the separators and lookalikes that it shows where the
    recogniser read others; None where none is."""
    for text in dict.fromkeys(texts):
        drawn = ask_print_atlas(atlas, image, text, "text")
        if drawn.vote is not Vote.FOR and _nearly(text, drawn.text):
            text, drawn = drawn.text, ask_print_atlas(atlas, image, drawn.text, "text")  # noqa: PLW2901
        if drawn.vote is Vote.FOR and drawn.margin >= _DRAWN_SURE and separators_stand(text):
            return text
    return None


def separators_stand(text: str) -> bool:
    """Whether every comma and point of `text` is where a number has it: in print the two differ by a dot or three, so
    that elsewhere nobody tells them apart."""
    return not set(_NUMBER.sub("", text)) & set(",.")


def _nearly(read: str, drawn: str) -> bool:
    """Whether the two differ only in what a recogniser mistakes: which separator stands where, a letter for the digit
    that it looks like."""
    ours, theirs = bare(read), bare(drawn)
    apart = [(one, two) for one, two in zip(ours, theirs, strict=False) if one != two]
    return len(ours) == len(theirs) and bool(apart) and all(_mistaken(one, two) for one, two in apart)


def _mistaken(one: str, two: str) -> bool:
    return {one, two} <= set(",.") or two in LOOKALIKES.get(one, "") or one in LOOKALIKES.get(two, "")
