"""What a classic screen shows through the typical optics is read and testified; a firmware bug of one character is
not overlooked."""

from __future__ import annotations

import random

import pytest

from tests.poses import POSES
from tests.vision.photographs import DISPLAY, fields, photographed, screen
from tillrig.vision import Answer, Readers, ScreenReader

SCREENS = range(3 * POSES)
# (shown, expected, kind): one character differs.
FAULTS = [
    ("12.35", "12.34", "amount"),
    ("1234", "12.34", "amount"),
    ("1.234", "12.34", "amount"),
    ("50000.00", "5000.00", "amount"),
    ("***1", "****", "masked_pan"),
    ("*****", "****", "masked_pan"),
    ("990012*****51234", "990012******1234", "masked_pan"),
    ("000124", "000123", "digits"),
    ("可用佘额不足", "可用余额不足", "text"),
    ("请输人金额:", "请输入金额:", "text"),
    ("交易戌功", "交易成功", "text"),
    ("交易失败", "交易成功", "text"),
]


def _reader(corners: list[list[float]], readers: Readers) -> ScreenReader:
    return ScreenReader(DISPLAY, corners, readers=readers)


@pytest.mark.parametrize("pose", SCREENS)
def test_sound_rows_match_and_read_blind(pose: int, readers: Readers) -> None:
    """A sound screen is MATCH in every row from two frames, and its blind reading is right."""
    rng = random.Random(pose)
    shown = fields(rng)
    frames, corners = photographed(screen([text for text, _ in shown], inverse=[0], right=[2]), seed=400 + pose)
    reader = _reader(corners, readers)
    said = reader.testify_screen(frames, [(row, text, kind) for row, (text, kind) in enumerate(shown)])
    assert [(one.answer, one.seen) for one in said] == [(Answer.MATCH, " ".join(text.split())) for text, _ in shown]
    assert all(len(one.frames) >= 2 for one in said)
    read = reader.read_screen(frames[0])
    assert [row.text.split() for row in read.rows] == [text.split() for text, _ in shown]
    assert [row.inverse for row in read.rows] == [True, False, False, False]


@pytest.mark.parametrize("first", range(0, len(FAULTS), 3))
def test_one_wrong_character_is_a_mismatch(first: int, readers: Readers) -> None:
    """One character that differs gives MISMATCH with what was seen, from two distinct frames."""
    faults = FAULTS[first : first + 3]
    picture = screen(["消费", *(shown for shown, _, _ in faults)], inverse=[0])
    frames, corners = photographed(picture, seed=500 + first, count=3)
    reader = _reader(corners, readers)
    for row, (shown, expected, kind) in enumerate(faults, 1):
        said = reader.testify_row(frames, row, expected, kind)
        assert (said.answer, said.seen) == (Answer.MISMATCH, shown), said.reason
        assert len(set(said.frames)) >= 2


def test_one_frame_is_no_proof(readers: Readers) -> None:
    """Neither MATCH nor MISMATCH rests on a single frame, nor on the same frame twice."""
    frames, corners = photographed(screen(["消费", "12.34", "", ""], inverse=[0]), seed=7, count=1)
    for expected in ("12.34", "12.35"):
        said = _reader(corners, readers).testify_row([frames[0], frames[0]], 1, expected, "amount")
        assert said.answer is Answer.UNREADABLE
        assert "distinct frame" in said.reason


def test_a_blank_row_is_blank_and_text_where_none_belongs_is_a_mismatch(readers: Readers) -> None:
    """ "" expects a blank row: sound when blank, a mismatch when something stands there."""
    frames, corners = photographed(screen(["消费", "", "12.34", ""], inverse=[0]), seed=8, count=3)
    reader = _reader(corners, readers)
    assert [row.blank for row in reader.quick_rows(frames[0])] == [False, True, False, True]
    assert reader.testify_row(frames, 1, "").answer is Answer.MATCH
    assert reader.testify_row(frames, 2, "").answer is Answer.MISMATCH
    assert reader.testify_row(frames, 1, "12.34", "amount").answer is Answer.MISMATCH


def test_a_dark_display_reads_as_blank_rows(readers: Readers) -> None:
    """A display that shows nothing has only blank rows."""
    frames, corners = photographed(screen(["", "", "", ""]), seed=9, count=1)
    assert all(row.blank for row in _reader(corners, readers).quick_rows(frames[0]))


def test_the_ghost_of_the_last_amount_is_not_read(readers: Readers) -> None:
    """Right after a change, the last screen's ghost does not change what is read."""
    before, after = (
        screen(["消费", "请输入金额:", "888.88", ""], inverse=[0]),
        screen(["消费", "请输入金额:", "1.11", ""], inverse=[0]),
    )
    frames, corners = photographed(after, seed=10, before=before, after_s=0.02)
    assert _reader(corners, readers).testify_row(frames, 2, "1.11", "amount").answer is Answer.MATCH


def test_the_grid_is_fitted_to_a_camera_that_was_calibrated_badly(readers: Readers) -> None:
    """Corners two pixels off are refined on the text that is shown."""
    frames, corners = photographed(screen(["消费", "请输入金额:", "1234.56", "3 退货  4 预授权"], inverse=[0]), seed=11)
    off = [[x + dx, y + dy] for (x, y), (dx, dy) in zip(corners, ((2, -2), (-2, 2), (2, 2), (-2, -2)), strict=True)]
    said = _reader(off, readers).testify_row(frames, 2, "1234.56", "amount")
    assert said.answer is Answer.MATCH, said.reason


def test_glare_that_hides_a_row_from_the_dots_accuses_nobody(readers: Readers) -> None:
    """On a dim display ink and atlas are one voice: they may see nothing where a title stands."""
    shown = fields(random.Random(6))
    frames, corners = photographed(screen([text for text, _ in shown], [0], [2]), 7006, 4, "bad")
    reader = _reader(corners, readers)
    said = [reader.testify_row(frames, row, text, kind) for row, (text, kind) in enumerate(shown)]
    assert Answer.MISMATCH not in {one.answer for one in said}
    assert reader.testify_row(frames, 0, "").answer is not Answer.MATCH, "nor is such a row known to be blank"
