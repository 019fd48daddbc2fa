"""One reader's word on one frame: for the expected text, against it, or silent, with the reason."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from difflib import SequenceMatcher

import msgspec

from tillrig.exhibits import CellMargin
from tillrig.vision.grammar import alphabet, obeys
from tillrig.vision.readers.atlas import FOREIGN, Atlas, Cell, Placed, reading_of
from tillrig.vision.readers.base import LineImage, bare, fold, squeeze
from tillrig.vision.readers.print_cells import PrintCell
from tillrig.vision.readers.recogniser import Recogniser
from tillrig.vision.readers.tesseract import Tesseract

# Share of clipped dots above which a line does not testify.
SATURATED = 0.02
# Cell margins (-1..1), chosen by measurement: docs/vision.md.
_ATLAS_FOR = 0.12
_ATLAS_SOLID = 0.12
_ATLAS_STRONG = 0.25
# How many dots' worth of squared error another text must save before it is seen instead.
_ATLAS_GAIN_DOTS = 1.5
# Nats by which the recogniser must prefer another text.
_RECOGNISER_AGAINST = 3.0


class Vote(enum.StrEnum):
    """What one reader makes of one frame."""

    FOR = "for"
    AGAINST = "against"
    SILENT = "silent"


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """`text` is the blind reading, `margin` in about nats for the expected text, `strong` beyond doubt, `reason` why
    silent or against.

    `hint`: the reader is silent because a deletion, a broken grammar or a slight preference is no testimony, or for
    the text because it cannot tell what differs; its text still counts where another reader, dot by dot and beyond
    doubt, saw the very same. `masked`: numbers of the expected characters (spaces not counted) through which a dead
    column of the print head runs. `cells`: margins of the single expected characters, where the reader sees them.
    `open`: numbers of those that a learned font lacks, on which the dots say nothing. `weak`: a vote for the expected
    text that counts only beside another's.
    """

    reader: str
    frame: str
    vote: Vote
    text: str
    margin: float = 0.0
    confidence: float = 0.0
    strong: bool = False
    hint: bool = False
    reason: str = ""
    masked: tuple[int, ...] = ()
    cells: tuple[CellMargin, ...] = ()
    open: tuple[int, ...] = ()
    weak: bool = False


def cell_margins(cells: Iterable[Cell | PrintCell]) -> tuple[CellMargin, ...]:
    """How surely each expected character stands in its place, for people."""
    return tuple(CellMargin(cell.char, round(cell.margin, 3), cell.rival) for cell in cells if cell.char.strip())


def ask_ink(line: LineImage, expected: str) -> Witness:
    """Whether there is any ink: the simplest reader of a blank line."""
    wanted = bare(expected)
    vote = (Vote.AGAINST if wanted else Vote.FOR) if line.blank else Vote.SILENT
    reason = ""
    if line.saturated > SATURATED:
        vote, reason = Vote.SILENT, f"{line.saturated:.0%} of the line is saturated"
    elif line.blank and wanted and not line.shows:
        vote, reason = Vote.SILENT, "the whole display shows nothing, so its contrast is unknown"
    elif line.blank and wanted:
        reason = "the line is blank"
    return Witness(
        reader="ink", frame=line.frame, vote=vote, text="", margin=0.0, confidence=1.0, strong=True, reason=reason
    )


def ask_atlas(  # noqa: PLR0911 - each way of being silent has its reason
    atlas: Atlas, line: LineImage, expected: str, kind: str, others: tuple[str, ...] = ()
) -> Witness:
    """Dot by dot. A line of another font, or clipped, leaves the atlas silent. Of a learned font, `others` are texts
    that another reader saw instead: they are laid on the dots too."""
    ink = line.ink
    assert ink is not None
    blind = atlas.read(ink)
    placed: Placed | None = None

    def say(
        vote: Vote,
        margin: float,
        reason: str = "",
        strong: bool = False,
        hint: bool = False,
        text: str = blind.text,
        opened: tuple[int, ...] = (),
    ) -> Witness:
        return Witness(
            hint=hint,
            reader=atlas.name,
            frame=line.frame,
            vote=vote,
            text=squeeze(text),
            margin=round(20 * margin, 2),
            confidence=round(reading_of(blind).confidence, 3),
            strong=strong,
            reason=reason,
            cells=cell_margins(placed.cells) if placed is not None else (),
            open=opened,
        )

    if line.saturated > SATURATED:
        return say(Vote.SILENT, 0.0, f"{line.saturated:.0%} of the line is saturated")
    placed = atlas.place(ink, expected)
    same = squeeze(blind.text) == squeeze(expected)
    if placed is not None and fits(placed) and (same or (placed.open and testified(placed))):
        opened = placed.open
        told = "".join(dict.fromkeys(bare(expected)[number] for number in opened))
        reason = f"the learned font lacks {told}, which only the recogniser saw" if opened else ""
        return say(Vote.FOR, placed.margin, reason, placed.margin >= _ATLAS_STRONG, text=expected, opened=opened)
    for other in others:
        text = respaced(other, expected)
        rival = atlas.place(ink, text)
        if rival is None or not fits(rival) or not testified(rival) or not obeys(kind, text):
            continue
        if _told_apart(bare(expected), bare(text), rival.open):
            return say(Vote.AGAINST, -rival.margin, f"read {text!r}", text=text)
    if blind.error > FOREIGN or blind.strange:
        return say(Vote.SILENT, 0.0, "the dots fit no glyphs of the profile's font")
    if same:
        return say(Vote.SILENT, 0.0, "the dots do not tell the text from its nearest rival")
    if not atlas.can_show(expected):
        return say(Vote.SILENT, 0.0, "the profile's font lacks a character of the expected text")
    solid = blind.margin
    gain = (placed.error - blind.error) * ink.size if placed is not None else float("inf")
    if solid < _ATLAS_SOLID or gain < _ATLAS_GAIN_DOTS:
        return say(Vote.SILENT, 0.0, "the dots decide neither for the expected text nor for another")
    if not obeys(kind, blind.text):
        return say(Vote.SILENT, -solid, f"what it read is no {kind}", strong=solid >= _ATLAS_STRONG, hint=True)
    return say(Vote.AGAINST, -solid, f"read {squeeze(blind.text)!r}", strong=solid >= _ATLAS_STRONG)


def fits(placed: Placed) -> bool:
    return placed.margin >= _ATLAS_FOR and placed.error <= FOREIGN


def testified(placed: Placed) -> bool:
    """Whether of a text laid on a learned font's dots at least half was learned, and all that makes its numbers."""
    chars = [cell.char for cell in placed.cells if cell.char not in " \u3000"]
    lacking = [chars[number] for number in placed.open]
    return 2 * len(lacking) <= len(chars) and not any(char in "0123456789.," for char in lacking)


