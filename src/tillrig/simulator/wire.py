"""Framing of the pipe between the bench and the terminal's processor: type byte | length u32 big-endian | payload.

Both ends import this module and nothing else of each other. Times are CLOCK_MONOTONIC seconds (one machine, one clock).

bench to firmware: ``K`` keys, ``C`` card, ``A`` chip's answer, ``P`` paper, ``d`` dot lines printed,
``U`` UART bytes, ``N`` link, ``E`` battery, ``L`` lid, ``B`` JSON {"reset": bool} the reset button.
firmware to bench: ``F`` picture, ``b`` backlight and display power, ``D`` dot lines, ``U`` UART bytes,
``A`` question to the chip, ``S`` beep, ``W`` drawer, ``R`` restart asked for.
A receiver ignores types that it does not know.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

KEYS: tuple[str, ...] = (
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", ".",
    "enter", "cancel", "clear", "up", "down", "func", "power",
)  # fmt: skip
"""Key names by their bit in the ``K`` mask."""

KEYS_CLOSED, CARD, CHIP, PAPER, PRINTED, UART, LINK, BATTERY = "K", "C", "A", "P", "d", "U", "N", "E"
LID, BUTTON = "L", "B"
SCREEN, LIGHT, DOTS, BEEP, DRAWER, RESTART = "F", "b", "D", "S", "W", "R"

PORT_ECR, PORT_CONSOLE = 0, 1
DOT_BYTES = 48
"""One printed dot line: 384 dots, MSB first, 1 = burnt."""
PRINTER_BUFFER_LINES = 64
MAX_PAYLOAD = 1 << 20

_HEADER = struct.Struct(">cI")
_KEYS = struct.Struct(">dI")
_SCREEN = struct.Struct(">HHB")
_COUNT = struct.Struct(">H")
_U32 = struct.Struct(">I")


class WireError(ValueError):
    """The bytes on the pipe are no message: says which type or length was read."""


class Message(NamedTuple):
    """One message: its type (one ASCII letter) and its payload."""

    kind: str
    payload: bytes


def encode(kind: str, payload: bytes = b"") -> bytes:
    """Return the frame of one message."""
    if len(kind) != 1 or not kind.isascii():
        raise WireError(f"message type must be one ASCII character, not {kind!r}")
    if len(payload) > MAX_PAYLOAD:
        raise WireError(f"payload of {kind!r} has {len(payload)} bytes, more than {MAX_PAYLOAD}")
    return _HEADER.pack(kind.encode("ascii"), len(payload)) + payload


class Decoder:
    """Cuts a byte stream into messages; keeps an incomplete tail for the next call."""

    def __init__(self) -> None:
        self._tail = bytearray()

    @property
    def pending(self) -> int:
        """Bytes of a message that has not fully arrived."""
        return len(self._tail)

    def feed(self, data: bytes) -> list[Message]:
        """Append ``data`` and return the messages that are now complete. Raises WireError on a senseless header."""
        self._tail += data
        messages: list[Message] = []
        start = 0
        while len(self._tail) - start >= _HEADER.size:
            kind, length = _HEADER.unpack_from(self._tail, start)
            if length > MAX_PAYLOAD or not kind.isalpha():
                raise WireError(f"no message begins with type {kind!r} and length {length}")
            end = start + _HEADER.size + length
            if end > len(self._tail):
                break
            messages.append(Message(kind.decode("ascii"), bytes(self._tail[start + _HEADER.size : end])))
            start = end
        del self._tail[:start]
        return messages


def keys(at: float, mask: int) -> bytes:
    """``K``: the contacts closed after the electrical edge at ``at``."""
    return encode(KEYS_CLOSED, _KEYS.pack(at, mask))


def parse_keys(payload: bytes) -> tuple[float, int]:
    """Return (time of the edge, mask) of a ``K`` payload."""
    at, mask = _unpack(_KEYS, KEYS_CLOSED, payload)
    return float(at), int(mask)


def json_message(kind: str, value: object) -> bytes:
    """A message whose payload is JSON (``C A P N E L B b S W R``)."""
    return encode(kind, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def parse_json(payload: bytes) -> Any:
    """Return the value of a JSON payload; raises WireError when it is none."""
    try:
        return json.loads(payload)
    except ValueError as error:
        raise WireError(f"payload of {len(payload)} bytes is no JSON: {error}") from error


def printed(lines: int) -> bytes:
    """``d``: dot lines printed since power-on."""
    return encode(PRINTED, _U32.pack(lines))


def parse_printed(payload: bytes) -> int:
    """Return the line count of a ``d`` payload."""
    return int(_unpack(_U32, PRINTED, payload)[0])


def uart(port: int, data: bytes) -> bytes:
    """``U``: bytes of serial port ``PORT_ECR`` or ``PORT_CONSOLE``."""
    return encode(UART, bytes([port]) + data)


def parse_uart(payload: bytes) -> tuple[int, bytes]:
    """Return (port, bytes) of a ``U`` payload."""
    if not payload:
        raise WireError("a UART message names no port")
    return payload[0], payload[1:]


def screen(width: int, height: int, bits: int, rows: bytes) -> bytes:
    """``F``: a picture, rows packed MSB first, each row filled to whole bytes."""
    _check_rows(width, height, bits, rows)
    return encode(SCREEN, _SCREEN.pack(width, height, bits) + rows)


def parse_screen(payload: bytes) -> tuple[int, int, int, bytes]:
    """Return (width px, height px, bits a pixel, rows) of an ``F`` payload."""
    width, height, bits = _unpack(_SCREEN, SCREEN, payload[: _SCREEN.size])
    rows = payload[_SCREEN.size :]
    _check_rows(width, height, bits, rows)
    return width, height, bits, rows


def dots(lines: Sequence[bytes]) -> bytes:
    """``D``: dot lines for the printer, 48 bytes each."""
    for line in lines:
        if len(line) != DOT_BYTES:
            raise WireError(f"a dot line has {DOT_BYTES} bytes, not {len(line)}")
    return encode(DOTS, _COUNT.pack(len(lines)) + b"".join(lines))


def parse_dots(payload: bytes) -> list[bytes]:
    """Return the dot lines of a ``D`` payload."""
    (count,) = _unpack(_COUNT, DOTS, payload[: _COUNT.size])
    body = payload[_COUNT.size :]
    if len(body) != count * DOT_BYTES:
        raise WireError(f"{count} dot lines announced, {len(body)} bytes came")
    return [body[i : i + DOT_BYTES] for i in range(0, len(body), DOT_BYTES)]


def _check_rows(width: int, height: int, bits: int, rows: bytes) -> None:
    expected = (width * bits + 7) // 8 * height
    if len(rows) != expected:
        raise WireError(f"a {width}x{height} picture of {bits} bpp has {expected} bytes, not {len(rows)}")


def _unpack(form: struct.Struct, kind: str, payload: bytes) -> tuple[Any, ...]:
    if len(payload) != form.size:
        raise WireError(f"payload of {kind!r} has {len(payload)} bytes, not {form.size}")
    return form.unpack(payload)
