"""Every fault the host can play, over real TCP: what the terminal gets, what is booked, what is recorded."""

from __future__ import annotations

import socket
import time
from typing import Any

import msgspec
import pytest

from tillrig.errors import UsageError
from tillrig.host import HostBroken, HostExchange, HostRequest, TestHost
from tillrig.host import scenarios as play
from tillrig.protocols.des import check_value, decrypt
from tillrig.protocols.iso8583 import Iso8583Error, decode

AMOUNT = 4200


def sale(client: Any) -> bytes:
    """One sale; whatever comes back until the host closes or a frame is whole."""
    sent = client.send(client.frame("0200", client.sale_fields(AMOUNT, "debit-stripe"), client.mak))
    assert isinstance(sent, bytes)
    return sent


def seen(client: Any) -> HostExchange:
    found = client.exchange()
    assert isinstance(found, HostExchange)
    return found


def test_a_decline_is_answered_as_told_and_booked_as_nothing(host: TestHost, client: Any) -> None:
    """Any F39; the next sale is decided by the host again."""
    host.play(play.Decline("51"), message="sale")
    answer = decode(sale(client))
    assert answer.fields[39] == "51" and client.mac_right(answer) and 38 not in answer.fields
    assert (seen(client).played, seen(client).decision, seen(client).booked) == ("Decline", "51", 0)
    assert decode(sale(client)).fields[39] == "00"
    assert host.ledger.booked() == (1, AMOUNT)


@pytest.mark.parametrize("code", ["11", "A2", "A6"])
def test_an_approving_code_is_booked(host: TestHost, client: Any, code: str) -> None:
    """Rules H13: a success with a defect is a success."""
    host.play(play.Decline(code), message="sale")
    answer = decode(sale(client))
    assert answer.fields[39] == code and 38 in answer.fields
    assert host.ledger.booked() == (1, AMOUNT)


def test_a_partial_approval_needs_a_terminal_that_understands_it(host: TestHost, client: Any) -> None:
    """Rules H17 and H24: F4 of the answer is what was approved; without 60.6 the host never answers 10."""
    host.play(play.Partial(1000), message="sale", count=2)
    assert decode(sale(client)).fields[39] == "00"
    assert "60.6" in seen(client).notes[0]
    fields = client.sale_fields(AMOUNT, "debit-stripe")
    fields[60] += "1"
    answer = client.ask(client.frame("0200", fields, client.mak))
    assert (answer.fields[39], answer.fields[4]) == ("10", "000000001000")
    assert host.ledger.booked() == (2, AMOUNT + 1000)


@pytest.mark.parametrize("processed", [True, False])
def test_no_answer_keeps_the_connection_and_says_nothing(host: TestHost, client: Any, processed: bool) -> None:
    """`processed`: the answer is lost; otherwise the request is, and a reversal finds nothing."""
    host.play(play.NoAnswer(processed), message="sale")
    with client.connect() as sock:
        sock.settimeout(0.2)
        sock.sendall(client.frame("0200", client.sale_fields(AMOUNT, "debit-stripe"), client.mak))
        with pytest.raises(TimeoutError):
            sock.recv(1)
    record = seen(client)
    assert (record.answer_sent, record.at_answer, record.processed, record.mac_ok) == (False, None, processed, True)
    assert record.booked == (AMOUNT if processed else 0)
    assert client.reverse(AMOUNT, f"{client.stan:06d}").fields[39] == ("00" if processed else "25")
    assert host.ledger.booked() == (0, 0)


def test_a_late_answer_comes_after_its_time(client: Any, host: TestHost) -> None:
    """Seconds are the terminal's: with time scale 20, ten of them take half a second."""
    host.play(play.Late(10), message="sale")
    began = time.monotonic()
    assert decode(sale(client)).fields[39] == "00"
    assert 0.45 < time.monotonic() - began < 3
    record = seen(client)
    assert record.at_answer is not None and record.at_answer - record.at_request > 0.45
    assert record.answer_complete and not record.peer_closed


