"""A slice of the reading benchmark: fonts, texts and optics that the eye was not tuned on, and nothing read wrong."""

from __future__ import annotations

import pytest

from benchmarks.reading.poses import Plan, judge

# Each is one fixed pose of the corpus; `make bench-reading` reads all of them.
SLICE = {
    "an LCD on the typical grade, its font in the profile": 3,
    "an LCD on the bad grade, its font in the profile": 20,
    "a colour display, its font unknown": 22,
    "a colour display on the typical grade, its font in the profile": 7,
    "a slip on the typical grade, its fonts in the profile": 41,
    "a slip out of focus, its fonts in the profile": 105,
}


@pytest.mark.parametrize("number", SLICE.values(), ids=SLICE.keys())
def test_nothing_is_read_wrong_in_a_slice_of_the_corpus(number: int) -> None:
    """No blind reading is vouched for that is not shown, no sound line is accused, no one-character fault is MATCH."""
    record = judge(Plan.of(number), screens=1, numbers=0)
    assert record.lines
    assert [
        (case.what, case.shown, case.asked, case.said) for case in record.cases if case.what != "blind refused"
    ] == []
    assert record.wrong == 0


def test_a_colour_display_of_a_known_font_is_read_on_the_typical_grade() -> None:
    """The same for smooth text."""
    record = judge(Plan.of(7), screens=1, numbers=0)
    words = [line.sound for line in record.lines if line.sound]
    assert (record.optics, record.surface, record.knows) == ("typical", "tft", "font known")
    assert words.count("MATCH") >= 0.7 * len(words)


def test_an_lcd_of_a_known_font_is_read_on_the_clean_grade() -> None:
    """An eye that refuses everything would pass the slice above: here most lines must be MATCH."""
    record = judge(Plan.of(120), screens=1, numbers=0)
    words = [line.sound for line in record.lines if line.sound]
    assert record.optics == "clean" and record.surface == "lcd" and record.knows == "font known"
    assert words.count("MATCH") >= 0.7 * len(words)
    assert record.wrong == 0
