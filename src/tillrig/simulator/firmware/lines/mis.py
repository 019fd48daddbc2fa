"""CN MIS TLV frames: ``02 | len BCD2 | type | TLV* | 03 | LRC`` (ecr page; rules E1, E2)."""

from __future__ import annotations

from typing import NamedTuple

STX, ETX, ACK, NAK = 0x02, 0x03, b"\x06", b"\x15"
REQUEST, ANSWER = 0x31, 0x32
LONGEST = 1024
_AROUND = 5
"""STX, two length bytes, ETX, LRC."""


class Frame(NamedTuple):
    """A whole frame: its type, its TLV bytes."""

    kind: int
    body: bytes


class BadFrame(NamedTuple):
    """A frame that earns a NAK."""

    why: str


def frame(kind: int, tags: dict[str, bytes]) -> bytes:
    """Build a frame of tags in order."""
    body = bytes([kind]) + b"".join(tag.encode() + len(value).to_bytes(2) + value for tag, value in tags.items())
    covered = bytes.fromhex(f"{len(body):04d}") + body + bytes([ETX])
    return bytes([STX]) + covered + bytes([lrc(covered)])


def lrc(data: bytes) -> int:
    """Exclusive or of all bytes."""
    value = 0
    for byte in data:
        value ^= byte
    return value


def parse_tags(body: bytes) -> dict[str, bytes]:
    """Tags of a frame. Raises ValueError for a tag twice, no digits, or a length beyond the frame."""
    tags: dict[str, bytes] = {}
    at = 0
    while at < len(body):
        tag = body[at : at + 3]
        if len(body) < at + 5 or not tag.isdigit():
            raise ValueError(f"byte {at}: no tag")
        length = int.from_bytes(body[at + 3 : at + 5])
        value = body[at + 5 : at + 5 + length]
        name = tag.decode("ascii")
        if len(value) != length or name in tags:
            raise ValueError(f"byte {at}: tag {name} is twice there or runs beyond the frame")
        tags[name] = value
        at += 5 + length
    return tags


class Receiver:
    """Cuts bytes into frames, ACK and NAK; noise between frames is skipped."""

    def __init__(self) -> None:
        self._data = bytearray()

    @property
    def open(self) -> bool:
        """The beginning of a frame waits for the rest."""
        return bool(self._data)

    def give_up(self) -> None:
        """Forget a frame whose rest did not come."""
        self._data.clear()

    def feed(self, data: bytes) -> list[Frame | BadFrame | bytes]:
        """What is complete now: frames, bad frames, or one of the bytes ACK and NAK."""
        self._data += data
        found: list[Frame | BadFrame | bytes] = []
        while self._data:
            first = bytes(self._data[:1])
            if first in (ACK, NAK):
                found.append(first)
                del self._data[:1]
            elif first[0] != STX:
                del self._data[:1]
            else:
                piece = self._frame()
                if piece is None:
                    break
                found.append(piece)
        return found

    def _frame(self) -> Frame | BadFrame | None:
        if len(self._data) < 3:
            return None
        digits = self._data[1:3].hex()
        length = int(digits) if digits.isdigit() else 0
        total = length + _AROUND
        if not length > 0 or total > LONGEST:
            self._data.clear()
            return BadFrame("length")
        if len(self._data) < total:
            return None
        whole = bytes(self._data[:total])
        if whole[-2] != ETX or lrc(whole[1:-1]) != whole[-1]:
            self._data.clear()
            return BadFrame("ETX or LRC")
        del self._data[:total]
        return Frame(whole[3], whole[4:-2])
