"""QR codes: decoded through the optics, held against an expectation, never guessed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.vision.codes import on_slip, on_tft, photographed, qr
from tillrig.errors import UsageError
from tillrig.vision import Answer, Frame, read_qr, testify_qr

TEXT = "https://pay.example/9900?amt=12.34&ref=000123456789"
OTHER = TEXT.replace("12.34", "12.35")


@pytest.mark.parametrize(("grade", "module", "seed"), [("clean", 3, 1001), ("typical", 3, 1002), ("typical", 4, 1003)])
def test_a_code_on_a_display_matches_its_text_and_no_other(grade: str, module: int, seed: int) -> None:
    """Six camera pixels a module; an amount that differs by one digit is another code."""
    frames, pose = photographed(on_tft(qr(TEXT, module)), "tft", grade, seed)
    said = testify_qr(frames, TEXT, pose.corners)
    assert (said.answer, said.readers, len(said.frames)) == (Answer.MATCH, ("zxing",), 2)
    wrong = testify_qr(frames, OTHER, pose.corners)
    assert (wrong.answer, wrong.seen) == (Answer.MISMATCH, TEXT)
    (code,) = read_qr(frames[0], pose.corners)
    size = 33 * module
    left, top = (320 - size) // 2, (240 - size) // 2
    true = pose.project([(left, top), (left + size, top), (left + size, top + size), (left, top + size)])
    assert float(np.abs(np.asarray(code.corners) - true).max()) < 8


@pytest.mark.parametrize("seed", [1004, 1005])
def test_bad_light_gives_the_right_text_or_none(seed: int) -> None:
    frames, pose = photographed(on_tft(qr(TEXT, 3)), "tft", "bad", seed)
    assert testify_qr(frames, TEXT, pose.corners).answer in (Answer.MATCH, Answer.UNREADABLE)
    assert testify_qr(frames, OTHER, pose.corners).answer in (Answer.MISMATCH, Answer.UNREADABLE)


def test_a_code_on_a_slip() -> None:
    frames, pose = photographed(on_slip(qr(TEXT, 6)), "slip", "typical", 1006)
    assert testify_qr(frames, TEXT, pose.corners).answer is Answer.MATCH
    assert testify_qr(frames, OTHER, pose.corners).answer is Answer.MISMATCH


def plain(*codes: np.ndarray) -> np.ndarray:
    """Without optics."""
    grey = (on_tft(*codes).mean(axis=2) * 255).astype(np.uint8)
    return cv2.resize(grey, None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST)


def frames_of(*pictures: np.ndarray) -> list[Frame]:
    made = [picture.copy() for picture in pictures]
    for number, one in enumerate(made):
        one[0, number] = 7  # distinct frames differ
    return [Frame.from_array(one, sequence=number) for number, one in enumerate(made)]


def test_what_cannot_be_decoded_is_unreadable() -> None:
    """No code, a code with a third of it hidden, and one frame alone."""
    whole = plain(qr(TEXT, 3))
    hidden = whole.copy()
    hidden[:, 500:] = 128
    assert testify_qr(frames_of(np.full_like(whole, 200), np.full_like(whole, 200)), TEXT).answer is Answer.UNREADABLE
    assert testify_qr(frames_of(hidden, hidden), TEXT).answer is Answer.UNREADABLE
    alone = testify_qr(frames_of(whole), TEXT)
    assert alone.answer is Answer.UNREADABLE and "one frame only" in alone.reason
    twice = frames_of(whole)[0]
    assert testify_qr([twice, twice], TEXT).answer is Answer.UNREADABLE, "the same picture twice is one picture"


def test_two_codes_accuse_and_confirm_nobody() -> None:
    both, one, two = plain(qr(TEXT, 3), qr(OTHER, 3)), plain(qr(TEXT, 3)), plain(qr(OTHER, 3))
    assert {code.text for code in read_qr(both)} == {TEXT, OTHER}
    assert testify_qr(frames_of(both, both), TEXT).answer is Answer.UNREADABLE
    changing = testify_qr(frames_of(one, two), TEXT)
    assert changing.answer is Answer.UNREADABLE and "different codes" in changing.reason


def test_a_code_outside_the_corners_is_none_of_the_display() -> None:
    """A sticker on the housing."""
    both = plain(qr(TEXT, 3), qr(OTHER, 3))
    half = [[0.0, 0.0], [479.0, 0.0], [479.0, 719.0], [0.0, 719.0]]
    assert [code.text for code in read_qr(both, half)] == [TEXT]
    with pytest.raises(UsageError):
        read_qr(both, [[0, 0], [1, 1], [2, 2], [3, 3]])


def test_a_picture_may_be_grey_or_coloured_and_light_on_dark() -> None:
    grey = plain(qr(TEXT, 3))
    assert read_qr(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))[0].text == TEXT
    assert read_qr(255 - grey)[0].text == TEXT
    assert read_qr(np.full((100, 100), 90, np.uint8)) == ()
