"""CN MIS TLV, the cash register's line (ecr; rules E1 to E4): frames, tags, and a decoder for the stream of bytes.

`02 | length | type | TLV* | 03 | LRC`; a TLV is `tag in ASCII digits | length, 2 bytes binary | value`. Relatives of
the protocol differ in values of `Dialect`. Offsets in errors count from the first byte that was given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import xor
from typing import Literal

import msgspec

from tillrig.errors import ProtocolError
from tillrig.protocols.iso8583_fields import gbk_text

STX, ETX, ACK, NAK = 0x02, 0x03, 0x06, 0x15
REQUEST, ANSWER = 0x31, 0x32
#: The tag whose value is one binary byte: the function.
FUNCTION = "001"
LONGEST = 1024
#: In place of a function: an observation of what disturbed the line itself.
LINE = "line"
#: The problem of an answer that answers no request.
UNASKED = "nobody asked for it"
#: The problem of an answer that no ACK announced.
NO_ACK = "an answer without an ACK before it"


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """What relatives of the protocol do otherwise: how the two bytes of a length are written, over which part the LRC
    is taken (to ETX inclusive, or only to the last TLV), how many digits a tag has, how long a frame may be.
    """

    length_form: Literal["bcd", "binary"] = "bcd"
    value_length_form: Literal["bcd", "binary"] = "binary"
    lrc_from: Literal["stx", "length", "type"] = "length"
    lrc_to: Literal["etx", "data"] = "etx"
    tag_width: int = 3
    longest: int = LONGEST


CLASSIC = Dialect()


class Frame(msgspec.Struct, frozen=True):
    """A whole frame. `tags` in their order, values as bytes; `raw` the frame as it came."""

    kind: int
    tags: Mapping[str, bytes]
    raw: bytes = b""

    @property
    def texts(self) -> dict[str, str]:
        """Tags in text form: the function as hex, all others as GBK text, or as hex when they are not printable."""
        return {tag: value.hex().upper() if tag == FUNCTION else gbk_text(value) for tag, value in self.tags.items()}


class Acknowledged(msgspec.Struct, frozen=True):
    """An ACK stood on the line."""


class Refused(msgspec.Struct, frozen=True):
    """A NAK stood on the line."""


class Noise(msgspec.Struct, frozen=True):
    """Bytes that belong to no frame."""

    data: bytes


class Broken(msgspec.Struct, frozen=True):
    """Something that looked like a frame and is none; it is to be answered with NAK (rules E2)."""

    data: bytes
    error: ProtocolError


Event = Frame | Acknowledged | Refused | Noise | Broken


def encode(kind: int, tags: Mapping[str, bytes] | Iterable[tuple[str, bytes]], dialect: Dialect = CLASSIC) -> bytes:
    """A frame. Raises ValueError for a tag that is not of the dialect's width or a frame that is too long."""
    body = bytes((kind,))
    for tag, value in tags.items() if isinstance(tags, Mapping) else tags:
        if len(tag) != dialect.tag_width or not tag.isdigit() or not tag.isascii():
            raise ValueError(f"tag {tag!r} has not {dialect.tag_width} digits")
        body += tag.encode("ascii") + _write_length(len(value), dialect.value_length_form) + value
    frame = bytes((STX,)) + _write_length(len(body), dialect.length_form) + body + bytes((ETX,))
    if len(frame) + 1 > dialect.longest:
        raise ValueError(f"a frame of {len(frame) + 1} bytes is longer than {dialect.longest}")
    return frame + bytes((lrc(frame, dialect),))


def lrc(frame: bytes, dialect: Dialect = CLASSIC) -> int:
    """The check byte of a frame given from STX to ETX."""
    start = {"stx": 0, "length": 1, "type": 3}[dialect.lrc_from]
    return reduce(xor, frame[start:] if dialect.lrc_to == "etx" else frame[start:-1], 0)


def decode(data: bytes, dialect: Dialect = CLASSIC) -> Frame:
    """One whole frame and nothing else. Raises ProtocolError naming the byte."""
    if not data or data[0] != STX:
        raise ProtocolError("a frame begins with 02" if data else "there is no frame", 0)
    size = _read_length(data, 1, dialect.length_form, "the frame's length")
    end = 3 + size
    if len(data) < end + 2:
        if len(data) >= 6 and data[-2] == ETX and lrc(data[:-1], dialect) == data[-1]:
            raise ProtocolError(f"the length says {size} bytes, {len(data) - 5} stand before ETX", 1)
        raise ProtocolError(f"the length says {size} bytes, but the frame ends here", len(data))
    if end + 2 > dialect.longest:
        raise ProtocolError(f"a frame of {end + 2} bytes is longer than {dialect.longest}", 1)
    if data[end] != ETX:
        raise ProtocolError(f"{data[end]:02X} stands where the length puts ETX", end)
    right = lrc(data[: end + 1], dialect)
    if data[end + 1] != right:
        raise ProtocolError(f"the LRC is {data[end + 1]:02X} instead of {right:02X}", end + 1)
    if len(data) > end + 2:
        raise ProtocolError(f"{len(data) - end - 2} bytes follow the frame", end + 2)
    return Frame(_kind(data, size), dict(_tags(data, 4, end, dialect)), data)


