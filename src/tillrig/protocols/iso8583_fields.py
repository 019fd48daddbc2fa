"""The fields of the UnionPay POS dialect of ISO 8583: their formats, text form and bytes (rules H1, H3, H4).

n is packed BCD, z the same with nibble D as separator, LL one BCD byte, LLL two. A length counts digits for n and z and
bytes for everything else. An odd number of digits is filled on the right, field 23 alone on the left.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from tillrig.errors import ProtocolError

Kind = Literal["n", "z", "text", "bytes"]


class FieldFormat(msgspec.Struct, frozen=True):
    """One line of the field table: `size` in digits (n, z) or bytes, exact when `prefix` is 0, else the largest.

    `prefix` is the number of length bytes, `pad` the side on which an odd digit is filled; "either" is read from the
    data.
    """

    number: int
    kind: Kind
    size: int
    prefix: int = 0
    pad: Literal["right", "left", "either"] = "right"

    @property
    def digits(self) -> bool:
        """Whether the length counts digits."""
        return self.kind in ("n", "z")


class FieldValue(msgspec.Struct, frozen=True):
    """A field as read: text form, the bytes `start:end` it takes, its data without the length, and the pad nibble.

    `suspect` is the first nibble of a track that is neither digit nor separator, as (offset, nibble): such a track is
    only legal when it is encrypted, which a later field says.
    """

    text: str
    start: int
    data_start: int
    end: int
    pad: str = ""
    suspect: tuple[int, str] | None = None

    def __repr__(self) -> str:
        return f"FieldValue(bytes {self.start} to {self.end})"


class FieldError(ProtocolError):
    """A field that breaks its format; `field` is its number, `text` what is wrong. The text never holds its content."""

    def __init__(self, message: str, field: int | None, offset: int | None = None) -> None:
        super().__init__(message, offset)
        self.text = message
        self.field = field


#: number, largest or exact size, length bytes
_ROWS: dict[Kind, tuple[tuple[int, int, int], ...]] = {
    "n": (
        (2, 19, 1), (3, 6, 0), (4, 12, 0), (11, 6, 0), (12, 6, 0), (13, 4, 0), (14, 4, 0), (15, 4, 0), (22, 3, 0),
        (23, 3, 0), (25, 2, 0), (26, 2, 0), (32, 11, 1), (48, 999, 2), (53, 16, 0), (60, 999, 2), (61, 999, 2),
    ),
    "z": ((35, 37, 1), (36, 104, 2)),
    "text": (
        (37, 12, 0), (38, 6, 0), (39, 2, 0), (41, 8, 0), (42, 15, 0), (43, 40, 0), (44, 99, 1), (46, 999, 2),
        (47, 999, 2), (49, 3, 0), (54, 20, 2), (56, 999, 2), (57, 999, 2), (58, 999, 2), (59, 999, 2), (63, 999, 2),
    ),
    "bytes": ((52, 8, 0), (55, 999, 2), (62, 999, 2), (64, 8, 0)),
}  # fmt: skip
_PAD_SIDES: dict[int, Literal["left", "either"]] = {23: "left", 32: "either"}

FIELDS: dict[int, FieldFormat] = {
    number: FieldFormat(number, kind, size, prefix, _PAD_SIDES.get(number, "right"))
    for kind, rows in _ROWS.items()
    for number, size, prefix in rows
}


def gbk_text(data: bytes) -> str:
    """`data` as GBK text, spaces kept, or as upper-case hex when any byte is not printable GBK (rules H4)."""
    try:
        text = data.decode("gbk")
    except UnicodeDecodeError:
        return data.hex().upper()
    return data.hex().upper() if any(char < " " or char == "\x7f" for char in text) else text


def read_field(number: int, data: bytes, at: int) -> FieldValue:
    """The field that begins at byte `at`; raises FieldError naming the byte that is wrong, or where the data end."""
    form = FIELDS[number]
    size, data_start = _read_length(form, data, at)
    end = data_start + ((size + 1) // 2 if form.digits else size)
    if end > len(data):
        unit = "digits" if form.digits else "bytes"
        raise FieldError(f"field {number} has {size} {unit}, but the message ends here", number, len(data))
    part = data[data_start:end]
    if form.kind == "bytes":
        return FieldValue(part.hex().upper(), at, data_start, end)
    if form.kind == "text":
        return FieldValue(gbk_text(part), at, data_start, end)
    return _read_digits(form, part, size, at, data_start)


def _read_length(form: FieldFormat, data: bytes, at: int) -> tuple[int, int]:
    if not form.prefix:
        return form.size, at
    prefix = data[at : at + form.prefix]
    for index, byte in enumerate(prefix):
        if byte >> 4 > 9 or byte & 15 > 9:
            raise FieldError(f"the length of field {form.number} is {byte:02X}, not BCD", form.number, at + index)
    if len(prefix) < form.prefix:
        raise FieldError(f"the message ends in the length of field {form.number}", form.number, at + len(prefix))
    size = int(prefix.hex())
    if size > form.size:
        raise FieldError(f"field {form.number} says it has {size} of at most {form.size}", form.number, at)
    return size, at + form.prefix


def _read_digits(form: FieldFormat, part: bytes, size: int, start: int, data_start: int) -> FieldValue:
    nibbles = part.hex().upper()
    first = 0
    pad = ""
    if size % 2:
        first = 1 if _filled_on_the_left(form, nibbles) else 0
        pad = nibbles[0] if first else nibbles[-1]
    text = nibbles[first : first + size]
    allowed = "0123456789D" if form.kind == "z" else "0123456789"
    bad = next((index for index, nibble in enumerate(text) if nibble not in allowed), None)
    suspect = None
    if bad is not None:
        suspect = (data_start + (first + bad) // 2, text[bad])
        if form.kind == "n":
            raise FieldError(f"field {form.number} holds nibble {text[bad]}, not a digit", form.number, suspect[0])
    return FieldValue(text, start, data_start, data_start + len(part), pad, suspect)


def _filled_on_the_left(form: FieldFormat, nibbles: str) -> bool:
    if form.pad != "either":
        return form.pad == "left"
    if not nibbles[-1].isdigit():
        return False
    return not nibbles[0].isdigit() or (nibbles[0] == "0" and nibbles[-1] != "0")


def write_field(number: int, value: str | bytes) -> bytes:
    """Length and data of one field; bytes are taken as they are (not for n and z), text in its text form.

    A track's separator may also be written `=`. Raises FieldError without an offset when the value does not fit.
    """
    form = FIELDS.get(number)
    if form is None:
        raise FieldError(f"field {number} is not in the table", number)
    if form.digits:
        digits = _digits(form, value)
        size = len(digits)
        if size % 2:
            digits = "0" + digits if form.pad == "left" else digits + "0"
        data = bytes.fromhex(digits)
    else:
        data = value if isinstance(value, bytes) else _octets(form, value)
        size = len(data)
    if size > form.size or (not form.prefix and size != form.size):
        bound = "at most" if form.prefix else "exactly"
        raise FieldError(f"field {number} takes {bound} {form.size}, not {size}", number)
    return bytes.fromhex(f"{size:0{2 * form.prefix}d}") + data if form.prefix else data


def _digits(form: FieldFormat, value: str | bytes) -> str:
    if isinstance(value, bytes):
        raise FieldError(f"field {form.number} is written from digits, not from bytes", form.number)
    text = value.upper().replace("=", "D") if form.kind == "z" else value
    allowed = "0123456789ABCDEF" if form.kind == "z" else "0123456789"
    if any(char not in allowed for char in text):
        raise FieldError(f"field {form.number} takes digits only", form.number)
    return text


def _octets(form: FieldFormat, value: str) -> bytes:
    try:
        return bytes.fromhex(value) if form.kind == "bytes" else value.encode("gbk")
    except ValueError:
        kind = "hexadecimal" if form.kind == "bytes" else "GBK text"
        raise FieldError(f"field {form.number} is not {kind}", form.number) from None
