"""A screen passes when the eye confirms every row of the step, and fails when two frames prove another text."""

from __future__ import annotations

import pytest

from tillrig.judge import judge
from tillrig.observations import Abandoned, Absent, Reading
from tillrig.steps import Screen
from tillrig.verdicts import Verdict

from .builders import AMOUNT_ROWS, ask_amount, branch, field, said, screen

MENU = Screen(kind="menu", requirement="MENU")
MENU_ROWS = {0: "1 消费  2 撤销", 1: "3 退货  4 预授权", 2: "5 扫码  6 打印", 3: "7 管理  8 其它"}


def verdict_at(judgement, point):
    found = {one.point: one.verdict for one in judgement.findings}
    return found.get(point)


def test_a_screen_that_shows_what_it_should_passes(profile):
    """Every row gives a PASS finding, so that what was judged can be counted."""
    judgement = judge([branch(ask_amount(1234))], [screen("ask_amount", AMOUNT_ROWS)], {}, profile)
    assert judgement.verdict is Verdict.PASS
    assert {one.point for one in judgement.findings} == {
        "screen.ask_amount.title",
        "screen.ask_amount.prompt",
        "screen.ask_amount.amount",
        "screen.ask_amount.row4",
    }


def test_a_wrong_digit_of_an_amount_is_a_fail_with_its_picture(profile):
    """A mismatch on money, seen by two readers in two frames, is proven."""
    wrong = said("12.34", Reading.MISMATCH, "12.84")
    judgement = judge([branch(ask_amount(1234))], [screen("ask_amount", AMOUNT_ROWS, words=((2, wrong),))], {}, profile)
    (failure,) = [one for one in judgement.findings if one.verdict is Verdict.FAIL]
    assert (failure.requirement, failure.point) == ("SALE-AMOUNT-SCREEN", "screen.ask_amount.amount")
    assert (failure.expected, failure.seen, failure.money) == ("12.34", "12.84", True)
    assert failure.pictures == ("sha256:" + "0" * 64,)
    assert failure.boxes == ((1.0, 2.0, 30.0, 40.0),)


@pytest.mark.parametrize(("frames", "readers"), [(1, 2), (2, 1)])
def test_money_seen_once_or_by_one_reader_is_not_proven(profile, frames, readers):
    """A FAIL on money needs two distinct frames and two readers; less is INCONCLUSIVE."""
    wrong = said("12.34", Reading.MISMATCH, "12.84", frames=frames, readers=readers)
    judgement = judge([branch(ask_amount(1234))], [screen("ask_amount", AMOUNT_ROWS, words=((2, wrong),))], {}, profile)
    assert verdict_at(judgement, "screen.ask_amount.amount") is Verdict.INCONCLUSIVE
    assert judgement.verdict is Verdict.INCONCLUSIVE


def test_an_unreadable_row_is_never_a_pass_nor_a_fail(profile):
    unclear = said("12.34", Reading.UNREADABLE, "12.3")
    judgement = judge(
        [branch(ask_amount(1234))], [screen("ask_amount", AMOUNT_ROWS, words=((2, unclear),))], {}, profile
    )
    assert verdict_at(judgement, "screen.ask_amount.amount") is Verdict.INCONCLUSIVE


def test_a_text_that_was_never_put_to_the_eye_does_not_pass(profile):
    """A testimony on another text says nothing about the expected one."""
    other = screen("ask_amount", AMOUNT_ROWS, words=((2, said("99.99")),))
    judgement = judge([branch(ask_amount(1234))], [other], {}, profile)
    assert verdict_at(judgement, "screen.ask_amount.amount") is Verdict.INCONCLUSIVE


def test_something_in_a_row_that_must_be_blank_is_a_fail(profile):
    left_over = said("", Reading.MISMATCH, "1470")
    judgement = judge(
        [branch(ask_amount(1234))], [screen("ask_amount", AMOUNT_ROWS, words=((3, left_over),))], {}, profile
    )
    assert verdict_at(judgement, "screen.ask_amount.row4") is Verdict.FAIL


