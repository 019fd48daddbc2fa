"""What several frames, clipped light or the same picture twice may not add up to."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from tests.vision.photographs import DISPLAY, frame_of, photographed, screen
from tillrig.errors import UsageError
from tillrig.simulator.optics.pose import Pose
from tillrig.vision import Frame, ScreenReader
from tillrig.vision.sheet_reading import read_display


@pytest.fixture
def shots() -> tuple[list[Frame], list[Frame], list[list[float]]]:
    """Two frames of 12.34, two of 12.84, one pose."""
    one, corners = photographed(screen(["消费", "请输入金额:", "", "12.34"]), seed=61)
    other, _ = photographed(screen(["消费", "请输入金额:", "", "12.84"]), seed=61)
    return one, other, corners


def test_frames_that_contradict_each_other_vouch_for_nothing(shots) -> None:
    """The other rows stand."""
    one, other, corners = shots
    sheet = read_display(ScreenReader(DISPLAY, corners), [one[0], msgspec.structs.replace(other[1], sequence=5)])
    assert [line.vouched for line in sheet.lines] == [True, True, False]
    third = [one[0], msgspec.structs.replace(other[1], sequence=5), msgspec.structs.replace(one[1], sequence=6)]
    assert not read_display(ScreenReader(DISPLAY, corners), third).lines[-1].vouched
    alike = read_display(ScreenReader(DISPLAY, corners), one)
    assert [line.vouched for line in alike.lines] == [True, True, True]


def test_the_same_picture_twice_is_one_frame(shots) -> None:
    """However it is numbered."""
    one, _, corners = shots
    again = msgspec.structs.replace(one[0], sequence=99)
    said = ScreenReader(DISPLAY, corners).testify_row([one[0], again], 3, "12.34", "amount")
    assert said.answer == "UNREADABLE" and "only 1 distinct frame" in said.reason
    assert ScreenReader(DISPLAY, corners).testify_row(one, 3, "12.34", "amount").answer == "MATCH"


@pytest.mark.parametrize("row", [-1, 4])
def test_a_row_that_the_display_lacks_is_refused(shots, row: int) -> None:
    """Not the last one, not a bare IndexError."""
    one, _, corners = shots
    with pytest.raises(UsageError, match=str(row)):
        ScreenReader(DISPLAY, corners).testify_row(one, row, "12.34", "amount")


def test_a_row_in_clipped_light_is_not_blank() -> None:
    """Text may stand beneath the glare; the title above is read."""
    one, corners = photographed(screen(["消费", "请输入金额:", "", "12.34"]), seed=61)
    box = np.array(ScreenReader(DISPLAY, corners).read_screen(one[0]).rows[3].box)
    left, top = box.min(axis=0).astype(int) - 6
    right, bottom = box.max(axis=0).astype(int) + 6
    glaring = []
    for number, frame in enumerate(one):
        picture = frame.image().copy()
        picture[top:bottom, left - 200 : right + 20] = 255
        glaring.append(frame_of(picture, Pose.draw("typical", 61), number))
    reader = ScreenReader(DISPLAY, corners)
    assert reader.testify_row(glaring, 3, "").answer == "UNREADABLE"
    assert reader.testify_row(glaring, 3, "12.34", "amount").answer == "UNREADABLE"
    assert reader.testify_row(glaring, 0, "消费").answer == "MATCH"
