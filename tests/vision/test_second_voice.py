"""The recogniser's own word on money: it confirms what it saw, not what is expected."""

from __future__ import annotations

import numpy as np
import pytest

from tillrig.vision.readers.base import LineImage, LineReading
from tillrig.vision.witness import Vote, ask_recogniser

LINE = LineImage(frame="f", grey=np.zeros((8, 40), np.uint8), ink=None)


class Says:
    """Reads `free`, or `figures` when only a field's characters are allowed; finds the expected text `margin` nats
    likelier than that."""

    name = "rapidocr"

    def __init__(self, free: str, margin: float, figures: str | None = None) -> None:
        self._free, self._figures, self._margin = free, figures if figures is not None else free, margin

    def judge(self, crop: object, expected: str, alphabet: str | None = None) -> tuple[LineReading, float]:
        return LineReading(self._free if alphabet is None else self._figures, 0.9), self._margin


def word(reader: Says, expected: str, kind: str) -> Vote:
    return ask_recogniser(reader, LINE, expected, kind).vote  # type: ignore[arg-type]


def test_separators_it_cannot_tell_apart_are_no_objection() -> None:
    assert word(Says("50.000.00", -1.0), "50,000.00", "amount") is Vote.FOR


@pytest.mark.parametrize("seen", ["50.000.80", "5O,OOO.0", "50.000", "50,000.0O0", ""])
def test_a_digit_that_it_did_not_see_is_never_confirmed(seen: str) -> None:
    """However near the expected amount is: a reading that can be no amount is no other amount, and no word for it."""
    assert word(Says(seen, -0.1), "50,000.00", "amount") is Vote.SILENT


def test_letters_are_taken_for_the_digits_they_look_like() -> None:
    assert word(Says("l2.3B", -1.0, "12.38"), "12.38", "amount") is Vote.FOR
    assert word(Says("RMB O.05", -1.0, "RMB 0.05"), "RMB 0.05", "amount") is Vote.FOR


def test_and_for_no_others() -> None:
    """What it saw is an 8 or a B, and not the 3 that the field's characters alone would leave."""
    assert word(Says("12.3E", -1.0, "12.33"), "12.33", "amount") is Vote.SILENT


def test_another_amount_within_its_doubt_is_silence_beyond_it_an_accusation() -> None:
    assert word(Says("12.33", -1.0), "12.38", "amount") is Vote.SILENT
    assert word(Says("12.33", -9.0), "12.38", "amount") is Vote.AGAINST