def test_a_missing_screen_is_a_fail_only_when_the_camera_proved_itself(profile):
    """Absence: the witness decides whose fault it is."""
    steps = branch(ask_amount(1234), MENU)
    seen = [screen("ask_amount", AMOUNT_ROWS)]
    for witness, verdict in (
        ("clears_rig", Verdict.FAIL),
        ("blames_rig", Verdict.RIG_ERROR),
        ("none", Verdict.INCONCLUSIVE),
    ):
        judgement = judge([steps], seen, {}, profile, {"screen": witness})
        assert verdict_at(judgement, "screen.menu") is verdict


def test_an_observer_without_a_witness_is_not_overruled_by_a_later_check(profile):
    """A key press that nobody can prove leaves a hung screen INCONCLUSIVE, though the camera is sound."""
    gone = Absent(seq=2, at=5.0, point="screen.menu", waited=8.0, witness="none", why="no key sense")
    judgement = judge([branch(MENU)], [gone], {}, profile, {"screen": "clears_rig"})
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert not judgement.certain


def test_a_fail_whose_camera_failed_its_check_afterwards_is_void(profile):
    wrong = said("12.34", Reading.MISMATCH, "12.84")
    seen = [screen("ask_amount", AMOUNT_ROWS, words=((2, wrong),))]
    judgement = judge([branch(ask_amount(1234))], seen, {}, profile, {"screen": "blames_rig"})
    assert judgement.verdict is Verdict.RIG_ERROR


def test_an_optional_screen_may_be_missed_or_too_short_to_read(profile):
    busy = Screen(
        kind="busy",
        requirement="SALE-PROMPTS",
        optional=True,
        fields=(field("title", "key", "txn.sale"), field("text", "key", "text.busy")),
    )
    assert judge([branch(busy)], [], {}, profile).verdict is Verdict.PASS
    brief = screen(
        "busy", {0: "消费", 1: "通讯中,请稍候"}, words=((1, said("通讯中,请稍候", Reading.UNREADABLE)),), settled=False
    )
    assert judge([branch(busy)], [brief], {}, profile).verdict is Verdict.PASS


def test_an_optional_screen_with_a_wrong_text_is_a_fail(profile):
    busy = Screen(
        kind="busy",
        requirement="SALE-PROMPTS",
        optional=True,
        fields=(field("title", "key", "txn.sale"), field("text", "key", "text.busy")),
    )
    wrong = screen(
        "busy", {0: "消费", 1: "通讯中"}, words=((1, said("通讯中,请稍候", Reading.MISMATCH, "通迅中,请稍候")),)
    )
    assert judge([branch(busy)], [wrong], {}, profile).verdict is Verdict.FAIL


def test_a_forbidden_screen_names_the_requirement_that_it_breaks(profile):
    """A PIN prompt within the contactless limit."""
    never = branch(ask_amount(1234), forbidden=(Screen(kind="ask_pin", requirement="FREE-LIMIT"),))
    pin = screen("ask_pin", {0: "消费", 1: "请输入密码", 3: "12.34"}, seq=2)
    judgement = judge([never], [screen("ask_amount", AMOUNT_ROWS), pin], {}, profile)
    (failure,) = [one for one in judgement.findings if one.verdict is Verdict.FAIL]
    assert (failure.requirement, failure.point) == ("FREE-LIMIT", "screen.ask_pin")


@pytest.mark.parametrize("kind", ["reading", "printing", "dark", "menu_manage"])
def test_screens_that_only_pass_by_are_no_findings(profile, kind):
    seen = [screen("ask_amount", AMOUNT_ROWS), screen(kind, {0: "x"}, seq=2)]
    assert judge([branch(ask_amount(1234))], seen, {}, profile).verdict is Verdict.PASS


def test_an_unknown_screen_in_the_place_of_a_step_is_judged_as_that_step(profile):
    """A prompt that is quite another text is found wrong, with its picture, not merely missed."""
    odd = screen("", AMOUNT_ROWS, words=((1, said("请输入金额:", Reading.MISMATCH, "系统维护")),))
    judgement = judge([branch(ask_amount(1234))], [odd], {}, profile)
    assert verdict_at(judgement, "screen.ask_amount.prompt") is Verdict.FAIL


