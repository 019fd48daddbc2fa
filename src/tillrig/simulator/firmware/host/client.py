"""One exchange with the host: connect, send, receive one frame, close (rules H2, H21)."""

from __future__ import annotations

import errno
import socket
from typing import Literal, NamedTuple

from tillrig.simulator.firmware.hardware.kernel import Kernel

End = Literal["answer", "no_link", "refused", "no_connection", "not_sent", "broken", "timeout", "garbled"]


class Exchange(NamedTuple):
    """How an exchange ended; ``data`` is the frame's content after its length when there was an answer."""

    end: End
    data: bytes = b""


class Link:
    """The network plug and one TCP connection at a time."""

    def __init__(self, kernel: Kernel, host: str, port: int) -> None:
        self._kernel, self._address = kernel, (host, port)
        self.up = True

    def exchange(self, message: bytes, connect_s: float, answer_s: float) -> Exchange:
        """Send ``message`` (TPDU to last field) and return what came; seconds are the terminal's own."""
        if not self.up:
            return Exchange("no_link")
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            return self._connect(sock, connect_s) or self._talk(sock, len(message).to_bytes(2) + message, answer_s)
        finally:
            self._kernel.forget(sock)
            sock.close()

    def _connect(self, sock: socket.socket, seconds: float) -> Exchange | None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if sock.connect_ex(self._address) not in (0, errno.EINPROGRESS):
            return Exchange("refused")
        self._kernel.watch(sock, write=True)

        def connected() -> int | None:
            try:
                sock.getpeername()
            except OSError:
                return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or None
            return 0

        result = self._kernel.wait(connected, seconds)
        if result is None:
            return Exchange("no_connection")
        return Exchange("refused") if result else None

    def _talk(self, sock: socket.socket, frame: bytes, seconds: float) -> Exchange:
        left, received, broken = memoryview(frame), bytearray(), False

        def step() -> Exchange | None:
            nonlocal left, broken
            try:
                while left:
                    left = left[sock.send(left) :]
            except BlockingIOError:
                return None
            except OSError:
                return Exchange("not_sent")
            self._kernel.watch(sock, write=False)
            try:
                while data := sock.recv(65536):
                    received.extend(data)
                broken = True
            except BlockingIOError:
                pass
            except OSError:
                broken = True
            if len(received) >= 2 and len(received) >= 2 + (size := int.from_bytes(received[:2])):
                return Exchange("answer" if size else "garbled", bytes(received[2 : 2 + size]))
            return Exchange("broken") if broken else None

        return self._kernel.wait(step, seconds) or Exchange("timeout")
