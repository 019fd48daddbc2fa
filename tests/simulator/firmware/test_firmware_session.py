"""From the dark glass to the menu and back: boot, sign-in, sign-off, sleep, power."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.simulator.firmware.firmware_acquirer import F62, Acquirer, change, code, silent
from tests.simulator.firmware.firmware_desk import Desk

Start = Callable[..., Desk]


def test_boot_shows_model_and_version_then_welcome_then_the_operator_prompt(start: Start) -> None:
    desk = start()
    desk.boot()
    assert desk.screens[0] == ["#    TILLRIG", "型号:classic", "版本:1.0.0", ""]
    assert [rows[3] for rows in desk.screens[1:6]] == [
        "自检:打印机", "自检:读卡器", "自检:键盘", "自检:电池", "自检正常",
    ]  # fmt: skip
    assert desk.screens[6][2] == "    欢迎使用"
    assert desk.screens[7] == ["#      签到", "请输入操作员编号", "", ""]


def test_a_power_key_held_too_briefly_leaves_the_glass_dark(start: Start) -> None:
    desk = start(scale=4.0)
    desk.press_now("power", 0.3)
    desk.pump(time.monotonic() + 0.3)
    assert desk.screens == []


def test_a_jammed_printer_is_told_by_the_self_test_and_enter_goes_on(start: Start) -> None:
    desk = start()
    desk.set_paper("jam")
    desk.hold_power(2)
    desk.see("打印机故障")
    desk.press("enter")
    desk.see("请输入操作员编号")


def test_sign_in_sends_its_fields_and_shows_date_time_and_terminal(desk: Desk, acquirer: Acquirer) -> None:
    (request,) = acquirer.of("signin")
    del request["raw"]  # type: ignore[arg-type]
    assert request == {
        0: "0800", 11: "000001", 41: "10000001", 42: "898111153110001", 60: "00000001003",
        62: b"Sequence No12300110000001", 63: b"01 ",
    }  # fmt: skip
    (done,) = [rows for rows in desk.screens if "签到成功" in rows]
    assert done == ["#      签到", "签到成功", f"{time.strftime('%Y')}/11/20 11:22", "终端号:10000001"]


def test_three_wrong_passwords_return_to_the_operator_prompt_and_send_nothing(start: Start, acquirer: Acquirer) -> None:
    desk = start()
    desk.boot()
    desk.press("0", "1", "enter")
    for _ in range(3):
        desk.see("请输入操作员密码")
        desk.press("1", "1", "1", "1", "enter")
        desk.see("密码错误")
    desk.see("请输入操作员编号")
    assert acquirer.requests == []


def test_passwords_show_as_stars_only(desk: Desk) -> None:
    rows = [rows[2].strip() for rows in desk.screens if "请输入操作员密码" in rows]
    assert rows == ["", "*", "**", "***", "****"]


def test_an_unknown_operator_is_refused(start: Start) -> None:
    desk = start()
    desk.boot()
    desk.press("4", "2", "enter")
    desk.see("无此操作员")
    desk.see("请输入操作员编号")


def test_signing_in_twice_is_refused_and_sends_nothing(desk: Desk, acquirer: Acquirer) -> None:
    desk.press("7")
    desk.see("1 签到")
    desk.press("1")
    desk.see("已签到,请勿重复")
    desk.see("1 消费")
    assert len(acquirer.of("signin")) == 1


@pytest.mark.parametrize(
    ("act", "text"),
    [
        (code("97"), "[97]终端未登记"),
        (silent, "接收超时"),
        (change(62, F62[:-1] + b"\x00"), "密钥校验失败"),
        (change(41, "99999999"), "解包终端号不符"),
    ],
)
def test_a_failed_sign_in_says_why_and_asks_again(start: Start, acquirer: Acquirer, act: object, text: str) -> None:
    acquirer.script["signin"] = [act]  # type: ignore[list-item]
    desk = start(scale=100.0)
    desk.boot()
    desk.press("0", "1", "enter", "0", "0", "0", "0", "enter")
    desk.see(text)
    desk.see("请输入操作员编号")


def test_the_supervisor_logs_in_without_the_host_and_may_not_sell(start: Start, acquirer: Acquirer) -> None:
    desk = start()
    desk.boot()
    desk.press("0", "0", "enter", *"123456", "enter")
    desk.see("1 消费")
    desk.press("1")
    assert desk.see("主管")[1:3] == ["主管", "不能执行该交易"]
    assert acquirer.requests == []


def test_sign_off_ends_the_session_only_when_the_host_says_00(desk: Desk, acquirer: Acquirer) -> None:
    acquirer.script["signoff"] = [code("96")]
    desk.press("7", "2")
    desk.see("[96]")
    desk.see("1 消费")
    desk.press("7", "2")
    desk.see("签退成功")
    desk.see("请输入操作员编号")
    assert [request[60] for request in acquirer.of("signoff")] == ["00000001002"] * 2


def test_a_batch_number_of_the_sign_in_answer_replaces_the_terminals(start: Start, acquirer: Acquirer) -> None:
    acquirer.batch = "000042"
    desk = start()
    desk.sign_in()
    desk.press("7", "2")
    desk.see("签退成功")
    assert acquirer.of("signoff")[0][60] == "00000042002"


def test_the_host_may_ask_for_a_new_sign_in_before_the_next_function(desk: Desk, acquirer: Acquirer) -> None:
    acquirer.header = "602203000000"
    acquirer.script["signoff"] = [code("96")]
    desk.press("7", "2")
    desk.see("[96]")
    desk.see("1 消费")
    acquirer.header = "602200000000"
    desk.press("1")
    desk.see("签到成功")
    desk.see("请输入金额")
    assert len(acquirer.of("signin")) == 2


def test_after_A0_a_sale_wants_a_sign_in_first_and_7_1_gives_it(desk: Desk, acquirer: Acquirer) -> None:  # noqa: N802
    acquirer.script["signoff"] = [code("A0")]
    desk.press("7", "2")
    desk.see("[A0]MAC校验错,请")
    desk.see("1 消费")
    desk.press("1")
    desk.see("请签到后再做交易")
    desk.see("1 消费")
    desk.press("7", "1")
    desk.see("请输入操作员编号")
    desk.press("0", "2", "enter", "0", "0", "0", "0", "enter")
    desk.see("签到成功")


def test_a_sleeping_terminal_wakes_at_a_key_which_is_swallowed(start: Start) -> None:
    desk = start("--set", "seconds.sleep=15", "--set", "seconds.backlight=6")
    desk.sign_in()
    desk.wait(lambda: desk.light == {"backlight": False, "on": True}, "backlight off")
    desk.wait(lambda: desk.light == {"backlight": False, "on": False}, "sleep")
    before = len(desk.screens)
    desk.press("1")
    desk.wait(lambda: desk.light == {"backlight": True, "on": True}, "wake")
    assert len(desk.screens) == before
    desk.press("1")
    desk.see("请输入金额")


def test_the_power_key_turns_the_terminal_off_and_on_and_the_operator_signs_in_again(desk: Desk) -> None:
    desk.hold_power(3)
    desk.wait(lambda: desk.light == {"backlight": False, "on": False}, "dark glass")
    before = len(desk.screens)
    desk.pump(time.monotonic() + 0.3)
    assert len(desk.screens) == before
    desk.boot()


def test_what_later_versions_bring_is_refused(desk: Desk) -> None:
    desk.press("8")
    assert desk.see("1 余额查询") == ["1 余额查询", "2 现金收款", "3 转账", "4 电子凭证"]
    desk.press("1")
    assert desk.see("此功能未开通")[0] == "#    余额查询"


def test_menus_have_pages_and_a_digit_works_from_any(desk: Desk) -> None:
    desk.press("7")
    desk.see("1 签到", "4 操作员")
    desk.press("down")
    assert desk.see("5 网络") == ["5 网络", "6 结算", "7 锁定终端", "8 版本"]
    desk.press("3")
    desk.see("1 交易明细")
    desk.press("cancel")
    desk.see("1 签到")
    desk.press("8")
    assert desk.see("型号:classic") == ["#      版本", "型号:classic", "版本:1.0.0", "终端号:10000001"]
    desk.press("enter")
    desk.see("1 消费")
