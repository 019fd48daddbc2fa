"""The reader of figures as a witness, on a line whose dots say nothing: it sees the digits' shapes and no context."""

from __future__ import annotations

from tillrig.vision.figures import Figures, figures_read
from tillrig.vision.grammar import obeys
from tillrig.vision.readers.base import LineImage, bare
from tillrig.vision.readers.figure_reader import OTHER, FigureReader
from tillrig.vision.readers.recogniser import Recogniser
from tillrig.vision.witness import Vote, Witness

# Margin (nats) from which it confirms, and from which it accuses: in fonts that it was not trained on, 5 of 10,000
# characters with a margin of 5 are others.
FIGURES_FOR, FIGURES_AGAINST = 2.5, 5.0


def ask_figures(
    reader: FigureReader, recogniser: Recogniser, line: LineImage, expected: str, kind: str
) -> Witness | None:
    """FOR where every figure of `expected` stands in its place; AGAINST where others do, beyond doubt. None where it
    has nothing to say. What is not a figure it did not see: that it takes over from the expected text where the line's
    cells are known, else from the recogniser, so that it confirms nothing by itself."""
    said = figures_read(reader, recogniser, line, expected)
    if said is None and line.cell:
        said = figures_read(reader, recogniser, line, recogniser.read_line(line).text)
    if said is None:
        return None
    wanted = bare(expected)
    if said.text == wanted:
        if said.margin < FIGURES_FOR:
            return _word(line, Vote.SILENT, said, "it does not tell the figures from their likenesses")
        return _word(line, Vote.FOR, said, "" if said.text.isascii() else "it read the figures alone")
    if OTHER in said.text:
        return _word(line, Vote.SILENT, said, "a part of the line shows no figure that it knows")
    sure = said.margin >= FIGURES_AGAINST and obeys(kind, said.text)
    if not sure:
        return _word(line, Vote.SILENT, said, "it is not sure of the figures")
    return _word(line, Vote.AGAINST, said, f"read {said.text!r}")


def _word(line: LineImage, vote: Vote, said: Figures, reason: str) -> Witness:
    margin = said.margin if vote is not Vote.AGAINST else -said.margin
    return Witness(
        reader=FigureReader.name,
        frame=line.frame,
        vote=vote,
        text=said.text,
        margin=round(margin, 2),
        reason=reason,
        weak=vote is Vote.FOR,
    )
