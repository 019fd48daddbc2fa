"""The cash-register line and the service console answer as rules E1-E6 say."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator.firmware.firmware_acquirer import Acquirer, code, silent
from tests.simulator.firmware.firmware_desk import Card, Desk
from tillrig.simulator.firmware.lines import mis

Start = Callable[..., Desk]
ECR, CONSOLE = 0, 1
SIGN_IN, SALE, HEARTBEAT = 1, 2, 4


def request(function: int, order: str = "", amount: str = "") -> bytes:
    tags = {"001": bytes([function])}
    if order:
        tags["002"] = order.encode()
    if amount:
        tags["004"] = amount.encode()
    return mis.frame(mis.REQUEST, tags)


def answers(desk: Desk) -> list[dict[str, bytes]]:
    found = mis.Receiver().feed(bytes(desk.serial[ECR]))
    return [mis.parse_tags(piece.body) for piece in found if isinstance(piece, mis.Frame)]


def answer(desk: Desk, count: int = 1) -> dict[str, bytes]:
    desk.wait(lambda: len(answers(desk)) >= count, f"{count} answers on the cash-register line")
    desk.serial_send(ECR, mis.ACK)
    return answers(desk)[count - 1]


def test_a_frame_is_length_in_bcd_type_tags_etx_and_lrc() -> None:
    assert request(HEARTBEAT) == bytes.fromhex("020007313030310001040301")


PIECES = st.sampled_from([b"\x00\x55", b"\xff", request(HEARTBEAT), request(SALE, "A1", "100")])


@given(st.lists(PIECES, max_size=8), st.integers(1, 9))
def test_frames_are_found_in_any_split_and_between_noise(pieces: list[bytes], step: int) -> None:
    stream, receiver, found = b"".join(pieces), mis.Receiver(), []
    for at in range(0, len(stream), step):
        found += receiver.feed(stream[at : at + step])
    assert len(found) == sum(piece[:1] == b"\x02" for piece in pieces)


@given(st.integers(0, 11), st.integers(1, 255))
def test_a_damaged_frame_is_never_taken_for_a_good_one(at: int, flip: int) -> None:
    good = request(HEARTBEAT)
    bad = bytearray(good)
    bad[at % len(good)] ^= flip
    assert mis.Frame(mis.REQUEST, good[4:-2]) not in mis.Receiver().feed(bytes(bad))


def test_a_heartbeat_is_answered_without_an_ack_before_it(desk: Desk) -> None:
    desk.serial_send(ECR, request(HEARTBEAT, "ignored", "1"))
    assert answer(desk) == {"001": b"\x04"}
    assert bytes(desk.serial[ECR])[:1] == b"\x02"


def test_a_damaged_frame_gets_nak(desk: Desk) -> None:
    desk.serial_send(ECR, request(HEARTBEAT)[:-1] + b"\x00")
    desk.wait(lambda: bytes(desk.serial[ECR]) == mis.NAK, "NAK")


def test_an_answer_without_ack_is_sent_three_times(start: Start) -> None:
    desk = start()
    desk.sign_in()
    desk.serial_send(ECR, request(SIGN_IN))
    desk.wait(lambda: len(answers(desk)) == 3, "three answers")
    assert answers(desk)[0]["039"] == b"C6"
    desk.serial_send(ECR, request(HEARTBEAT))
    desk.wait(lambda: len(answers(desk)) == 4, "heartbeat")
    assert answers(desk)[3] == {"001": b"\x04"}


def test_a_sale_is_answered_with_its_values_and_a_repeat_does_not_charge_twice(
    desk: Desk, acquirer: Acquirer, chip_card: Card
) -> None:
    desk.serial_send(ECR, request(SALE, "A17", "2345"))
    desk.see("请刷卡/插卡/挥卡", "23.45")
    desk.card("tapped", chip_card)
    first = answer(desk)
    assert bytes(desk.serial[ECR])[:1] == mis.ACK
    assert {tag: first[tag] for tag in ("001", "002", "004", "011", "037", "038", "039", "041", "042")} == {
        "001": b"\x02", "002": b"A17", "004": b"2345", "011": b"000002", "037": b"112233000002", "038": b"900002",
        "039": b"00", "041": b"10000001", "042": b"898111153110001",
    }  # fmt: skip
    assert (first["102"], first["103"], first["040"].decode("gb2312")) == (b"990002******2102", b"CREDIT", "交易成功")
    desk.wait_slips(2)
    desk.see("1 消费")
    desk.serial_send(ECR, request(SALE, "A17", "2345"))
    assert answer(desk, 2)["037"] == first["037"]
    desk.serial_send(ECR, request(SALE, "A17", "9999"))
    assert answer(desk, 3)["039"] == b"C7"
    assert len(acquirer.of("sale")) == 1


def test_a_declined_order_may_be_tried_again(desk: Desk, acquirer: Acquirer, chip_card: Card) -> None:
    acquirer.script["sale"] = [code("51")]
    desk.card("tapped", chip_card)
    desk.serial_send(ECR, request(SALE, "B1", "100"))
    assert answer(desk)["039"] == b"51"
    desk.see("1 消费")
    desk.serial_send(ECR, request(SALE, "B1", "100"))
    assert answer(desk, 2)["039"] == b"00"


def test_how_a_sale_of_the_cash_register_may_end(start: Start, acquirer: Acquirer, chip_card: Card) -> None:
    desk = start(scale=100.0)
    desk.boot()
    desk.serial_send(ECR, request(SALE, "C", "100"))
    assert answer(desk)["039"] == b"C3"
    desk.serial_send(ECR, request(SALE, "C"))
    assert answer(desk, 2)["039"] == b"C8"
    desk.press("0", "1", "enter", "0", "0", "0", "0", "enter")
    desk.see("1 消费")
    desk.serial_send(ECR, request(SALE, "C", "100"))
    desk.see("请刷卡/插卡/挥卡")
    desk.press("cancel")
    assert answer(desk, 3)["039"] == b"C1"
    desk.serial_send(ECR, request(SALE, "C", "100"))
    assert answer(desk, 4)["039"] == b"C2"
    acquirer.script["sale"] = [silent]
    desk.card("tapped", chip_card)
    desk.serial_send(ECR, request(SALE, "C", "100"))
    assert answer(desk, 5)["039"] == b"C4"


def test_a_terminal_in_a_menu_is_busy(desk: Desk) -> None:
    desk.press("7")
    desk.see("1 签到")
    desk.serial_send(ECR, request(SALE, "D", "100"))
    assert answer(desk)["039"] == b"C5"


def test_a_sign_in_by_the_register_asks_operator_and_password(start: Start, acquirer: Acquirer) -> None:
    desk = start(scale=20.0)
    desk.boot()
    desk.serial_send(ECR, request(SIGN_IN))
    desk.press("0", "1", "enter")
    desk.see("请输入操作员密码")
    desk.press("0", "0", "0", "0", "enter")
    assert answer(desk)["039"] == b"00"
    assert len(acquirer.of("signin")) == 1


def console(desk: Desk, command: str) -> list[str]:
    desk.serial[CONSOLE].clear()
    desk.serial_send(CONSOLE, command.encode() + b"\r")
    desk.wait(lambda: bytes(desk.serial[CONSOLE]).endswith(b"> "), f"answer to {command}")
    return bytes(desk.serial[CONSOLE]).decode().splitlines()[:-1]


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("version", ["model: classic", "version: 1.0.0"]),
        ("log off", ["log: off"]),
        ("dance now", ["? dance"]),
    ],
)
def test_console_commands(desk: Desk, command: str, lines: list[str]) -> None:
    assert console(desk, command) == lines


def test_status_and_journal_tell_what_was_sold_and_mask_the_card(desk: Desk, chip_card: Card) -> None:
    desk.sale("123", chip_card, "tapped", pin=None)
    desk.wait_slips(2)
    desk.see("1 消费")
    status = dict(line.split(": ") for line in console(desk, "status"))
    assert status == {
        "state": "idle", "operator": "01", "batch": "000001", "voucher": "000002", "records": "1", "pending": "0",
        "paper": "in", "battery": "100", "link": "up",
    }  # fmt: skip
    header, row = console(desk, "journal export")
    record = dict(zip(header.split(","), row.split(","), strict=True))
    del record["datetime"]
    assert record == {
        "seq": "1", "type": "SALE", "batch": "000001", "voucher": "000002", "entry": "C", "card": "990002******2102",
        "amount": "123", "auth": "900002", "ref": "112233000002", "code": "00", "operator": "01", "orig_voucher": "",
        "voided": "0", "uploaded": "0",
    }  # fmt: skip


def test_the_log_tells_the_steps_and_no_digit(desk: Desk) -> None:
    assert console(desk, "log on") == ["log: on"]
    desk.press("1")
    desk.see("请输入金额")
    desk.press("4", "2", "enter")
    desk.see("请刷卡/插卡/挥卡")
    desk.wait(lambda: b"step ask_card" in desk.serial[CONSOLE], "log line")
    assert bytes(desk.serial[CONSOLE]).decode().split("> ")[-1].splitlines() == [
        "log: step ask_amount",
        "log: step ask_card",
    ]
