"""A failing board is told in bounded time, by name, request and what came; no disturbance presses a key twice."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator

import pytest

from tests.ports.port_fakes import FakeBoard, eventually
from tillrig.drivers.modbus_rtu import WATCHDOG_MS, ModbusSwitches, Options
from tillrig.errors import SwitchError


@pytest.fixture
def switches(board: FakeBoard) -> Iterator[ModbusSwitches]:
    made = ModbusSwitches("board", Options(port="", timeout_ms=100), board.port)
    yield made
    board.cable.to_near = lambda data: data
    with contextlib.suppress(SwitchError):
        made.close()


def first(count: int, spoil: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Spoil the first `count` answers, then be sound."""
    left = [count]

    def pass_on(data: bytes) -> bytes:
        if left[0] > 0:
            left[0] -= 1
            return spoil(data)
        return data

    return pass_on


def test_silence_is_told_with_port_and_request(switches: ModbusSwitches, board: FakeBoard) -> None:
    """Three tries of 100 ms, then an error that says what was asked and that nothing came."""
    board.cable.to_near = lambda _: b""
    began = time.monotonic()
    with pytest.raises(
        SwitchError, match=rf"board on {board.port}: asked to open coil 3 \(01 05 00 03 00 00 .*\): silence"
    ):
        switches.set({3: False})
    assert 0.3 <= time.monotonic() - began < 1.0


def test_garbage_is_told_with_what_came(switches: ModbusSwitches, board: FakeBoard) -> None:
    """The bytes stand in the message."""
    board.cable.to_near = lambda data: bytes(len(data))
    with pytest.raises(SwitchError, match=r"came 00 00 00 .*CRC is wrong"):
        switches.read()


def test_a_refusal_is_told_and_not_repeated(switches: ModbusSwitches, board: FakeBoard) -> None:
    """The standard's reason in words."""
    switches._channels = 40
    board.requests.clear()
    with pytest.raises(SwitchError, match=r"exception 2: illegal data address"):
        switches.set({35: False})
    assert board.requests == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda data: data[:-1] + bytes([data[-1] ^ 0x01]),
        lambda data: data[1:],
        lambda data: data + b"\x00",
        lambda data: b"\xff" + data,
    ],
    ids=["lost", "bit error", "first byte lost", "byte behind", "byte before"],
)
def test_one_disturbed_answer_is_asked_again(
    switches: ModbusSwitches, board: FakeBoard, spoil: Callable[[bytes], bytes]
) -> None:
    """Setting a coil twice does what setting it once does."""
    board.cable.to_near = first(1, spoil)
    switches.set({3: True, 9: True})
    assert board.closed() == {3, 9}


def test_noise_between_frames_is_thrown_away(switches: ModbusSwitches, board: FakeBoard) -> None:
    """Bytes that come when nothing was asked belong to no answer."""
    board.cable.inject(b"\x01\x05\x00")
    assert eventually(lambda: switches.board._serial.in_waiting)
    switches.set({3: True})
    assert board.closed() == {3}


def test_a_lossy_line_never_leaves_a_wrong_state(switches: ModbusSwitches, board: FakeBoard) -> None:
    """Each set either does what it says or raises."""
    draw = random.Random(4)
    board.cable.to_near = lambda data: b"" if draw.random() < 0.15 else data
    for step in range(30):
        wanted = {step % 8: True, (step + 3) % 8: False}
        try:
            switches.set(wanted)
        except SwitchError:
            continue
        assert {channel: channel in board.closed() for channel in wanted} == wanted


def test_a_stuck_relay_is_found_by_reading_back(switches: ModbusSwitches, board: FakeBoard) -> None:
    """The board says yes and does not do it."""
    board.stuck.add(6)
    with pytest.raises(SwitchError, match=r"set coils 6 closed, but the board reads the contrary back"):
        switches.set({6: True})


