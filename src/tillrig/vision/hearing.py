"""What pictures say about expected fields whose place is not known: every line is looked at, and with one picture
alone the bar is higher."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
import numpy as np

from tillrig.observations import Reading as Answer
from tillrig.vision.fields import Place, cuts_number, find, open_at, same
from tillrig.vision.grammar import MONEY, obeys
from tillrig.vision.readers.base import LineImage, bare, squeeze
from tillrig.vision.readers.figure_reader import FIGURES, FigureReader
from tillrig.vision.readers.glyphs import is_wide
from tillrig.vision.readers.recogniser import CHAR_PX, STEP_PX, crop_of_dots
from tillrig.vision.testimony import Readers, Testimony, testify
from tillrig.vision.witness import Vote, respaced

# Margin (nats) from which the dots of one picture alone confirm free text, and from which they alone accuse a Chinese
# character or a row of stars.
_ALONE_FOR = 5.0
_ALONE_AGAINST = 6.0


class Asked(Protocol):
    """An expected field; `kind` as the readers know it."""

    @property
    def kind(self) -> str: ...

    @property
    def text(self) -> str: ...


class Verdict(msgspec.Struct, frozen=True):
    """The eye's word on one expected field: `seen` what stands there, `reason` why it is no MATCH."""

    answer: Answer
    seen: str
    reason: str = ""


class HeardLine(msgspec.Struct, frozen=True):
    """One line: its blind reading, whether that is vouched for, and how it testifies: `ask(place, text, kind)` is the
    testimony on `text` standing at that place of the reading."""

    text: str
    vouched: bool
    ask: Callable[[Place, str, str], Testimony]


def hear(  # noqa: PLR0911 - each way of being unsure has its reason
    lines: Sequence[HeardLine], asked: Asked, *, single: bool, complete: bool, widest: int = 0
) -> Verdict:
    """MATCH where some line bears it out. MISMATCH where the one line it can stand on shows something else, or, if
    `complete` (all lines are known and vouched for), none holds anything like it. Else UNREADABLE.

    `single`: all testimonies come from one picture. `widest`: half-width characters a line has room for (0: unknown).
    """
    kind, money = asked.kind, asked.kind in MONEY
    if kind != "text" and not obeys(kind, asked.text):
        kind = "text"  # a fragment of such a field; two readers are wanted all the same
    places = find([line.text for line in lines], asked.text, kind)
    if not places:
        return _nowhere(lines, asked, complete, widest)
    heard: list[tuple[Place, Verdict]] = []
    for place in places[:4]:
        testimony = lines[place.line].ask(place, _spaced(asked.text, place.text), kind)
        verdict = _judged(testimony, asked.text, kind, money, single)
        if verdict.answer is Answer.MATCH:
            unsure = open_at(lines[place.line].text, place, asked.text, kind)
            if not unsure:
                return verdict
            verdict = Verdict(Answer.UNREADABLE, place.text, unsure)
        heard.append((place, verdict))
    nearest, first = heard[0]
    if first.answer is not Answer.MISMATCH:
        return first
    if nearest.distance > max(1, len(bare(asked.text)) // 2) and not complete:
        return Verdict(Answer.UNREADABLE, first.seen, "no line that could be read shows anything like it")
    for place, verdict in heard[1:]:
        if verdict.answer is not Answer.MISMATCH and place.distance <= nearest.distance + 1:
            return Verdict(Answer.UNREADABLE, first.seen, f"it may stand on another line: {verdict.reason}")
    known = {place.line for place, _ in heard}
    if any(not line.vouched and line.text and number not in known for number, line in enumerate(lines)) and any(
        not same(first.seen, one.seen) for _, one in heard[1:]
    ):
        return Verdict(Answer.UNREADABLE, first.seen, "it may stand on a line that could not be read")
    return first


def _spaced(expected: str, seen: str) -> str:
    """The expected text with the spaces that the line has where both agree."""
    return seen if same(seen, expected) else respaced(expected, seen)


def _nowhere(lines: Sequence[HeardLine], asked: Asked, complete: bool, widest: int) -> Verdict:
    whole = "".join(bare(line.text) for line in lines)
    shown = " | ".join(squeeze(line.text) for line in lines if line.text.strip())
    wanted = bare(asked.text)
    if wanted in whole:
        if complete and asked.kind == "text" and not cuts_number(whole, wanted):
            return Verdict(Answer.MATCH, squeeze(asked.text))
        return Verdict(Answer.UNREADABLE, shown, "it runs over several lines")
    length = sum(2 if is_wide(char) else 1 for char in wanted)
    if complete and lines and not (widest and length > widest):
        return Verdict(Answer.MISMATCH, shown, "no line shows anything like it")
    return Verdict(Answer.UNREADABLE, shown, "no line that could be read shows anything like it")


def _judged(testimony: Testimony, expected: str, kind: str, money: bool, single: bool) -> Verdict:
    answer, reason = testimony.answer, testimony.reason
    if answer is Answer.MATCH:
        alone = _too_few(testimony, money, single)
        if alone:
            return Verdict(Answer.UNREADABLE, testimony.seen, alone)
        return Verdict(Answer.MATCH, squeeze(expected), reason)
    if answer is Answer.MISMATCH:
        if same(testimony.seen, expected):
            return Verdict(Answer.UNREADABLE, testimony.seen, "the readers contradict each other")
        if single and len(testimony.readers) < 2 and not _beyond_doubt(testimony, expected):
            return Verdict(Answer.UNREADABLE, testimony.seen, "one picture and one reader accuse nobody")
        return Verdict(Answer.MISMATCH, testimony.seen, reason.replace(" in 2 frames", "") if single else reason)
    return Verdict(Answer.UNREADABLE, testimony.seen, reason)


def _too_few(testimony: Testimony, money: bool, single: bool) -> str:
    """Why such a MATCH is not enough; "" when it is."""
    voters = set(testimony.readers)
    stars = not bare(testimony.expected).strip("*")
    if not money and set(bare(testimony.expected)) - set(FIGURES):
        voters.discard(FigureReader.name)  # it saw no letters
    if money and len(voters) < 2 and not stars:
        return "only one reader can confirm it"
    if not single or len(voters) >= 2 or "ink" in voters:
        return ""
    if voters == {"atlas"}:
        votes = [one.margin for one in testimony.witnesses if one.reader == "atlas" and one.vote is Vote.FOR]
        return "" if min(votes) >= _ALONE_FOR else "one picture, and only the dots confirm it"
    return "one picture, and only one reader confirms it"


def _beyond_doubt(testimony: Testimony, expected: str) -> bool:
    """The dots of one picture alone accuse where recognisers are blind: similar Chinese characters, rows of stars."""
    against = [one for one in testimony.witnesses if one.reader == "atlas" and one.vote is Vote.AGAINST]
    if not against or any(one.margin > -_ALONE_AGAINST for one in against):
        return False
    ours, theirs = bare(expected), bare(testimony.seen)
    if not ours.strip("*") and not theirs.strip("*"):
        return True
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=False) if a != b]
    return len(ours) == len(theirs) and bool(pairs) and all(is_wide(a) and is_wide(b) for a, b in pairs)


