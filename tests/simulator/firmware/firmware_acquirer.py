"""A scripted acquirer for the firmware's tests: approves what it is told to, keeps every request."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tillrig.simulator.firmware.host.crypto import check_value, des_encrypt, mac
from tillrig.simulator.firmware.host.iso import Fields, pack, unpack

TMK = bytes.fromhex("A0B1C2D3E4F5061728394A5B6C7D8E9F")
PIK = bytes.fromhex("1F2E3D4C5B6A79880897A6B5C4D3E2F1")
MAK = bytes.fromhex("A1B2C3D4E5F60718")
F62 = bytes.fromhex("7DD7E38839EEEE5DB6C344D25D03CA50C76714A532D08FFECB783FAA00000000000000005FFE0009")
Act = Callable[["Acquirer", Fields, Fields], bytes | None]
"""Given request and prepared answer returns the frame to send, or None to say nothing."""


@dataclass
class Acquirer:
    """``script`` maps a message (``sale signin reversal ...``) to acts used up one by one, then to the default."""

    script: dict[str, list[Act]] = field(default_factory=dict)
    requests: list[tuple[str, Fields]] = field(default_factory=list)
    header: str = "602200000000"
    batch: str = "000001"
    f48_results: str = "11"
    counter: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def of(self, message: str) -> list[Fields]:
        """Requests of one kind, oldest first."""
        return [fields for kind, fields in self.requests if kind == message]

    def close(self) -> None:
        """Stop listening."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                self._one(connection)

    def _one(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        length = int.from_bytes(_exactly(connection, 2))
        data = _exactly(connection, length)
        request = unpack(data[11:])
        kind = name_of(request)
        self.requests.append((kind, request | {"raw": data[11:]}))  # type: ignore[dict-item]
        answer = self.answer(kind, request)
        acts = self.script.get(kind, [])
        frame = acts.pop(0)(self, request, answer) if acts else self.frame(answer)
        if frame is not None:
            connection.sendall(frame)
        else:
            connection.recv(1)

    def frame(self, answer: Fields) -> bytes:
        """The answer's bytes, with MAC where one belongs."""
        if answer[0] in ("0210", "0410"):
            body = pack(answer | {64: bytes(8)})
            body = body[:-8] + mac(MAK, body[:-8])
        else:
            body = pack(answer)
        content = bytes.fromhex("6000000003" + self.header) + body
        return len(content).to_bytes(2) + content

    def answer(self, kind: str, request: Fields) -> Fields:
        """An approving answer."""
        self.counter += 1
        answer: Fields = {n: request[n] for n in (2, 3, 4, 11, 25, 41, 42, 49, 60) if n in request}
        answer |= {0: f"{int(str(request[0])) + 10:04d}", 12: "112233", 13: "1120", 32: "00010000"}
        answer |= {37: f"112233{self.counter:06d}", 39: "00"}
        if kind == "sale":
            answer |= {15: "1120", 38: f"{900000 + self.counter:06d}", 44: b"03080000   00010000   "}
            answer |= {63: b"CUP" + "谢谢光临".encode("gbk").ljust(20) + b" " * 40}
        elif kind == "signin":
            answer |= {62: F62, 60: f"00{self.batch}{str(request[60])[8:]}"}
        elif kind == "settlement":
            digits = str(request[48])
            answer[48] = digits[:30] + self.f48_results[0] + digits[31:61] + self.f48_results[1]
            del answer[39]
        return answer


def name_of(request: Fields) -> str:
    """The message's name."""
    mti, code = request[0], str(request.get(60, ""))[8:11]
    if mti == "0320":
        return "batch_upload" if code == "201" else "upload_end"
    names = {"0800": "signin", "0820": "signoff", "0200": "sale", "0400": "reversal", "0500": "settlement"}
    return names[str(mti)]


def code(value: str, **more: Any) -> Act:
    """Answer with a response code; a decline carries neither 15 nor 38."""

    def act(host: Acquirer, request: Fields, answer: Fields) -> bytes:
        changed = {n: v for n, v in answer.items() if n not in (15, 38)} | {39: value}
        return host.frame(changed | {int(name[1:]): field for name, field in more.items()})

    return act


def silent(host: Acquirer, request: Fields, answer: Fields) -> None:
    """Say nothing."""


def change(number: int, value: str | bytes) -> Act:
    """Approve with one field changed (before the MAC)."""
    return lambda host, request, answer: host.frame(answer | {number: value})


def wrong_mac(host: Acquirer, request: Fields, answer: Fields) -> bytes:
    """Approve under a MAC that is not right."""
    frame = host.frame(answer)
    return frame[:-8] + b"00000000"


def keys_under(tmk: bytes) -> bytes:
    """Field 62 with the test keys."""
    return des_encrypt(tmk, PIK) + check_value(PIK) + des_encrypt(tmk, MAK) + bytes(8) + check_value(MAK)


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise OSError("closed")
        data += piece
    return data