def _kind(data: bytes, size: int) -> int:
    if size == 0:
        raise ProtocolError("the frame has no type", 3)
    if data[3] not in (REQUEST, ANSWER):
        raise ProtocolError(f"type {data[3]:02X} is neither 31 nor 32", 3)
    return data[3]


def _tags(data: bytes, at: int, end: int, dialect: Dialect) -> Iterable[tuple[str, bytes]]:
    found: set[str] = set()
    while at < end:
        start = at + dialect.tag_width
        for index in range(at, min(start, end)):
            if not 0x30 <= data[index] <= 0x39:
                raise ProtocolError(f"a tag holds {data[index]:02X}, not a digit", index)
        if start + 2 > end:
            raise ProtocolError("the data end in a tag or its length", end)
        tag = data[at:start].decode("ascii")
        if tag in found:
            raise ProtocolError(f"tag {tag} is there twice", at)
        found.add(tag)
        size = _read_length(data, start, dialect.value_length_form, f"the length of tag {tag}")
        if start + 2 + size > end:
            raise ProtocolError(f"tag {tag} says {size} bytes, {end - start - 2} are left", start)
        yield tag, data[start + 2 : start + 2 + size]
        at = start + 2 + size


def _write_length(size: int, form: str) -> bytes:
    if size > (9999 if form == "bcd" else 0xFFFF):
        raise ValueError(f"{size} does not fit into a length of two bytes")
    return bytes.fromhex(f"{size:04d}") if form == "bcd" else size.to_bytes(2, "big")


def _read_length(data: bytes, at: int, form: str, what: str) -> int:
    part = data[at : at + 2]
    if form == "bcd":
        for index, byte in enumerate(part):
            if byte >> 4 > 9 or byte & 15 > 9:
                raise ProtocolError(f"{what} holds {byte:02X}, not BCD", at + index)
    if len(part) < 2:
        raise ProtocolError(f"the data end in {what}", at + len(part))
    return int(part.hex()) if form == "bcd" else int.from_bytes(part, "big")


class StreamDecoder:
    """Finds frames, ACK and NAK in bytes that come split, merged or with noise between; keeps no more than a frame."""

    def __init__(self, dialect: Dialect = CLASSIC) -> None:
        self._dialect = dialect
        self._buffer = bytearray()

    @property
    def pending(self) -> bytes:
        """Bytes that may still become a frame."""
        return bytes(self._buffer)

    def feed(self, data: bytes) -> list[Event]:
        """What these bytes completed, in order."""
        self._buffer += data
        events: list[Event] = []
        while self._buffer:
            event, used = self._next()
            if not used:
                break
            del self._buffer[:used]
            last = events[-1] if events else None
            if isinstance(event, Noise) and isinstance(last, Noise):
                events[-1] = Noise(last.data + event.data)
            else:
                events.append(event)
        return events

    def flush(self) -> list[Event]:
        """Give up on what is pending, as when the line has been quiet too long: it is noise, or holds a later frame."""
        events: list[Event] = []
        while self._buffer:
            noise = bytes(self._buffer[:1])
            del self._buffer[:1]
            events += [Noise(noise), *self.feed(b"")]
        return events

    def _next(self) -> tuple[Event, int]:
        """The event at the head of the buffer and its bytes; 0 bytes when more must come."""
        buffer = bytes(self._buffer)
        head = buffer[:1]
        if buffer[0] != STX:
            single: dict[int, Event] = {ACK: Acknowledged(), NAK: Refused()}
            return single.get(buffer[0], Noise(head)), 1
        try:
            size = _read_length(buffer, 1, self._dialect.length_form, "the frame's length")
        except ProtocolError:
            # Two bytes that are no length cannot follow the STX of a frame; with fewer, they may still come.
            return Noise(head), 1 if len(buffer) >= 3 else 0
        if size == 0 or size + 5 > self._dialect.longest:
            return Noise(head), 1
        return self._whole(buffer[: size + 5]) if len(buffer) >= size + 5 else (Noise(b""), 0)

    def _whole(self, frame: bytes) -> tuple[Event, int]:
        try:
            return decode(frame, self._dialect), len(frame)
        except ProtocolError as error:
            # Without ETX in its place the length is not to be trusted: look for a frame inside. Otherwise it was one.
            used = len(frame) if frame[-2] == ETX else 1
            return Broken(frame[:used], error), used