def _told_apart(wanted: str, seen: str, opened: tuple[int, ...]) -> bool:
    """Whether `seen` differs from `wanted` in characters of it that the dots know, and in no others."""
    steps = SequenceMatcher(None, wanted, seen, autojunk=False).get_opcodes()
    apart = [range(j0, max(j1, j0 + 1)) for tag, _, _, j0, j1 in steps if tag != "equal"]
    return bool(apart) and not any(number in opened for part in apart for number in part)


def ask_recogniser(  # noqa: PLR0911 - each way of being silent has its reason
    recogniser: Recogniser, line: LineImage, expected: str, kind: str, masked: tuple[int, ...] = ()
) -> Witness:
    """By CTC likelihood. What it merely dropped, or what breaks the field's grammar, is no testimony.

    `masked`: characters (numbers, spaces not counted) whose dots confirm them although a dead column of the print
    head runs through them; what is read instead there is no other text.
    """
    reading, margin = recogniser.judge(line.grey, expected)
    wanted, seen = bare(expected), bare(reading.text)
    if seen != wanted and (letters := alphabet(kind, expected)) is not None and not obeys(kind, reading.text):
        limited, likely = recogniser.judge(line.grey, expected, letters)
        if _only_figures(bare(limited.text), seen):
            reading, margin, seen = limited, likely, bare(limited.text)

    def say(vote: Vote, reason: str = "", hint: bool = False, weak: bool = False) -> Witness:
        return Witness(
            hint=hint,
            weak=weak,
            reader=recogniser.name,
            frame=line.frame,
            vote=vote,
            text=reading.text,
            margin=round(margin, 2),
            confidence=round(reading.confidence, 3),
            strong=abs(margin) > 3 * _RECOGNISER_AGAINST,
            reason=reason,
        )

    if line.saturated > SATURATED:
        return say(Vote.SILENT, f"{line.saturated:.0%} of the line is saturated")
    if seen == wanted:
        return say(Vote.FOR)
    if margin > -_RECOGNISER_AGAINST and _only_lookalikes(wanted, seen):
        return say(Vote.FOR, "it does not tell what differs from what it looks like", weak=True)
    if masked and _only_masked(wanted, seen, masked):
        return say(Vote.FOR, "where it read otherwise, a dead print dot runs through the character")
    if _dropped(wanted, seen):
        return say(Vote.SILENT, "it read only a part of the text, and a deletion is no testimony", hint=True)
    if not obeys(kind, reading.text):
        if obeys(kind, expected) and margin > -_RECOGNISER_AGAINST and only_separators(wanted, seen):
            return say(Vote.FOR, "it does not tell comma from dot", hint=True)
        return say(Vote.SILENT, f"what it read is no {kind}", hint=True)
    if margin > -_RECOGNISER_AGAINST:
        return say(Vote.SILENT, "it finds the expected text nearly as likely", hint=True)
    return say(Vote.AGAINST, f"read {squeeze(reading.text)!r}")


