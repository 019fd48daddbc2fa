"""From readings to a word: does the line say what was expected, something else, or can nobody tell?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from tillrig import observations
from tillrig.errors import UsageError
from tillrig.exhibits import Exhibit, Word
from tillrig.observations import Reading as Answer
from tillrig.vision.alone import doubted
from tillrig.vision.colour_witness import ask_colour_atlas, where_it_stands
from tillrig.vision.fields import parted
from tillrig.vision.figure_witness import PARTED, ask_figures
from tillrig.vision.geometry import Point
from tillrig.vision.grammar import KINDS, MONEY
from tillrig.vision.print_witness import ask_print_atlas, likenesses, same_but_likenesses, wide_stand
from tillrig.vision.readers.atlas import Atlas
from tillrig.vision.readers.base import LineImage, bare, squeeze
from tillrig.vision.readers.colour_atlas import ColourAtlas
from tillrig.vision.readers.figure_reader import FigureReader
from tillrig.vision.readers.glyphs import is_wide
from tillrig.vision.readers.print_atlas import PrintAtlas
from tillrig.vision.readers.recogniser import Recogniser
from tillrig.vision.readers.tesseract import Tesseract
from tillrig.vision.spelling import SPELLED, ask_spelled
from tillrig.vision.witness import (
    Vote,
    Witness,
    ask_atlas,
    ask_ink,
    ask_recogniser,
    ask_tesseract,
    differs_in_wide,
    only_separators,
)

# More than so many distinct frames are not looked at.
MOST_FRAMES = 6
# Margin (nats) below which a recogniser hesitates between a character and what it looks like.
_HESITANT = 3.0
# Margin (nats) below which a silent atlas doubts what others confirm.
_DOUBT = -2.0


class Testimony(msgspec.Struct, frozen=True, kw_only=True):
    """The eye's word on one expected text.

    `seen` is what the deciding readers saw (for MATCH the expected text). `margin` is the weakest deciding one, in
    about nats. `reason` says why for MISMATCH and UNREADABLE, and for MATCH what a dead print dot leaves open.
    `witnesses` hold every blind reading. `frames` are the frames asked, `box` four camera points.
    """

    __test__: ClassVar[bool] = False  # pytest would take its name for a test

    answer: Answer
    expected: str
    kind: str
    seen: str
    reason: str = ""
    margin: float = 0.0
    witnesses: tuple[Witness, ...] = ()
    frames: tuple[str, ...] = ()
    box: tuple[Point, ...] = ()

    @property
    def readers(self) -> tuple[str, ...]:
        """Readers whose votes decided."""
        vote = {Answer.MATCH: Vote.FOR, Answer.MISMATCH: Vote.AGAINST}.get(self.answer)
        voices = [witness.reader for witness in self.witnesses if witness.vote is vote and witness.reader != SPELLED]
        return tuple(dict.fromkeys(voices))

    def observed(self) -> observations.Testimony:
        """The same in the words of the harness's observations."""
        return observations.Testimony(
            expected=self.expected,
            reading=self.answer,
            seen=self.seen,
            why=self.reason,
            margin=self.margin,
            frames=self.frames,
            readers=self.readers,
            exhibit=self.exhibit(),
        )

    def exhibit(self) -> Exhibit:
        """Who said what, for people."""
        return Exhibit(
            kind=self.kind,
            answer=self.answer.value,
            margin=self.margin,
            readers=self.readers,
            frames=self.frames,
            words=tuple(
                Word(
                    reader=one.reader,
                    frame=one.frame,
                    vote=one.vote.value,
                    text=one.text,
                    margin=one.margin,
                    confidence=one.confidence,
                    reason=one.reason,
                    cells=one.cells,
                )
                for one in self.witnesses
            ),
            box=self.box,
        )


@dataclass(frozen=True)
class Readers:
    """The readers that a bench has. An atlas (of a dot display, of paper, of a colour display) is None where no font
    is known; without `figures` and `tesseract` the recogniser has nobody beside it there, and no amount is MATCH."""

    recogniser: Recogniser = field(default_factory=Recogniser)
    atlas: Atlas | None = None
    print_atlas: PrintAtlas | None = None
    colour_atlas: ColourAtlas | None = None
    figures: FigureReader | None = field(default_factory=FigureReader)
    tesseract: Tesseract | None = field(default_factory=Tesseract)


