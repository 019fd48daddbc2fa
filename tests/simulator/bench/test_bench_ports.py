"""Serial lines and network of a running bench pass bytes as real ones would, until somebody pulls the cable."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
import serial

from tests.simulator.bench.bench_support import RunningBench, Start, until


@pytest.fixture
def ecr(bench: RunningBench) -> Iterator[serial.Serial]:
    with serial.Serial(str(bench.directory / "ecr"), 9600, timeout=2) as port:
        yield port


def _heard(bench: RunningBench, port: int, since: int = 0) -> bytes:
    return b"".join(bytes.fromhex(n["value"][1]) for n in bench.heard("U")[since:] if n["value"][0] == port)


def test_a_frame_reaches_the_terminal_no_sooner_than_9600_baud_allows(bench: RunningBench, ecr: serial.Serial) -> None:
    since = len(bench.heard("U"))
    begin = time.monotonic()
    ecr.write(bytes(range(96)))
    until(lambda: len(_heard(bench, 0, since)) == 96, "the frame")
    assert _heard(bench, 0, since) == bytes(range(96))
    last = bench.heard("U")[-1]["at"]
    assert 0.100 <= last - begin < 0.130


def test_the_terminal_is_heard_at_9600_baud_too(bench: RunningBench, ecr: serial.Serial) -> None:
    bench.say(uart=0, hex=bytes(range(96)).hex())
    assert ecr.read(1) == b"\x00"
    begin = time.monotonic()
    assert ecr.read(95) == bytes(range(1, 96))
    assert 0.085 <= time.monotonic() - begin < 0.130


def test_console_and_register_are_two_lines(bench: RunningBench, ecr: serial.Serial) -> None:
    with serial.Serial(str(bench.directory / "console"), 115200, timeout=2) as console:
        since = len(bench.heard("U"))
        console.write(b"version\n")
        until(lambda: _heard(bench, 1, since) == b"version\n", "the command")
        bench.say(uart=1, hex=b"> ".hex())
        assert console.read(2) == b"> "
        assert ecr.in_waiting == 0


def test_a_client_at_the_wrong_speed_is_not_understood(bench: RunningBench) -> None:
    since = len(bench.heard("U"))
    with serial.Serial(str(bench.directory / "ecr"), 19200, timeout=2) as port:
        port.write(b"\x02\x00\x10hello")
        until(lambda: _heard(bench, 0, since), "something")
    assert b"hello" not in _heard(bench, 0, since)


def test_a_pulled_cable_is_silence_both_ways(bench: RunningBench, ecr: serial.Serial) -> None:
    bench.do("cable", "ecr", "out")
    since = len(bench.heard("U"))
    ecr.write(b"lost")
    bench.say(uart=0, hex=b"lost".hex())
    ecr.timeout = 0.1
    assert ecr.read(4) == b""
    bench.do("cable", "ecr", "in")
    ecr.write(b"back")
    until(lambda: _heard(bench, 0, since) == b"back", "the line")


def test_a_terminal_without_supply_hears_nothing(start_bench: Start) -> None:
    bench = start_bench()
    bench.do("power", "off")
    with serial.Serial(str(bench.directory / "ecr"), 9600, timeout=1) as port:
        port.write(b"to nobody")
        bench.do("status")
        bench.do("status")  # the bench has looked at its ports in between
        bench.do("power", "on")
        until(lambda: len(bench.heard("start")) == 2, "the processor")
        port.write(b"hello")
        until(lambda: _heard(bench, 0) == b"hello", "the line")


class EchoHost:
    """Answers each connection with what it got, turned round."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.server = socket.create_server(address)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    @staticmethod
    def _answer(connection: socket.socket) -> None:
        with closing(connection):
            try:
                while data := connection.recv(1000):
                    connection.sendall(data[::-1])
            except OSError:
                return


@pytest.fixture
def host(bench: RunningBench) -> Iterator[EchoHost]:
    address, port = bench.ready["host"]
    host = EchoHost((address, port))
    yield host
    host.server.shutdown(socket.SHUT_RDWR)
    host.server.close()


def _connect(bench: RunningBench) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", bench.ready["forwarder"]), timeout=2)
    connection.settimeout(2)
    return connection


@pytest.mark.usefixtures("host")
def test_the_terminal_reaches_the_host_and_its_farewell_passes(bench: RunningBench) -> None:
    with _connect(bench) as connection:
        connection.sendall(b"request")
        assert connection.recv(100) == b"tseuqer"
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""


def test_without_a_host_the_connection_is_reset(bench: RunningBench) -> None:
    with pytest.raises(ConnectionResetError), _connect(bench) as connection:
        connection.recv(1)


@pytest.mark.usefixtures("host")
def test_a_pulled_network_cable_stalls_and_its_return_resets(bench: RunningBench) -> None:
    with _connect(bench) as old:
        old.sendall(b"one")
        assert old.recv(10) == b"eno"
        bench.do("cable", "link", "out")
        until(lambda: bench.heard("N")[-1]["value"] == {"link": False}, "the terminal to notice")
        old.sendall(b"two")
        old.settimeout(0.3)
        with pytest.raises(TimeoutError):
            old.recv(10)
        with _connect(bench) as during:
            during.sendall(b"three")
            during.settimeout(0.3)
            with pytest.raises(TimeoutError):
                during.recv(10)
            bench.do("cable", "link", "in")
            for connection in (old, during):
                connection.settimeout(2)
                with pytest.raises(ConnectionResetError):
                    connection.recv(10)
    until(lambda: bench.heard("N")[-1]["value"] == {"link": True}, "the terminal to notice")
    with _connect(bench) as new:
        new.sendall(b"four")
        assert new.recv(10) == b"ruof"
