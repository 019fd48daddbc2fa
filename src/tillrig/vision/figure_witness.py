"""The reader of figures as a witness, on a line whose dots say nothing: it sees the digits' shapes and no context."""

from __future__ import annotations

from difflib import SequenceMatcher

import msgspec

from tillrig.vision.figures import Figures, figures_read
from tillrig.vision.grammar import obeys
from tillrig.vision.readers.base import LineImage, bare
from tillrig.vision.readers.figure_reader import OTHER, FigureReader
from tillrig.vision.readers.recogniser import Recogniser
from tillrig.vision.witness import Vote, Witness

# Margin (nats) from which it confirms, and from which it accuses: in fonts that it was not trained on, 5 of 10,000
# characters with a margin of 5 are others.
FIGURES_FOR, FIGURES_AGAINST = 2.5, 5.0
# And from which they stand for the second reader of print and of photographs, whose characters nobody has cut.
FIGURES_ALONE = 3.0
#: Why it is silent where the figures are the expected ones and stand apart otherwise: 2 12.34 for 212.34.
PARTED = "spaces part its figures otherwise"


def ask_figures(  # noqa: PLR0911 - each way of being silent has its reason
    reader: FigureReader, recogniser: Recogniser, line: LineImage, expected: str, kind: str
) -> Witness | None:
    """FOR where every figure of `expected` stands in its place; AGAINST where others do, beyond doubt. None where it
    has nothing to say. What is not a figure it did not see: that it takes over from the expected text where the line's
    cells are known, else from the recogniser, so that it confirms nothing by itself."""
    said = figures_read(reader, recogniser, line, expected)
    wanted = bare(expected)
    if said is None:
        said = figures_read(reader, recogniser, line, recogniser.read_line(line).text if line.cell else None)
        if said is not None and said.text == wanted:
            return _word(line, Vote.SILENT, said, PARTED)
    if said is None:
        return None
    if said.text == wanted:
        if said.margin < FIGURES_FOR:
            return _word(line, Vote.SILENT, said, "it does not tell the figures from their likenesses")
        reason = "" if said.text.isascii() else "it read the figures alone"
        # Letters and Chinese characters beside them are nobody's word but the recogniser's.
        weak = any(not _read_so(said, number, number + 1) for number in range(len(wanted)))
        return msgspec.structs.replace(_word(line, Vote.FOR, said, reason), weak=weak)
    if OTHER in said.text:
        return _word(line, Vote.SILENT, said, "a part of the line shows no figure that it knows")
    if not _differs_in_figures(wanted, said):
        return _word(line, Vote.SILENT, said, "what differs is no figure that it read")
    sure = said.margin >= FIGURES_AGAINST and obeys(kind, said.text)
    if not sure:
        return _word(line, Vote.SILENT, said, "it is not sure of the figures")
    return _word(line, Vote.AGAINST, said, f"read {said.text!r}")


def _read_so(said: Figures, first: int, last: int) -> bool:
    """Whether the characters [first, last) of what it said are its own reading, none the recogniser's."""
    return any(start <= first and last <= stop for start, stop in said.runs)


def _differs_in_figures(wanted: str, said: Figures) -> bool:
    """Whether all that differs from `wanted` is its own reading: a label that the recogniser read otherwise would
    count twice."""
    steps = SequenceMatcher(None, wanted, said.text, autojunk=False).get_opcodes()
    return all(tag == "equal" or _read_so(said, j0, j1) for tag, _, _, j0, j1 in steps)


def _word(line: LineImage, vote: Vote, said: Figures, reason: str) -> Witness:
    margin = said.margin if vote is not Vote.AGAINST else -said.margin
    return Witness(
        reader=FigureReader.name,
        frame=line.frame,
        vote=vote,
        text=said.text,
        margin=round(margin, 2),
        reason=reason,
    )
