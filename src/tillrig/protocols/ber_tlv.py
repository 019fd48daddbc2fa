"""BER-TLV as in field 55 (rules H15): read tolerantly, written byte-exact."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tillrig.errors import ProtocolError


class Tlv(msgspec.Struct, frozen=True):
    """One data object: tag in upper-case hex, value, and its offset in the data."""

    tag: str
    value: bytes
    offset: int


#: Card number, track 2 and their like inside chip data, masked wherever chip data are shown.
SENSITIVE_TAGS = frozenset({"5A", "57", "56", "9F1F", "9F20", "9F6B"})


def parse(data: bytes) -> tuple[tuple[Tlv, ...], ProtocolError | None]:
    """The objects up to the first bad byte, and what is wrong there (None when nothing is).

    Constructed objects keep their value whole. Filler bytes 00 between objects are passed over.
    """
    found: list[Tlv] = []
    at = 0
    while at < len(data):
        if data[at] == 0:
            at += 1
            continue
        try:
            tag_end = _tag_end(data, at)
            size, start = _size(data, tag_end)
        except ProtocolError as error:
            return tuple(found), error
        tag = data[at:tag_end].hex().upper()
        if start + size > len(data):
            return tuple(found), ProtocolError(f"tag {tag} says {size} bytes, {len(data) - start} are left", tag_end)
        found.append(Tlv(tag, data[start : start + size], at))
        at = start + size
    return tuple(found), None


def _tag_end(data: bytes, at: int) -> int:
    end = at + 1
    if data[at] & 0x1F == 0x1F:
        while end < len(data) and data[end] & 0x80:
            end += 1
        end += 1
    if end > len(data):
        raise ProtocolError("the data end in a tag", len(data))
    return end


def _size(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise ProtocolError("the data end before a length", len(data))
    if data[at] < 0x80:
        return data[at], at + 1
    count = data[at] & 0x7F
    if count not in (1, 2):
        raise ProtocolError(f"length form {data[at]:02X} is none of 81 and 82", at)
    if at + 1 + count > len(data):
        raise ProtocolError("the data end in a length", len(data))
    return int.from_bytes(data[at + 1 : at + 1 + count], "big"), at + 1 + count


def encode(objects: Iterable[tuple[str, bytes]]) -> bytes:
    """Objects one after the other, lengths in their shortest form."""
    parts = []
    for tag, value in objects:
        size = len(value)
        if size < 0x80:
            length = bytes((size,))
        elif size < 0x100:
            length = bytes((0x81, size))
        else:
            length = b"\x82" + size.to_bytes(2, "big")
        parts.append(bytes.fromhex(tag) + length + value)
    return b"".join(parts)
