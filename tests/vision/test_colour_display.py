"""A colour display's smooth text is read and testified with the font that the profile names; one wrong character is
not overlooked, and what the row does not decide is UNREADABLE."""

from __future__ import annotations

import random
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from benchmarks.reading.optics import Pose
from benchmarks.reading.scenes import TftScene
from benchmarks.reading.settings import SETTINGS
from tillrig.errors import ProfileError, UsageError
from tillrig.vision import Answer, ColourAtlas, DisplayGeometry, FontSpec, Frame, Readers, ScreenReader
from tillrig.vision.find_screen import find_screen
from tillrig.vision.learning import Harvest
from tillrig.vision.sheet_reading import read_display

# A font that is neither the benchmark's nor of one width.
ZENHEI = [FontSpec("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", size, 0) for size in (20, 24)]
COLOUR = DisplayGeometry(
    kind="colour", width=320, height=240, rows=8, columns=40, cell=(8, 30), fonts=(ZENHEI[0], ZENHEI[1])
)
LIGHT, DARK, AMBER = (246, 246, 240), (18, 24, 50), (240, 170, 40)
_SCREEN = (
    ("消费", AMBER, DARK),
    ("请输入金额:", LIGHT, DARK),
    ("1234.56", LIGHT, DARK),
    ("1 签到  2 撤销", DARK, LIGHT),
    ("990012******1234", LIGHT, (150, 30, 30)),
    ("", LIGHT, DARK),
    ("2026/11/21 08:05", LIGHT, DARK),
    ("可用余额不足", DARK, AMBER),
)
# Row, shown instead, kind.
_FAULTS = (
    (2, "1234.58", "amount"),
    (2, "12345.6", "amount"),
    (2, "123456", "amount"),
    (2, "1234,56", "amount"),
    (4, "990012*****1234", "masked_pan"),
    (4, "9900121*****1234", "masked_pan"),
    (6, "2026/11/21 08:06", "date"),
    (7, "可用佘额不足", "text"),
    (7, "可用金额不足", "text"),
    (1, "请输人金额:", "text"),
)


def _photographed(rows: tuple[tuple[str, object, object], ...], seed: int, grade: str = "typical", size: int = 20):
    """Frames of rows (text, ground, ink) of 30 dots, and the calibrated corners."""
    picture = Image.new("RGB", (320, 240), LIGHT)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.truetype(ZENHEI[0].path, size, index=0)
    for number, (text, ground, ink) in enumerate(rows):
        draw.rectangle((0, 30 * number, 319, 30 * number + 29), fill=ground)
        draw.text((12, 30 * number + 15), text, font=font, fill=ink, anchor="lm")
    light = (np.asarray(picture, np.float32)[..., ::-1] / 255) ** 2.2
    pose = Pose(SETTINGS[grade], seed, "tft", 320, 240)
    scene = TftScene(pose).light(light.astype(np.float32))
    return [Frame(shot / 30, pose.expose(scene, shot), "screen", shot) for shot in range(2)], pose.corners


class Asked(NamedTuple):
    kind: str
    text: str


def _kind(text: str) -> str:
    return {"1234.56": "amount", "990012******1234": "masked_pan", "2026/11/21 08:05": "date"}.get(text, "text")


@pytest.fixture(scope="module")
def colour_readers(readers: Readers) -> Readers:
    return Readers(recogniser=readers.recogniser, colour_atlas=ColourAtlas(COLOUR.fonts), tesseract=readers.tesseract)


@pytest.mark.parametrize(("seed", "size"), [(1, 20), (2, 24)])
def test_rows_in_any_colours_are_read_and_match(seed: int, size: int, colour_readers: Readers) -> None:
    """Dark on light, light on dark, highlighted: every row is vouched for, spaces and all, and is MATCH."""
    frames, corners = _photographed(_SCREEN, seed, size=size)
    reader = ScreenReader(COLOUR, corners, readers=colour_readers)
    sheet = read_display(reader, frames[:1])
    assert [line.text for line in sheet.lines if line.vouched] == [text for text, _, _ in _SCREEN if text]
    said = reader.testify_screen(frames, [(row, text, _kind(text)) for row, (text, _, _) in enumerate(_SCREEN)])
    assert [one.answer for one in said] == [Answer.MATCH] * 8, [one.reason for one in said]


