"""The reading benchmark counts what it should: a wrong reading, a false alarm, a fault that passed."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.reading import faults, fonts, judging, lab, page, poses, run, settings, sheets, table, tally, words
from benchmarks.reading.optics import Pose
from benchmarks.reading.scenes import SCENES
from tillrig.errors import UsageError
from tillrig.simulator.firmware.hardware import fonts as firmware_fonts
from tillrig.vision import Answer, FontSpec, Frame
from tillrig.vision.readers.glyphs import glyph_sets

AMOUNT = words.Field("金额:12.34", "amount", "12.34", r"(?<![\d.,])-?\d+\.\d{2}(?![\d.,])")


def line(field: words.Field, shown: str = "") -> sheets.Line:
    return sheets.Line(field, shown or field.text)


@pytest.mark.parametrize(
    ("read", "word"),
    [
        ("金额:12.34", "right"),
        ("金 额 ：12.34", "right"),
        ("全额:12.34", "right"),  # the label is not the field
        ("金额:12.84", "wrong"),
        ("金额:1234", "wrong"),  # vouched for, and no amount
        ("金额:1.12.34", "wrong"),
        ("", "refused"),
        (None, "refused"),
    ],
)
def test_a_blind_reading_is_right_refused_or_wrong_by_its_value(read: str | None, word: str) -> None:
    """A typed value counts wherever its grammar finds it; what is vouched for and has none is wrong."""
    assert judging.judged(line(AMOUNT), read) == word


def test_free_text_is_wrong_by_one_character() -> None:
    """Free text has no grammar that could refuse it."""
    assert judging.judged(line(words.label("请输入密码")), "请输人密码") == "wrong"
    assert judging.judged(line(words.label("对账平")), "对帐平") == "right"


@dataclass
class Said:
    answer: Answer
    seen: str = ""
    reason: str = ""
    margin: float = 0.0


@pytest.mark.parametrize(("answer", "wrong"), [(Answer.MATCH, 1), (Answer.MISMATCH, 0), (Answer.UNREADABLE, 0)])
def test_a_fault_called_match_is_wrong(answer: Answer, wrong: int) -> None:
    """The two other answers are no lies."""
    record, told = judging.Record(0, "lcd", "", "typical", ""), judging.Told("amount")
    record.lines.append(told)
    judging.judge_fault(
        record, told, line(AMOUNT), faults.Fault("金额:12.35", "digit"), Said(answer), frame(), lambda: b""
    )
    assert (record.wrong, len(record.cases)) == (wrong, wrong)


def test_a_sound_line_accused_is_wrong() -> None:
    """A false alarm fails a sound terminal."""
    record, told = judging.Record(0, "lcd", "", "bad", ""), judging.Told("amount")
    record.lines.append(told)
    judging.judge_sound(record, told, line(AMOUNT), Said(Answer.MISMATCH, "12.35"), frame(), lambda: b"")
    assert record.wrong == 1


def frame() -> Frame:
    return Frame.from_array(np.zeros((40, 60, 3), np.uint8))


def test_no_font_of_the_corpus_is_the_simulators() -> None:
    """A reader tuned on the simulated terminal has not seen them."""
    own = {font.path.resolve() for font in (firmware_fonts.SCREEN_FONT, firmware_fonts.TEXT_FONT)}
    faces = [*fonts.LCD_FACES, *(face for pair in fonts.SLIP_FACES for face in pair)]
    used = {source.path.resolve() for face in faces for source in (face.chinese, face.latin)}
    used |= {source.path.resolve() for source in fonts.TFT_FONTS.values()}
    assert not own & used
    assert min(len(fonts.LCD_FACES), len(fonts.SLIP_FACES), len(fonts.TFT_FONTS)) >= 3
    assert not np.array_equal(fonts.LCD_FACES[0].glyph("8"), fonts.LCD_FACES[1].glyph("8"))


def test_the_eye_gets_the_font_dot_by_dot() -> None:
    """What the profile would name (a BDF file) draws the very dots that are shown."""
    face = fonts.FANGSONG16
    half, full = glyph_sets((FontSpec(str(face.bdf()), 16),), (8, 16))
    for char in "0123456789.*AZ":
        assert np.array_equal(half.bits[half.index(char)], face.glyph(char))
    for char in "请未末金额账":
        assert np.array_equal(full.bits[full.index(char)], face.glyph(char))


def test_settings_beyond_the_grades() -> None:
    """At least six, none equal to a grade, and every pose number has one."""
    assert len(settings.BEYOND) >= 6
    assert len({poses.Plan.of(number).optics for number in range(19)}) == len(settings.SETTINGS)
    pairs = {(tuple(poses.STRATA[number % 10]), poses.OPTICS[number % 19]) for number in range(190)}
    assert len(pairs) == len({tuple(one) for one in poses.STRATA}) * len(settings.SETTINGS)


@pytest.mark.parametrize("seed", range(40))
def test_every_fault_is_one_character_and_every_value_obeys_its_grammar(seed: int) -> None:
    """A fault is one substitution, insertion, deletion or swap, and is not the same word in another spelling."""
    rng = random.Random(seed)
    for field, _ in [*sheets.screen_fields(rng), *sheets.slip_fields(rng)]:
        if field.value:
            assert re.findall(field.grammar, judging.bare(field.text)) == [judging.bare(field.value)]
        for fault in faults.faults(field, rng):
            assert not judging.same(fault.text, field.text)
            assert _edits(fault.text, field.text) == 1


def _edits(one: str, other: str) -> int:
    if len(one) == len(other):
        apart = [place for place, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1]]
        swapped = len(apart) == 2 and one[apart[0]] == other[apart[1]] and one[apart[1]] == other[apart[0]]
        return 1 if swapped else len(apart)
    short, long = sorted((one, other), key=len)
    return 1 if any(long[:place] + long[place + 1 :] == short for place in range(len(long))) else 9


def test_the_corners_are_where_the_picture_has_them() -> None:
    """The truth about the geometry: a lit corner dot is found where the pose says it is."""
    for name in ("clean", "wide"):
        pose = Pose(settings.SETTINGS[name], 3, "lcd", 128, 64)
        dots = np.zeros((64, 128), np.bool_)
        dots[28:36, 60:68] = True
        light = [SCENES["lcd"](pose).light(one)[..., 1] for one in (dots, np.zeros_like(dots))]
        taken = light[1] - light[0]
        y, x = np.mgrid[: pose.height, : pose.width]
        middle = np.array([(x * taken).sum(), (y * taken).sum()]) / taken.sum()
        # The gap right of and below each dot moves the ink by a sixteenth of one.
        assert np.abs(middle - pose.project([(64 - 0.06, 32 - 0.06)])[0]).max() < 0.3
        back = np.array(pose.unproject(*pose.true_corners.T)).T
        assert np.abs(back - [[0, 0], [128, 0], [128, 64], [0, 64]]).max() < 1e-3


def test_a_pose_is_the_same_in_every_run() -> None:
    """A seed in a report finds its picture again."""
    dots = np.zeros((64, 128), np.bool_)
    dots[10:20, 10:90] = True
    shots = [Pose(settings.SETTINGS["bad"], 9, "lcd", 128, 64) for _ in range(2)]
    first, second = (pose.expose(SCENES["lcd"](pose).light(dots), 1) for pose in shots)
    assert first == second
    assert first != shots[0].expose(SCENES["lcd"](shots[0]).light(dots), 2)


def test_a_count_of_none_is_bound_over_poses() -> None:
    """None in 59 poses is at most 5 % of poses, however many lines each has."""
    few, many = (tally.share([(0, lines)] * 59) for lines in (1, 400))
    assert few.exact and few.upper == pytest.approx(0.0495, abs=2e-4)
    assert many.upper == few.upper


def test_faults_of_one_pose_count_as_one() -> None:
    """Ten wrong of one pose say less than ten wrong of ten poses: the bootstrap draws poses."""
    spread = tally.share([(1, 10)] * 10 + [(0, 10)] * 90)
    heaped = tally.share([(10, 10)] + [(0, 10)] * 99)
    assert spread.share == heaped.share == 0.01
    assert heaped.upper > spread.upper > 0.01


def test_records_survive_a_broken_run(tmp_path: Path) -> None:
    """A line cut off in the middle is read again, the others are not."""
    store = run.Store(tmp_path / "records.jsonl")
    for number in range(3):
        store.add(
            judging.Record(number, "lcd", "font known", "clean", "song16", [judging.Told("amount", "right", "MATCH")])
        )
    whole = store.path.read_bytes()
    store.path.write_bytes(whole[:-20])
    assert sorted(store.load()) == [0, 1]


def test_the_tables_tell_wrong_from_right() -> None:
    """A wrong reading stands in the row of its optics, with its bound."""
    good = [judging.Told("amount", "right", "MATCH", [("dot", "MISMATCH")])] * 4
    bad = [judging.Told("amount", "wrong", "MISMATCH", [("dot", "MATCH")])]
    records = [judging.Record(0, "lcd", "font known", "typical", "song16", good)]
    records.append(judging.Record(3, "lcd", "font known", "typical", "song16", good[:3] + bad))
    section = table.sections(records)[0]
    assert [one.name for one in section.rows] == [("lcd", "font known", "typical")]
    bad = [cell.text for cell in section.cells(section.rows[0]) if cell.bad]
    assert len(bad) == 3 and all(text.startswith("1 of 8 (≤") for text in bad)


def test_the_page_shows_the_worst_cases(tmp_path: Path) -> None:
    """One file with its pictures inside, and nothing looked up elsewhere."""
    record = judging.Record(7, "slip", "font known", "typical", "song24", [judging.Told("amount", "wrong")])
    record.cases.append(judging.Case("blind wrong", "12.34", "", "'12.84'", "amount", "QUJD", "REVG"))
    page.write([record], tmp_path / "reading.html", "abc")
    text = (tmp_path / "reading.html").read_text("utf-8")
    assert "data:image/png;base64,QUJD" in text and "data:image/jpeg;base64,REVG" in text
    assert "--pose 7" in text and "1 wrong" in text
    assert "http" not in text.replace("http-equiv", "")


def _folder(tmp_path: Path, **changes: object) -> Path:
    pose = Pose(settings.SETTINGS["clean"], 4, "lcd", 128, 64)
    face = fonts.SONG16
    dots = np.vstack([face.line(text, 128) for text in ("消费", "请输入金额:", "      12.34", "")])
    light = SCENES["lcd"](pose).light(dots)
    for shot in (0, 1):
        (tmp_path / f"{shot}.jpg").write_bytes(pose.expose(light, shot))
    profile = Path("fixtures/profiles/classic/profile.yaml").read_text("utf-8")
    unifont = "/usr/share/fonts/opentype/unifont/unifont.otf"
    (tmp_path / "profile.yaml").write_text(profile.replace(unifont, str(face.bdf())), "utf-8")
    entry = {
        "images": ["0.jpg", "1.jpg"],
        "kind": "screen",
        "profile": "profile.yaml",
        "corners": pose.corners,
        "lines": [{"row": 1, "text": "请输入金额:"}, {"row": 2, "text": "12.34", "type": "amount"}],
    }
    (tmp_path / lab.TRUTH).write_text(json.dumps({**entry, **changes}) + "\n", "utf-8")
    return tmp_path


def test_a_labs_own_frames_are_judged(tmp_path: Path) -> None:
    """Two labelled exposures: read blind, testified, and tried with faults in the expectation."""
    record = lab.judge_folder(_folder(tmp_path))
    assert [told.type for told in record.lines] == ["text", "amount"]
    assert [told.sound for told in record.lines] == ["MATCH", "MATCH"]
    assert {fault for told in record.lines for fault, _ in told.faults} >= {"digit", "dot", "hanzi"}
    assert record.wrong == 0


def test_a_wrong_label_is_counted(tmp_path: Path) -> None:
    """The folder's truth rules: what the eye reads otherwise is not right."""
    lines = [{"row": 2, "text": "12.84", "type": "amount"}]
    record = lab.judge_folder(_folder(tmp_path, lines=lines))
    assert record.lines[0].sound == "MISMATCH"
    assert record.wrong >= 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "wall"}, "kind 'wall' is not screen or slip"),
        ({"images": []}, "neither image nor images"),
        ({"images": ["gone.jpg"]}, "gone.jpg cannot be read"),
        ({"corners": [[0, 0], [1, 1], [2, 2], [3, 3]]}, "truth.jsonl, line 1: corners"),
        ({"lines": [{"row": 9, "text": "消费"}]}, "there is no row 9"),
        ({"lines": [{"text": "消费"}]}, "needs its row"),
        ({"lines": [{"row": 0, "text": "消费", "type": "money"}]}, "type 'money' is not one of"),
        ({"lines": [{"row": 0, "text": "消费", "type": "amount"}]}, "holds no amount"),
        ({"lines": [{"row": 0, "text": "1" * 16}]}, "full card number"),
        ({"light": 3}, "unknown field `light`"),
    ],
)
def test_a_bad_label_is_named(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    """Which file, which line, what to mend."""
    with pytest.raises(UsageError, match=re.escape(message)):
        lab.judge_folder(_folder(tmp_path, **changes))


def test_pcf_fonts_are_read_dot_by_dot() -> None:
    """A bar is a bar: 一 of a 16-dot font is one wide stroke, and Latin glyphs are half as wide."""
    bar = fonts.SONG16.glyph("一")
    assert bar.shape == (16, 16) and bar.any(axis=1).sum() <= 4 and bar.any(axis=0).sum() >= 12
    assert fonts.SONG16.glyph("1").shape == (16, 8)
    assert cv2.connectedComponents(fonts.SONG16.glyph(":").astype(np.uint8))[0] == 3
