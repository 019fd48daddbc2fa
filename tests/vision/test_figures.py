"""The reader of figures: any font, one character at a time, and nothing it does not know."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tests.vision.photographs import UNIFONT, photographed, screen, slip, slip_photographed
from tillrig.vision import DisplayGeometry, LineImage, LineReading, PaperGeometry, Readers, ScreenReader, SlipReader
from tillrig.vision.figure_witness import FIGURES_FOR, ask_figures
from tillrig.vision.figures import _covers, figures_read
from tillrig.vision.readers.figure_reader import FigureReader
from tillrig.vision.readers.glyphs import glyph_sets
from tillrig.vision.readers.recogniser import Recogniser
from tillrig.vision.sheet_reading import read_display, read_paper
from tillrig.vision.standing import same_figures
from tillrig.vision.testimony import testify
from tillrig.vision.witness import Vote

READER = FigureReader()
PLAIN = DisplayGeometry()  # a display whose font nobody knows


def dots(text: str) -> np.ndarray:
    """A row of Unifont, which the reader was not trained on."""
    half, _ = glyph_sets((UNIFONT,), (8, 16))
    return np.hstack([half.bits[half.index(char) or 0] for char in text]).astype(np.float32)


def cells(count: int) -> list[tuple[int, int]]:
    return [(8 * number, 8 * number + 8) for number in range(count)]


def test_every_figure_of_a_font_that_it_was_not_trained_on() -> None:
    """Beside digits, without which nobody knows how high a line is."""
    for text in ("0123456789", "50,000.00", "12:34:56", "2026/11/21", "990001******1234", "-12.34"):
        assert READER.read(dots(text), cells(len(text)))[0] == text


def test_random_figures_with_noise() -> None:
    """Grey dots; every reading that is sure is right, and nearly all are sure."""
    rng, sure = np.random.default_rng(3), 0
    for _ in range(60):
        text = "".join(rng.choice(list("0123456789"), 12))
        said, margin = READER.read(np.clip(dots(text) * 0.8 + rng.normal(0, 0.08, (16, 96)), 0, 1), cells(12))
        assert said == text or margin < FIGURES_FOR
        sure += said == text and margin >= FIGURES_FOR
    assert sure >= 50


@pytest.mark.parametrize("text", ["HKMWXEAF", "abdefhkm"])
def test_letters_that_look_like_no_figure_are_none(text: str) -> None:
    """Beside a digit's height of ink."""
    said, _ = READER.read(dots("88" + text), cells(2 + len(text)))
    assert said.startswith("88") and said[2:].count("?") >= len(text) - 1


def test_a_wrong_cut_shows_no_figures() -> None:
    """Two in one part, half of one: what a recogniser's wrong count leads to."""
    said, margin = READER.read(dots("555.5512"), [(0, 16), (16, 24), (24, 32), (32, 40), (40, 52), (52, 64)])
    assert "?" in said or margin < 2


def test_an_empty_cell_among_figures_is_none_for_certain() -> None:
    """Nothing is no minus."""
    gap = np.hstack([dots("12"), np.zeros((16, 8), np.float32), dots("34")])
    said, margin = READER.read(gap, cells(5))
    assert "?" in said or margin < FIGURES_FOR


class Stubborn(Recogniser):
    """Reads the same whatever is shown, and is not sure of it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def judge(self, crop, expected, alphabet=None):  # type: ignore[no-untyped-def]
        return LineReading(self._text, 0.9, ()), -2.0

    def read_crop(self, crop, alphabet=None):  # type: ignore[no-untyped-def]
        return LineReading(self._text, 0.9, ())


@pytest.mark.parametrize(
    ("shown", "expected"), [("RFF:1234", "REF:1234"), ("ATC:D438", "ATC:D43B"), ("TVR:12B8", "TVR:1288")]
)
def test_its_word_alone_confirms_no_text(shown: str, expected: str) -> None:
    """It saw the figures, and no letter; nor is a recogniser's hesitation a second word."""
    lines = [LineImage(name, np.full((48, 144), 255, np.uint8), dots(shown), cell=8) for name in "ab"]
    readers = Readers(recogniser=Stubborn(shown), tesseract=None)
    assert testify(lines, expected, "text", readers).answer == "UNREADABLE"


@pytest.mark.parametrize(
    ("read", "stands"), [("NO:1288", True), ("NO:12B8", False), ("NO:1268", False), ("NO:I288", False)]
)
def test_a_letter_among_figures_is_vouched_for_by_nobody(read: str, stands: bool) -> None:
    """It sees an 8 in a B, beyond doubt, so that its word on what a recogniser read as a letter is none."""
    image = LineImage("a", np.full((48, 336), 255, np.uint8), dots("NO:1288"), cell=8)
    assert same_figures(Readers(tesseract=None), image, read) is stands
    assert READER.read(dots("00B"), cells(3))[0] == "008"


def test_nothing_there() -> None:
    """No ink, no cells, no rows of digits."""
    assert READER.read(np.zeros((16, 32), np.float32), cells(4)) == ("", 0.0)
    assert READER.read(np.zeros((16, 32), np.float32), []) == ("", 0.0)
    assert READER.read(np.ones((3, 8), np.float32), [(0, 8)]) == ("", 0.0)


def test_a_display_whose_font_nobody_knows_is_read_and_testified() -> None:
    """Money by two readers; a wrong digit, a lost dot are told."""
    shots, corners = photographed(screen(["消费", "金额:    1234.56", "凭证号:000123", ""]), seed=4711)
    reader = ScreenReader(PLAIN, corners)
    assert [line.vouched for line in read_display(reader, shots).lines][1:] == [True, True]
    for text, kind, answer in (
        ("金额:1234.56", "amount", "MATCH"),
        ("金额:1234.66", "amount", "MISMATCH"),
        ("金额:123456", "amount", "MISMATCH"),
    ):
        assert reader.testify_row(shots, 1, text, kind).answer == answer


