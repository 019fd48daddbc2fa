"""Messages of the UnionPay POS dialect of ISO 8583: frame, TPDU, header, bitmap and fields, in both directions.

`length (2, big-endian) | TPDU 5 | header 6 | MTI 2 | bitmap 8 | fields` (rules H1 to H4). A reader is not told which
parts are there; it finds out. Offsets in errors count from the first byte that was given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from tillrig.protocols.iso8583_fields import FIELDS, FieldError, FieldValue, read_field, write_field

TPDU_SIZE = 5
HEADER_SIZE = 6
BITMAP_SIZE = 8
_CLASSES = (0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x08, 0x09)
_FUNCTIONS = (0x00, 0x10, 0x20, 0x30)
_HEADER_STARTS = (0x60, 0x61)
_TPDU_START = 0x60


class Message(msgspec.Struct, frozen=True):
    """A message as read. `raw` is everything that was given, `length` the two length bytes when there were any.

    `fields` holds the text form of each field, ascending; `values` where each stands in `raw`; `body` is the offset of
    the MTI.
    Its repr shows no content: tracks and card numbers are among the fields.
    """

    raw: bytes
    body: int
    mti: str
    fields: dict[int, str]
    values: dict[int, FieldValue]
    length: int | None = None
    tpdu: str | None = None
    header: str | None = None

    def __repr__(self) -> str:
        return f"Message({self.mti}, fields {' '.join(map(str, self.fields))})"

    def data(self, number: int) -> bytes:
        """The bytes of a field without its length; KeyError when it is not there."""
        value = self.values[number]
        return self.raw[value.data_start : value.end]

    @property
    def mac_input(self) -> bytes:
        """What the MAC is taken over: MTI up to the byte before field 64 (host, Keys); the whole body without one."""
        return self.raw[self.body : self.values[64].start] if 64 in self.values else self.raw[self.body :]


class Iso8583Error(FieldError):
    """A message that cannot be read. `partial` is what was read before the bad byte, None when not even the MTI was."""

    def __init__(self, message: str, field: int | None, offset: int | None, partial: Message | None = None) -> None:
        super().__init__(message, field, offset)
        self.partial = partial


def is_mti(data: bytes) -> bool:
    """Whether `data` begins with a message type that this dialect knows (rules H2)."""
    return len(data) >= 2 and data[0] in _CLASSES and data[1] in _FUNCTIONS


def decode(data: bytes, length: bool | None = True) -> Message:
    """Read one message. `length`: the two length bytes are there (True), are not (False), or may be (None).

    Raises Iso8583Error naming the byte and, where there is one, the field.
    """
    if length is False:
        return _decode_from(data, 0, None)
    said = int.from_bytes(data[:2], "big")
    if len(data) >= 2 and said == len(data) - 2:
        try:
            return _decode_from(data, 2, said)
        except Iso8583Error:
            if length is None and is_mti(data):
                return _decode_from(data, 0, None)
            raise
    if length is None:
        try:
            return _decode_from(data, 0, None)
        except Iso8583Error as error:
            # A message that begins as one is to blame for its own bad byte; otherwise its length is.
            if error.partial is not None and (data[0] == _TPDU_START or not _has_body(data, 2)):
                raise
    if len(data) < 2:
        raise Iso8583Error("the message ends in its length", None, len(data))
    raise Iso8583Error(f"the length says {said} bytes, {len(data) - 2} follow", None, 0)


def _has_body(data: bytes, start: int) -> bool:
    try:
        _find_body(data, start)
    except Iso8583Error:
        return False
    return True


def _decode_from(data: bytes, start: int, length: int | None) -> Message:
    body, tpdu, header = _find_body(data, start)
    mti = data[body : body + 2].hex()
    message = Message(data, body, mti, {}, {}, length, tpdu, header)
    try:
        _read_fields(message)
    except FieldError as error:
        suspect = _track_in_clear(message)
        text, field, offset = suspect or (error.text, error.field, error.offset)
        raise Iso8583Error(text, field, offset, message) from None
    suspect = _track_in_clear(message)
    if suspect:
        raise Iso8583Error(*suspect, message)
    return message


def _find_body(data: bytes, start: int) -> tuple[int, str | None, str | None]:
    if is_mti(data[start:]):
        return start, None, None
    after_tpdu = start + TPDU_SIZE
    after_header = after_tpdu + HEADER_SIZE
    if is_mti(data[after_tpdu:]):
        return after_tpdu, data[start:after_tpdu].hex().upper(), None
    has_header = len(data) > after_tpdu and data[after_tpdu] in _HEADER_STARTS
    if has_header and is_mti(data[after_header:]):
        return after_header, data[start:after_tpdu].hex().upper(), data[after_tpdu:after_header].hex().upper()
    if has_header:
        where, what = after_header, "after TPDU and header"
    elif is_mti(data[after_header:]):
        raise Iso8583Error("the header begins with neither 60 nor 61", None, after_tpdu)
    elif len(data) > start and data[start] == _TPDU_START:
        where, what = after_tpdu, "after the TPDU, and no header"
    else:
        where, what = start, "here, 5 or 11 bytes on"
    if len(data) < where + 2:
        raise Iso8583Error("the message ends before its type", None, len(data))
    raise Iso8583Error(f"no known message type stands {what}", None, where)


def _read_fields(message: Message) -> None:
    """Fill the message's fields; what was read before an error stays."""
    data, at = message.raw, message.body + 2
    bitmap = data[at : at + BITMAP_SIZE]
    if len(bitmap) < BITMAP_SIZE:
        raise FieldError("the message ends in its bitmap", None, len(data))
    bits = int.from_bytes(bitmap, "big")
    numbers = [number for number in range(1, 65) if bits >> (64 - number) & 1]
    for number in numbers:
        if number not in FIELDS:
            what = "a second bitmap" if number == 1 else f"field {number}, which is not in the table"
            raise FieldError(f"the bitmap announces {what}", number, at + (number - 1) // 8)
    at += BITMAP_SIZE
    for number in numbers:
        value = read_field(number, data, at)
        message.values[number] = value
        message.fields[number] = value.text
        at = value.end
    if at < len(data):
        last = f"field {numbers[-1]}" if numbers else "the bitmap"
        raise FieldError(f"{len(data) - at} bytes are left over after {last}", numbers[-1] if numbers else None, at)


def _track_in_clear(message: Message) -> tuple[str, int, int] | None:
    """The first bad nibble of a track that field 53 does not declare encrypted (its third digit)."""
    if message.fields.get(53, "000")[2] == "1":
        return None
    for number in (35, 36):
        value = message.values.get(number)
        if value is not None and value.suspect:
            offset, nibble = value.suspect
            return f"field {number} holds nibble {nibble}, neither a digit nor the separator", number, offset
    return None


def encode(
    mti: str,
    fields: Mapping[int, str | bytes],
    *,
    tpdu: str | None = None,
    header: str | None = None,
    mac: Callable[[bytes], bytes] | None = None,
    length: bool = True,
) -> bytes:
    """A whole message. `fields` in text form (bytes for text that is not GBK); `mac` gives field 64 from its input.

    Raises FieldError when a value does not fit its field.
    """
    numbers = sorted(set(fields) | ({64} if mac else set()))
    if any(number not in FIELDS for number in numbers):
        unknown = next(number for number in numbers if number not in FIELDS)
        raise FieldError(f"field {unknown} is not in the table", unknown)
    bits = sum(1 << (64 - number) for number in numbers)
    body = bytes.fromhex(mti) + bits.to_bytes(BITMAP_SIZE, "big")
    for number in numbers:
        if number != 64 or mac is None:
            body += write_field(number, fields[number])
    if mac is not None:
        body += write_field(64, mac(body))
    message = bytes.fromhex(tpdu or "") + bytes.fromhex(header or "") + body
    return len(message).to_bytes(2, "big") + message if length else message