def test_a_garbled_answer_to_a_pulse_presses_once(switches: ModbusSwitches, board: FakeBoard) -> None:
    """The board's own clock says that the pulse runs; nothing is repeated."""
    board.cable.to_near = first(1, lambda data: data[:-1] + bytes([data[-1] ^ 0x01]))
    before = time.monotonic()
    at = switches.pulse(5, 200)
    assert before - 0.01 <= at <= time.monotonic()
    assert board.closures[5] == 1
    assert [request for request in board.requests if request[0] == 6] == [(6, 0x0205)]


def test_a_pulse_that_did_not_reach_the_board_is_sent_again(switches: ModbusSwitches, board: FakeBoard) -> None:
    """The board's own clock says that nothing runs, soon enough to know."""
    board.deaf_to_pulses = 1
    board.cable.to_near = first(1, lambda data: data[:-1] + bytes([data[-1] ^ 0x01]))
    switches.pulse(5, 300)
    assert board.closed() == {5}
    assert board.closures[5] == 1


def test_a_pulse_without_an_answer_is_not_repeated(switches: ModbusSwitches, board: FakeBoard) -> None:
    """Nobody knows whether the key went down; pressing again could press twice."""
    board.cable.to_near = first(1, lambda _: b"")
    with pytest.raises(
        SwitchError, match=r"asked to close coil 5 for 40 ms .*: silence; whether the contact closed is not"
    ):
        switches.pulse(5, 40)
    assert board.closures[5] == 1


def test_a_late_answer_still_confirms_a_pulse(switches: ModbusSwitches, board: FakeBoard) -> None:
    """A busy computer delays answers; the press was timed by the board all the same."""

    def late(data: bytes) -> bytes:
        time.sleep(0.3)
        return data

    board.cable.to_near = first(1, late)
    switches.pulse(5, 40)
    assert board.closures[5] == 1


def test_a_board_that_restarted_is_found_while_a_contact_is_held(switches: ModbusSwitches, board: FakeBoard) -> None:
    """Power came back to the board, and to the terminal too: what follows would be no test of the terminal."""
    switches.set({18: True})
    board.restart()
    assert eventually(lambda: bool(switches._fault))
    with pytest.raises(SwitchError, match=r"coils \[18\] were held closed and are open now: the board restarted"):
        switches.pulse(5, 40)
    switches.open_all()
    switches.pulse(5, 40)


def test_the_watchdog_is_armed_only_while_a_contact_is_held(switches: ModbusSwitches, board: FakeBoard) -> None:
    """An idle rig may be left alone; a held contact is fed."""
    assert board._watchdog_ms == 0
    switches.set({18: True})
    assert board._watchdog_ms == WATCHDOG_MS
    board.requests.clear()
    time.sleep(1.3)
    assert board.closed() == {18}
    assert len(board.requests) >= 4
    switches.set({18: False})
    assert board._watchdog_ms == 0


def test_a_lost_port_is_told_at_once(switches: ModbusSwitches, board: FakeBoard) -> None:
    """An adapter that was pulled out does not come back by asking three times."""
    board.cable.unplug()
    began = time.monotonic()
    with pytest.raises(SwitchError, match="the port is lost"):
        switches.read()
    assert time.monotonic() - began < 0.5


def test_open_all_is_tried_after_a_failure(switches: ModbusSwitches, board: FakeBoard) -> None:
    """The safe state does not depend on what went before."""
    switches.set({3: True})
    board.cable.to_near = lambda _: b""
    with pytest.raises(SwitchError):
        switches.set({4: True})
    with pytest.raises(SwitchError):
        switches.open_all()
    assert board.closed() == set()


def test_a_board_that_is_not_there_is_told_at_opening(board: FakeBoard) -> None:
    """Not powered, or another unit or baud rate: nobody feels addressed."""
    board.cable.to_near = lambda _: b""
    began = time.monotonic()
    with pytest.raises(SwitchError, match="silence; is the board powered, and are port, baud and unit right"):
        ModbusSwitches("board", Options(port="", timeout_ms=100), board.port)
    assert time.monotonic() - began < 2
