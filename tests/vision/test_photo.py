"""Amounts of photographed receipts and displays: given only when certain, and never wrong."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.vision.receipts import photo
from tillrig.cli.read_desk import Desk
from tillrig.vision import Frame, Readers
from tillrig.vision.photo import read_photo
from tillrig.vision.photo.pixels import objection


def even(text: str, faint: str = "") -> np.ndarray:
    """An evened line of 64 rows with `text`, and `faint` at a third of the ink right before it."""
    picture = np.full((64, 320), 235, np.uint8)
    for shown, ink, x in ((faint, 165, 50), (text, 30, 78)):
        place = x
        for char in shown:
            cv2.putText(picture, char, (place, 50), cv2.FONT_HERSHEY_SIMPLEX, 1.3, ink, 3, cv2.LINE_AA)
            place += 16 if char in ".," else 29
    return picture


@pytest.mark.parametrize(
    ("shown", "claimed", "good"),
    [("58.00", "58.00", True), ("5800", "58.00", False), ("158.00", "58.00", False), ("58.00", "5.80", False)],
)
def test_the_marks_must_be_those_of_the_amount(shown: str, claimed: str, good: bool) -> None:
    """A point is a mark of its own, and there are as many digits as marks."""
    assert (objection(even(shown), claimed, False, False) == "") is good


def test_faint_ink_beside_an_amount_is_an_unread_digit() -> None:
    """158.00 with a faint 1 is not 58.00."""
    assert objection(even("58.00", faint="1"), "58.00", False, False) != ""


@pytest.fixture(scope="module")
def photo_readers(readers: Readers) -> Readers:
    return Readers(recogniser=readers.recogniser, tesseract=readers.tesseract)


@pytest.mark.parametrize("seed", [4, 1])
def test_amounts_of_clear_photographs_are_given_and_are_right(photo_readers: Readers, seed: int) -> None:
    """At least half of them, and nothing else."""
    picture, amounts, _ = photo(seed, 0.2)
    given = [one.text for one in read_photo(Frame.from_array(picture, camera=f"p{seed}"), photo_readers).amounts]
    assert set(given) <= set(amounts) and len(given) * 2 >= len(amounts)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_photograph_may_lie_on_its_side_or_head(photo_readers: Readers, quarters: int) -> None:
    """Boxes are those of the picture as given."""
    picture, amounts, _ = photo(4, 0.2)
    turned = np.ascontiguousarray(np.rot90(picture, quarters))
    given = read_photo(Frame.from_array(turned, camera=f"q{quarters}"), photo_readers).amounts
    assert given and {one.text for one in given} <= set(amounts)
    for one in given:
        assert all(0 <= x <= turned.shape[1] and 0 <= y <= turned.shape[0] for x, y in one.box)


def test_an_overpainted_point_is_no_amount(photo_readers: Readers) -> None:
    """25.00 whose point is gone is neither 25.00 nor anything else."""
    picture = np.full((240, 700, 3), 225, np.uint8)
    cv2.putText(picture, "TOTAL", (40, 150), cv2.FONT_HERSHEY_SIMPLEX, 2.0, (40, 40, 40), 5, cv2.LINE_AA)
    cv2.putText(picture, "25 00", (400, 150), cv2.FONT_HERSHEY_SIMPLEX, 2.0, (40, 40, 40), 5, cv2.LINE_AA)
    assert read_photo(Frame.from_array(picture, camera="gone"), photo_readers).amounts == ()


def test_the_command_gives_text_fen_and_box(tmp_path: Path) -> None:
    """No profile and no corners are needed; a picture without text has no amounts and no error."""
    picture, amounts, _ = photo(4, 0.2)
    cv2.imwrite(str(tmp_path / "receipt.png"), picture)
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((300, 400, 3), 180, np.uint8))
    desk = Desk(tmp_path)
    told = desk.answer(1, json.dumps({"image": "receipt.png", "kind": "photo"}).encode())
    assert told["amounts"] and "error" not in told
    for one in told["amounts"]:
        assert one["text"] in amounts and one["fen"] == int(one["text"].replace(",", "").replace(".", ""))
        assert len(one["box"]) == 4
    bare = desk.answer(2, json.dumps({"image": "wall.png", "kind": "photo"}).encode())
    assert bare["amounts"] == [] and "error" not in bare


def test_what_stands_beside_an_amount(photo_readers: Readers) -> None:
    """A currency and a tax code are no part of it; a measure is no amount."""
    picture = np.full((620, 900, 3), 225, np.uint8)
    for row, shown in enumerate(("USD$ 25.23", "RMB 58.00", "14.99 F", "25.50 CNY", "1.25 L", "3.50 KG")):
        place = (60, 90 + 100 * row)
        cv2.putText(picture, shown, place, cv2.FONT_HERSHEY_SIMPLEX, 2.0, (40, 40, 40), 5, cv2.LINE_AA)
    amounts = read_photo(Frame.from_array(picture, camera="beside"), photo_readers).amounts
    assert [one.text for one in amounts] == ["25.23", "58.00", "14.99", "25.50"]
