"""Devices for the tests: a relay board played by pymodbus, cables that can be spoilt, an HTTP camera, a TCP host."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import select
import socket
import threading
import time
import tty
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cv2
import numpy as np
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice


def eventually(holds: Callable[[], object], seconds: float = 3.0) -> bool:
    """Whether it comes true in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


class Cable:
    """Two serial ports, `near` and `far`, joined by a wire. `to_near` may change, swallow or add to what comes back."""

    def __init__(self) -> None:
        self._masters, self._slaves = zip(*(pty.openpty() for _ in range(2)), strict=True)
        for slave in self._slaves:
            tty.setraw(slave)
        self.near, self.far = (os.ttyname(slave) for slave in self._slaves)
        self.to_near: Callable[[bytes], bytes] = lambda data: data
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._pump, daemon=True)
        self._thread.start()

    def inject(self, data: bytes) -> None:
        """Bytes that nobody sent, on the near side."""
        os.write(self._masters[0], data)

    def unplug(self) -> None:
        self._ended.set()
        self._thread.join(2)
        for descriptor in (*self._masters, *self._slaves):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self._masters = self._slaves = ()

    def _pump(self) -> None:
        near, far = self._masters
        while not self._ended.is_set():
            ready, _, _ = select.select([near, far], [], [], 0.05)
            for source in ready:
                try:
                    data = os.read(source, 4096)
                    if source == far:
                        data = self.to_near(data)
                    if data:
                        os.write(far if source == near else near, data)
                except OSError:
                    return


class FakeBoard:
    """A 32-channel Modbus RTU board: framing and function codes by pymodbus, the relays by the few lines here."""

    def __init__(self, *, timed: bool = True, watchdog: bool = True, channels: int = 32) -> None:
        self.cable = Cable()
        self.port = self.cable.near
        self.coils = [False] * channels
        self.closures = [0] * 32
        self.discrete = [False] * 16
        self.values = {0x100: 118, 0x101: 300}
        self.requests: list[tuple[int, int]] = []
        self.stuck: set[int] = set()
        self.deaf_to_pulses = 0
        self._until: dict[int, float] = {}
        self._watchdog_ms, self._heard_at = 0, time.monotonic()
        holding = [SimData(0x0010, values=0, count=1, datatype=DataType.REGISTERS)]
        if timed:
            holding.append(SimData(0x0200, values=0, count=channels, datatype=DataType.REGISTERS))
        if watchdog:
            holding.append(SimData(0x0300, values=0, count=3, datatype=DataType.REGISTERS))
        self._device = SimDevice(
            1,
            simdata=(
                [SimData(0, values=[False] * channels, datatype=DataType.BITS)],
                [SimData(0, values=[False] * 16, datatype=DataType.BITS)],
                holding,
                [SimData(0, values=0, count=0x104, datatype=DataType.REGISTERS)],
            ),
            use_bit_addressing=True,
            action=self._act,
        )
        self._loop = asyncio.new_event_loop()
        self._serving = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._serving.wait(10)

    def closed(self) -> set[int]:
        self._tick()
        return {channel for channel, on in enumerate(self.coils) if on}

    def restart(self) -> None:
        """As after a power failure of the board."""
        self.coils = [False] * len(self.coils)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._server.shutdown(), self._loop).result(5)
        self._thread.join(5)
        self.cable.unplug()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)

        async def serve() -> None:
            self._server = ModbusSerialServer(
                self._device, framer=FramerType.RTU, port=self.cable.far, baudrate=115200, ignore_missing_devices=True
            )
            await self._server.serve_forever(background=True)
            self._serving.set()
            await self._server.serving

        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(serve())

    def _tick(self) -> None:
        now = time.monotonic()
        for channel, until in list(self._until.items()):
            if now >= until:
                del self._until[channel]
                self._move(channel, False)
        if self._watchdog_ms and now - self._heard_at > self._watchdog_ms / 1000:
            for channel in range(len(self.coils)):
                self._move(channel, False)

    def _move(self, channel: int, on: bool) -> None:
        if channel in self.stuck:
            return
        if on and not self.coils[channel]:
            self.closures[channel] += 1
        self.coils[channel] = on

    async def _act(
        self, function: int, start: int, address: int, count: int, registers: list[int], values: Any
    ) -> None:
        del start, count
        self._tick()
        self._heard_at = time.monotonic()
        if values is None and function in (5, 6, 15):
            return  # pymodbus reads back what it wrote, to answer with it
        self.requests.append((function, address))
        if function in (5, 15):
            for offset, on in enumerate(values):
                self._until.pop(address + offset, None)
                self._move(address + offset, bool(on))
        elif function == 6 and self.deaf_to_pulses:
            self.deaf_to_pulses -= 1
        elif function == 6 and 0x0200 <= address < 0x0300:
            self._until[address - 0x0200] = time.monotonic() + values[0] / 1000
            self._move(address - 0x0200, True)
        elif function == 6 and address == 0x0300:
            self._watchdog_ms = values[0]
        elif function == 3 and 0x0200 <= address < 0x0300:
            base = 0x0200 - 0x0010
            left = self._until.get(address - 0x0200, 0.0) - time.monotonic()
            registers[base + address - 0x0200] = max(0, round(left * 1000))
        elif function == 1:
            registers[:] = _packed(self.coils)
        elif function == 2:
            registers[:] = _packed(self.discrete)
        elif function == 4:
            registers[: len(self.closures)] = self.closures
            for place, value in self.values.items():
                registers[place] = value


