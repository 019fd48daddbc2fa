"""A calibration that is a dot off puts every dot in its neighbour's place: the terminal's own glyphs tell, and
nothing that is shown is taken for another text on the way."""

from __future__ import annotations

import numpy as np
import pytest

from tests.vision.photographs import DISPLAY, photographed, screen
from tillrig.vision import Answer, Frame, LineImage, Readers, ScreenReader
from tillrig.vision.glyphfit import bulged
from tillrig.vision.rectify import Rectifier
from tillrig.vision.testimony import testify

SHOWN = screen(["消费", "请输入金额:", "1234.56", "3 退货  4 预授权"], inverse=[0])
# Camera pixels (a dot has five) by which each corner is calibrated wrong, from top-left clockwise.
OFF = {
    "a dot right": [(5, 0)] * 4,
    "a dot up": [(0, -5)] * 4,
    "the right side a dot too far": [(0, 0), (5, 1), (5, -1), (0, 0)],
    "flattened": [(0, 4), (0, 4), (0, -4), (0, -4)],
}


@pytest.mark.parametrize("off", OFF.values(), ids=OFF)
def test_a_grid_a_dot_beside_is_moved_to_the_glyphs(off: list[tuple[int, int]], readers: Readers) -> None:
    frames, corners = photographed(SHOWN, seed=11, count=3)
    reader = ScreenReader(
        DISPLAY, [[x + dx, y + dy] for (x, y), (dx, dy) in zip(corners, off, strict=True)], readers=readers
    )
    assert reader.read_screen(frames[0]).texts == ("消费", "请输入金额:", "1234.56", "3 退货  4 预授权")
    assert reader.testify_row(frames[1:], 2, "1234.56", "amount").answer is Answer.MATCH
    said = reader.testify_row(frames[1:], 2, "1234.58", "amount")
    assert (said.answer, said.seen) == (Answer.MISMATCH, "1234.56")


def test_a_bulge_leaves_the_corners_and_is_the_lens_terms() -> None:
    assert bulged(np.array([-1.0, 1.0]), np.array([1.0, -1.0]), 0.5) == pytest.approx(np.zeros((2, 2)))
    corners = [[320.0, 200.0], [960.0, 200.0], [960.0, 520.0], [320.0, 520.0]]
    before = Rectifier(corners, 128, 64, 4)
    after, k1 = before.moved(np.zeros((4, 2)), 0.5, (1280, 720))
    assert k1 > 0
    ((_, y0),) = before.to_camera([(64.0, 0.0)], (1280, 720))
    ((_, y1),) = before.at(after, k1).to_camera([(64.0, 0.0)], (1280, 720))
    assert y1 - y0 == pytest.approx(0.5 * 5, abs=0.5)


def test_ink_that_nobody_can_read_is_not_nothing(readers: Readers) -> None:
    """A row that light has bleached is blank in one frame and a blot in the next: that accuses nobody. Blank in each,
    on a display that shows, it does."""
    white, none = np.full((48, 320), 255, np.uint8), np.zeros((16, 128), np.float32)
    blot = none.copy()
    blot[5:7, 60:62] = 0.7
    blank = [LineImage(name, white, none, blank=True) for name in "ab"]
    assert testify(blank, "12.34", "amount", readers).answer is Answer.MISMATCH
    bleached = [blank[0], LineImage("b", white, blot), LineImage("c", white, none, blank=True)]
    assert testify(bleached, "12.34", "amount", readers).answer is Answer.UNREADABLE


def test_a_row_in_clipped_light_is_not_known_to_be_blank(readers: Readers) -> None:
    frames, corners = photographed(screen(["消费", "", "1234.56", ""], inverse=[0]), seed=11, count=2)
    lit = []
    for number, frame in enumerate(frames):
        picture = frame.image().copy()
        x, y = (int(sum(one) / 4) for one in zip(*corners, strict=True))
        picture[y + 90 : y + 150, x - 200 : x + 200] = 255
        lit.append(Frame.from_array(picture, camera=f"lit{number}", sequence=number))
    said = ScreenReader(DISPLAY, corners, readers=readers).testify_row(lit, 3, "12.34", "amount")
    assert said.answer is Answer.UNREADABLE, said.reason
