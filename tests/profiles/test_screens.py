"""Screens are recognised though something in them is wrong, and rendered exactly as they must be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillrig.profiles import load_profile
from tillrig.profiles.screens import render_screen
from tillrig.profiles.texts import amount_text, broken, response_text, width
from tillrig.steps import Field, Screen, Symbol

CLASSIC = load_profile("classic")

SHOWN = {
    "ask_amount": ("消费", "请输入金额:", "12.34", ""),
    "ask_card": ("消费", "请刷卡/插卡/挥卡", "12.34", ""),
    "ask_pin": ("消费", "请输入密码", "****", "12.34"),
    "reading": ("消费", "读卡中,请稍候", "", ""),
    "busy": ("消费", "通讯中,请稍候", "", ""),
    "settling": ("结算", "通讯中,请稍候", "", ""),
    "result": ("消费", "[58]发卡方不允许", "该卡在本终端进行", "此交易"),
    "refused": ("消费", "主管", "不能执行该交易", ""),
    "remove_card": ("消费", "请取走卡片", "", ""),
    "continue_print": ("消费", "按确认继续打印", "", ""),
    "paper_out": ("消费", "打印机缺纸", "按确认打印", "按取消退出"),
    "ask_operator": ("签到", "请输入操作员编号", "01", ""),
    "ask_password": ("签到", "请输入操作员密码", "****", ""),
    "signin_done": ("签到", "签到成功", "2026/11/20 11:22", "终端号:10000001"),
    "menu": ("1 消费  2 撤销", "3 退货  4 预授权", "5 扫码  6 打印", "7 管理  8 其它"),
    "version": ("版本", "型号:classic", "版本:1.0.0", "终端号:10000001"),
    "boot": ("TILLRIG", "型号:classic", "版本:1.0.0", "自检:键盘"),
    "announcement": ("提示", "有待冲正交易", "", ""),
}


@pytest.mark.parametrize("kind", SHOWN)
def test_every_screen_is_recognised(kind):
    assert CLASSIC.recogniser.recognise(SHOWN[kind]).kind == kind


@given(st.sampled_from(sorted(SHOWN)), st.data())
def test_a_screen_with_one_wrong_character_is_still_operated(kind, data):
    """What is wrong is the judge's business; the operator must go on (a seeded fault changes one character)."""
    rows = list(SHOWN[kind])
    row = (
        data.draw(st.sampled_from([n for n, text in enumerate(rows) if len(text) >= 5]))
        if any(len(t) >= 5 for t in rows)
        else 1
    )
    at = data.draw(st.integers(0, len(rows[row]) - 1))
    rows[row] = rows[row][:at] + "佘" + rows[row][at + 1 :]
    assert CLASSIC.recogniser.recognise(rows, expected=(kind,)).kind == kind


@pytest.mark.parametrize(
    "rows", [("系统维护中", "请联系管理员", "400-123", ""), ("HELLO", "WORLD", "", ""), ("", "*", "", "~")]
)
def test_a_screen_that_the_profile_does_not_know_is_unknown(rows):
    assert CLASSIC.recogniser.recognise(rows).kind == ""


def test_an_approval_and_a_decline_are_told_apart_by_their_texts():
    """The key of the text tells which branch a result belongs to."""
    keys = [
        CLASSIC.recogniser.recognise(("消费", text, "", "")).keys["text"]
        for text in ("交易成功", "[51]可用余额不足", "MAC校验不符")
    ]
    assert keys == ["response.00", "response.51", "text.bad_mac"]


def test_an_unknown_code_is_a_result_too():
    assert CLASSIC.recogniser.recognise(("消费", "交易失败", "错误码:[77]", "")).kind == "result"


def test_rows_are_rendered_with_their_requirements():
    step = Screen(
        kind="ask_pin",
        requirement="PIN-ASKED",
        fields=(
            Field(name="title", kind="key", value="txn.sale", requirement="PIN-ASKED"),
            Field(name="prompt", kind="key", value="prompt.ask_pin", requirement="PIN-ASKED"),
            Field(name="stars", kind="stars", value=6, requirement="PIN-MASK"),
            Field(name="amount", kind="amount", value=12_34, requirement="SALE-AMOUNT-SCREEN", money=True),
        ),
    )
    rendered = render_screen(CLASSIC, step, {})
    assert (rendered[3].kind, rendered[3].money) == ("amount", True)
    rows = {row.row: (row.text, row.part, row.requirement) for row in rendered}
    assert rows == {
        0: ("消费", "title", "PIN-ASKED"),
        1: ("请输入密码", "prompt", "PIN-ASKED"),
        2: ("******", "stars", "PIN-MASK"),
        3: ("12.34", "amount", "SALE-AMOUNT-SCREEN"),
    }


def test_a_result_runs_over_the_rows_and_the_rest_is_blank():
    step = Screen(
        kind="result",
        requirement="R",
        fields=(
            Field(name="title", kind="key", value="txn.sale", requirement="R"),
            Field(name="text", kind="key", value=Symbol("code#1.1"), requirement="R", prefix="response."),
        ),
    )
    rows = [row.text for row in render_screen(CLASSIC, step, {"code#1.1": "58"})]
    assert rows == ["消费", "[58]发卡方不允许", "该卡在本终端进行", "此交易"]
    assert [row.text for row in render_screen(CLASSIC, step, {"code#1.1": "51"})] == [
        "消费",
        "[51]可用余额不足",
        "",
        "",
    ]


def test_a_row_with_an_unbound_symbol_says_so():
    step = Screen(
        kind="version",
        requirement="V",
        fields=(
            Field(name="title", kind="key", value="txn.version", requirement="V"),
            Field(name="version", kind="text", value=Symbol("version"), requirement="VERSION"),
        ),
    )
    rows = {row.row: row for row in render_screen(CLASSIC, step, {})}
    assert rows[2].unbound == "version"
    assert 1 not in rows, "a row whose field nobody told is not judged"


def test_every_response_text_fits_in_three_rows():
    """rules H14."""
    for code in CLASSIC.responses:
        rows = broken(response_text(CLASSIC, code), CLASSIC.display.columns)
        assert len(rows) <= 3, code
        assert all(width(row) <= CLASSIC.display.columns for row in rows)


@given(st.integers(0, 9_999_999_999))
def test_amounts_are_yuan_with_two_decimals(fen):
    plain, grouped = amount_text(fen, ""), amount_text(fen, ",")
    assert int(plain.replace(".", "")) == fen
    assert grouped.replace(",", "") == plain
    assert all(len(group) == 3 for group in grouped.partition(".")[0].split(",")[1:])


@given(st.text("余额不足abc|12", max_size=40), st.integers(4, 16))
def test_breaking_loses_nothing_and_never_splits_a_character(text, columns):
    rows = broken(text, columns)
    assert "".join(rows) == text.replace("|", "")
    assert all(width(row) <= columns for row in rows)
