"""What a person is shown of a testimony: the line upright, who said what, and no secret."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from tests.vision.photographs import DISPLAY, PAPER, photographed, screen, slip, slip_photographed
from tillrig.exhibits import CellMargin, Exhibit, Word
from tillrig.masking import Masker
from tillrig.observations import Reading
from tillrig.observers.interrogation import ScreenInterrogator, SlipInterrogator
from tillrig.observers.redaction import rectified
from tillrig.observers.screen import Sighting, State
from tillrig.observers.slip import Capture
from tillrig.profiles import LineExpectation, RowExpectation, load_profile
from tillrig.vision import Readers, ScreenReader, SlipReader

PAN = "9900028765432102"


class Store(dict[str, bytes]):
    """Blobs by name."""

    def __call__(self, data: bytes) -> str:
        self[f"blob {len(self)}"] = data
        return f"blob {len(self) - 1}"


def asked(
    rows: list[str], row: int, expected: str, readers: Readers, kind: str = "amount", part: str = "amount"
) -> tuple[Any, Store]:
    frames, corners = photographed(screen(rows), seed=820)
    profile = load_profile("classic")
    eye = ScreenInterrogator(ScreenReader(DISPLAY, corners, readers=readers), profile, Masker([PAN]))
    state = State(tuple(rows), profile.recogniser.recognise(rows), frames[0].time)
    for frame in frames:
        state.add(frame)
    sighting = Sighting(1, state)
    eye.ask(sighting, [RowExpectation(row=row, text=expected, kind=kind, part=part, requirement="R")])
    store = Store()
    seen = eye.observe(sighting, 1, store=store)
    return seen.lines[row].said_of(expected), store


def test_a_mismatch_on_a_screen_keeps_who_said_what_and_a_crop_of_each_frame(readers: Readers) -> None:
    """The cell that differs is the one with the margin below zero, and its rival is what is shown."""
    said, store = asked(["#消费", "请输入金额:", "12.34", ""], 2, "12.31", readers)
    assert said.reading is Reading.MISMATCH
    atlas = [word for word in said.exhibit.words if word.reader == "atlas"]
    assert [cell.char for cell in atlas[0].cells] == list("12.31")
    assert [(cell.char, cell.rival) for cell in atlas[0].cells if cell.margin < 0] == [("1", "4")]
    assert len(said.crops) == len(said.exhibit.frames) >= 2
    for blob in said.crops:
        crop = cv2.imdecode(np.frombuffer(store[blob], np.uint8), cv2.IMREAD_COLOR)
        assert crop.shape[1] > 1.5 * crop.shape[0] and np.ptp(crop) > 40


def test_a_plain_match_stores_no_picture(readers: Readers) -> None:
    """A variation that must not cost anything: thousands of lines of a run are sound."""
    said, store = asked(["#消费", "请输入金额:", "12.34", ""], 2, "12.34", readers)
    assert said.reading is Reading.MATCH and not said.crops and not store


@pytest.mark.parametrize(
    ("shown", "expected", "part"), [("**34", "****", "stars"), ("1234", "****", "stars")], ids=["last digits", "all"]
)
def test_of_a_secret_no_digit_is_kept(shown: str, expected: str, part: str, readers: Readers) -> None:
    """Neither as text nor as a rival of a star, nor in a picture."""
    said, store = asked(["#消费", "请输入密码:", shown, ""], 2, expected, readers, "masked_pan", part)
    told = repr(said.exhibit.words) + said.seen + said.why
    assert said.reading is not Reading.MATCH and not store and not said.crops
    assert not any(
        char in cell.rival + cell.char for word in said.exhibit.words for cell in word.cells for char in "34"
    )
    assert not any(digits in told for digits in ("34'", "1234", "**34"))


def test_a_row_with_a_card_number_is_told_masked_and_not_drawn(readers: Readers) -> None:
    said, store = asked(
        ["余额查询", PAN, "可用余额:", "12.34"], 1, "990002******2102", readers, "masked_pan", "card_no"
    )
    assert not store and not said.crops
    assert PAN[6:12] not in repr(said) and said.exhibit.withheld


def test_a_slips_line_is_drawn_and_one_with_a_card_number_is_not(paper_readers: Readers) -> None:
    rows = [("POS签购单/POS SALES SLIP", "text"), (PAN, "text"), ("RMB 12.34", "amount")]
    frames, corners = slip_photographed(slip([("", "40"), *rows, ("", "120")]), seed=821)
    eye = SlipInterrogator(SlipReader(PAPER, corners, readers=paper_readers), load_profile("classic"), Masker([PAN]))
    capture = Capture(tuple(frames), 1, lambda last: ())
    eye.read(capture)
    wanted = [
        LineExpectation(field="card_no", text="990002******2102", kind="masked_pan", requirement="R"),
        LineExpectation(field="amount", text="RMB 12.37", kind="amount", requirement="R", size="amount"),
    ]
    eye.ask(capture, wanted, [1, 2])
    store = Store()
    lines = eye.observe(capture, 1, store=store).lines
    card, amount = lines[1].said_of("990002******2102"), lines[2].said_of("RMB 12.37")
    assert not card.crops and PAN[6:12] not in repr(card)
    assert amount.reading is Reading.MISMATCH and len(amount.crops) >= 2
    assert {cell.rival for word in amount.exhibit.words for cell in word.cells if cell.margin < 0} == {"4"}


def test_a_crop_shows_nothing_of_what_is_hidden_beside_it() -> None:
    """The line above is painted over before the line is cut out."""
    picture = np.full((200, 400, 3), 220, np.uint8)
    cv2.putText(picture, "4321", (40, 90), cv2.FONT_HERSHEY_PLAIN, 3, (0, 0, 0), 3)
    jpeg = bytes(cv2.imencode(".jpg", picture)[1])
    box = [(40.0, 100.0), (360.0, 100.0), (360.0, 160.0), (40.0, 160.0)]
    above = [(30.0, 40.0), (200.0, 40.0), (200.0, 95.0), (30.0, 95.0)]
    bare = cv2.imdecode(np.frombuffer(rectified(jpeg, box), np.uint8), 0)
    hidden = cv2.imdecode(np.frombuffer(rectified(jpeg, box, [above]), np.uint8), 0)
    assert np.abs(bare[:9].astype(int) - hidden[:9]).max() > 100
    assert np.ptp(hidden[:6, 5:100]) < 40
    assert rectified(b"", box) == b"" == rectified(jpeg, ())


def test_single_characters_of_a_card_number_go_with_it() -> None:
    """They could be put together again."""
    cells = tuple(CellMargin(char, 0.5, "8") for char in PAN)
    word = Word(reader="atlas", frame="f", vote="for", text="", cells=cells)
    hidden = Exhibit(kind="masked_pan", answer="MATCH", words=(word,)).masked(Masker([PAN]))
    assert {cell.char + cell.rival for cell in hidden.words[0].cells} == {""}
    instead = tuple(CellMargin("*", -0.5, char) for char in PAN)
    word = Word(reader="atlas", frame="f", vote="against", text="", cells=instead)
    hidden = Exhibit(kind="masked_pan", answer="MISMATCH", words=(word,)).masked(Masker([PAN]))
    assert {cell.char + cell.rival for cell in hidden.words[0].cells} == {""}
    sound = Exhibit(kind="amount", answer="MATCH", words=(Word(reader="a", frame="f", vote="for", text="12.34"),))
    assert sound.masked(Masker([PAN])) is sound
