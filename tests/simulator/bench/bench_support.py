"""A clock moved by hand for physics, and a real bench process with a scripted firmware for everything with a port."""

from __future__ import annotations

import heapq
import itertools
import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import serial

from tillrig.simulator.bench import rtu
from tillrig.simulator.bench.control import ask

FIRMWARE = Path(__file__).with_name("scripted_firmware.py")
Start = Callable[..., "RunningBench"]


class HandClock:
    """Time stands still until it is moved; callbacks run in the order of their times."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._queue: list[tuple[float, int, Any, tuple[Any, ...]]] = []
        self._order = itertools.count()
        self._cancelled: set[int] = set()

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[..., object], *args: Any) -> Any:
        number = next(self._order)
        heapq.heappush(self._queue, (when, number, callback, args))
        cancel = self._cancelled.add

        class _Timer:
            def cancel(self) -> None:
                cancel(number)

        return _Timer()

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while self._queue and self._queue[0][0] <= end:
            when, number, callback, args = heapq.heappop(self._queue)
            self.now = max(self.now, when)
            if number not in self._cancelled:
                callback(*args)
        self.now = end


class RunningBench:
    """A bench process, its directory, and what the scripted firmware wrote down."""

    def __init__(self, process: subprocess.Popen[bytes], directory: Path) -> None:
        self.process = process
        self.directory = directory

    @property
    def ready(self) -> dict[str, Any]:
        return dict(json.loads((self.directory / "ready").read_text()))

    def do(self, *argv: str, after: float = 0.0) -> Any:
        return ask(self.directory, argv, after)

    def heard(self, kind: str = "") -> list[dict[str, Any]]:
        """What the firmware received, in order: {"kind", "at", "value", "start"}."""
        try:
            lines = (self.directory / "heard.jsonl").read_text().splitlines()
        except FileNotFoundError:
            return []
        notes = [json.loads(line) for line in lines]
        return [note for note in notes if kind in ("", note["kind"])]

    def say(self, **order: Any) -> None:
        """Have the firmware send something (see scripted_firmware.py)."""
        fifo = self.directory / "orders"
        until(fifo.exists, "the firmware to listen")
        with fifo.open("w") as out:
            out.write(json.dumps(order) + "\n")


def until(condition: Callable[[], Any], what: str, timeout: float = 30.0) -> Any:
    """Wait for ``condition`` to be true and return it; the limit is for a machine that is busy, not for the bench."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s for {what}")
        time.sleep(0.005)
    return value


def ask_board(bench: RunningBench, pdu: str) -> bytes:
    """Send one request PDU (hex) to the board, each time through a newly opened port, and return the answer PDU."""
    with serial.Serial(str(bench.directory / "board"), 115200, timeout=1) as port:
        return exchange(port, bytes.fromhex(pdu))


def exchange(port: serial.Serial, pdu: bytes) -> bytes:
    """One request PDU and its answer PDU."""
    port.write(rtu.frame(1, pdu))
    answer = b""
    while not rtu.is_whole(answer):
        more = port.read(max(1, port.in_waiting))
        assert more, f"no answer to {pdu.hex()}, only {answer.hex()}"
        answer += more
    return answer[1:-2]
