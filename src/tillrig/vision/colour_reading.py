"""Rows of a colour display read blind: the recogniser, and the display's own font where the profile names it."""

from __future__ import annotations

from tillrig.vision.colour_witness import where_it_stands
from tillrig.vision.geometry import Ink
from tillrig.vision.readers.base import LineImage, LineReading, bare
from tillrig.vision.readers.colour_atlas import ColourAtlas, ColourFit
from tillrig.vision.readers.recogniser import Recogniser

# Confidence of what the drawn row alone says where a recogniser is known to be blind; of what nobody vouches for, at
# most as much.
_DRAWN, _UNSURE = 0.9, 0.8
_FEW = 2
_FIRST_HANZI = "\u4e00"


def read_row(recogniser: Recogniser, atlas: ColourAtlas | None, line: LineImage) -> tuple[LineReading, str]:
    """The row's text and who read it: "atlas+rapidocr" when, drawn as it was read, it is what the picture shows."""
    network = recogniser.read_line(line)
    if atlas is None or line.print is None:
        return network, recogniser.name
    drawn = _drawn(atlas, line.print, network.text)
    if drawn is None:
        return LineReading(network.text, min(network.confidence, _UNSURE), network.chars), recogniser.name
    if bare(drawn.text) != bare(network.text):
        network = recogniser.read_line(where_it_stands(atlas, line, drawn.text))
    confidence = round(max(0.0, drawn.likeness), 4)
    if bare(drawn.text) == bare(network.text):
        return LineReading(drawn.text, max(confidence, network.confidence), network.chars), "atlas+rapidocr"
    if _blind_there(network.text, drawn.text):
        return LineReading(drawn.text, min(confidence, _DRAWN)), atlas.name
    return LineReading(network.text, min(network.confidence, _UNSURE), network.chars), recogniser.name


def _drawn(atlas: ColourAtlas, ink: Ink, text: str) -> ColourFit | None:
    """The text that stands best in the row when it is drawn: as it was read, or what the atlas reads there."""
    usual = atlas.usual
    first = atlas.fit(ink, atlas.spaced(ink, text))
    if first is not None and first.stands and first.likeness >= usual and len(bare(text)) > _FEW:
        return first
    others = [] if first is None else [first.likeliest, atlas.read(ink, first)]
    fits = [first, *(atlas.fit(ink, other) for other in dict.fromkeys((*others, atlas.figures(ink))))]
    best = max((fit for fit in fits if fit is not None and fit.stands), key=lambda one: one.likeness, default=None)
    # A blot or two are like several things: like ★ and *.
    return None if best is not None and len(bare(best.text)) <= _FEW and best.likeness < usual else best


def _blind_there(seen: str, drawn: str) -> bool:
    """Whether the two differ only where recognisers are known to be blind: rows of stars, likelier Chinese characters,
    large and small letters."""
    ours, theirs = bare(drawn), bare(seen)
    if not ours.strip("*"):
        return True
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=False) if a != b]
    return len(ours) == len(theirs) and all(
        (a >= _FIRST_HANZI and b >= _FIRST_HANZI) or a.casefold() == b.casefold() for a, b in pairs
    )
