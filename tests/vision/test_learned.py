"""A font learned from known screens reads what it knows, and never takes one digit for another."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from tests.poses import POSES
from tests.vision.photographs import DISPLAY, columns, photographed, screen
from tillrig.errors import ProfileError, UsageError
from tillrig.vision import Answer, Atlas, DisplayGeometry, FontSpec, Readers, ScreenReader
from tillrig.vision.learning import Harvest, TextRow, write_learned
from tillrig.vision.readers.learned import DIGITS, read_learned
from tillrig.vision.witness import Vote

# What a terminal shows on its way from the operator's prompt to the amount prompt; right-aligned rows in `right`.
SCREENS = [
    (["签到", "请输入操作员编号", "01", ""], [2]),
    (["签到", "请输入操作员密码", "****", ""], [2]),
    (["1 消费  2 撤销", "3 退货  4 预授权", "5 扫码  6 打印", "7 管理  8 其它"], []),
    (["消费", "请输入金额:", "1234.56", ""], [2]),
    (["消费", "请输入金额:", "7890.12", ""], [2]),
    (["消费", "请输入金额:", "9087.65", ""], [2]),
    (["消费", "请输入金额:", "4039.81", ""], [2]),
    (["1 签到", "2 签退", "3 交易查询", "4 操作员"], []),
    (["5 网络", "6 结算", "7 锁定终端", "8 版本"], []),
]
NO_FONT = DisplayGeometry()


def learn(grade: str, pose: int, left_out: str = "") -> Harvest:
    """Every screen photographed in one pose and harvested with no font at hand."""
    harvest = Harvest(NO_FONT)
    for rows, right in SCREENS:
        frames, corners = photographed(screen(rows, right=right), seed=pose, count=2, grade=grade)
        reader = ScreenReader(NO_FONT, corners)
        for number, text in enumerate(rows):
            if text and not set(text) & set(left_out):
                column = 16 - columns(text) if number in right else 0
                assert harvest.add(reader, frames, TextRow(number, column, text)), text
    return harvest


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> DisplayGeometry:
    """A geometry whose only font was learned on a typical camera."""
    path = write_learned(tmp_path_factory.mktemp("profile"), learn("typical", 21), "test", "today")
    return DisplayGeometry(fonts=(FontSpec(str(path), 16, kind="learned"),))


def test_every_character_shown_is_learned_as_the_font_draws_it(learned: DisplayGeometry) -> None:
    """The dots of each learned glyph are those of the terminal's own font."""
    own, theirs = Atlas(DISPLAY.fonts, (8, 16)), Atlas(learned.fonts, (8, 16))
    shown = {char for rows, _ in SCREENS for text in rows for char in text}
    assert set(theirs.half.chars) | set(theirs.full.chars) == shown | {" ", "\u3000"}
    for mine, other in ((own.half, theirs.half), (own.full, theirs.full)):
        for number, char in enumerate(other.chars):
            index = mine.index(char)
            assert index is not None and (mine.bits[index] == other.bits[number]).all(), char


@pytest.mark.parametrize("pose", range(POSES))
def test_amounts_are_read_in_other_poses_with_the_learned_font(
    pose: int, learned: DisplayGeometry, readers: Readers
) -> None:
    """Sound amounts are MATCH, also where the camera stands otherwise than at the lesson."""
    text = f"{random.Random(pose).randrange(100, 10**7) / 100:.2f}"
    frames, corners = photographed(screen(["消费", "请输入金额:", text, ""], right=[2]), seed=700 + pose)
    reader = ScreenReader(learned, corners, readers=Readers(readers.recogniser, Atlas(learned.fonts, (8, 16))))
    said = reader.testify_row(frames, 2, text, "amount")
    assert said.answer is Answer.MATCH, said.reason


@pytest.mark.parametrize("grade", ["clean", "typical", "bad"])
def test_no_wrong_digit_is_a_match(grade: str, learned: DisplayGeometry) -> None:
    """One digit that differs: in any grade and pose the learned atlas does not vote for what was expected."""
    atlas = Atlas(learned.fonts, (8, 16))
    rng = random.Random(grade)
    for pose in range(2 * POSES):
        rows, pairs = [], []
        for _ in range(4):
            shown = f"{rng.randrange(10**6, 10**8) / 100:.2f}"
            place = rng.choice([n for n, char in enumerate(shown) if char != "."])
            other = rng.choice([digit for digit in DIGITS if digit != shown[place]])
            rows.append(shown)
            pairs.append(shown[:place] + other + shown[place + 1 :])
        frames, corners = photographed(screen(rows), seed=3000 + pose, count=1, grade=grade)
        reader = ScreenReader(learned, corners)
        for number, expected in enumerate(pairs):
            placed = atlas.place(reader.line_image(frames[0], number).ink, expected)  # type: ignore[arg-type]
            assert placed is not None
            assert min(cell.margin for cell in placed.cells) < 0.12, (rows[number], expected)


