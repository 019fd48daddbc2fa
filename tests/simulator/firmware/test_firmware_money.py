"""What the host booked, what the terminal keeps and what it still has to reverse always add up (rules H11, H21-H23)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.simulator.firmware.firmware_acquirer import Acquirer, change, code, silent, wrong_mac
from tests.simulator.firmware.firmware_desk import Card, Desk
from tillrig.simulator import wire
from tillrig.simulator.firmware.host.iso import untlv

Start = Callable[..., Desk]


def pay(desk: Desk, card: Card, amount: str = "100") -> None:
    desk.card("removed")
    desk.sale(amount, card, "tapped", pin=None)


@pytest.mark.parametrize(
    ("act", "text", "reason"),
    [
        (silent, "接收超时", "98"),
        (lambda host, request, answer: host.frame(answer)[:-20] + b"", "连接主机异常", "98"),
        (lambda host, request, answer: b"\x00\x04\x01\x02\x03\x04", "接收数据错误", "06"),
        (change(0, "0410"), "解包消息码不符", "06"),
        (change(3, "200000"), "解包处理码不符", "06"),
        (change(11, "999999"), "解包流水号不符", "06"),
        (change(41, "99999999"), "解包终端号不符", "06"),
        (change(42, "898111153110002"), "解包商户号不符", "06"),
        (change(4, "000000000101"), "解包交易金额不符", "06"),
        (wrong_mac, "MAC校验不符", "A0"),
    ],
)
def test_a_bad_answer_says_why_and_is_reversed_before_the_next_sale(
    start: Start, acquirer: Acquirer, chip_card: Card, act: object, text: str, reason: str
) -> None:
    acquirer.script["sale"] = [act]  # type: ignore[list-item]
    desk = start(scale=100.0)
    desk.sign_in()
    pay(desk, chip_card)
    desk.see(text)
    desk.see("1 消费")
    assert acquirer.of("reversal") == []
    pay(desk, chip_card, "200")
    desk.see("正在冲正")
    desk.see("冲正成功")
    desk.see("交易成功")
    first, second = acquirer.of("sale")
    (reversal,) = acquirer.of("reversal")
    assert [kind for kind, _ in acquirer.requests] == ["signin", "sale", "reversal", "sale"]
    same = (2, 3, 4, 11, 14, 22, 23, 25, 41, 42, 49, 60)
    assert {n: reversal.get(n) for n in same} == {n: first.get(n) for n in same}
    assert reversal[39] == reason
    assert list(untlv(reversal[55])) == ["95", "9F1E", "9F10", "9F36"]  # type: ignore[arg-type]
    assert not {35, 36, 37, 52} & set(reversal)
    assert (second[11], second[4]) == ("000003", "000000000200")


def test_nothing_is_reversed_when_nothing_left_or_the_host_declined(
    desk: Desk, acquirer: Acquirer, chip_card: Card
) -> None:
    desk.send(wire.json_message(wire.LINK, {"link": False}))
    pay(desk, chip_card)
    desk.see("网络未连接")
    desk.see("1 消费")
    desk.send(wire.json_message(wire.LINK, {"link": True}))
    acquirer.script["sale"] = [code("51")]
    pay(desk, chip_card)
    desk.see("[51]")
    desk.see("1 消费")
    pay(desk, chip_card)
    desk.see("交易成功")
    assert acquirer.of("reversal") == []


def test_a_host_that_does_not_listen_leaves_no_reversal(desk: Desk, acquirer: Acquirer, chip_card: Card) -> None:
    acquirer.close()
    pay(desk, chip_card)
    desk.see("连接主机异常")
    desk.see("1 消费")
    desk.serial_send(wire.PORT_CONSOLE, b"status\n")
    desk.wait(lambda: b"pending: 0" in desk.serial[1], "status")


def test_a_reversal_that_stays_unanswered_three_times_refuses_the_sale_and_is_kept(
    start: Start, acquirer: Acquirer, chip_card: Card
) -> None:
    acquirer.script |= {"sale": [silent], "reversal": [silent] * 3}
    desk = start(scale=200.0)
    desk.sign_in()
    pay(desk, chip_card)
    desk.see("接收超时")
    desk.see("1 消费")
    pay(desk, chip_card)
    assert desk.see("冲正不成功")[1:3] == ["冲正不成功", "请与客服联系"]
    desk.see("1 消费")
    pay(desk, chip_card)
    desk.see("冲正成功")
    desk.see("交易成功")
    assert len(acquirer.of("sale")) == 2
    assert {sent[11] for sent in acquirer.of("reversal")} == {"000002"}


def test_a_chip_card_gone_after_the_approval_undoes_the_sale(desk: Desk, acquirer: Acquirer, chip_card: Card) -> None:
    def pull(host: Acquirer, request: object, answer: dict[int, str | bytes]) -> bytes:
        desk.card("withdrawn")
        return host.frame(answer)

    acquirer.script["sale"] = [pull]
    desk.sale("100", chip_card)
    desk.see("交易失败")
    desk.see("1 消费")
    pay(desk, chip_card)
    desk.see("冲正成功")
    assert acquirer.of("reversal")[0][39] == "06"
    assert len(desk.wait_slips(2)) == 2


@pytest.mark.parametrize("write", range(1, 10))
def test_power_cut_at_any_flash_write_of_a_sale_leaves_it_booked_or_reversed(
    start: Start, acquirer: Acquirer, chip_card: Card, write: int
) -> None:
    desk = start()
    desk.sign_in()
    desk.press("7", "2")
    desk.see("签退成功")
    signed_in_writes = 6
    desk = start("--cut-at", f"write:{write + signed_in_writes}:byte:{write * 37 % 250}", scale=100.0)
    try:
        desk.sign_in()
        pay(desk, chip_card)
        desk.see("正在打印")
    except (AssertionError, BrokenPipeError, OSError):
        desk.process.wait(10)
    approved = {str(sent[11]) for sent in acquirer.of("sale")}
    desk = start(scale=100.0)
    desk.sign_in()
    pay(desk, chip_card, "777")
    desk.see("交易成功")
    desk.serial_send(wire.PORT_CONSOLE, b"journal export\n")
    desk.wait(lambda: b"77700" in desk.serial[1] or b",777," in desk.serial[1], "journal")
    rows = [row.split(",") for row in desk.serial[1].decode().splitlines() if row[:1].isdigit()]
    kept = {row[4] for row in rows if row[7] == "100"}
    reversed_ = {str(sent[11]) for sent in acquirer.of("reversal")}
    assert approved == kept | reversed_
    assert not kept & reversed_
    stans = [str(sent[11]) for kind, sent in acquirer.requests if kind != "reversal"]
    assert len(stans) == len(set(stans))


def settle(desk: Desk) -> None:
    desk.press("7", "6")
    desk.see("确认进行结算?")
    desk.press("enter")


def test_a_balanced_settlement_ends_the_batch_prints_and_signs_off(
    desk: Desk, acquirer: Acquirer, chip_card: Card
) -> None:
    for number in (1, 2):
        pay(desk, chip_card, "65432")
        desk.wait_slips(number * 2)
        desk.see("1 消费")
    settle(desk)
    desk.see("是否打印明细?")
    slip = desk.wait_slips(5)[4]
    desk.press("enter")
    detail = desk.wait_slips(6)[5]
    desk.see("请输入操作员编号")
    (request,) = acquirer.of("settlement")
    assert request[48] == "000000130864" + "002" + "0" * 15 + "0" + "0" * 31
    assert (request[60], request[63]) == ("00000001201", b"01 ")
    (end,) = acquirer.of("upload_end")
    assert (end[48], end[60]) == ("0000", "00000001207")
    assert acquirer.of("batch_upload") == []
    assert {"内卡:对账平", "外卡:对账平", "批次号 BATCH NO:000001", "消费             2    1,308.64"} <= set(slip)
    assert {"借记             2    1,308.64", "贷记             0        0.00"} <= set(slip)
    assert detail[2:5] == ["凭证号 类型 授权码 金额 卡号", "000002 消费 900002 654.32", "990002******2102 /C"]
    desk.press("0", "1", "enter", "0", "0", "0", "0", "enter")
    desk.see("1 消费")
    assert acquirer.of("signin")[-1][60] == "00000002003"
    desk.press("6", "1")
    desk.see("无交易流水")
    desk.see("1 消费")
    desk.press("6", "4")
    again = desk.wait_slips(7)[6]
    assert [line for line in again if "DUPLICATED" not in line] == slip


def test_an_unbalanced_settlement_uploads_every_record(desk: Desk, acquirer: Acquirer, chip_card: Card) -> None:
    acquirer.f48_results = "21"
    pay(desk, chip_card, "500")
    desk.wait_slips(2)
    desk.see("1 消费")
    settle(desk)
    slip = desk.wait_slips(3)[2]
    assert {"内卡:对账不平", "外卡:对账平"} <= set(slip)
    (block,) = acquirer.of("batch_upload")
    assert block[48] == "01" + "00" + "000002" + "00009900028765432102" + "000000000500"
    (end,) = acquirer.of("upload_end")
    assert (end[48], str(end[60])[8:]) == ("0001", "202")


def test_an_interrupted_settlement_goes_on_after_a_power_cut_without_a_second_0500(
    start: Start, acquirer: Acquirer, chip_card: Card
) -> None:
    desk = start(scale=100.0)
    desk.sign_in()
    pay(desk, chip_card)
    desk.wait_slips(2)
    acquirer.script["upload_end"] = [silent]
    settle(desk)
    desk.see("接收超时")
    desk = start(scale=100.0)
    desk.sign_in()
    assert any(rows[1:3] == ["结算中断,", "请继续结算"] for rows in desk.screens)
    desk.press("1")
    assert desk.see("结算中断,")[0] == "#      消费"
    desk.see("1 消费")
    desk.press("7", "6")
    desk.wait_slips(1)
    desk.see("请输入操作员编号")
    assert len(acquirer.of("settlement")) == 1
    assert len(acquirer.of("upload_end")) == 2


def test_an_empty_batch_is_not_settled(desk: Desk, acquirer: Acquirer) -> None:
    desk.press("7", "6")
    desk.see("无交易,无需结算")
    assert acquirer.of("settlement") == []


def test_no_number_stands_in_clear_on_flash(start: Start, chip_card: Card) -> None:
    desk = start()
    desk.sign_in()
    pay(desk, chip_card)
    desk.wait_slips(2)
    (flash,) = desk.log.parent.glob("flash.bin")
    assert b"9900028765432102" not in flash.read_bytes()
    assert b"A0B1C2D3" not in flash.read_bytes()