def test_an_answer_after_the_terminal_has_gone_is_known_to_be_one(client: Any, host: TestHost) -> None:
    """The request is announced at once; the record says that nobody waited any more. The sale stays booked."""
    host.play(play.Late(8), message="sale")
    with client.connect() as sock:
        sock.sendall(client.frame("0200", client.sale_fields(AMOUNT, "debit-stripe"), client.mak))
        host.wait_for(lambda event: isinstance(event, HostRequest) and event.name == "sale", 5)
    assert seen(client).peer_closed
    assert host.ledger.booked() == (1, AMOUNT)


def test_scenarios_play_together(client: Any, host: TestHost) -> None:
    """A late decline is both."""
    host.play(play.Decline("05"), play.Late(4), message="sale")
    assert decode(sale(client)).fields[39] == "05"
    assert seen(client).played == "Decline+Late"


def test_an_answer_may_come_twice(client: Any, host: TestHost) -> None:
    """The same bytes again; what is booked is booked once."""
    host.play(play.Twice(), message="sale")
    with client.connect() as sock:
        sock.sendall(client.frame("0200", client.sale_fields(AMOUNT, "debit-stripe"), client.mak))
        sock.shutdown(socket.SHUT_WR)
        got = b""
        while part := sock.recv(4096):
            got += part
    assert got[: len(got) // 2] == got[len(got) // 2 :] and decode(got[: len(got) // 2]).fields[39] == "00"
    assert host.ledger.booked() == (1, AMOUNT)


def test_another_terminals_answer_is_whole_and_not_ours(client: Any, host: TestHost) -> None:
    """Other STAN, terminal and merchant, and a MAC under another key."""
    host.play(play.ForeignAnswer(), message="sale")
    answer = decode(sale(client))
    assert answer.fields[11] != f"{client.stan:06d}" and answer.fields[41] != client.tid
    assert answer.fields[42] != client.mid and not client.mac_right(answer)


def test_a_mac_may_be_wrong_or_missing(client: Any, host: TestHost) -> None:
    """Everything else is right, and the sale is booked."""
    host.play(play.WrongMac(), message="sale")
    host.play(play.MissingMac(), message="sale")
    wrong, missing = decode(sale(client)), decode(sale(client))
    assert 64 in wrong.fields and not client.mac_right(wrong) and wrong.data(64).decode().isalnum()
    assert 64 not in missing.fields and wrong.fields[39] == missing.fields[39] == "00"
    assert host.ledger.booked() == (2, 2 * AMOUNT)


@pytest.mark.parametrize(
    ("field", "value"), [(3, None), (4, None), (11, None), (41, None), (42, None), (4, "000000009999")]
)
def test_any_field_may_be_wrong_under_a_right_mac(client: Any, host: TestHost, field: int, value: str | None) -> None:
    """So that the terminal's check of that field is what is tested."""
    host.play(play.WrongField(field, value), message="sale")
    answer = decode(sale(client))
    right = {3: "000000", 4: f"{AMOUNT:012d}", 11: f"{client.stan:06d}", 41: client.tid, 42: client.mid}
    differing = [n for n, text in right.items() if answer.fields[n] != text]
    assert differing == [field] and client.mac_right(answer)
    assert value is None or answer.fields[field] == value
    assert seen(client).answered(field) == answer.fields[field]


def test_the_message_type_may_be_wrong(client: Any, host: TestHost) -> None:
    """The MAC covers it and is right."""
    host.play(play.WrongMti(), message="sale")
    answer = decode(sale(client))
    assert answer.mti == "0810" and client.mac_right(answer) and seen(client).answer_mti == "0810"


def test_an_answer_may_break_off(client: Any, host: TestHost) -> None:
    """The length says more than comes before the end."""
    host.play(play.Truncated(30), message="sale")
    got = sale(client)
    assert int.from_bytes(got[:2], "big") == len(got) - 2 + 30
    assert seen(client).answer_sent and not seen(client).answer_complete


@pytest.mark.parametrize("framed", [True, False])
def test_garbage_is_no_message(client: Any, host: TestHost, framed: bool) -> None:
    """With a right length before it, or without."""
    host.play(play.Garbage(60, framed), message="sale")
    got = sale(client)
    with pytest.raises(Iso8583Error):
        decode(got, length=framed)
    assert len(got) == (62 if framed else 60) and seen(client).answer is None


@pytest.mark.parametrize("difference", [7, -7])
def test_a_length_may_lie(client: Any, host: TestHost, difference: int) -> None:
    """By so many bytes, in either direction."""
    host.play(play.LyingLength(difference), message="sale")
    with client.connect() as sock:
        sock.sendall(client.frame("0200", client.sale_fields(AMOUNT, "debit-stripe"), client.mak))
        got = b""
        while part := sock.recv(4096):
            got += part
    assert int.from_bytes(got[:2], "big") == len(got) - 2 + difference


def test_callers_may_be_refused_for_a_time_or_until_cleared(client: Any, host: TestHost) -> None:
    """Refused, not reset; the address stays the host's, and afterwards it answers there."""
    host.play(play.RefuseConnection())
    with pytest.raises(ConnectionRefusedError):
        client.connect()
    with pytest.raises(ConnectionRefusedError):
        client.connect()
    host.clear()
    assert _soon(client) == "00"
    host.play(play.RefuseConnection(4))
    with pytest.raises(ConnectionRefusedError):
        client.connect()
    assert _soon(client) == "00"
    assert host.scenarios == ()


def _soon(client: Any) -> str:
    """F39 of a sale as soon as the host takes callers again, within five seconds."""
    until = time.monotonic() + 5
    while True:
        try:
            code = decode(sale(client)).fields[39]
        except ConnectionRefusedError:
            assert time.monotonic() < until, "the host still refuses callers"
            time.sleep(0.01)
        else:
            assert isinstance(code, str)
            return code


def test_a_connection_may_be_reset_before_the_request(client: Any, host: TestHost) -> None:
    """Nothing is read; the next connection is served."""
    host.play(play.ResetBeforeRequest())
    with client.connect() as sock, pytest.raises(ConnectionError):
        sock.settimeout(5)
        while True:
            sock.sendall(b"\x00")
            if not sock.recv(1):
                raise ConnectionError("closed politely")
    broken = host.wait_for(lambda event: isinstance(event, HostBroken), 5)
    assert isinstance(broken, HostBroken) and broken.received == 0
    assert decode(sale(client)).fields[39] == "00"


@pytest.mark.parametrize("processed", [True, False])
def test_a_connection_may_be_reset_after_the_request(client: Any, host: TestHost, processed: bool) -> None:
    """The whole request was read; `processed` says whether it was booked."""
    host.play(play.ResetAfterRequest(processed), message="sale")
    with pytest.raises(ConnectionResetError):
        sale(client)
    assert seen(client).processed is processed and host.ledger.booked()[0] == int(processed)


def test_a_host_may_be_gone_without_a_word(client: Any, host: TestHost) -> None:
    """Nothing comes, not even an end after ours, and nothing is booked."""
    host.play(play.HalfOpen(), message="sale")
    with client.connect() as sock:
        sock.sendall(client.frame("0200", client.sale_fields(AMOUNT, "debit-stripe"), client.mak))
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.recv(1)
    assert not seen(client).processed and host.ledger.booked() == (0, 0)


def test_an_answer_may_come_byte_by_byte(client: Any, host: TestHost) -> None:
    """20 ms apart at the terminal's clock is 1 ms at time scale 20."""
    host.play(play.SlowBytes(40), message="sale")
    began = time.monotonic()
    got = sale(client)
    assert decode(got).fields[39] == "00" and time.monotonic() - began > len(got) * 0.0018


def test_the_header_may_ask_for_something(client: Any, host: TestHost) -> None:
    """The process-request nibble, and nothing else of the header, in any answer."""
    host.play(play.ProcessRequest(3), message="sale")
    assert decode(sale(client)).header == "603103310001"
    assert decode(sale(client)).header == "603100310001"


@pytest.mark.parametrize(("key", "at"), [("pik", 0), ("mak", 20)])
def test_a_key_may_have_a_wrong_check_value(client: Any, host: TestHost, key: Any, at: int) -> None:
    """The key itself is good, its four bytes are not."""
    host.play(play.BadKeyCheck(key), message="signin")
    fields = client.ids() | {60: f"00{client.batch}003", 63: "01 "}
    field62 = client.ask(client.frame("0800", fields)).data(62)
    tmk = bytes.fromhex("A0B1C2D3E4F5061728394A5B6C7D8E9F")
    size = 16 if key == "pik" else 8
    good = check_value(decrypt(tmk, field62[at : at + size]))
    assert field62[at + 16 : at + 20] != good
    other = 20 - at
    other_size = 8 if key == "pik" else 16
    assert field62[other + 16 : other + 20] == check_value(decrypt(tmk, field62[other : other + other_size]))


@pytest.mark.parametrize("result", [1, 2, 3])
def test_a_settlement_may_say_what_it_is_told(client: Any, host: TestHost, result: Any) -> None:
    """Whatever the totals are; foreign cards as compared unless told too."""
    host.play(play.SettlementSays(result), message="settlement")
    host.play(play.SettlementSays(result, 2), message="settlement")
    right = host.expected_settlement("10000001").field48()
    assert client.settle(right).fields[48] == right[:30] + str(result) + right[31:61] + "1"
    assert client.settle(right).fields[48][61] == "2"


def test_orders_wait_for_their_message(client: Any, host: TestHost) -> None:
    """First in first out per message; `any` takes whichever comes; counts run down."""
    host.play(play.Decline("91"), message="reversal")
    host.play(play.Decline("05"), message="sale", count=2)
    codes = [decode(sale(client)).fields[39] for _ in range(3)]
    assert codes == ["05", "05", "00"]
    assert [order.message for order in host.scenarios] == ["reversal"]
    assert client.reverse(AMOUNT, f"{client.stan:06d}").fields[39] == "91"
    assert client.reverse(AMOUNT, f"{client.stan:06d}").fields[39] == "00"


@pytest.mark.parametrize(
    ("orders", "message", "count"),
    [
        ((play.Decline("5"),), "sale", 1),
        ((play.WrongField(33),), "sale", 1),
        ((play.WrongField(4, "12"),), "sale", 1),
        ((play.Partial(0),), "sale", 1),
        ((play.ProcessRequest(11),), "sale", 1),
        ((play.Decline("51"),), "sail", 1),
        ((play.Decline("51"),), "settlement", 1),
        ((play.Decline("51"),), "sale", 0),
        ((), "sale", 1),
        ((play.ResetBeforeRequest(), play.Late(1)), "sale", 1),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_at_once(host: TestHost, orders: Any, message: str, count: int) -> None:
    """Not when the terminal calls."""
    with pytest.raises(UsageError):
        host.play(*orders, message=message, count=count)
    assert host.scenarios == ()


ALL: list[play.AnyScenario] = [
    play.Decline("51"),
    play.Partial(1),
    play.NoAnswer(),
    play.Late(1.5),
    play.Twice(),
    play.ForeignAnswer(),
    play.WrongMac(),
    play.MissingMac(),
    play.WrongField(4, "000000000001"),
    play.WrongMti("0230"),
    play.Truncated(),
    play.Garbage(),
    play.LyingLength(),
    play.RefuseConnection(2),
    play.ResetBeforeRequest(),
    play.ResetAfterRequest(),
    play.HalfOpen(),
    play.SlowBytes(3),
    play.ProcessRequest(3),
    play.BadKeyCheck("pik"),
    play.SettlementSays(2, 1),
]


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
def test_every_scenario_survives_json(scenario: play.AnyScenario) -> None:
    """A run is replayed from what was written of it."""
    assert msgspec.json.decode(msgspec.json.encode(scenario), type=play.AnyScenario) == scenario
    assert {type(each) for each in ALL} == set(play.AnyScenario.__args__)
