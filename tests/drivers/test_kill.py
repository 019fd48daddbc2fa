"""Killed with -9 while a contact is closed, the harness leaves no contact closed for longer than a second."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports.port_fakes import FakeBoard, eventually
from tillrig.drivers.guard import Guard
from tillrig.drivers.modbus_rtu import ModbusSwitches, Options

HARNESS = Path(__file__).with_name("killed_harness.py")


@pytest.fixture
def plain_board() -> Iterator[FakeBoard]:
    made = FakeBoard(timed=False, watchdog=False)
    yield made
    made.stop()


def start(board: FakeBoard, act: str) -> subprocess.Popen[str]:
    harness = subprocess.Popen([sys.executable, str(HARNESS), board.port, act], stdout=subprocess.PIPE, text=True)
    assert harness.stdout is not None
    assert harness.stdout.readline().startswith("closed")
    assert board.closed() == {3}
    return harness


def kill_and_measure(harness: subprocess.Popen[str], board: FakeBoard) -> float:
    assert harness.stdout is not None
    harness.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    harness.wait()
    harness.stdout.close()
    assert eventually(lambda: board.closed() == set(), 5)
    return time.monotonic() - killed


def test_the_boards_watchdog_opens_a_held_contact(board: FakeBoard) -> None:
    """The board hears nothing for 900 ms."""
    assert kill_and_measure(start(board, "LEVEL"), board) <= 1.0


@pytest.mark.parametrize("act", ["LEVEL", "PULSE"])
def test_the_guard_process_opens_the_contacts_of_a_plain_board(plain_board: FakeBoard, act: str) -> None:
    """Its pipe ends with the harness; held contacts and pulses timed by the harness alike."""
    assert kill_and_measure(start(plain_board, act), plain_board) <= 1.0


def test_a_harness_that_ends_by_an_exception_leaves_all_open(plain_board: FakeBoard) -> None:
    """SIGTERM without a handler ends Python as abruptly as an error deep inside."""
    harness = start(plain_board, "LEVEL")
    harness.terminate()
    assert eventually(lambda: plain_board.closed() == set(), 1.5)
    harness.wait()
    assert harness.stdout is not None
    harness.stdout.close()


def test_the_guard_goes_home_when_the_board_is_closed(plain_board: FakeBoard) -> None:
    """It moves nothing and leaves no process behind."""
    switches = ModbusSwitches("board", Options(port="", timeout_ms=300), plain_board.port)
    (said,) = switches.protection
    pid = int(said.removeprefix("guard process "))
    os.kill(pid, 0)
    switches.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_guard_writes_nothing_while_the_harness_lives(plain_board: FakeBoard) -> None:
    """Not even at its start or its proper end."""
    guard = Guard(plain_board.port, 115200, 1, 32)
    plain_board.requests.clear()
    guard.release()
    assert plain_board.requests == []


def test_each_board_says_what_protects_it(board: FakeBoard, plain_board: FakeBoard) -> None:
    """A lab must know which of the three it relies on."""
    able = ModbusSwitches("board", Options(port="", timeout_ms=300), board.port)
    plain = ModbusSwitches("board", Options(port="", timeout_ms=300), plain_board.port)
    assert able.protection == ("board-timed pulses", "board watchdog 900 ms")
    assert able.capabilities.timed_pulse and able.capabilities.watchdog_ms == 900
    assert len(plain.protection) == 1 and plain.protection[0].startswith("guard process")
    assert not plain.capabilities.timed_pulse and plain.capabilities.watchdog_ms == 0
    able.close()
    plain.close()
