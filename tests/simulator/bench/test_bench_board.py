"""The board obeys Modbus requests; its pulses and its watchdog end by its own time."""

from __future__ import annotations

import random

import pytest

from tests.simulator.bench.bench_support import HandClock
from tillrig.simulator.bench import rtu
from tillrig.simulator.bench.board import RelayBoard
from tillrig.simulator.bench.board_port import BoardPort


class Rig:
    """A board with a record of its coils' changes."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.changes: list[tuple[int, bool, float]] = []
        self.board = RelayBoard(clock, lambda *change: self.changes.append(change), self)

    def discrete(self) -> list[bool]:
        return [True, False, True, False, False, True, True]

    def register(self, address: int) -> int | None:
        return {0: 7, 0x0100: 65535}.get(address)

    def ask(self, request: str) -> str:
        return self.board.request(bytes.fromhex(request)).hex()


@pytest.fixture
def rig(clock: HandClock) -> Rig:
    return Rig(clock)


def test_coils_are_read_back_as_written(rig: Rig) -> None:
    assert rig.ask("050011FF00") == "050011ff00"
    assert rig.ask("0F000000040105") == "0f00000004"
    assert rig.ask("0100000020") == "010405000200"
    assert [change[:2] for change in rig.changes] == [(17, True), (0, True), (2, True)]
    assert rig.ask("0500110000") == "0500110000"
    assert rig.board.coils[17] is False


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("0200000007", "020165"),  # inputs 0 2 5 6
        ("0400000001", "04020007"),
        ("0401000001", "0402ffff"),
        ("0303010002", "030474110100"),
        ("2B0E0100", "ab01"),  # unknown function
        ("0100000021", "8102"),  # 33 coils
        ("010020 0001", "8102"),
        ("0100000000", "8103"),
        ("0200000008", "8202"),
        ("0400010001", "8402"),
        ("0302200001", "8302"),
        ("050003 1234", "8503"),
        ("050020 FF00", "8502"),
        ("0F0000000902 05", "8f03"),  # nine coils in one byte
        ("0F001F000201 03", "8f02"),
        ("06030003E9", "8603"),  # watchdog longer than 1000 ms
        ("0603010001", "8602"),  # the id is not written
        ("1002000002 02 0028", "9003"),
    ],
)
def test_each_request_has_its_answer_or_its_exception(rig: Rig, request_: str, answer: str) -> None:
    assert rig.ask(request_) == answer


def test_a_pulse_closes_its_coil_for_the_time_asked(rig: Rig, clock: HandClock) -> None:
    begin = clock.now
    assert rig.ask("0602030028") == "0602030028"  # coil 3, 40 ms
    clock.advance(0.0301)
    assert rig.board.coils[3] is True
    assert rig.ask("0302030001") == "0302000a"
    clock.advance(0.02)
    assert rig.changes == [(3, True, begin), (3, False, pytest.approx(begin + 0.040))]
    assert rig.ask("0302030001") == "03020000"


def test_a_late_bench_thread_does_not_lengthen_a_pulse(rig: Rig, clock: HandClock) -> None:
    begin = clock.now
    rig.ask("0602030028")
    clock.now += 0.5  # the thread did not run for half a second
    clock.advance(0)
    assert rig.changes[-1] == (3, False, pytest.approx(begin + 0.040))


def test_a_pulse_is_ended_by_zero_and_replaced_by_a_plain_write(rig: Rig, clock: HandClock) -> None:
    rig.ask("0602030064")
    rig.ask("0602030000")
    assert rig.board.coils[3] is False
    rig.ask("0602030064")
    rig.ask("050003FF00")
    clock.advance(1)
    assert rig.board.coils[3] is True


def test_several_pulses_begin_with_one_request(rig: Rig, clock: HandClock) -> None:
    rig.ask("100204000204 0028 0050")
    assert rig.board.coils[4:6] == (True, True)
    clock.advance(0.05)
    assert rig.board.coils[4:6] == (False, True)


def test_the_watchdog_opens_all_coils_when_requests_stay_away(rig: Rig, clock: HandClock) -> None:
    rig.ask("06030000C8")  # 200 ms
    rig.ask("0F0000000A02 FF03")
    for _ in range(5):
        clock.advance(0.19)
        rig.ask("0100000001")
    assert all(rig.board.coils[:10])
    clock.advance(0.21)
    assert not any(rig.board.coils)
    assert rig.ask("0303000001") == "030200c8"


def test_the_watchdog_is_off_at_first_and_by_zero(rig: Rig, clock: HandClock) -> None:
    rig.ask("050003FF00")
    clock.advance(3600)
    assert rig.board.coils[3] is True
    rig.ask("06030000C8")
    rig.ask("0603000000")
    clock.advance(3600)
    assert rig.board.coils[3] is True


class Port(Rig):
    """The board on its serial port."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__(clock)
        self.answers: list[bytes] = []
        self.baud = 115200
        self.port = BoardPort(clock, random.Random(1), self.board, self.answers.append, lambda: self.baud)


READ = rtu.frame(1, bytes.fromhex("0100000001"))


@pytest.fixture
def port(clock: HandClock) -> Port:
    return Port(clock)


def test_broadcasts_are_obeyed_without_an_answer_and_other_units_ignored(port: Port) -> None:
    port.port.received(rtu.frame(0, bytes.fromhex("050003FF00")) + rtu.frame(2, bytes.fromhex("050004FF00")))
    assert port.board.coils[3:5] == (True, False)
    assert port.answers == []


def test_an_unknown_function_is_answered_after_silence(port: Port, clock: HandClock) -> None:
    port.port.received(rtu.frame(1, bytes.fromhex("41AABBCC")))
    clock.advance(0.006)
    assert port.answers == [rtu.frame(1, bytes.fromhex("C101"))]


def test_noise_alone_is_never_answered(port: Port, clock: HandClock) -> None:
    port.port.received(bytes.fromhex("0103") + b"\xff" * 40)
    clock.advance(0.1)
    assert port.answers == []
    port.port.received(READ)
    assert port.answers == [rtu.frame(1, bytes.fromhex("010100"))]


def test_a_client_of_another_speed_gets_no_answer(port: Port, clock: HandClock) -> None:
    port.baud = 19200
    port.port.received(READ)
    clock.advance(1)
    assert port.answers == []


def test_a_dead_board_is_silent_with_open_coils_until_it_is_mended(port: Port) -> None:
    port.board.request(bytes.fromhex("050003FF00"))
    port.port.fail("dead")
    port.port.received(READ)
    assert port.answers == []
    assert not any(port.board.coils)
    port.port.fail("ok")
    port.port.received(READ)
    assert port.answers == [rtu.frame(1, bytes.fromhex("010100"))]


def test_a_garbled_board_answers_nonsense_and_a_slow_one_late(port: Port, clock: HandClock) -> None:
    port.port.fail("garbage")
    port.port.received(READ)
    assert port.answers
    assert not rtu.is_whole(port.answers[0])
    port.answers.clear()
    port.port.fail("slow")
    port.port.received(READ)
    assert port.answers == []
    clock.advance(0.41)
    assert port.answers == [rtu.frame(1, bytes.fromhex("010100"))]