def testify(lines: Sequence[LineImage], expected: str, kind: str, readers: Readers) -> Testimony:
    """What `lines`, the same line in distinct settled frames, say about `expected`.

    MATCH: the readers agree with it on two frames (money kinds: two readers). MISMATCH: two readers saw the same
    other text on two frames; where only the atlas can tell (similar Chinese characters, rows of stars, a letter and the
    digit that it looks like) it suffices beyond doubt on two frames. Everything else is UNREADABLE. Raises UsageError
    on an unknown kind or without a frame.
    """
    if kind not in KINDS:
        raise UsageError(f"kind {kind!r} of an expectation is not one of {', '.join(KINDS)}")
    distinct = list({line.frame: line for line in lines}.values())[:MOST_FRAMES]
    if not distinct:
        raise UsageError("testimony needs at least one frame of the line")
    court = _Court(expected, kind, readers)
    for line in distinct:
        court.hear(line)
        if court.decided():
            break
    return court.word(distinct[0].box, len(distinct))


testify.__test__ = False  # type: ignore[attr-defined]  # pytest would take its name for a test


class _Court:
    def __init__(self, expected: str, kind: str, readers: Readers) -> None:
        self._expected, self._kind, self._readers = expected, kind, readers
        self._witnesses: list[Witness] = []
        self._frames: list[str] = []
        self._inked = False

    def hear(self, line: LineImage) -> None:
        """Ask the atlas about every frame, the recogniser until it has said enough, the reader of figures where the
        atlas is silent or there is none, tesseract about money that is not settled by these."""
        self._frames.append(line.frame)
        self._inked = self._inked or not line.blank
        atlas = self._readers.atlas
        if line.blank or not bare(self._expected):
            self._witnesses.append(ask_ink(line, self._expected))
        if line.blank and not line.shows:
            return
        dots = None
        if atlas is not None and line.ink is not None:
            dots = ask_atlas(atlas, line, self._expected, self._kind)
            self._witnesses.append(dots)
        if self._readers.colour_atlas is not None and line.print is not None:
            self._hear_colour(self._readers.colour_atlas, line)
        elif self._readers.print_atlas is not None and line.print is not None:
            self._hear_print(self._readers.print_atlas, line)
        elif self._needs_recogniser():
            network = self._of_display(line)
            self._witnesses.append(network)
            if atlas is not None and dots is not None and (dots.vote, network.vote) == (Vote.SILENT, Vote.AGAINST):
                self._witnesses.remove(dots)
                self._witnesses.append(ask_atlas(atlas, line, self._expected, self._kind, (network.text,)))
        self._hear_spelled(line)
        self._hear_figures(line)
        if self._readers.tesseract is not None and len(self._frames) >= 2 and not self._clear() and self._kind in MONEY:
            self._witnesses.append(ask_tesseract(self._readers.tesseract, line, self._expected, self._kind))

    def _hear_spelled(self, line: LineImage) -> None:
        """Chinese characters that no dots bear out are read one by one: a line of them is read as the likelier word."""
        network = [one for one in self._votes(Vote.FOR, "rapidocr") if one.frame == line.frame]
        if network and line.cell and (lone := self._lone()):
            self._witnesses.append(ask_spelled(self._readers.recogniser, line, self._expected, lone))

    def _lone(self) -> tuple[int, ...]:
        """Numbers of the expected Chinese characters that only the recogniser confirms."""
        wide = [number for number, char in enumerate(bare(self._expected)) if is_wide(char)]
        dots = self._votes(Vote.FOR, "atlas")
        opened = {number for one in dots for number in one.open}
        return tuple(number for number in wide if not dots or number in opened)

    def _hear_figures(self, line: LineImage) -> None:
        """The figures one by one: where no dots bear out the line, or the recogniser does not say what they say: it
        takes a comma for a dot."""
        reader = self._readers.figures
        if reader is None or not any(char.isdigit() for char in self._expected):
            return
        told = {
            name: {one.vote for one in self._witnesses if (one.frame, one.reader) == (line.frame, name)}
            for name in ("atlas", "rapidocr")
        }
        if told["atlas"] <= {Vote.SILENT} or (told["rapidocr"] and told["rapidocr"] != told["atlas"]):
            said = ask_figures(reader, self._readers.recogniser, line, self._expected, self._kind)
            if said is not None:
                self._witnesses.append(said)

    def _hear_print(self, atlas: PrintAtlas, line: LineImage) -> None:
        """The drawn line first; where it does not confirm, the recogniser is asked, and what that saw instead is
        drawn too."""
        others = tuple(dict.fromkeys(squeeze(witness.text) for witness in self._votes(Vote.AGAINST, "rapidocr")))
        drawn = ask_print_atlas(atlas, line, self._expected, self._kind, others)
        self._witnesses.append(drawn)
        if not self._needs_recogniser():
            return
        masked = drawn.masked if drawn.vote is Vote.FOR else ()
        network = ask_recogniser(self._readers.recogniser, line, self._expected, self._kind, masked)
        if drawn.vote is not Vote.FOR and not wide_stand(drawn, line.height):
            network = doubted(network, self._readers.recogniser, line)
        self._witnesses.append(network)
        saw = network.vote is Vote.AGAINST or network.hint
        if saw and drawn.vote is Vote.SILENT and squeeze(network.text) not in others:
            self._witnesses.remove(drawn)
            drawn = ask_print_atlas(atlas, line, self._expected, self._kind, (*others, squeeze(network.text)))
            self._witnesses.append(drawn)
        if same_but_likenesses(self._expected, drawn, network):
            self._witnesses.remove(network)
            self._witnesses.append(msgspec.structs.replace(network, text=drawn.text))

    def _hear_colour(self, atlas: ColourAtlas, line: LineImage) -> None:
        """The drawn row first; where it does not confirm, what the recogniser reads is drawn too."""
        drawn = ask_colour_atlas(atlas, line, self._expected, self._kind)
        if self._needs_recogniser(drawn.vote is Vote.FOR):
            network = self._of_display(where_it_stands(atlas, line, drawn.text), drawn.vote is Vote.FOR)
            self._witnesses.append(network)
            if drawn.vote is not Vote.FOR and bare(network.text) != bare(drawn.text):
                drawn = ask_colour_atlas(atlas, line, self._expected, self._kind, (squeeze(network.text),))
        self._witnesses.append(drawn)

    def _of_display(self, line: LineImage, confirmed: bool = False) -> Witness:
        """The recogniser's word; where no atlas has `confirmed` the row, it must not rest on a guess from the
        context."""
        reader = self._readers.recogniser
        said = ask_recogniser(reader, line, self._expected, self._kind)
        sure = confirmed or bool(line.cell) or any(one.frame == line.frame for one in self._votes(Vote.FOR, "atlas"))
        return said if sure else doubted(said, reader, line)

    def decided(self) -> bool:
        return len(self._frames) >= 2 and self._clear()

    def _votes(self, vote: Vote, reader: str | None = None) -> list[Witness]:
        return [witness for witness in self._witnesses if witness.vote is vote and reader in (None, witness.reader)]

    def _needs_recogniser(self, drawn: bool = False) -> bool:
        """Where the atlas is sure of free text, the recogniser adds nothing; against it, and for money, it is asked
        on each frame. `drawn`: the atlas has just confirmed one more."""
        if self._votes(Vote.AGAINST, "ink") or (not bare(self._expected) and self._votes(Vote.FOR, "ink")):
            return False
        seen = self._votes(Vote.FOR, "rapidocr")
        sure = [witness for witness in self._votes(Vote.FOR, "atlas") if not witness.open]
        against = self._votes(Vote.AGAINST)
        if against:
            return True
        if self._kind in MONEY:
            return bool(bare(self._expected).strip("*")) and not (seen and len(sure) + drawn >= 2)
        readers = self._readers
        known = readers.atlas is not None or readers.print_atlas is not None or readers.colour_atlas is not None
        return len(sure) + drawn < len(self._frames) or not known

    def _clear(self) -> bool:
        return self._matched() or bool(self._mismatched())

    def _matched(self) -> bool:  # noqa: PLR0911 - each thing that stands against it has its line
        voices = self._votes(Vote.FOR)
        if all(voice.weak for voice in voices) or any(
            not self._overruled(witness) for witness in self._votes(Vote.AGAINST)
        ):
            return False
        # A recogniser prefers the likelier word: where the dots lean to another character, its word is not enough.
        doubts = [witness for witness in self._votes(Vote.SILENT, "atlas") if witness.margin < _DOUBT]
        if len(self._votes(Vote.FOR, "atlas")) < 2 * len(doubts):
            return False
        frames = {witness.frame for witness in voices}
        if any(witness.open for witness in voices) and not self._votes(Vote.FOR, "rapidocr"):
            return False
        # Where the cells are known, Chinese characters that only the recogniser saw must stand each for itself.
        if self._votes(Vote.SILENT, SPELLED) and self._lone():
            return False
        # Recognisers neither see nor count spaces: 2 12.34 is not 212.34.
        if any(witness.reason == PARTED for witness in self._votes(Vote.SILENT, FigureReader.name)):
            return False
        if self._kind in ("amount", "digits") and not self._votes(Vote.FOR, "atlas") and self._spaced_otherwise():
            return False
        if (
            self._kind in MONEY
            and len({witness.reader for witness in voices} - {SPELLED}) < 2
            and not self._stars_stand()
        ):
            return False
        return len(frames) >= 2

    def _spaced_otherwise(self) -> bool:
        """Whether a recogniser saw a space between figures that are one number in the expected text."""
        return any(parted(witness.text, self._expected, "text") for witness in self._votes(Vote.FOR, "rapidocr"))

    def _overruled(self, witness: Witness) -> bool:
        """Whether a recogniser only prefers a likelier Chinese character where the dots are beyond doubt."""
        sure = [one for one in self._votes(Vote.FOR, "atlas") if one.strong and not one.open]
        return witness.reader == "rapidocr" and len(sure) >= 2 and differs_in_wide(self._expected, witness.text)

    def _stars_stand(self) -> bool:
        """A field of stars alone: recognisers drop stars, so the dots may say it by themselves when they are beyond
        doubt."""
        return not bare(self._expected).strip("*") and len([w for w in self._votes(Vote.FOR, "atlas") if w.strong]) >= 2

    def _mismatched(self) -> list[Witness]:
        """The witnesses of one other text, when they are enough."""
        by_text: dict[str, list[Witness]] = {}
        for witness in self._witnesses:
            if witness.vote is Vote.AGAINST or witness.hint:
                by_text.setdefault(bare(witness.text), []).append(witness)
        return next((voices for voices in by_text.values() if self._convicts(voices)), [])

    def _convicts(self, voices: list[Witness]) -> bool:
        names = {witness.reader for witness in voices if not self._mere_separator(witness)}
        dots = [witness for witness in voices if witness.reader == "atlas" and witness.strong]
        if len({witness.frame for witness in voices}) < 2 or self._votes(Vote.FOR, "atlas"):
            return False
        seen = bare(voices[0].text)
        if not seen and self._inked:  # ink that nobody can read is not nothing
            return False
        contradicted = any(not (one.hint and bare(one.text) == seen) for one in self._votes(Vote.FOR))
        if len(names) >= 2 and not contradicted and (dots or not any(witness.hint for witness in voices)):
            return True
        # Where recognisers are known to be blind (likelier Chinese characters, rows of stars) or hesitate between a
        # letter and its likeness, the dots alone may accuse, beyond doubt.
        hesitant = all(one.margin < _HESITANT for one in self._votes(Vote.FOR, "rapidocr"))
        alone = (
            differs_in_wide(self._expected, voices[0].text)
            or (not contradicted and not bare(self._expected).strip("*"))
            or (hesitant and likenesses(self._expected, voices[0].text) and not self._others_for())
        )
        return alone and len({witness.frame for witness in dots}) >= 2

    def _mere_separator(self, witness: Witness) -> bool:
        """Whether a recogniser hints at nothing but another separator of print: it does not tell comma from dot, and
        in print the two differ by a dot or three."""
        return (
            self._readers.print_atlas is not None
            and witness.reader == "rapidocr"
            and witness.hint
            and only_separators(bare(self._expected), bare(witness.text))
        )

    def _others_for(self) -> bool:
        """Whether anybody but the recogniser confirms the expected text."""
        return any(one.reader != "rapidocr" for one in self._votes(Vote.FOR))

    def word(self, box: tuple[Point, ...], offered: int) -> Testimony:
        if self._matched():
            margin = min(witness.margin for witness in self._votes(Vote.FOR))
            limits = dict.fromkeys(one.reason for one in self._votes(Vote.FOR, "atlas") if one.reason)
            return self._make(Answer.MATCH, squeeze(self._expected), "; ".join(limits), margin, box)
        against = self._mismatched()
        if against:
            seen = next((witness.text for witness in against if witness.reader == "atlas"), against[0].text)
            names = " and ".join(sorted({witness.reader for witness in against}))
            reason = f"{names} read {squeeze(seen)!r} in {len({witness.frame for witness in against})} frames"
            return self._make(Answer.MISMATCH, squeeze(seen), reason, max(witness.margin for witness in against), box)
        return self._make(Answer.UNREADABLE, self._blind(), self._why(offered), 0.0, box)

    def _make(self, answer: Answer, seen: str, reason: str, margin: float, box: tuple[Point, ...]) -> Testimony:
        return Testimony(
            answer=answer,
            expected=self._expected,
            kind=self._kind,
            seen=seen,
            reason=reason,
            margin=margin,
            witnesses=tuple(self._witnesses),
            frames=tuple(self._frames),
            box=box,
        )

    def _blind(self) -> str:
        return squeeze(max(self._witnesses, key=lambda witness: witness.confidence).text) if self._witnesses else ""

    def _why(self, offered: int) -> str:
        reasons = list(
            dict.fromkeys(f"{witness.reader}: {witness.reason}" for witness in self._witnesses if witness.reason)
        )
        if len(self._frames) < 2:
            reasons.append(f"only {offered} distinct frame was offered")
        votes = self._votes(Vote.FOR), self._votes(Vote.AGAINST)
        if votes[0] and votes[1]:
            reasons.append("the readers contradict each other")
        elif votes[0] and self._kind in MONEY:
            reasons.append("only one reader can confirm it")
        elif votes[1]:
            reasons.append("only one reader saw another text")
        return "; ".join(reasons) or "no reader could tell"
