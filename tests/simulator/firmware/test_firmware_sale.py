"""A sale asks, sends, shows and prints what the rules say, in every entry mode, and leaves nothing half done."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.simulator.firmware.firmware_acquirer import Acquirer, code
from tests.simulator.firmware.firmware_desk import Card, Desk
from tillrig.simulator.firmware.host.crypto import pin_block
from tillrig.simulator.firmware.host.iso import untlv

Start = Callable[..., Desk]
PIK = bytes.fromhex("1F2E3D4C5B6A79880897A6B5C4D3E2F1")


def test_a_chip_sale_sends_its_fields(desk: Desk, acquirer: Acquirer, chip_card: Card) -> None:
    desk.sale("123456", chip_card, pin="1470")
    desk.see("交易成功")
    (sent,) = acquirer.of("sale")
    data = untlv(sent[55])  # type: ignore[arg-type]
    assert {n: v for n, v in sent.items() if n not in (35, 55, 64, "raw")} == {
        0: "0200", 2: "9900028765432102", 3: "000000", 4: "000000123456", 11: "000002", 14: "3105", 22: "051",
        23: "001", 25: "00", 26: "12", 41: "10000001", 42: "898111153110001", 49: "156",
        52: pin_block(PIK, "1470", "9900028765432102"), 53: "2600000000000000", 60: "22000001000601",
    }  # fmt: skip
    assert str(sent[35]).startswith("9900028765432102D3105201")
    assert list(data) == [
        "9F26", "9F27", "9F10", "9F37", "9F36", "95", "9A", "9C", "9F02", "5F2A", "82", "9F1A", "9F03", "9F33",
        "9F34", "9F35", "9F1E", "84", "9F09", "9F41",
    ]  # fmt: skip
    assert data["9F02"] == "000000123456"


def test_a_stripe_sale_sends_track_2_and_no_pan(desk: Desk, acquirer: Acquirer, stripe_card: Card) -> None:
    desk.sale("1000", stripe_card, "swiped", pin="")
    desk.see("交易成功")
    (sent,) = acquirer.of("sale")
    assert sent[22] == "022"
    assert not {2, 14, 23, 26, 52, 53, 55} & set(sent)


@pytest.mark.parametrize(("amount", "pin", "mode"), [("100000", None, "072"), ("100001", "1470", "071")])
def test_contactless_wants_a_pin_above_the_limit_only(
    desk: Desk, acquirer: Acquirer, chip_card: Card, amount: str, pin: str | None, mode: str
) -> None:
    desk.sale(amount, chip_card, "tapped", pin=pin)
    desk.see("交易成功")
    assert acquirer.of("sale")[0][22] == mode
    merchant, cardholder = desk.wait_slips(2)
    assert ("未超1000.00元,免密免签" in merchant) is (pin is None)
    assert ("持卡人签名 CARDHOLDER SIGNATURE" in merchant) is (pin is not None)
    assert not {"未超1000.00元,免密免签", "持卡人签名 CARDHOLDER SIGNATURE"} & set(cardholder)


def test_both_slips_hold_the_answers_values(desk: Desk, chip_card: Card) -> None:
    desk.sale("123456", chip_card)
    desk.see("请取走卡片")
    desk.card("withdrawn")
    merchant, cardholder = desk.wait_slips(2)
    assert merchant[:2] == ["POS签购单/POS SALES SLIP", "商户存根/MERCHANT COPY"]
    assert cardholder[1] == "持卡人存根/CARDHOLDER COPY"
    body = [
        "990002******2102 /I", "交易类型 TXN TYPE:", "消费(SALE)", "有效期 EXP DATE:2031/05", "批次号 BATCH NO:000001",
        "凭证号 VOUCHER NO:000002", "授权码 AUTH NO:900002", "日期/时间 DATE/TIME:",
    ]  # fmt: skip
    at = merchant.index(body[0])
    assert merchant[at : at + len(body)] == body
    assert merchant[at + len(body)].endswith("/11/20 11:22:33")
    assert {"RMB 1,234.56", "112233000002", "发卡行 ISSUER:招商银行", "收单行 ACQUIRER:银联中心"} <= set(merchant)
    assert {"AID:A000000333010102", "ARQC:0102030405060708", "APPLAB:PBOC CREDIT", "CSN:001"} <= set(cardholder)
    assert not any("9900028765432102" in line for line in merchant + cardholder)


def test_a_decline_shows_code_and_text_and_keeps_nothing(desk: Desk, acquirer: Acquirer, chip_card: Card) -> None:
    acquirer.script["sale"] = [code("58"), code("51"), code("ZZ")]
    unknown = ["交易失败", "错误码:[ZZ]", ""]
    for rows in (["[58]发卡方不允许", "该卡在本终端进行", "此交易"], ["[51]可用余额不足", "", ""], unknown):
        desk.sale("100", chip_card, "tapped", pin=None)
        assert desk.see(rows[0])[1:] == rows
        desk.card("removed", chip_card)
        desk.see("1 消费")
    desk.press("6", "1")
    desk.see("无交易流水")
    assert desk.slips == []


def test_a_wrong_pin_is_asked_again_with_a_new_stan_until_the_third(
    desk: Desk, acquirer: Acquirer, chip_card: Card
) -> None:
    acquirer.script["sale"] = [code("55")] * 3
    desk.sale("100", chip_card)
    for _ in range(2):
        desk.see("[55]密码错")
        desk.see("请输入密码")
        desk.press("1", "2", "3", "4", "enter")
    desk.see("重输密码次数超限")
    desk.see("请取走卡片")
    assert [sent[11] for sent in acquirer.of("sale")] == ["000002", "000003", "000004"]


def test_pin_shorter_than_four_digits_is_asked_again(desk: Desk, chip_card: Card) -> None:
    desk.sale("100", chip_card, pin="123")
    desk.see("位数不足,请重输")
    desk.see("请输入密码")
    desk.press(*"1234567890123", "clear", "1", "enter")
    desk.see("交易成功")
    assert max(rows[2].count("*") for rows in desk.screens) == 12


@pytest.mark.parametrize("end", ["cancel", "time"])
@pytest.mark.parametrize("prompt", ["amount", "card", "pin"])
def test_cancel_or_sixty_seconds_at_a_prompt_send_nothing(
    start: Start, acquirer: Acquirer, chip_card: Card, prompt: str, end: str
) -> None:
    desk = start(scale=60.0 if end == "time" else 30.0)
    desk.sign_in()
    desk.press("1")
    desk.see("请输入金额")
    if prompt != "amount":
        desk.press("1", "enter")
        desk.see("请刷卡/插卡/挥卡")
    if prompt == "pin":
        desk.card("inserted", chip_card)
        desk.see("请输入密码")
    if end == "cancel":
        desk.press("cancel")
    elif prompt == "pin":
        desk.see("输入密码超时")
    if prompt == "pin":
        desk.see("请取走卡片")
        desk.card("withdrawn")
    desk.see("1 消费")
    assert acquirer.of("sale") == []
    desk.press("7", "2")
    desk.see("签退成功")
    assert acquirer.of("signoff")[0][11] == "000002", "a cancelled sale takes no STAN"


def test_amount_entry_takes_ten_digits_clears_one_and_refuses_zero(desk: Desk) -> None:
    desk.press("1")
    desk.see("请输入金额")
    desk.press("enter", "0", "enter", *"12345678901", "clear", "clear")
    assert desk.see("123456.78")[2] == "123456.78".rjust(16)
    assert any("12345678.90" in rows[2] for rows in desk.screens)
    assert not any("123456789.01" in rows[2] for rows in desk.screens)


def test_the_stripe_of_a_chip_card_is_refused_until_the_chip_failed_three_times(
    desk: Desk, acquirer: Acquirer, chip_card: Card
) -> None:
    desk.sale("100", chip_card, "swiped", pin=None)
    desk.see("请使用芯片卡")
    for _ in range(3):
        desk.see("请刷卡/插卡/挥卡")
        desk.card("inserted", {**chip_card, "damage": ["chip"]})
        desk.see("读卡失败,请重试")
        desk.card("withdrawn")
    desk.see("请刷卡/插卡/挥卡")
    desk.card("swiped", chip_card)
    desk.see("请输入密码")
    desk.press("enter")
    desk.see("交易成功")
    (sent,) = acquirer.of("sale")
    assert (sent[22], sent[60]) == ("022", "22000001000621")


def test_a_bad_stripe_is_asked_again_three_times_then_the_menu(desk: Desk, stripe_card: Card) -> None:
    desk.sale("100", {**stripe_card, "damage": ["stripe"]}, "swiped", pin=None)
    for _ in range(2):
        desk.see("读卡失败,请重试")
        desk.see("请刷卡/插卡/挥卡")
        desk.card("swiped", {**stripe_card, "damage": ["stripe"]})
    desk.see("读卡失败,请重试")
    desk.see("1 消费")


def test_a_card_pulled_at_the_pin_prompt_is_read_again(desk: Desk, acquirer: Acquirer, chip_card: Card) -> None:
    desk.sale("100", chip_card, pin=None)
    desk.see("请输入密码")
    desk.card("withdrawn")
    desk.see("读卡失败,请重试")
    desk.see("请刷卡/插卡/挥卡")
    desk.card("inserted", chip_card)
    desk.see("请输入密码")
    desk.press("enter")
    desk.see("交易成功")
    assert len(acquirer.of("sale")) == 1


def test_keys_pressed_while_the_host_is_asked_are_dropped(desk: Desk, acquirer: Acquirer, chip_card: Card) -> None:
    acquirer.script["sale"] = [lambda host, request, answer: None]
    desk.sale("100", chip_card, "tapped", pin=None)
    desk.see("通讯中,请稍候")
    desk.press("cancel", "1", "2")
    desk.see("接收超时")
    desk.press("1")
    desk.see("1 消费")
    assert len(acquirer.of("sale")) == 1


def test_reprint_is_identical_but_for_its_mark(desk: Desk, chip_card: Card) -> None:
    desk.sale("100", chip_card, "tapped", pin=None)
    first = [list(slip) for slip in desk.wait_slips(2)]
    desk.see("1 消费")
    desk.press("6", "1")
    desk.see("按确认继续打印")
    desk.press("enter")
    again = desk.wait_slips(4)[2:]
    mark = "****重打印/DUPLICATED****"
    assert [[line for line in slip if line != mark] for slip in again] == first
    assert [slip.count(mark) for slip in again] == [1, 1]


def test_without_paper_enter_prints_the_copy_from_its_start(desk: Desk, chip_card: Card) -> None:
    desk.set_paper("out")
    desk.sale("100", chip_card, "tapped", pin=None)
    assert desk.see("打印机缺纸")[1:] == ["打印机缺纸", "按确认打印", "按取消退出"]
    desk.set_paper("in")
    desk.press("enter")
    assert len(desk.wait_slips(2)[0]) > 20
    desk.see("1 消费")


def test_without_paper_cancel_ends_printing_and_the_sale_stands(desk: Desk, chip_card: Card) -> None:
    desk.set_paper("out")
    desk.sale("100", chip_card, "tapped", pin=None)
    desk.see("打印机缺纸")
    desk.press("cancel")
    desk.see("1 消费")
    desk.set_paper("in")
    desk.press("6", "1")
    desk.wait_slips(2)


def test_a_full_batch_takes_no_more_sales(start: Start, chip_card: Card) -> None:
    desk = start("--set", "batch_limit=1")
    desk.sign_in()
    desk.sale("100", chip_card, "tapped", pin=None)
    desk.wait_slips(2)
    assert desk.see("存储满,请结算")[0] == "#      提示"
    desk.see("1 消费")
    desk.press("1")
    assert desk.see("存储满,请结算")[0] == "#      消费"


def test_a_partial_approval_is_taken_or_given_back(desk: Desk, acquirer: Acquirer, chip_card: Card) -> None:
    ten = code("10", f4="000000000040")
    acquirer.script["sale"] = [ten, ten]
    desk.sale("100", chip_card, "tapped", pin=None)
    assert desk.see("部分承兑交易")[1:] == ["部分承兑交易", "0.40".rjust(16), "确认收 取消撤"]
    desk.press("enter")
    desk.see("未付金额", "0.60")
    merchant = desk.wait_slips(1)[0]
    assert {"RMB 0.40", "承兑金额:0.40"} <= set(merchant)
    desk.see("1 消费")
    desk.card("removed")
    desk.sale("100", chip_card, "tapped", pin=None)
    desk.see("部分承兑交易")
    desk.press("cancel")
    desk.see("交易成功")
    void = acquirer.of("sale")[2]
    assert (void[3], void[22], void[4], str(void[60])[:2], str(void[61])[:12]) == (
        "200000", "012", "000000000040", "23", "000001000003",
    )  # fmt: skip