def _packed(bits: list[bool]) -> list[int]:
    return [sum(on << bit for bit, on in enumerate(bits[start : start + 16])) for start in range(0, len(bits), 16)]


def jpeg(shade: int, size: tuple[int, int] = (64, 48)) -> bytes:
    picture = np.full((size[1], size[0], 3), shade % 256, np.uint8)
    return bytes(cv2.imencode(".jpg", picture)[1].tobytes())


class FakeCamera:
    """An MJPEG camera on a free port. Its faults are attributes that a test sets while it runs."""

    def __init__(self, fps: float = 50.0) -> None:
        self.fps = fps
        self.lengths = True
        self.stamps: Callable[[], float] | None = time.monotonic
        self.frozen = threading.Event()
        self.bad_parts = 0
        self.refuse = False
        self.sent: list[bytes] = []
        self.controls: dict[str, Any] = {"exposure_ms": 16.0, "focus": 3.0, "auto_exposure": True, "auto_focus": True}
        self.deaf: set[str] = set()
        self._ending = threading.Event()
        self._clients: list[socket.socket] = []
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """Quiet."""

            def do_GET(self) -> None:
                if self.path.endswith("/controls"):
                    camera._answer(self, json.dumps(camera.controls).encode())
                elif camera.refuse:
                    self.send_error(503, "camera is off")
                else:
                    camera._clients.append(self.connection)
                    with contextlib.suppress(OSError):
                        camera._stream(self)

            def do_PUT(self) -> None:
                wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                camera.controls |= {key: value for key, value in wanted.items() if key not in camera.deaf}
                camera._answer(self, b"{}")

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        self.url, self.controls_url = f"{self.base}/screen.mjpg", f"{self.base}/screen/controls"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        self.frozen.clear()
        self._server.shutdown()
        self._server.server_close()
        self.drop()

    def drop(self) -> None:
        """Break every stream off."""
        clients, self._clients = self._clients, []
        for client in clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def _answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _stream(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        handler.end_headers()
        shade = 0
        while not self._ending.wait(1 / self.fps):
            while self.frozen.is_set() and not self._ending.wait(0.02):
                pass
            picture = jpeg(shade)
            shade += 1
            if self.bad_parts:
                self.bad_parts -= 1
                picture = b"no picture at all"
            head = b"--frame\r\nContent-Type: image/jpeg\r\n"
            if self.lengths:
                head += b"Content-Length: %d\r\n" % len(picture)
            if self.stamps is not None:
                head += f"X-Timestamp: {self.stamps():.6f}\r\n".encode()
            self.sent.append(picture)
            handler.wfile.write(head + b"\r\n" + picture + b"\r\n")


class EchoHost:
    """A TCP server that gives back what it gets; `closed` counts how its connections ended."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.ended: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        # A listener that another thread waits at lives on until that thread is woken.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._echo, args=(client,), daemon=True).start()

    def _echo(self, client: socket.socket) -> None:
        with client:
            try:
                while data := client.recv(65536):
                    client.sendall(data)
                self.ended.append("closed")
            except OSError:
                self.ended.append("reset")