def test_one_wrong_character_is_a_mismatch(colour_readers: Readers) -> None:
    """A digit, the dot, a star, a similar Chinese character: MISMATCH, with what is shown."""
    rng = random.Random(3)
    for row, shown, kind in _FAULTS:
        rows = (*_SCREEN[:row], (shown, *_SCREEN[row][1:]), *_SCREEN[row + 1 :])
        frames, corners = _photographed(rows, rng.randrange(100))
        said = ScreenReader(COLOUR, corners, readers=colour_readers).testify_row(frames, row, _SCREEN[row][0], kind)
        assert (said.answer, "".join(said.seen.split())) == (Answer.MISMATCH, "".join(shown.split())), said.reason


def test_each_expected_character_tells_its_margin(colour_readers: Readers) -> None:
    """For the report: a digit that is another one is against in its own place, the others are for it."""
    frames, corners = _photographed(_SCREEN, 4)
    reader = ScreenReader(COLOUR, corners, readers=colour_readers)
    for expected, wrong in (("1234.56", ""), ("1284.56", "8")):
        said = reader.testify_row(frames, 2, expected, "amount")
        cells = next(one.cells for one in said.witnesses if one.reader == "atlas")
        assert "".join(cell.char for cell in cells) == expected
        assert "".join(cell.char for cell in cells if cell.margin < 0) == wrong, cells


_BARRED = (("消费", (20, 40, 90), LIGHT), ("金额:12.34", LIGHT, DARK), ("凭证号:000123", LIGHT, DARK))


@pytest.mark.parametrize(("rows", "seed"), [(_SCREEN, 3), ((*_BARRED, *[("", LIGHT, DARK)] * 5), 2)])
def test_a_lit_colour_display_is_found(rows: tuple, seed: int, colour_readers: Readers) -> None:
    """Also below a title bar as dark as the bezel; to two camera pixels, one dot."""
    frames, _ = _photographed(rows, seed)
    found = np.asarray(find_screen(frames[0], COLOUR, colour_readers))
    assert np.abs(found - Pose(SETTINGS["typical"], seed, "tft", 320, 240).true_corners).max() < 2.5


def test_a_lit_pane_without_text_is_no_display(colour_readers: Readers) -> None:
    frames, _ = _photographed((("", LIGHT, DARK),) * 8, 3)
    with pytest.raises(UsageError, match="give its corners"):
        find_screen(frames[0], COLOUR, colour_readers)


def test_an_amount_behind_its_label_is_found(colour_readers: Readers) -> None:
    """One picture: the expected amount is looked for on every row, and its row is drawn whole with it."""
    rows = (("消费", AMBER, DARK), ("金额:12.34", LIGHT, DARK), ("凭证号:000123", DARK, LIGHT))
    frames, corners = _photographed((*rows, *[("", LIGHT, DARK)] * 5), 11)
    sheet = read_display(ScreenReader(COLOUR, corners, readers=colour_readers), frames[:1])
    words = [sheet.hear(Asked(kind, text)) for kind, text in (("amount", "12.34"), ("amount", "12.39"))]
    assert [word.answer for word in words] == [Answer.MATCH, Answer.MISMATCH], words


def test_a_font_that_is_not_the_displays_confirms_nothing(readers: Readers) -> None:
    """With the wrong font in the profile the atlas is silent: amounts have one reader and are not MATCH by it."""
    frames, corners = _photographed(_SCREEN, 5)
    wrong = FontSpec("/usr/share/fonts/truetype/arphic-gkai00mp/gkai00mp.ttf", 20)
    strange = Readers(recogniser=readers.recogniser, colour_atlas=ColourAtlas((wrong,)), tesseract=None)
    said = ScreenReader(COLOUR, corners, readers=strange).testify_row(frames, 2, "1234.56", "amount")
    assert said.answer is Answer.UNREADABLE
    assert not any(one.reader == "atlas" and one.vote for one in said.witnesses if one.vote != "silent")


def test_glyphs_cannot_be_learned_from_a_colour_display() -> None:
    """Both ways are refused with the way out: harvesting from one, and a learned font in its profile."""
    with pytest.raises(ProfileError, match="name the font's file"):
        Harvest(COLOUR)
    learned = FontSpec("learned-30.json", 30, kind="learned")
    with pytest.raises(ProfileError, match="name the font's own file"):
        ColourAtlas((learned,)).can_show("1")
