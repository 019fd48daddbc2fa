"""Lines too many on photographed slips: found when they are there, on sound slips never."""

from __future__ import annotations

import pytest

from tests.vision.photographs import PAPER, slip, slip_photographed
from tillrig.judge import judge
from tillrig.judge.slips import align_lines
from tillrig.masking import Masker
from tillrig.observers.interrogation import SlipInterrogator
from tillrig.observers.slip import Capture
from tillrig.profiles import load_profile
from tillrig.profiles.slips import slip_lines
from tillrig.vision import SlipReader

from .builders import MERCHANT, branch

PROFILE = load_profile("classic")
EXPECTED = slip_lines(PROFILE, MERCHANT, {})
ROWS = [(one.text, one.size) for one in EXPECTED]
EXTRA = {7: ("RMB 99.99", "amount"), 3: ("-" * 32, "text"), 5: ("测试版 TEST", "text"), 11: ("SN:12345", "small")}


def told(rows: list[tuple[str, str]], seed: int) -> list[tuple[str, str]]:
    """Points and verdicts of the findings of lines too many, as a session would come to them."""
    frames, corners = slip_photographed(slip([("", "40"), *rows, ("", "120")]), seed=seed)
    eye = SlipInterrogator(SlipReader(PAPER, corners), PROFILE, Masker([]))
    capture = Capture(tuple(frames), 1, lambda last: ())
    eye.read(capture, [one.text for one in EXPECTED])
    eye.ask(capture, EXPECTED, align_lines(EXPECTED, [line.text for line in capture.lines or ()]))
    eye.ask_as_read(capture)
    seen = eye.observe(capture, 1)
    assert seen.complete
    findings = judge([branch(MERCHANT)], [seen], {}, PROFILE).findings
    return sorted((one.point, str(one.verdict)) for one in findings if one.requirement == "SLIP-LINES")


@pytest.mark.parametrize("seed", range(760, 763))
def test_a_sound_slip_with_its_rules_has_none(seed: int) -> None:
    rows = [row for number, one in enumerate(ROWS) for row in (one, *([EXTRA[3]] if number == 3 else []))]
    assert told(rows, seed) == []


def test_lines_too_many_are_found() -> None:
    rows = [row for number, one in enumerate(ROWS) for row in (one, *([EXTRA[number]] if number in EXTRA else []))]
    found = told(rows, 764)
    assert [point for point, _ in found] == ["slip.merchant.amount", "slip.merchant.text", "slip.merchant.text"]
    assert ("slip.merchant.amount", "FAIL") in found, "a second amount that two readers confirm"
