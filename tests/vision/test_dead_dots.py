"""A dead dot of the print head accuses nobody and hides no other fault; hints speed reading up and never decide it."""

from __future__ import annotations

import time

import numpy as np
import pytest

from tests.vision.photographs import PAPER, slip, slip_photographed
from tillrig.vision import Answer, Readers, SlipReader

LINES = [
    ("POS签购单/POS SALES SLIP", "text", "text"),
    ("商户名称 MERCHANT NAME:", "text", "text"),
    ("898111153110001", "text", "digits"),
    ("终端编号 TERMINAL NO:10000001", "text", "digits"),
    ("990004*********4456 /C", "text", "masked_pan"),
    ("批次号 BATCH NO:000005", "text", "digits"),
    ("RMB 1,234.56", "amount", "amount"),
    ("AID:A000000333010101", "small", "text"),
    ("TVR:0000000000", "small", "text"),
    ("ARQC:D42B38BEF6CA00F8", "small", "text"),
]
HINTS = [text for text, _, _ in LINES]


def _paper(changed: dict[int, str] | None = None, dead: int | None = None) -> np.ndarray:
    printed = [((changed or {}).get(number, text), height) for number, (text, height, _) in enumerate(LINES)]
    dots = slip([*printed, ("", "120")])
    if dead is not None:
        dots[:, dead] = False
    return dots


@pytest.mark.parametrize(("seed", "dead"), [(760, 57), (762, 89), (763, 41), (764, 130)])
def test_a_dead_dot_column_accuses_no_line(seed: int, dead: int, paper_readers: Readers) -> None:
    """Every line of a sound slip with a dead column is MATCH; what the column leaves open is told."""
    frames, corners = slip_photographed(_paper(dead=dead), seed=seed)
    reader = SlipReader(PAPER, corners, readers=paper_readers)
    read = reader.read_slip(frames, HINTS)
    assert any(line.dead for line in read.lines)
    said = [
        reader.testify_line(frames, line, text, kind) for line, (text, _, kind) in zip(read.lines, LINES, strict=True)
    ]
    assert [(one.answer, one.expected) for one in said] == [(Answer.MATCH, text) for text in HINTS]
    assert all("dead print dot" in one.reason for one in said if one.reason)


@pytest.mark.parametrize(
    ("line", "printed"), [(2, "898111153110007"), (5, "批次号 BATCH NO:000006"), (6, "RMB 1,284.56")]
)
def test_a_fault_beside_a_dead_column_is_still_caught(line: int, printed: str, paper_readers: Readers) -> None:
    """The dead column excuses only what it runs through, whatever was hinted."""
    frames, corners = slip_photographed(_paper({line: printed}, dead=57), seed=770 + line)
    reader = SlipReader(PAPER, corners, readers=paper_readers)
    read = reader.read_slip(frames, HINTS)
    said = reader.testify_line(frames, read.lines[line], *LINES[line][::2])
    assert said.answer is Answer.MISMATCH, said.reason
    assert read.lines[line].text != HINTS[line]


def test_one_line_does_not_excuse_itself(paper_readers: Readers) -> None:
    """A stripe that one line alone lacks is no dead column."""
    dots = _paper()
    dots[:40, 30] = False
    frames, corners = slip_photographed(dots, seed=780)
    read = SlipReader(PAPER, corners, readers=paper_readers).read_slip(frames, HINTS)
    assert all(line.dead == () for line in read.lines)


def test_hints_save_the_blind_reading_and_say_the_same(paper_readers: Readers) -> None:
    """With hints a sound slip reads as printed, in less time than blind; lines are found by place and order alone."""
    frames, corners = slip_photographed(_paper(), seed=781)
    reader = SlipReader(PAPER, corners, readers=paper_readers)
    reader.read_slip(frames[1:], HINTS)
    start = time.process_time()
    hinted = reader.read_slip(frames[:1], HINTS)
    between = time.process_time()
    blind = reader.read_slip(frames[1:])
    assert between - start < time.process_time() - between
    assert list(hinted.texts) == HINTS
    assert [text.replace(" ", "") for text in blind.texts] == [text.replace(" ", "") for text in HINTS]


def test_a_hint_that_is_not_printed_is_on_no_line(paper_readers: Readers) -> None:
    """Wrong hints leave the lines to be read as they stand."""
    frames, corners = slip_photographed(_paper(), seed=782)
    wrong = [*HINTS[:2], "898111153110007", *HINTS[3:6], "RMB 9,234.56", "持卡人签名"]
    read = SlipReader(PAPER, corners, readers=paper_readers).read_slip(frames, wrong)
    assert [text.replace(" ", "") for text in read.texts] == [text.replace(" ", "") for text in HINTS]


