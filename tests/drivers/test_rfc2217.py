"""A board or a line behind a serial device server (RFC 2217) is as good as one on a cable, and nearly as fast."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import serial
from serial.rfc2217 import PortManager

from tests.ports.port_fakes import FakeBoard, eventually
from tillrig.drivers.modbus_rtu import ModbusSwitches, Options
from tillrig.drivers.pyserial_line import PyserialLine


class Device(serial.Serial):
    """A pseudo-terminal has no modem lines; a device server asks for them."""

    cts = dsr = ri = cd = property(lambda self: False)
    rts = dtr = property(lambda self: True, lambda self, value: None)


class DeviceServer:
    """pyserial's own RFC 2217 server, for one client at a time."""

    def __init__(self, port: str) -> None:
        self._serial = Device(port, 115200, timeout=0.01)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"rfc2217://127.0.0.1:{self._listener.getsockname()[1]}?ign_set_control"
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._client: socket.socket | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    def write(self, data: bytes) -> None:
        """Called by the port manager, too."""
        with self._lock:
            if self._client is not None:
                self._client.sendall(data)

    def stop(self) -> None:
        self._ended.set()
        for end in (self._listener, self._client):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
        time.sleep(0.05)
        self._serial.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while not self._ended.is_set():
                self._client, _ = self._listener.accept()
                self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                manager = PortManager(self._serial, self)
                threading.Thread(target=self._from_device, args=(manager,), daemon=True).start()
                while data := self._client.recv(1024):
                    self._serial.write(b"".join(manager.filter(data)))

    def _from_device(self, manager: PortManager) -> None:
        with contextlib.suppress(OSError, serial.SerialException, TypeError):
            while not self._ended.is_set():
                if data := self._serial.read(self._serial.in_waiting or 1):
                    self.write(b"".join(manager.escape(data)))


pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name).. is deprecated:DeprecationWarning")


@pytest.fixture
def server(board: FakeBoard) -> Iterator[DeviceServer]:
    made = DeviceServer(board.port)
    yield made
    made.stop()


def test_a_board_is_driven_through_a_device_server(server: DeviceServer, board: FakeBoard) -> None:
    """And an exchange costs milliseconds, not pyserial's 300 ms for every change of a time-out."""
    switches = ModbusSwitches("board", Options(port="", timeout_ms=500), server.url)
    switches.set({3: True})
    assert board.closed() == {3}
    began = time.monotonic()
    for _ in range(20):
        switches.read()
    assert (time.monotonic() - began) / 20 < 0.05
    switches.close()
    assert board.closed() == set()


def test_a_line_reads_and_writes_through_a_device_server(server: DeviceServer) -> None:
    """The board's answer comes as bytes with their time."""
    line = PyserialLine("ecr", server.url, baud=115200)
    came = bytearray()
    line.subscribe(lambda _, data: came.extend(data))
    line.write(bytes.fromhex("010100000008 3dcc"))
    assert eventually(lambda: len(came) == 6)
    assert came[:3] == b"\x01\x01\x01"
    line.close()
