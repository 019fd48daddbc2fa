"""What a testimony rests on, for people: who said what of which frame, and of which character how surely.

Frozen data, written into `attempt.json` and `summary.json` with the finding; the report draws it.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tillrig.masking import Masker, mask_digits

Point = tuple[float, float]


class CellMargin(msgspec.Struct, frozen=True):
    """One expected character in its place: `margin` 1 when the dots in which it differs from `rival` say the character,
    -1 when they say the rival ("?" a character that nobody knows, "" one that is not told here)."""

    char: str
    margin: float
    rival: str = ""


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """One reader on one frame: `vote` for, against or silent, `text` what it read blind, `margin` in about nats for the
    expected text, `reason` why it is silent or against, `cells` in order where it sees single characters."""

    reader: str
    frame: str
    vote: str
    text: str
    margin: float = 0.0
    confidence: float = 0.0
    reason: str = ""
    cells: tuple[CellMargin, ...] = ()


class Exhibit(msgspec.Struct, frozen=True, kw_only=True):
    """`kind` of the expectation, `answer` MATCH, MISMATCH or UNREADABLE, `margin` of the weakest deciding reader,
    `readers` that decided, `frames` that were asked, `box` four camera points around the line.

    `withheld`: why texts and characters are left out.
    """

    kind: str
    answer: str
    margin: float = 0.0
    readers: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()
    box: tuple[Point, ...] = ()
    withheld: str = ""

    def masked(self, masker: Masker) -> Exhibit:
        """Without card numbers: single characters could be put together again, so they go with the texts."""
        told = [text for word in self.words for text in (word.text, word.reason, *_spelt(word.cells))]
        if all(masker.text(text) == text for text in told):
            return self
        return self.without(masker.text, "a card number was legible here")

    def hidden(self) -> Exhibit:
        """Of a field that shows a secret: how sure the readers were, not what they read."""
        return self.without(mask_digits, "it may show a secret")

    def without(self, hide: Callable[[str], str], why: str) -> Exhibit:
        """Texts through `hide`, reasons and characters left out."""
        words = tuple(
            msgspec.structs.replace(
                word, text=hide(word.text), reason="", cells=tuple(CellMargin("", one.margin) for one in word.cells)
            )
            for word in self.words
        )
        return msgspec.structs.replace(self, words=words, withheld=why)


def _spelt(cells: tuple[CellMargin, ...]) -> tuple[str, ...]:
    """What the characters spell, and what they do where the rivals are seen instead."""
    expected = "".join(cell.char for cell in cells)
    instead = "".join(cell.rival if cell.margin < 0 and len(cell.rival) == 1 else cell.char for cell in cells)
    return expected, instead
