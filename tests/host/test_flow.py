"""The host serves a day of a terminal over TCP: sign-in, sales, reversals, settlement, sign-off."""

from __future__ import annotations

from typing import Any

from tillrig.host import HostBroken, HostExchange, TestHost


def test_a_sign_in_brings_keys_batch_and_time(host: TestHost, client: Any) -> None:
    """The answer carries exactly the fields of the specification, and keys whose check values are right."""
    client.batch = "000000"
    answer = client.sign_in()
    assert answer.mti == "0810"
    assert list(answer.fields) == [11, 12, 13, 32, 37, 39, 41, 42, 60, 62]
    assert answer.fields[60] == "00000001003"
    assert len(answer.data(62)) == 40 and answer.data(62)[28:36] == bytes(8)
    assert answer.tpdu == "6000000003" and answer.header == "603100310001"


def test_a_sale_is_booked_and_answered_with_the_fields_of_the_rules(host: TestHost, client: Any) -> None:
    """H5: 2 3 4 11 12 13 14 15 25 32 37 38 39 41 42 44 49 53 60 63 64, MAC right, balance down."""
    before = host.balance("debit-stripe")
    answer = client.sale(1234)
    assert answer.mti == "0210" and answer.fields[39] == "00"
    assert list(answer.fields) == [2, 3, 4, 11, 12, 13, 14, 15, 25, 32, 37, 38, 39, 41, 42, 44, 49, 53, 60, 63, 64]
    assert client.mac_right(answer)
    assert answer.fields[44] == "01020000   00010000   "
    assert answer.fields[63] == "CUP" + " " * 60
    assert answer.fields[37].startswith(answer.fields[12])
    assert host.balance("debit-stripe") == before - 1234
    assert host.ledger.booked(card="debit-stripe") == (1, 1234)


def test_a_record_lets_a_judge_check_everything_and_shows_nothing(host: TestHost, client: Any, cards: Any) -> None:
    """Values are there for comparing, masked wherever they are written."""
    client.sale(1234, "debit-stripe")
    seen = client.exchange()
    assert isinstance(seen, HostExchange)
    account = cards["debit-stripe"]
    assert (seen.name, seen.mac_ok, seen.pin_ok, seen.card) == ("sale", True, True, "debit-stripe")
    assert (seen.decision, seen.booked, seen.answer_complete) == ("00", 1234, True)
    assert seen.format_errors == () and seen.text(4) == "000000001234"
    assert seen.text(35) == f"{account.pan}D{account.expiry}{account.service}000000"
    assert seen.answered(2) == account.pan
    from tillrig.host.records import to_json

    written = to_json(seen).decode() + repr(seen)
    assert account.pan not in written and account.pan[:6] + "*" * 9 + account.pan[-4:] in written
    assert seen.text(52) is not None and seen.text(52) not in written


def test_a_reversal_gives_the_money_back_once(host: TestHost, client: Any) -> None:
    """A repeated 0400 counts once and gets 00; an unknown original gets 25 and is then declined 94 when it comes."""
    before = host.balance("debit-stripe")
    client.sale(500)
    stan = f"{client.stan:06d}"
    for _ in range(3):
        assert client.reverse(500, stan).fields[39] == "00"
        assert host.balance("debit-stripe") == before
    assert client.reverse(500, "000777").fields[39] == "25"
    assert client.sale(500, stan="000777").fields[39] == "94"
    assert host.ledger.booked() == (0, 0)


def test_a_balanced_batch_is_settled_and_the_next_begins(host: TestHost, client: Any) -> None:
    """Result digits 1 and 1, end 207, batch one higher; the end repeated closes nothing more."""
    client.sale(1000)
    client.sale(2345, "credit-stripe", pin=None)
    expected = host.expected_settlement("10000001")
    assert (expected.domestic.debit, expected.domestic.debit_count) == (3345, 2)
    answer = client.settle(expected.field48())
    assert list(answer.fields) == [11, 12, 13, 15, 32, 37, 41, 42, 48, 49, 60, 63]
    assert answer.fields[48] == expected.field48((1, 1))
    end = client.end()
    assert end.fields[39] == "00" and host.batch("10000001") == "000002"
    assert client.end().fields[39] == "00" and host.batch("10000001") == "000002"
    assert client.sign_in().fields[60] == "00000002003"


def test_a_batch_that_differs_is_told_and_uploaded(host: TestHost, client: Any, cards: Any) -> None:
    """Result digit 2; each uploaded record is compared with the books."""
    client.sale(1000)
    voucher = f"{client.stan:06d}"
    answer = client.settle("0" * 62)
    assert (answer.fields[48][30], answer.fields[48][61]) == ("2", "1")
    pan = cards["debit-stripe"].pan.zfill(20)
    assert client.upload(f"0100{voucher}{pan}000000001000").fields[39] == "00"
    assert (client.exchange().notes, client.exchange().format_errors) == ((), ())
    client.upload(f"0100{voucher}{pan}000000001001")
    assert client.exchange().format_errors == (f"F48: voucher {voucher}: 1001 fen, the host has 1000",)
    assert pan.lstrip("0") not in str(client.exchange().masked_fields())
    assert client.end(1, "202").fields[39] == "00"


def test_sign_off_and_echo_are_answered(client: Any) -> None:
    """0820 with 60.3 002 and 301; the echo has neither STAN nor reference."""
    off = client.ask(client.frame("0820", client.ids() | {60: f"00{client.batch}002"}))
    assert off.mti == "0830" and list(off.fields) == [11, 12, 13, 32, 37, 39, 41, 42, 60]
    fields = {41: client.tid, 42: client.mid, 60: f"00{client.batch}301"}
    echo = client.ask(client.frame("0820", fields))
    assert list(echo.fields) == [12, 13, 39, 41, 42, 60]


def test_a_connection_without_a_request_is_recorded(host: TestHost, client: Any) -> None:
    """Part of a frame, then the end: the bytes are counted and why it ended is said."""
    with client.connect() as sock:
        sock.sendall(client.frame("0800", client.ids())[:20])
    seen = host.wait_for(lambda event: isinstance(event, HostBroken), 5)
    assert isinstance(seen, HostBroken)
    assert (seen.received, seen.reason) == (20, "closed by the terminal")