def test_after_the_operator_gave_up_nothing_more_is_missed(profile):
    """What was not waited for is not missing; but an action that was given up never passes."""
    given_up = Abandoned(seq=2, at=2.0, point="screen.unknown", why="expected menu")
    judgement = judge([branch(ask_amount(1234), MENU)], [screen("ask_amount", AMOUNT_ROWS), given_up], {}, profile)
    assert verdict_at(judgement, "screen.menu") is None
    assert judgement.verdict is Verdict.INCONCLUSIVE


def test_the_result_of_another_answer_is_found_by_its_text(profile):
    """An approval shown where a wrong MAC must be refused (MAC-ANSWER)."""
    step = Screen(
        kind="result",
        requirement="MAC-ANSWER",
        fields=(field("title", "key", "txn.sale", "MAC-ANSWER"), field("text", "key", "text.bad_mac", "MAC-ANSWER")),
    )
    approved = screen(
        "result",
        {0: "消费", 1: "交易成功"},
        words=((1, said("MAC校验不符", Reading.MISMATCH, "交易成功")),),
        keys={"text": "response.00"},
    )
    judgement = judge([branch(step)], [approved], {}, profile)
    assert verdict_at(judgement, "screen.result.text") is Verdict.FAIL
    assert not judgement.certain


ODD = {0: "系统维护", 1: "请联系管理员"}


def test_a_legible_screen_of_no_profile_is_a_fail_an_illegible_one_is_not(profile):
    """Glare over a sound screen reads as noise: that accuses nobody."""
    expected = [screen("ask_amount", AMOUNT_ROWS, words=((2, said("12.34")),))]
    legible = screen("", ODD, seq=2)
    illegible = screen("", ODD, seq=2, words=((1, said(ODD[1], Reading.UNREADABLE)),))
    for odd, verdict in ((legible, Verdict.FAIL), (illegible, Verdict.INCONCLUSIVE)):
        judgement = judge([branch(ask_amount(1234))], [*expected, odd], {}, profile)
        (found,) = [one for one in judgement.findings if one.point == "screen.unknown"]
        assert found.verdict is verdict


def test_a_screen_after_keys_without_a_witness_is_inconclusive(profile):
    """A rig without contact sense: perhaps the relay lost a key of the menu path."""
    wrong = screen("version", {0: "版本", 1: "型号:classic"}, seq=2)
    for word, verdict in (("none", Verdict.INCONCLUSIVE), ("clears_rig", Verdict.FAIL)):
        lost = Abandoned(seq=2, at=wrong.at, point="screen.version", why="expected ask_amount", witness=word)
        judgement = judge([branch(ask_amount(1234))], [wrong, lost], {}, profile)
        (found,) = [one for one in judgement.findings if one.point == "screen.version"]
        assert found.verdict is verdict


def test_a_dark_screen_that_must_come_is_told(profile):
    asleep = branch(Screen(kind="dark", requirement="SLEEPS", give="wake"))
    (found,) = judge([asleep], [screen("dark", {})], {}, profile).findings
    assert (found.verdict, found.requirement, found.point) == (Verdict.PASS, "SLEEPS", "screen.dark")
    never = Absent(seq=1, at=1.0, point="screen.dark", waited=90.0, witness="clears_rig", why="the menu stays")
    (found,) = judge([asleep], [never], {}, profile).findings
    assert (found.verdict, found.requirement) == (Verdict.FAIL, "SLEEPS")


def test_a_forbidden_screen_that_did_not_come_is_told_unless_the_action_was_given_up(profile):
    """That no PIN was asked for is something found out; what was not waited for is not."""
    never = branch(ask_amount(1234), forbidden=(Screen(kind="ask_pin", requirement="FREE-LIMIT"),))
    seen = screen("ask_amount", AMOUNT_ROWS)
    told = [one for one in judge([never], [seen], {}, profile).findings if one.requirement == "FREE-LIMIT"]
    assert [(one.point, one.verdict) for one in told] == [("screen.ask_pin", Verdict.PASS)]
    lost = Abandoned(seq=2, at=2.0, point="screen.unknown", why="expected menu")
    pin = screen("ask_pin", {0: "消费", 1: "请输入密码", 3: "12.34"}, seq=2, settled=False)
    for more in (lost, pin):
        findings = judge([never], [seen, more], {}, profile).findings
        assert not [one for one in findings if one.requirement == "FREE-LIMIT"]