# -- rows of a display


def row_cells(line: LineImage, readers: Readers, cell: tuple[int, int]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A row's reading, spaces as they stand, and each character's half-width columns [first, last)."""
    if readers.atlas is not None and line.ink is not None:
        placed = readers.atlas.read(line.ink)
        found = [(one.char, one.column, one.column + (2 if is_wide(one.char) else 1)) for one in placed.cells]
    else:
        found = _by_steps(line, readers, cell)
    return "".join(char for char, _, _ in found), tuple((first, last) for _, first, last in found)


def _by_steps(line: LineImage, readers: Readers, cell: tuple[int, int]) -> list[tuple[str, int, int]]:
    """Characters where the recogniser saw them."""
    assert line.ink is not None
    inked = np.flatnonzero((line.ink > 0.5).sum(axis=0))
    left = max(0, int(inked[0]) - 2) if len(inked) else 0
    found = []
    for char in readers.recogniser.read_line(line).chars:
        middle = left / cell[0] + (char.column + 0.5) * STEP_PX / CHAR_PX
        half = 1.0 if is_wide(char.char) else 0.5
        found.append((char.char, max(0, round(middle - half)), round(middle + half)))
    return found


def part_of_row(line: LineImage, first: int, last: int, cell: tuple[int, int], free: tuple[bool, bool]) -> LineImage:
    """The row with only half-width columns [first, last) left, and one more on either side that is `free`: ink there
    would be a character that nobody read."""
    assert line.ink is not None
    width = cell[0]
    low, high = (first - free[0]) * width, (last + free[1]) * width
    ink = np.zeros_like(line.ink)
    ink[:, max(0, low) : high] = line.ink[:, max(0, low) : high]
    inked = np.flatnonzero((ink > 0.5).sum(axis=0))
    left, right = (max(0, int(inked[0]) - 2), int(inked[-1]) + 3) if len(inked) else (max(0, low), max(high, low + 8))
    return msgspec.structs.replace(line, ink=ink, grey=crop_of_dots(ink[:, left:right], width))


def heard_row(images: Sequence[LineImage], vouched: bool, readers: Readers, cell: tuple[int, int]) -> HeardLine:
    """One row of a display in one or more distinct pictures; one alone is looked at as if it were two, and `hear` is
    told so."""
    text, columns = ("", ()) if images[0].blank else row_cells(images[0], readers, cell)

    def ask(place: Place, expected: str, kind: str) -> Testimony:
        whole = not text[: place.first].strip() and not text[place.last :].strip()
        looked = list(images)
        if not whole and columns:
            first, last = columns[place.first][0], columns[place.last - 1][1]
            free = (
                place.first > 0 and text[place.first - 1].isspace(),
                place.last < len(text) and text[place.last].isspace(),
            )
            looked = [part_of_row(image, first, last, cell, free) for image in images]
        return testify(twice(looked), expected, kind, readers)

    return HeardLine(text, vouched, ask)


def twice(images: Sequence[LineImage]) -> list[LineImage]:
    """One picture's line counts as two looks; more stay as they are."""
    if len({image.frame for image in images}) > 1:
        return list(images)
    return [images[0], msgspec.structs.replace(images[0], frame=images[0].frame + " again")]
