"""What every reader takes and gives, so that they can be exchanged and compared."""

from __future__ import annotations

import unicodedata
from typing import Protocol, runtime_checkable

import msgspec

from tillrig.vision.geometry import Grey, Ink, Point

# Words that mean the same to the reader of a slip (spec receipts, settlement slip).
_SAME = str.maketrans(
    {
        "帐": "账",
        "“": '"',
        "”": '"',
        "‘": "'",
        "’": "'",
        "—": "-",
        "–": "-",
        "−": "-",
        "、": ",",
        "。": ".",
        "·": ".",
    }
)


def fold(text: str) -> str:
    """Full-width forms to ASCII and the few spellings that count as one; spaces kept."""
    return unicodedata.normalize("NFKC", text).translate(_SAME)


def squeeze(text: str) -> str:
    """`fold`, ends stripped and every run of spaces made one."""
    return " ".join(fold(text).split())


def bare(text: str) -> str:
    """`fold` without any space: recognisers neither see nor count spaces reliably."""
    return "".join(fold(text).split())


class LineImage(msgspec.Struct, frozen=True):
    """One line of one frame.

    `grey`: upright crop, dark ink on light ground, tight to the ink (uint8). `ink`: the same line by dots, 0 clear 1
    dark, full width of the row (None where no dot grid is known). `print`: ink of a printed line and its surroundings
    at two pixels a dot, `height` its class ("text", "small", "amount"). `blank`: no ink in the line; `shows`: there
    is ink elsewhere, so that blank means blank. `box`: four camera points from top-left clockwise. `saturated`: share
    of clipped dots. `dead`: where the slip's other lines show dead dot columns, in dots from the left of `print`;
    `alive`: where they show that the head prints.
    `cell`: dots of a half-width character where characters stand in cells of `ink`.
    """

    frame: str
    grey: Grey
    ink: Ink | None
    box: tuple[Point, ...] = ()
    inverse: bool = False
    saturated: float = 0.0
    print: Ink | None = None
    height: str = ""
    blank: bool = False
    shows: bool = True
    dead: tuple[float, ...] = ()
    alive: tuple[float, ...] = ()
    cell: int = 0


class CharReading(msgspec.Struct, frozen=True):
    """One character of a reading; `confidence` 0..1, `column` its first half-width column where a grid is known."""

    char: str
    confidence: float
    column: int = -1


class LineReading(msgspec.Struct, frozen=True):
    """A blind reading of one line; `confidence` 0..1 is the weakest character's."""

    text: str
    confidence: float
    chars: tuple[CharReading, ...] = ()


@runtime_checkable
class Reader(Protocol):
    """Reads one line at a time. Contract: tests/vision/test_readers.py."""

    @property
    def name(self) -> str: ...

    def read_line(self, line: LineImage, alphabet: str | None = None) -> LineReading:
        """Blind reading; `alphabet` limits the characters where the field's type does."""

    def score(self, line: LineImage, expected: str) -> float:
        """Log-likelihood margin of `expected` against the best other text: above 0 it wins; -inf when it cannot be."""