def test_more_ink_than_the_expected_text_has_is_no_match(paper_readers: Readers) -> None:
    """A line that goes on after the expected text does not match it."""
    frames, corners = slip_photographed(_paper({5: "批次号 BATCH NO:0000051"}), seed=783)
    reader = SlipReader(PAPER, corners, readers=paper_readers)
    read = reader.read_slip(frames, HINTS)
    assert reader.testify_line(frames, read.lines[5], *LINES[5][::2]).answer is not Answer.MATCH


SHORT = [("商户存根", "text"), *[("RMB 5.00", "text")] * 6]
WIDE = "I ACKNOWLEDGE SATISFACTORY RECEIPT OF RELATIVE G"


def _wide(texts: list[str], dead: int | None) -> np.ndarray:
    dots = slip([*SHORT, *((text, "small") for text in texts), ("", "120")])
    if dead is not None:
        dots[:, dead] = False
    return dots


def test_a_dead_column_that_few_lines_reach_is_remembered_from_slips_before(paper_readers: Readers) -> None:
    """The stem of the T in RELATIVE lies in the dead column, and no other line of its slip reaches so far."""
    dead = 8 * WIDE.index("TIVE") + 4
    hints = [text for text, _ in SHORT]
    first = ["X" * 45 + "HHHH"[: 48 - 45], "M" * 48]
    frames, corners = slip_photographed(_wide(first, dead), seed=790)
    reader = SlipReader(PAPER, corners, readers=paper_readers)
    reader.read_slip(frames, [*hints, *first])
    again, _ = slip_photographed(_wide([WIDE], dead), seed=790)
    line = reader.read_slip(again, [*hints, WIDE]).lines[-1]
    assert line.dead, "the slip before showed the column"
    more, _ = slip_photographed(_wide([WIDE], dead), seed=790, count=5)
    said = reader.testify_line(more, line, WIDE)
    assert said.answer is Answer.MATCH, said.reason


def test_a_text_printed_wrong_twice_does_not_excuse_itself(paper_readers: Readers) -> None:
    """A stem that one text lacks on every slip is the firmware's."""
    dead = 8 * WIDE.index("TIVE") + 4
    dots = _wide([WIDE], None)
    dots[-140:-120, dead] = False
    hints = [*(text for text, _ in SHORT), WIDE]
    frames, corners = slip_photographed(dots, seed=791)
    reader = SlipReader(PAPER, corners, readers=paper_readers)
    for _ in range(3):
        read = reader.read_slip(frames, hints)
    assert read.lines[-1].dead == ()
    assert reader.testify_line(frames, read.lines[-1], WIDE).answer is not Answer.MATCH


def test_in_small_print_a_letter_that_only_lacks_ink_accuses_nobody(paper_readers: Readers) -> None:
    """A dead dot takes the leg from an R; whether the firmware printed an F, nobody can tell, and that is told."""
    printed = WIDE.replace("RELATIVE", "FELATIVE")
    frames, corners = slip_photographed(_wide([printed], None), seed=792, count=4)
    reader = SlipReader(PAPER, corners, readers=paper_readers)
    line = reader.read_slip(frames, [*(text for text, _ in SHORT), WIDE]).lines[-1]
    said = reader.testify_line(frames, line, WIDE)
    assert said.answer is not Answer.MISMATCH
    assert said.answer is Answer.UNREADABLE or "'R'" in said.reason
    assert reader.testify_line(frames, line, printed).reason == ""


def test_another_character_is_seen_however_little_it_looks_like_the_expected(paper_readers: Readers) -> None:
    """Rivals are not the nearest shapes alone: what stands there may look like none of them."""
    pairs = [("号", "弓"), ("密", "蜜"), ("总", "忌"), ("类", "娄"), ("卡", "卞")]
    dots = slip([("商户存根", "text"), *((f"参考{shown} REF NO:", "text") for shown, _ in pairs), ("", "120")])
    frames, corners = slip_photographed(dots, seed=793, count=3)
    reader = SlipReader(PAPER, corners, readers=paper_readers)
    for line, (shown, asked) in zip(reader.read_slip(frames).lines[1:], pairs, strict=True):
        assert reader.testify_line(frames, line, f"参考{shown} REF NO:").answer is Answer.MATCH
        assert reader.testify_line(frames, line, f"参考{asked} REF NO:").answer is not Answer.MATCH
