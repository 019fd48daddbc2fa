"""Pictures that are stored show no card number and no PIN."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.vision.photographs import DISPLAY, PAPER, photographed, screen, slip, slip_photographed
from tillrig.masking import Masker
from tillrig.observers.interrogation import ScreenInterrogator, SlipInterrogator
from tillrig.observers.redaction import made_illegible, painted_over
from tillrig.observers.screen import Sighting, State
from tillrig.observers.slip import Capture
from tillrig.profiles import load_profile
from tillrig.vision import ScreenReader, SlipReader

PAN = "9900028765432102"


def picture(jpeg: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)


def capture_of(card: str, seed: int) -> tuple[Capture, list[list[float]]]:
    rows = [("POS签购单/POS SALES SLIP", "text"), (card, "text"), ("RMB 12.34", "amount")]
    frames, corners = slip_photographed(slip([("", "40"), *rows, ("", "120")]), seed=seed)
    return Capture(tuple(frames), 1, lambda last: ()), corners


def test_a_line_with_a_full_card_number_is_painted_over_and_the_rest_is_kept() -> None:
    bare, corners = capture_of(PAN, 800)
    eye = SlipInterrogator(SlipReader(PAPER, corners), load_profile("classic"), Masker([PAN]))
    eye.read(bare)
    before, after = picture(bare.frames[-1].jpeg), picture(eye.picture(bare))
    box = np.asarray((bare.lines or ())[1].box)
    (x0, y0), (x1, y1) = box.min(axis=0).astype(int), box.max(axis=0).astype(int)
    middle = (y0 + y1) // 2
    inside = np.s_[middle - 5 : middle + 5, x0 : x1 + 1]  # the line runs a little askew
    assert np.ptp(after[inside]) < 40 < np.ptp(before[inside])
    amount = np.asarray((bare.lines or ())[2].box)
    (x0, y0), (x1, y1) = amount.min(axis=0).astype(int), amount.max(axis=0).astype(int)
    assert np.ptp(after[y0 + 6 : y1, x0:x1]) > 60
    eye.read(bare)
    top = int(np.asarray((bare.lines or ())[0].box)[0, 1]) - 10
    assert np.ptp(picture(eye.picture(bare))[:top, 200:500]) < 40, "an older slip above may show it too"


def test_a_masked_slip_is_stored_as_it_was_taken() -> None:
    sound, corners = capture_of("990002******2102", 801)
    eye = SlipInterrogator(SlipReader(PAPER, corners), load_profile("classic"), Masker([PAN]))
    eye.read(sound)
    assert eye.picture(sound) == sound.frames[-1].jpeg


SHOWN = ["余额查询", "9900028765432102", "可用余额:", "12.34"]


@pytest.mark.parametrize(
    ("rows", "hidden"),
    [
        (SHOWN, [1]),
        (["990012******1239", "990002******2102", "", "12.34"], []),
        (["卡号:", "99000287654", "32102", "12.34"], [1, 2]),
    ],
    ids=["in a row", "masked", "over two rows"],
)
def test_a_row_with_a_card_number_is_painted_over(rows: list[str], hidden: list[int]) -> None:
    frames, corners = photographed(screen(rows), seed=802)
    profile = load_profile("classic")
    reader = ScreenReader(DISPLAY, corners)
    eye = ScreenInterrogator(reader, profile, Masker([PAN]))
    recognition = profile.recogniser.recognise(rows)
    state = State(tuple(rows), recognition, frames[0].time)
    for frame in frames:
        state.add(frame)
    stored = eye.picture(Sighting(1, state))
    if not hidden:
        assert stored == eye.frames(Sighting(1, state))[0].jpeg
        return
    after, found = picture(stored), reader.quick_rows(frames[0])
    for number, row in enumerate(found):
        if row.text:
            (x0, y0), (x1, y1) = (np.asarray(row.box).min(axis=0), np.asarray(row.box).max(axis=0))
            middle = int(y0 + y1) // 2
            flat = np.ptp(after[middle - 3 : middle + 3, int(x0) + 2 : int(x1) - 2]) < 40
            assert flat == (number in hidden)


def test_what_is_no_picture_is_not_stored_at_all() -> None:
    assert painted_over(b"no jpeg", [[(0, 0), (9, 0), (9, 9)]]) == b""


def _detail(part: np.ndarray) -> float:
    """Deviation within nine pixels, where it is large."""
    exact = part.astype(np.float32)
    spread = cv2.blur(exact * exact, (9, 9)) - cv2.blur(exact, (9, 9)) ** 2
    return float(np.percentile(np.sqrt(np.maximum(spread, 0)), 95))


def test_a_rig_errors_picture_shows_its_surroundings_but_no_character() -> None:
    """Display and paper become blocks wider than their characters; with a camera that moved far, the whole picture."""
    frames, corners = slip_photographed(slip([("9900028765432102", "text"), ("", "120")] * 8), seed=802)
    before = picture(frames[0].jpeg)
    for around, kept in ((60.0, True), (None, False)):
        after = picture(made_illegible(frames[0].jpeg, corners, around))
        points = np.asarray(corners)
        x0, x1, y1 = int(points[:, 0].min()) + 30, int(points[:, 0].max()) - 30, int(points[:, 1].max()) - 30
        paper = np.s_[y1 - 600 : y1, x0:x1]
        assert _detail(before[paper]) > 20
        assert _detail(after[paper]) < 14
        beside = np.s_[1000:1900, 668:718]
        same = np.abs(after[beside].astype(float) - before[beside]).mean() < 1
        assert same == kept
    assert made_illegible(b"no picture", corners, None) == b""