def test_a_character_that_was_never_learned_is_no_match(learned: DisplayGeometry) -> None:
    """未 and 末 are not in the lesson: where an alike stranger stands, the known character is not confirmed."""
    atlas = Atlas(learned.fonts, (8, 16))
    for shown, expected in (("签刭", "签到"), ("撤锁", "撤销"), ("请输人金额:", "请输入金额:"), ("结箅", "结算")):
        frames, corners = photographed(screen(["消费", shown, "", ""]), seed=31, count=1)
        ink = ScreenReader(learned, corners).line_image(frames[0], 1).ink
        placed = atlas.place(ink, expected)  # type: ignore[arg-type]
        assert placed is not None and min(cell.margin for cell in placed.cells) < 0.12, shown


def test_a_font_without_one_digit_says_nothing_of_digits(tmp_path: Path, readers: Readers) -> None:
    """Lacking '8' it would read 6 or 3 there, with confidence: then no digit is in the font at all."""
    path = write_learned(tmp_path, learn("clean", 22, left_out="8"), "test", "today")
    assert not set(read_learned(path)) & set(DIGITS)
    geometry = DisplayGeometry(fonts=(FontSpec(str(path), 16, kind="learned"),))
    atlas = Atlas(geometry.fonts, (8, 16))
    assert not atlas.can_show("96357") and atlas.can_show("签到")
    frames, corners = photographed(screen(["消费", "96857.00", "", ""]), seed=22, grade="clean")
    reader = ScreenReader(geometry, corners, readers=Readers(readers.recogniser, atlas))
    told = reader.testify_row(frames, 1, "96857.00", "amount")
    dots = {one.vote for one in told.witnesses if one.reader == "atlas"}
    assert told.answer is Answer.MATCH and dots == {Vote.SILENT}
    assert reader.testify_row(frames, 1, "96357.00", "amount").answer is not Answer.MATCH


def test_a_row_that_holds_more_than_the_text_is_not_learned_from() -> None:
    """The text must be all that stands in the row, and in its place."""
    frames, corners = photographed(screen(["12.34", "1234.50", "", ""]), seed=23, count=3)
    reader, harvest = ScreenReader(NO_FONT, corners), Harvest(NO_FONT)
    assert not harvest.add(reader, frames, TextRow(0, 0, "12.3"))
    assert not harvest.add(reader, frames, TextRow(0, 3, "12.34"))
    assert not harvest.add(reader, frames[:1] * 3, TextRow(0, 0, "12.34"))
    assert not harvest.places and harvest.refused_rows == ["12.3", "12.34"]
    with pytest.raises(UsageError, match="no character was learned"):
        write_learned(Path("nowhere"), harvest, "test", "today")


def test_a_digit_shown_as_another_is_not_learned() -> None:
    """A terminal that shows 7 where 1 was typed teaches no wrong 1: the places contradict each other."""
    frames, corners = photographed(screen(["77.77", "11.11", "", ""]), seed=24, count=2, grade="clean")
    reader, harvest = ScreenReader(NO_FONT, corners), Harvest(NO_FONT)
    assert harvest.add(reader, frames, TextRow(1, 0, "11.11")) and "1" in harvest.glyphs()
    assert harvest.add(reader, frames, TextRow(0, 0, "11.11"))
    assert "1" not in harvest.glyphs() and "different" in harvest.problems["1"] and "1" in harvest.missing_digits


def test_broken_files_are_named(tmp_path: Path, learned: DisplayGeometry) -> None:
    """Each way in which a learned font can be broken is told with its file."""
    whole = Path(learned.fonts[0].path)
    for part in whole.parent.iterdir():
        shutil.copy(part, tmp_path)
    path = tmp_path / whole.name
    good = json.loads(path.read_text())
    for change, says in (
        ({"format": "x"}, "format"),
        ({"sheet": "none.png"}, "none.png"),
        ({"glyphs": [{"char": "1", "x": 5000, "y": 0, "width": 8}]}, "outside its sheet"),
        ({"glyphs": [{"char": "12", "x": 0, "y": 0, "width": 8}]}, "no learned glyphs"),
        ({"glyphs": [{"char": "1", "x": 0, "y": 0, "width": 8}] * 2}, "twice"),
    ):
        path.write_text(json.dumps(good | change))
        with pytest.raises(ProfileError, match=says) as caught:
            read_learned(path)
        assert str(path) in str(caught.value)
    path.write_bytes(b"{")
    with pytest.raises(ProfileError, match="no learned glyphs"):
        read_learned(path)
