"""A slip passes when the eye confirms every line, and fails for a line that differs, is missing, or is too much."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillrig.judge import judge
from tillrig.judge.slips import align_lines
from tillrig.observations import Abandoned, Line, PaperSeen, Reading
from tillrig.profiles import load_profile
from tillrig.profiles.slips import slip_lines
from tillrig.steps import Slip
from tillrig.verdicts import Verdict

from .builders import MERCHANT, MERCHANT_LINES, branch, field, said, slip


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


AMOUNT_TOO_MUCH = "RMB 99.99"


def with_extra(text, *words, after=7, confidence=0.99, complete=True):
    """The sound slip with one line more; nobody was asked about it but for `words`."""
    sound = slip(complete=complete)
    more = Line(text=text, confidence=confidence, box=(1.0, 2.0, 30.0, 40.0), testimonies=words)
    return msgspec.structs.replace(sound, lines=(*sound.lines[: after + 1], more, *sound.lines[after + 1 :]))


def told(seen, profile):
    judgement = judge([branch(MERCHANT)], [seen], {}, profile)
    return [(one.verdict.value, one.requirement, one.point) for one in judgement.findings if one.verdict != "PASS"]


@pytest.mark.parametrize(
    ("text", "words", "verdict"),
    [
        (AMOUNT_TOO_MUCH, (), "INCONCLUSIVE"),
        (AMOUNT_TOO_MUCH, (said(AMOUNT_TOO_MUCH, readers=1),), "INCONCLUSIVE"),
        (AMOUNT_TOO_MUCH, (said(AMOUNT_TOO_MUCH, frames=1),), "INCONCLUSIVE"),
        (AMOUNT_TOO_MUCH, (said(AMOUNT_TOO_MUCH, Reading.UNREADABLE),), "INCONCLUSIVE"),
        (AMOUNT_TOO_MUCH, (said(AMOUNT_TOO_MUCH),), "FAIL"),
        ("测试版 TEST", (), "INCONCLUSIVE"),
        ("测试版 TEST", (said("测试版 TEST", readers=1),), "FAIL"),
    ],
)
def test_a_line_that_nothing_expects_is_found(profile, text, words, verdict):
    """Read blind it accuses nobody; the eye's word does, from two frames, on money by two readers."""
    point = "slip.merchant.amount" if text == AMOUNT_TOO_MUCH else "slip.merchant.text"
    assert told(with_extra(text, *words), profile) == [(verdict, "SLIP-LINES", point)]


def test_a_line_printed_twice_is_found(profile):
    assert told(with_extra("RMB 1,234.56", after=6), profile) == [
        ("INCONCLUSIVE", "SLIP-LINES", "slip.merchant.amount")
    ]


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("", {}),
        ("--------------------", {}),
        ("· .", {}),
        ("l1", {}),
        ("RMB 9g.9", {"confidence": 0.55}),
        ("RMB 99.99", {"complete": False}),
    ],
    ids=["blank", "rule", "specks", "two characters", "illegible", "out of view"],
)
def test_what_may_be_no_line_at_all_is_no_finding(profile, text, more):
    assert told(with_extra(text, **more), profile) == []


def test_half_of_a_line_that_was_read_in_two_is_no_finding(profile):
    """Whatever the eye says of the other half."""
    half = "SATISFACTORY RECEIPT"
    lines = tuple("I ACKNOWLEDGE  OF RELATIVE G" if n == 10 else text for n, text in enumerate(MERCHANT_LINES))
    words = {10: (said(MERCHANT_LINES[10], Reading.UNREADABLE, lines[10]),)}
    sound = slip(lines, words=words)
    more = Line(text=half, confidence=0.99, box=(1.0, 2.0, 30.0, 40.0))
    seen = msgspec.structs.replace(sound, lines=(*sound.lines[:10], more, *sound.lines[10:]))
    assert [one[2] for one in told(seen, profile)] == ["slip.merchant.signature"]


def test_a_slip_on_which_something_is_not_found_has_no_line_too_many(profile):
    """What was not found may be what was read otherwise."""
    seen = with_extra(AMOUNT_TOO_MUCH)
    seen = msgspec.structs.replace(seen, lines=seen.lines[1:])
    assert {one[1] for one in told(seen, profile)} == {"SLIP-HEADER"}


def test_a_reprint_mark_that_is_expected_is_no_line_too_many(profile):
    mark = "****重打印/DUPLICATED****"
    marked = msgspec.structs.replace(MERCHANT, fields=(*MERCHANT.fields, field("reprint_mark", "presence", True)))
    sound = slip((*MERCHANT_LINES[:8], mark, *MERCHANT_LINES[8:]))
    assert judge([branch(marked)], [sound], {}, profile).verdict is Verdict.PASS


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


NONE = tuple(Slip(copy=copy, requirement="SLIP-NONE") for copy in ("merchant", "cardholder"))
LOOKED = PaperSeen(seq=1, at=9.0)


def test_that_no_slip_came_is_told_where_somebody_looked_at_the_paper(profile):
    """A rig without a slip camera has found nothing out, nor has an action that was given up."""
    never = branch(forbidden=NONE)
    found = judge([never], [LOOKED], {}, profile).findings
    assert [(one.point, one.verdict) for one in found] == [
        ("slip.merchant", Verdict.PASS),
        ("slip.cardholder", Verdict.PASS),
    ]
    assert judge([never], [], {}, profile).findings == ()
    lost = Abandoned(seq=2, at=2.0, point="screen.unknown", why="expected menu")
    assert not [one for one in judge([never], [LOOKED, lost], {}, profile).findings if one.verdict is Verdict.PASS]


def test_a_slip_that_must_not_come_is_never_passed(profile):
    """Of which copy an illegible one is nobody knows: neither is called absent."""
    printed = judge([branch(forbidden=NONE)], [slip(), LOOKED], {}, profile).findings
    assert {one.point: one.verdict for one in printed if one.requirement == "SLIP-NONE"} == {
        "slip.merchant": Verdict.FAIL,
        "slip.cardholder": Verdict.PASS,
    }
    odd = judge([branch(forbidden=NONE)], [slip(copy=""), LOOKED], {}, profile).findings
    assert not [one for one in odd if one.requirement == "SLIP-NONE" and one.verdict is Verdict.PASS]


def test_a_slip_that_may_come_is_judged_when_it_does_and_not_missed_when_it_does_not(profile):
    """A reprint where nobody knows whether there is a record."""
    may = msgspec.structs.replace(MERCHANT, optional=True)
    proved = {"slip": "clears_rig"}
    assert judge([branch(may)], [LOOKED], {}, profile, proved).verdict is Verdict.PASS
    assert failures(judge([branch(MERCHANT)], [LOOKED], {}, profile, proved)) == [("SLIP-COPIES", "slip.merchant")]
    assert set(failures(judge([branch(may)], [slip(without(8, 9, 10, 11))], {}, profile))) == {
        ("SLIP-SIGNATURE", "slip.merchant.signature")
    }