def ask_tesseract(tesseract: Tesseract, line: LineImage, expected: str, kind: str) -> Witness:
    """The third witness: too weak to accuse, but for what the dots see too."""
    reading = tesseract.read_line(line, alphabet(kind, expected))
    wanted, seen = bare(expected), bare(reading.text)
    vote = Vote.FOR if seen == wanted else Vote.SILENT
    reason = "" if seen == wanted else f"read {fold(reading.text)!r}"
    return Witness(
        hint=seen != wanted and obeys(kind, reading.text),
        reader=tesseract.name,
        frame=line.frame,
        vote=vote,
        text=reading.text,
        margin=5.0 * reading.confidence,
        confidence=round(reading.confidence, 3),
        reason=reason,
    )


def respaced(seen: str, expected: str) -> str:
    """`seen` with the spaces of `expected` where the two agree: recognisers lose spaces, and a drawn line needs
    them."""
    ours, theirs = "".join(expected.split()), "".join(seen.split())
    before = [len("".join(expected[:place].split())) for place, char in enumerate(expected) if char == " "]
    out = list(theirs)
    for tag, i0, i1, j0, j1 in reversed(SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()):
        if tag == "equal" or (tag == "replace" and i1 - i0 == j1 - j0):
            for i in sorted((place for place in before if i0 <= place < i1 and place), reverse=True):
                out.insert(j0 + i - i0, " ")
    return "".join(out)


LOOKALIKES = {"I": "1l|", "l": "1I|", "O": "0", "o": "0", "S": "5", "B": "8", "Z": "2", "D": "0"}


def _only_lookalikes(wanted: str, seen: str) -> bool:
    """Whether the two differ only where an expected letter was taken for its twin; an expected digit has none."""
    pairs = [(ours, theirs) for ours, theirs in zip(wanted, seen, strict=False) if ours != theirs]
    return len(wanted) == len(seen) and all(theirs in LOOKALIKES.get(ours, "") for ours, theirs in pairs)


def only_separators(wanted: str, seen: str) -> bool:
    """Whether the two differ only in which separator stands where: 50.000.00 for 50,000.00."""
    pairs = [(ours, theirs) for ours, theirs in zip(wanted, seen, strict=False) if ours != theirs]
    return len(wanted) == len(seen) and all(ours in ",." and theirs in ",." for ours, theirs in pairs)


#: Letters that a reader, unaware that only figures may stand there, takes a digit for.
_FIGURES = {
    **{"0": "OoDQC", "1": "Il|i!", "2": "Zz", "5": "Ss", "6": "b", "8": "B", "9": "gq"},
    **{"*": "x×", ",": ".", ".": ","},
}


def _only_figures(figures: str, seen: str) -> bool:
    """Whether `figures` is `seen` with nothing but letters taken for the digits they look like."""
    pairs = [(ours, theirs) for ours, theirs in zip(figures, seen, strict=False) if ours != theirs]
    return len(figures) == len(seen) and all(theirs in _FIGURES.get(ours, "") for ours, theirs in pairs)


def _only_masked(wanted: str, seen: str, masked: tuple[int, ...]) -> bool:
    """Whether all that differs stands at the masked places of `wanted`."""
    steps = SequenceMatcher(None, wanted, seen, autojunk=False).get_opcodes()
    return all(
        tag == "equal" or (i1 > i0 and j1 - j0 <= 2 * (i1 - i0) and all(place in masked for place in range(i0, i1)))
        for tag, i0, i1, j0, j1 in steps
    )


def _dropped(wanted: str, seen: str) -> bool:
    """Whether `seen` is `wanted` with characters left out."""
    rest = iter(wanted)
    return len(seen) < len(wanted) and all(char in rest for char in seen)


def differs_in_wide(expected: str, seen: str) -> bool:
    """Whether the two differ, among other things, in Chinese characters of equal place."""
    ours, theirs = fold(expected).replace(" ", ""), fold(seen).replace(" ", "")
    if len(ours) != len(theirs):
        return False
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=True) if a != b]
    return bool(pairs) and all(ord(a) > 0x7F and ord(b) > 0x7F for a, b in pairs)