def test_its_word_needs_the_figures_in_their_cells() -> None:
    """FOR, AGAINST what differs, and nothing on a line without figures."""
    shots, corners = photographed(screen(["消费", "12.34", "", ""]), seed=4712)
    reader = ScreenReader(PLAIN, corners)
    line, title = reader.line_image(shots[0], 1), reader.line_image(shots[0], 0)
    network = Recogniser()
    assert ask_figures(READER, network, line, "12.34", "amount").vote is Vote.FOR
    against = ask_figures(READER, network, line, "12.84", "amount")
    assert (against.vote, against.text) == (Vote.AGAINST, "12.34")
    assert ask_figures(READER, network, title, "消费", "text") is None


def test_lines_of_a_slip_whose_font_nobody_knows() -> None:
    """Amount and date, cut where the recogniser sees characters; what is vouched for is what is printed."""
    rng = random.Random(8)
    printed = [
        ("批次号:000123", "text"),
        ("2026/11/21 15:59:26", "text"),
        (f"RMB {rng.randrange(10**5) / 100:.2f}", "amount"),
    ]
    shots, corners = slip_photographed(slip(printed), seed=83)
    reader = SlipReader(PaperGeometry(), corners)
    told = [line for line in read_paper(reader, shots).lines if line.vouched]
    shown = {"".join(text.split()) for text, _ in printed}
    assert told and all("".join(line.text.split()) in shown for line in told)
    image = next(one for one in reader.line_images(shots[-1]) if "2026" in Recogniser().read_line(one).text)
    said = figures_read(READER, Recogniser(), image)
    assert said is not None and said.text == "2026/11/2115:59:26"


def stroke(ink: np.ndarray, *rows: int) -> np.ndarray:
    """A row of the display with one dot in its ninth half-width cell."""
    out = ink.copy()
    for row in rows:
        out[row, 8 * 4 + 3] = 0.9
    return out


def test_a_point_of_one_dot_that_nobody_read_is_not_left_out() -> None:
    """20316349 is not what 2031.63.49 shows, however small its points; an empty cell is no point, but a space."""
    apart = np.hstack([dots("2031"), np.zeros((16, 8), np.float32), dots("6349"), np.zeros((16, 56), np.float32)])
    for ink, text, read in (
        (apart, "2031 6349", "20316349"),
        (apart, "20316349", None),
        (stroke(apart, 13), "20316349", None),
        (stroke(apart, 13), "2031 6349", None),
        (dots("20316349        "), "20316349", "20316349"),
        (dots("2 12.34         "), "212.34", None),
        (dots("2 12.34         "), "2 12.34", "212.34"),
        (dots("22 12.34        "), "22 12.34", "2212.34"),
    ):
        line = LineImage("screen-1", np.zeros((48, 48), np.uint8), ink, cell=8)
        said = figures_read(READER, Recogniser(), line, text)
        assert (said.text if said is not None else None) == read, text


def test_a_digit_that_the_recogniser_dropped_is_not_left_out() -> None:
    """Parted evenly, five of six digits would do for 00000."""
    ink = np.pad(np.kron(dots("000001"), np.ones((2, 3), np.float32)), ((8, 8), (0, 0)))
    five = [(24 * number, 24 * number + 24) for number in range(5)]
    assert not _covers(ink, five, 0, ink.shape[1])
    assert _covers(ink, [*five, (120, 144)], 0, ink.shape[1])
    assert _covers(ink[:, :120], five, 0, 120)


def test_what_it_did_not_read_is_not_its_word() -> None:
    """A label that the recogniser reads otherwise is one reader's word; a letter like a figure confirms nothing."""
    printed = [("批次号:000123", "text"), ("2026/11/21 15:59:26", "text"), ("终端号:00000001", "text")]
    shots, corners = slip_photographed(slip(printed), seed=83)
    network = Recogniser()
    images = SlipReader(PaperGeometry(), corners).line_images(shots[-1])
    line = next(one for one in images if "批次" in network.read_line(one).text)
    assert ask_figures(READER, network, line, "批次码:000123", "digits").vote is Vote.SILENT
    against = ask_figures(READER, network, line, "批次号:000128", "digits")
    assert (against.vote, against.text) == (Vote.AGAINST, "批次号:000123")
    display = LineImage("screen-1", np.zeros((48, 48), np.uint8), dots("501234          "), cell=8)
    assert ask_figures(READER, network, display, "S01234", "text").weak
    plain = ask_figures(READER, network, display, "501234", "text")
    assert (plain.vote, plain.weak) == (Vote.FOR, False)


def test_count_and_amount_are_no_larger_amount() -> None:
    """2 12.34 is not 212.34, whatever recognisers make of the space; nor the other way round."""
    rows = ["2 12.34", "28  333.33", "28333.33", "1000 200.00"]
    shots, corners = photographed(screen(rows), seed=4713)
    reader = ScreenReader(PLAIN, corners)
    for row, text, answer in (
        (0, "212.34", "UNREADABLE"),
        (1, "28333.33", "UNREADABLE"),
        (2, "28333.33", "MATCH"),
        (2, "28 333.33", "UNREADABLE"),
        (3, "1000200.00", "UNREADABLE"),
        (3, "1000 200.00", "MATCH"),
    ):
        assert reader.testify_row(shots, row, text, "amount").answer == answer, text
    told = [line.text for line in read_display(reader, shots[:1]).lines if line.vouched]
    assert not {"212.34", "28 333.33", "1000200.00"} & set(told[2:]) and "212.34" not in told
