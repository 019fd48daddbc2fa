"""A slip passes when the eye confirms every line, and fails for a line that differs, is missing, or is too much."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillrig.judge import judge
from tillrig.judge.slips import align_lines
from tillrig.observations import Reading
from tillrig.profiles import load_profile
from tillrig.profiles.slips import slip_lines
from tillrig.steps import Slip
from tillrig.verdicts import Verdict

from .builders import MERCHANT, MERCHANT_LINES, branch, said, slip


def failures(judgement):
    return [(one.requirement, one.point) for one in judgement.findings if one.verdict is Verdict.FAIL]


def without(*numbers):
    return tuple(text for number, text in enumerate(MERCHANT_LINES) if number not in numbers)


def test_a_slip_as_it_should_be_passes(profile):
    judgement = judge([branch(MERCHANT)], [slip()], {}, profile)
    assert judgement.verdict is Verdict.PASS
    assert "slip.merchant.amount" in {one.point for one in judgement.findings}


@pytest.mark.parametrize(
    ("number", "seen", "requirement", "point"),
    [
        (3, "9900035********6786 /I", "SLIP-CARD", "slip.merchant.card_no"),
        (4, "凭证号 VOUCHER NO:000008", "SLIP-VOUCHER", "slip.merchant.voucher"),
        (7, "RMB 1,234.50", "SLIP-AMOUNT", "slip.merchant.amount"),
    ],
)
def test_a_line_that_differs_in_one_character_is_found(profile, number, seen, requirement, point):
    """Each of the faults a slip can have in one character."""
    lines = tuple(seen if n == number else text for n, text in enumerate(MERCHANT_LINES))
    words = {number: (said(MERCHANT_LINES[number], Reading.MISMATCH, seen),)}
    assert failures(judge([branch(MERCHANT)], [slip(lines, words=words)], {}, profile)) == [(requirement, point)]


def test_a_missing_signature_line_is_found_once_the_lines_around_it_were_read(profile):
    found = failures(judge([branch(MERCHANT)], [slip(without(8, 9, 10, 11))], {}, profile))
    assert set(found) == {("SLIP-SIGNATURE", "slip.merchant.signature")}


def test_a_missing_line_on_a_slip_out_of_view_is_no_fail(profile):
    """What may have been outside the picture is not missing."""
    judgement = judge([branch(MERCHANT)], [slip(without(0, 1), complete=False)], {}, profile)
    assert judgement.verdict is Verdict.INCONCLUSIVE


def test_a_value_that_is_not_printed_is_no_misreading(profile):
    """授权码 printed empty though F38 came: the eye confirms the bare label."""
    lines = tuple("授权码 AUTH NO:" if n == 5 else text for n, text in enumerate(MERCHANT_LINES))
    words = {5: (said("授权码 AUTH NO:600011", Reading.UNREADABLE, "授权码 AUTH NO:"), said("授权码 AUTH NO:"))}
    assert failures(judge([branch(MERCHANT)], [slip(lines, words=words)], {}, profile)) == [
        ("SLIP-AUTH", "slip.merchant.auth")
    ]


def test_a_waiver_where_a_signature_is_due_is_found(profile):
    lines = (*MERCHANT_LINES, "未超1000.00元,免密免签")
    assert ("FREE-LIMIT", "slip.merchant.waiver") in failures(judge([branch(MERCHANT)], [slip(lines)], {}, profile))


def test_a_slip_for_a_declined_sale_is_found(profile):
    never = branch(forbidden=(Slip(copy="merchant", requirement="SLIP-NONE"),))
    assert failures(judge([never], [slip()], {}, profile)) == [("SLIP-NONE", "slip.merchant")]


def test_a_slip_that_did_not_come_needs_a_witness(profile):
    for witness, verdict in (("clears_rig", Verdict.FAIL), ("none", Verdict.INCONCLUSIVE)):
        assert judge([branch(MERCHANT)], [], {}, profile, {"slip": witness}).verdict is verdict


PROFILE = load_profile("classic")
EXPECTED = slip_lines(PROFILE, MERCHANT, {})


@given(st.data())
def test_lines_find_their_places_though_one_is_lost_and_one_misread(data):
    """Alignment: whatever single line is lost, and whichever single character of another is misread."""
    lost = data.draw(st.integers(0, len(EXPECTED) - 1))
    texts = [one.text for number, one in enumerate(EXPECTED) if number != lost]
    wrong = data.draw(st.integers(0, len(texts) - 1))
    at = data.draw(st.integers(0, len(texts[wrong]) - 1))
    texts[wrong] = texts[wrong][:at] + "?" + texts[wrong][at + 1 :]
    places = align_lines(EXPECTED, texts)
    right = [None if number == lost else number - (number > lost) for number in range(len(EXPECTED))]
    assert sum(one == two for one, two in zip(places, right, strict=True)) >= len(right) - 1
    assert [place for place in places if place is not None] == sorted(place for place in places if place is not None)
