"""Modbus RTU as a slave speaks it: CRC, finding frames in a noisy byte stream, framing answers.

Source: Modbus over Serial Line specification V1.02. On a USB adapter the silence of 3.5 characters is not
measurable, so a frame ends by its length; silence only clears what is left of a broken one.
"""

from __future__ import annotations

BROADCAST = 0
MAX_FRAME = 256
_FIXED_LENGTH = {1: 8, 2: 8, 3: 8, 4: 8, 5: 8, 6: 8}
_COUNTED = (0x0F, 0x10)


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
        table.append(crc)
    return tuple(table)


_TABLE = _crc_table()


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS: polynomial 8005 reflected, start FFFF; sent low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc


def frame(unit: int, pdu: bytes) -> bytes:
    """Return unit, PDU and CRC."""
    body = bytes([unit]) + pdu
    return body + crc16(body).to_bytes(2, "little")


def is_whole(data: bytes) -> bool:
    """Whether ``data`` is one frame whose CRC is right."""
    return 4 <= len(data) <= MAX_FRAME and crc16(data[:-2]) == int.from_bytes(data[-2:], "little")


def request_length(data: bytes | bytearray) -> int | None:
    """Length in bytes of the request that begins ``data``; None when its function or byte count is not known (yet)."""
    if len(data) < 2:
        return None
    if data[1] in _COUNTED:
        return 9 + data[6] if len(data) > 6 else None
    return _FIXED_LENGTH.get(data[1])


class Framer:
    """Collects bytes and cuts out requests; noise before, between and after them is skipped."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> bool:
        """Whether bytes are left that may become a frame."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Return the requests, CRC still on, that are complete after ``data``."""
        self._buffer += data
        found: list[bytes] = []
        while (request := self._next()) is not None:
            found.append(request)
        del self._buffer[:-MAX_FRAME]
        return found

    def silence(self) -> list[bytes]:
        """The line fell silent: return what only silence can end (a function of unknown length), forget the rest."""
        rest, self._buffer = bytes(self._buffer), bytearray()
        return [rest] if is_whole(rest) else []

    def _next(self) -> bytes | None:
        for start in range(len(self._buffer) - 3):
            length = request_length(self._buffer[start:])
            if length is None or start + length > len(self._buffer):
                continue
            candidate = bytes(self._buffer[start : start + length])
            if is_whole(candidate):
                del self._buffer[: start + length]
                return candidate
        return None
