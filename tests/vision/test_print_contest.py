"""Printed characters against their rivals, on drawn lines without a camera: a moved camera, dead dots, columns."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.vision.photographs import PAPER
from tillrig.vision import PrintAtlas
from tillrig.vision.geometry import Ink
from tillrig.vision.print_witness import ask_print_atlas, likenesses
from tillrig.vision.readers.base import LineImage
from tillrig.vision.readers.print_atlas import PrintFit
from tillrig.vision.readers.print_model import draw
from tillrig.vision.standing import separators_stand
from tillrig.vision.witness import Vote, respaced

ATLAS = PrintAtlas(PAPER)


def _ink(text: str, dead: tuple[int, ...] = (), down: int = 0, across: int = 0) -> Ink:
    """The drawn line, the camera moved by so many pixels while exposing, with a little noise."""
    drawn = draw(text, ATLAS.fonts["text"], "text", 1, dead)
    assert drawn is not None
    moved = cv2.blur(drawn.picture, (1 + across, 1 + down))
    noise = np.random.default_rng(7).normal(0, 0.03, moved.shape)
    return np.asarray(moved / np.percentile(moved, 97) + noise, np.float32)


def _fit(ink: Ink, text: str) -> PrintFit:
    fit = ATLAS.fit(ink, text, "text")
    assert fit is not None
    return fit


@pytest.mark.parametrize(("down", "across"), [(0, 0), (6, 0), (0, 5), (4, 4)])
def test_a_moved_camera_lets_no_similar_character_pass(down: int, across: int) -> None:
    """What a blur leaves over of 弓 where 号 is expected is seen to be 弓; the sound line stands, as blurred."""
    shown, expected = "凭证弓 VOUCHER NO:301007", "凭证号 VOUCHER NO:301007"
    ink = _ink(shown, down=down, across=across)
    cell = _fit(ink, expected).cells[2]
    assert (cell.margin < 0, cell.rival) == (True, "弓")
    assert _fit(ink, shown).margin > 0


def _word(ink: Ink, text: str, alive: tuple[float, ...] = ()) -> Vote:
    line = LineImage("a", np.zeros((48, 48), np.uint8), None, print=ink, height="text", alive=alive)
    return ask_print_atlas(ATLAS, line, text, "text").vote


def test_a_letter_that_lacks_its_bar_is_no_dead_dot() -> None:
    """C where G is expected only lacks ink, and is no G all the same; a G that a dead dot runs through is."""
    printed, wrong = "商户存根 MERCHANT COPY", "商户存根 MERGHANT COPY"
    assert _word(_ink(printed), wrong) is not Vote.FOR
    assert _word(_ink(printed), printed) is Vote.FOR
    left = 12 * (2 * 4 + 1 + wrong.index("G") - 5)
    assert _word(_ink(wrong, dead=(left + 8,)), wrong) is not Vote.AGAINST


def test_columns_keep_their_spaces_in_what_was_read() -> None:
    """A recogniser loses spaces; its text gets those of the expected one back, every one of a run."""
    wanted = "退货            27  4,547,441.91"
    assert respaced("退货774,547,441.91", wanted) == "退货            77  4,547,441.91"
    assert ATLAS.spaced(_ink("退货   5  1.20"), "退货51.20", "text") == "退货   5  1.20"


@pytest.mark.parametrize(
    ("expected", "seen", "alike"),
    [
        ("ATC:D43B", "ATC:D438", True),
        ("ATC:D438", "ATC:D43B", True),
        ("ATC:D43B", "ATC:D439", False),
        ("B", "B", False),
    ],
)
def test_letters_and_the_digits_they_look_like(expected: str, seen: str, alike: bool) -> None:
    """Only a letter and its likeness are such a pair."""
    assert likenesses(expected, seen) is alike


@pytest.mark.parametrize(
    ("text", "stand"),
    [
        ("RMB -1,234.56", True),
        ("5  12,345,678.90", True),
        ("0.5", True),
        ("VOUCHER NO:000012", True),
        ("1.234.56", False),
        ("12,34", False),
        ("未超1000.00元,免密免签", False),
    ],
)
def test_separators_that_are_vouched_for_are_those_of_numbers(text: str, stand: bool) -> None:
    """A comma and a point of print differ by a dot or three."""
    assert separators_stand(text) is stand
