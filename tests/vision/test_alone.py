"""What the recogniser guesses from the neighbours is found out when it sees the character by itself."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tillrig.vision import Readers, Recogniser
from tillrig.vision.alone import doubted, guessed, lone_characters
from tillrig.vision.readers.base import LineImage
from tillrig.vision.witness import Vote, ask_recogniser

FONTS = [("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 22), ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 32)]
# (shown, the likelier word).
GUESSES = [
    ("交易戌功", "交易成功"),
    ("结箅总计单", "结算总计单"),
    ("该卡巳过期", "该卡已过期"),
    ("请输入授杈码", "请输入授权码"),
]


def _line(text: str, path: str, size: int) -> LineImage:
    font = ImageFont.truetype(path, size, index=0)
    picture = Image.new("L", (int(font.getlength(text)) + 10, size + 10), 255)
    ImageDraw.Draw(picture).text((5, 5), text, font=font, fill=20)
    scale = 48 / (size + 10)
    large = cv2.resize(np.asarray(picture), None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return LineImage("f", np.asarray(cv2.GaussianBlur(large, (0, 0), 1.2), np.uint8), None)


@pytest.fixture(scope="module")
def recogniser(readers: Readers) -> Recogniser:
    return readers.recogniser


@pytest.mark.parametrize(("path", "size"), FONTS)
@pytest.mark.parametrize(("shown", "likely"), GUESSES)
def test_a_guess_from_the_context_confirms_nothing(
    shown: str, likely: str, path: str, size: int, recogniser: Recogniser
) -> None:
    """In the line it reads the likelier word; its word for that is taken back."""
    line = _line(shown, path, size)
    said = ask_recogniser(recogniser, line, likely, "text")
    assert said.vote is Vote.FOR
    assert doubted(said, recogniser, line).vote is Vote.SILENT


@pytest.mark.parametrize(("path", "size"), FONTS)
def test_what_stands_there_is_confirmed(path: str, size: int, recogniser: Recogniser) -> None:
    """Nearly always: where it is not sure of a lone character, it says nothing."""
    words = [guessed(recogniser, _line(text, path, size)) for _, text in GUESSES]
    assert words.count("") >= len(GUESSES) - 1
    assert all("not sure" in word for word in words if word)


def test_figures_have_no_likeness_to_be_guessed(recogniser: Recogniser) -> None:
    line = _line("1234.56", *FONTS[0])
    assert guessed(recogniser, line) == ""
    assert [char for char, _ in lone_characters(recogniser, line.grey)] == list("1234.56")


def test_a_line_without_text_has_no_characters(recogniser: Recogniser) -> None:
    assert lone_characters(recogniser, np.full((48, 200), 255, np.uint8)) == []
