"""Where the dots' font is another, lacks characters, or two readings fit, they say so instead of something wrong."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.reading import fonts
from tillrig.vision import Answer, Atlas, FontSpec, Readers, testify
from tillrig.vision.geometry import Ink
from tillrig.vision.readers.base import LineImage
from tillrig.vision.readers.learned import sheet_of
from tillrig.vision.readers.recogniser import CHAR_PX, NETWORK_HEIGHT
from tillrig.vision.witness import Vote, ask_atlas


def _ink(text: str, face: fonts.Face = fonts.SONG16, seed: int = 0) -> Ink:
    bits = face.line(text, 128).astype(np.float32)
    noise = np.random.default_rng(seed).normal(0, 0.04, bits.shape)
    return np.clip(cv2.GaussianBlur(bits, (3, 3), 0.3) + noise, 0, 1).astype(np.float32)


def _line(text: str, face: fonts.Face = fonts.SONG16, seed: int = 0) -> LineImage:
    ink = _ink(text, face, seed)
    inked = np.flatnonzero((ink > 0.5).sum(axis=0))
    part = ink[:, max(0, inked[0] - 2) : inked[-1] + 3]
    size = round(part.shape[1] * CHAR_PX / 8), NETWORK_HEIGHT
    grey = cv2.resize(np.clip(255 - 225 * part, 0, 255).astype(np.uint8), size)
    return LineImage(f"frame {seed}", grey, ink, cell=8)


def _learned(folder: Path, chars: str) -> Atlas:
    glyphs = {char: fonts.SONG16.glyph(char).astype(np.float32) for char in chars}
    text, sheet = sheet_of(glyphs, {}, "sheet.png", "test", "")
    (folder / "font.json").write_bytes(text)
    cv2.imwrite(str(folder / "sheet.png"), sheet)
    return Atlas((FontSpec(str(folder / "font.json"), 16, kind="learned"),))


@pytest.mark.parametrize("face", fonts.LCD_FACES, ids=lambda face: face.name)
def test_one_is_not_two_hyphens(face: fonts.Face) -> None:
    atlas = Atlas((FontSpec(str(face.bdf()), 16),))
    assert atlas.read(_ink("出示单一卡片", face)).text.strip() == "出示单一卡片"
    assert atlas.read(_ink("-12.34 --", face)).text.strip() == "-12.34 --"


def test_another_font_is_silent() -> None:
    """Neither for nor against, whatever is expected; the right font tells all of them."""
    wrong, right = (Atlas((FontSpec(str(face.bdf()), 16),)) for face in (fonts.FANGSONG16, fonts.SONG16))
    for shown, expected in (("金额:7089.25", "金额:7039.25"), ("请输入金额:", "请输人金额:"), ("可用余额", "可用佘额")):
        assert ask_atlas(wrong, _line(shown), expected, "text").vote is Vote.SILENT
        assert ask_atlas(right, _line(shown), expected, "text").vote is Vote.AGAINST


def test_a_learned_font_testifies_in_part(tmp_path: Path) -> None:
    """What was not learned is left open; figures that were learned are seen, and star for figure is."""
    atlas = _learned(tmp_path, "0123456789.:,金额一二")
    said = ask_atlas(atlas, _line("余额:123.45"), "余额:123.45", "amount")
    assert (said.vote, said.open) == (Vote.FOR, (0,))
    assert ask_atlas(atlas, _line("余额:123.45"), "余额:128.45", "amount").vote is not Vote.FOR
    against = ask_atlas(atlas, _line("余额:123.45"), "余额:128.45", "amount", ("余额:123.45",))
    assert (against.vote, against.text) == (Vote.AGAINST, "余额:123.45")
    assert ask_atlas(atlas, _line("990012***1234"), "990012***1234", "masked_pan").open == (6, 7, 8)
    assert ask_atlas(atlas, _line("9900127**1234"), "990012***1234", "masked_pan").vote is not Vote.FOR
    assert ask_atlas(atlas, _line("金额:123.45"), "全额:123.45", "amount").vote is not Vote.FOR


@pytest.mark.parametrize(
    ("shown", "expected", "sound"),
    [
        ("可用佘额:", "可用余额:", False),
        ("撒销", "撤销", False),
        ("预授杈", "预授权", False),
        ("交易汇总", "交易汇总", True),
    ],
)
def test_without_a_font_chinese_characters_stand_each_for_itself(
    shown: str, expected: str, sound: bool, readers: Readers
) -> None:
    """A recogniser reads the likelier word: it confirms a character only where it sees it alone."""
    lines = [_line(shown, seed=seed) for seed in range(2)]
    answer = testify(lines, expected, "text", Readers(recogniser=readers.recogniser)).answer
    assert (answer is Answer.MATCH) == sound
    assert answer is not Answer.MISMATCH
