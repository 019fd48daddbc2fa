"""The contract of a serial line: bytes go out as they are, come in with their time, and a lost line is told."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial

from tests.ports.port_fakes import Cable, eventually
from tillrig.drivers.manual import ManualSerial
from tillrig.drivers.pyserial_line import PyserialLine
from tillrig.drivers.registry import Secrecy
from tillrig.drivers.technician import Technician
from tillrig.errors import SerialError
from tillrig.ports.serial import SerialLine


class SerialContract:
    """Subclasses give `line`, whose far end answers every write with the same bytes reversed."""

    def test_is_a_serial_port(self, line: SerialLine) -> None:
        """The driver offers everything that the protocol names."""
        assert isinstance(line, SerialLine)

    @pytest.mark.parametrize("data", [b"\x06", bytes(range(256)), b"\r\n\x00\xff\x03\x11\x13"])
    def test_all_bytes_pass_unchanged(self, line: SerialLine, data: bytes) -> None:
        """Nothing is translated: no line ends, no flow-control characters."""
        came = bytearray()
        line.subscribe(lambda _, part: came.extend(part))
        line.write(data)
        assert eventually(lambda: len(came) >= len(data))
        assert bytes(came) == data[::-1]

    def test_bytes_carry_the_time_they_came(self, line: SerialLine) -> None:
        """Monotonic seconds, between the sending and now."""
        came: list[float] = []
        line.subscribe(lambda at, _: came.append(at))
        before = time.monotonic()
        line.write(b"?")
        assert eventually(lambda: came)
        assert before <= came[0] <= time.monotonic()

    def test_every_listener_hears_until_it_leaves(self, line: SerialLine) -> None:
        """Two listeners, one of which unsubscribes."""
        first, second = bytearray(), bytearray()
        leave = line.subscribe(lambda _, part: first.extend(part))
        line.subscribe(lambda _, part: second.extend(part))
        line.write(b"ab")
        assert eventually(lambda: second == b"ba" == first)
        leave()
        line.write(b"cd")
        assert eventually(lambda: second == b"badc")
        assert first == b"ba"

    def test_check_finds_a_sound_line_sound(self, line: SerialLine) -> None:
        """Nothing raised."""
        line.check()


class TestPyserial(SerialContract):
    """A device file."""

    @pytest.fixture
    def line(self, cable: Cable) -> Iterator[PyserialLine]:
        far = serial.Serial(cable.far, 9600, timeout=0.02)
        made = PyserialLine("ecr", cable.near)
        cable.to_near = lambda data: data
        answer = _answering(far)
        yield made
        made.close()
        answer()
        far.close()

    def test_a_missing_port_is_told_with_those_that_exist(self) -> None:
        """The message names the instrument, the port, and what to look for."""
        with pytest.raises(SerialError, match=r"ecr: there is no serial port /dev/ttyNONE .*serial ports here"):
            PyserialLine("ecr", "/dev/ttyNONE")

    def test_a_file_is_no_serial_port(self, tmp_path: Path) -> None:
        """Whoever names a log file gets told so."""
        path = tmp_path / "log.txt"
        path.touch()
        with pytest.raises(SerialError, match="is not a serial port"):
            PyserialLine("ecr", str(path))

    def test_a_taken_port_is_told_with_its_holder(self, line: SerialLine, cable: Cable) -> None:
        """Two programs on one line read half of it each."""
        with pytest.raises(SerialError, match=r"is taken by .*; end it or choose another port"):
            PyserialLine("console", cable.near)

    def test_a_line_that_vanishes_is_told_at_the_next_use(self, line: PyserialLine, cable: Cable) -> None:
        """An adapter pulled out, or a bench that died."""
        cable.unplug()
        assert eventually(lambda: _fails(line.check))
        with pytest.raises(SerialError, match="lost"):
            line.write(b"?")

    def test_a_listener_that_fails_is_told_and_silences_nobody(self, line: PyserialLine) -> None:
        """One listener's mistake must not cost the others their bytes, nor pass unseen."""
        came = bytearray()
        line.subscribe(lambda _, part: came.extend([1 // 0]))
        line.subscribe(lambda _, part: came.extend(part))
        line.write(b"x")
        assert eventually(lambda: came == b"x")
        with pytest.raises(SerialError, match="ZeroDivisionError"):
            line.check()

    def test_a_closed_line_says_so(self, line: PyserialLine) -> None:
        """Writing after close is an error, not a silent loss."""
        line.close()
        with pytest.raises(SerialError, match="closed"):
            line.write(b"?")


class TestManualSerial(SerialContract):
    """A technician with a terminal program."""

    @pytest.fixture
    def line(self) -> ManualSerial:
        def carry(question: str) -> str:
            sent = question.partition("send these bytes: ")[2].partition(";")[0]
            return bytes.fromhex(sent)[::-1].hex(" ")

        return ManualSerial("ecr", Technician(ask=carry, attended=True), Secrecy())


def _answering(far: serial.Serial) -> Callable[[], None]:
    """Send back what comes, reversed; returns how to end."""
    ended = threading.Event()

    def run() -> None:
        # The cable may be pulled out in the midst of it.
        with contextlib.suppress(serial.SerialException):
            while not ended.is_set():
                data = far.read(1)
                while data and (more := far.read(512)):
                    data += more
                if data:
                    far.write(data[::-1])

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def end() -> None:
        ended.set()
        thread.join(2)

    return end


def _fails(check: Callable[[], None]) -> bool:
    try:
        check()
    except SerialError:
        return True
    return False
