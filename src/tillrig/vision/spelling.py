"""Chinese characters read one by one, each in its own cells: alone it has no neighbours that make it the likelier
word. 余 in 可用余额 is read where 佘 stands; by itself 佘 is seen."""

from __future__ import annotations

from tillrig.vision.geometry import Ink
from tillrig.vision.readers.base import LineImage, bare, fold
from tillrig.vision.readers.glyphs import is_wide
from tillrig.vision.readers.recogniser import Recogniser, crop_of_dots
from tillrig.vision.witness import Vote, Witness

SPELLED = "rapidocr, one by one"
# Nats by which a character must lead when nothing but the network sees it. Of 654 pairs of similar characters in three
# fonts one is taken for the other at such a lead, 14 at any.
_LEAD = 7.0
# Dots of ink that may lie outside the characters' cells, and that any character has.
_BESIDE, _LEAST_INK = 3.0, 1.5
_PAD = 6


def ask_spelled(recogniser: Recogniser, line: LineImage, expected: str, numbers: tuple[int, ...]) -> Witness:
    """What the network makes of the expected characters `numbers` (spaces not counted), each alone. FOR when it leads
    with every one; else silent."""
    cells = None
    if line.ink is not None and line.cell:
        cells = spelled_cells(line.ink, expected, line.cell) or cells_in_order(line.ink, expected, line.cell)
    if cells is None:
        return _word(line, Vote.SILENT, "", 0.0, "its characters do not stand in the display's cells")
    assert line.ink is not None
    chars = bare(expected)
    crops = [crop_of_dots(line.ink[:, cells[number][0] : cells[number][1]], line.cell, _PAD) for number in numbers]
    heard = [
        recogniser.judged(log, chars[number])
        for log, number in zip(recogniser.log_probs_of(crops), numbers, strict=True)
    ]
    text = "".join(bare(reading.text) for reading, _ in heard)
    margin = min((lead for _, lead in heard), default=0.0)
    if margin >= _LEAD:
        return _word(line, Vote.FOR, text, margin)
    return _word(line, Vote.SILENT, text, margin, "read one by one, its Chinese characters are not beyond doubt")


def spelled_alike(recogniser: Recogniser, line: LineImage, text: str) -> bool:
    """Whether every Chinese character of `text`, what was read, is the same when it is seen alone."""
    numbers = tuple(number for number, char in enumerate(bare(text)) if is_wide(char))
    return not numbers or ask_spelled(recogniser, line, text, numbers).vote is Vote.FOR


def spelled_cells(ink: Ink, expected: str, cell: int) -> list[tuple[int, int]] | None:
    """First and last dot column of every character of `expected` but spaces, where it stands in cells `cell` dots wide;
    None when the ink does not lie as the text would."""
    spans = [(char, 2 if is_wide(char) else 1) for char in expected.strip()]
    wide, columns = sum(span for _, span in spans), ink.shape[1] // cell
    dots = (ink[:, : columns * cell] > 0.5).reshape(ink.shape[0], columns, cell).sum(axis=(0, 2))
    best: tuple[float, int] | None = None
    for start in range(columns - wide + 1):
        beside, column = float(dots.sum()), start
        for char, span in spans:
            here = float(dots[column : column + span].sum())
            if char not in " \u3000":
                beside += -here if here >= _LEAST_INK else 100.0
            column += span
        if best is None or beside < best[0]:
            best = beside, start
    if best is None or best[0] >= _BESIDE:
        return None
    found, column = [], best[1]
    for char, span in spans:
        found += [(column * cell, (column + span) * cell)] * len(fold(char).strip())
        column += span
    return found


def cells_in_order(ink: Ink, text: str, cell: int) -> list[tuple[int, int]] | None:
    """The same for a text whose spaces nobody knows: its characters stand in the cells with ink, from left to right.
    None where ink is left over or wanting."""
    columns = ink.shape[1] // cell
    dots = (ink[:, : columns * cell] > 0.5).reshape(ink.shape[0], columns, cell).sum(axis=(0, 2))
    found, column = [], 0
    for char in bare(text):
        while column < columns and dots[column] < _LEAST_INK:
            column += 1
        span = 2 if is_wide(char) else 1
        if column + span > columns:
            return None
        found.append((column * cell, (column + span) * cell))
        column += span
    return None if float(dots[column:].sum()) >= _BESIDE else found


def _word(line: LineImage, vote: Vote, text: str, margin: float, reason: str = "") -> Witness:
    return Witness(
        reader=SPELLED,
        frame=line.frame,
        vote=vote,
        text=text,
        margin=round(margin, 2),
        reason=reason,
    )
