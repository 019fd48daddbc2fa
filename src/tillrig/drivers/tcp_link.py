"""`tcp-link`: a TCP forwarder in the harness; the terminal calls it instead of the host, and the path can be spoilt.

down   nothing passes, new calls are refused; connections that stood are reset when the link comes up again, as a cable
       pulled for longer than the terminal's patience does it
loss   of a TCP path is not missing bytes but waiting for them again: a lost piece is late by the retransmission time
       (200 ms, doubled each time it is lost again)
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
import time
from typing import Any

import msgspec

from tillrig.drivers.registry import Context, Emit, PortKind
from tillrig.errors import LinkError
from tillrig.ports.link import LinkCapabilities

_RETRANSMIT_S = 0.2
#: A path that loses the same piece so often is given up by TCP.
_GIVE_UP = 6
_SEGMENT = 1460
_POLL_S = 0.1
_CONNECT_S = 5.0


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of the rig file: `listen` and `target` as HOST:PORT (port 0: a free one); `seed` draws what is lost."""

    listen: str
    target: str
    seed: int = 1


class Shape(msgspec.Struct, frozen=True):
    delay_s: float = 0.0
    bytes_per_s: int = 0
    loss: float = 0.0


class TcpLink:
    """Two threads a connection, one a direction; closing the link ends them."""

    def __init__(self, name: str, options: Options, emit: Emit) -> None:
        self.name = name
        self._emit = emit
        self._target = _address(name, options.target)
        self._random = random.Random(options.seed)
        self._shape = Shape()
        self._closing = threading.Event()
        self._passing = threading.Event()
        self._passing.set()
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener: socket.socket | None = None
        self._address = _address(name, options.listen)
        self._listen()
        self._address = self.address

    @property
    def address(self) -> tuple[str, int]:
        """Where the terminal must call."""
        if self._listener is None:
            return self._address
        host, port = self._listener.getsockname()[:2]
        return str(host), int(port)

    @property
    def capabilities(self) -> LinkCapabilities:
        return LinkCapabilities(cut=True, shape=True)

    def up(self) -> None:
        if not self._passing.is_set():
            with self._lock:
                stood, self._pairs = self._pairs, []
            for pair in stood:
                for end in pair:
                    _reset(end)
            self._passing.set()
            self._listen()
        self._emit("link", action="up", at=time.monotonic())

    def down(self) -> None:
        self._passing.clear()
        listener, self._listener = self._listener, None
        if listener is not None:
            _shut(listener)
        self._emit("link", action="down", at=time.monotonic())

    def shape(self, *, delay_ms: int = 0, bytes_per_s: int = 0, loss: float = 0.0) -> None:
        if delay_ms < 0 or bytes_per_s < 0 or not 0 <= loss <= 1:
            raise LinkError(f"{self.name}: delay and rate are not negative, loss lies within 0 and 1")
        self._shape = Shape(delay_ms / 1000, bytes_per_s, loss)
        self._emit("link", action="shape", at=time.monotonic(), delay_ms=delay_ms, bytes_per_s=bytes_per_s, loss=loss)

    def check(self) -> None:
        if self._closing.is_set():
            raise LinkError(f"{self.name}: the link is closed")
        if self._passing.is_set() and self._listener is None:
            raise LinkError(f"{self.name}: nobody listens at {self._address}")

    def close(self) -> None:
        self._closing.set()
        self._passing.set()
        if self._listener is not None:
            _shut(self._listener)
        with self._lock:
            for pair in self._pairs:
                for end in pair:
                    _shut(end)
            self._pairs = []

    def _listen(self) -> None:
        try:
            self._listener = socket.create_server(self._address, backlog=8)
        except OSError as error:
            raise LinkError(f"{self.name}: cannot listen at {self._address}: {error}") from error
        threading.Thread(target=self._accept, args=(self._listener,), name=f"{self.name}-accept", daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            try:
                host = socket.create_connection(self._target, timeout=_CONNECT_S)
            except OSError:
                _reset(caller)
                continue
            host.settimeout(None)
            with self._lock:
                self._pairs.append((caller, host))
            for source, sink in ((caller, host), (host, caller)):
                threading.Thread(
                    target=self._carry, args=(source, sink), name=f"{self.name}-carry", daemon=True
                ).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(_SEGMENT):
                if not self._travel(len(data)):
                    _reset(sink)
                    _reset(source)
                    return
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            _shut(source)
            _shut(sink)

    def _travel(self, size: int) -> bool:
        """Wait as long as `size` bytes are on their way; False when they never arrive."""
        while not self._passing.wait(_POLL_S) or self._shape.loss >= 1:
            if self._closing.wait(_POLL_S):
                return False
        shape = self._shape
        seconds = shape.delay_s + (size / shape.bytes_per_s if shape.bytes_per_s else 0.0)
        for again in range(_GIVE_UP):
            if self._random.random() >= shape.loss:
                break
            seconds += _RETRANSMIT_S * 2**again
        else:
            return False
        if seconds:
            self._closing.wait(seconds)
        # The cable may have been pulled while these bytes were on their way.
        return self._passing.is_set() or self._travel(0)


def _reset(end: socket.socket) -> None:
    """Close with RST instead of FIN. A thread that still reads from it must be woken, hence the shutdown of reading."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.shutdown(socket.SHUT_RD)
    end.close()


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


def _address(name: str, text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 0xFFFF:
        raise LinkError(f"{name}: {text!r} is no HOST:PORT")
    return host, int(port)


class TcpLinkDriver:
    port: PortKind = "link"
    Options = Options

    def open(self, name: str, options: Any, context: Context) -> TcpLink:
        return TcpLink(name, options, context.emit)


DRIVER = TcpLinkDriver()
