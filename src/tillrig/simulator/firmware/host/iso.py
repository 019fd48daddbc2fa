"""ISO 8583 in the UnionPay POS dialect, as this firmware packs and unpacks it (rules H1-H3)."""

from __future__ import annotations

from typing import NamedTuple

Fields = dict[int, str | bytes]
"""Field number to digits or text (str) or raw bytes; 0 is the MTI."""


class IsoError(ValueError):
    """A message cannot be read; says which field and byte."""


class Form(NamedTuple):
    """``kind``: n digits, z digits with D, a text, r raw bytes. ``prefix``: BCD bytes of the length (0: fixed)."""

    kind: str
    size: int
    prefix: int = 0
    left: bool = False


FORMS: dict[int, Form] = {
    2: Form("n", 19, 1), 3: Form("n", 6), 4: Form("n", 12), 11: Form("n", 6), 12: Form("n", 6), 13: Form("n", 4),
    14: Form("n", 4), 15: Form("n", 4), 22: Form("n", 3), 23: Form("n", 3, left=True), 25: Form("n", 2),
    26: Form("n", 2), 32: Form("n", 11, 1), 35: Form("z", 37, 1), 36: Form("z", 104, 2), 37: Form("a", 12),
    38: Form("a", 6), 39: Form("a", 2), 41: Form("a", 8), 42: Form("a", 15), 43: Form("r", 40), 44: Form("r", 99, 1),
    46: Form("r", 999, 2), 47: Form("r", 999, 2), 48: Form("n", 999, 2), 49: Form("a", 3), 52: Form("r", 8),
    53: Form("n", 16), 54: Form("a", 20, 2), 55: Form("r", 999, 2), 56: Form("r", 999, 2), 57: Form("r", 999, 2),
    58: Form("r", 999, 2), 59: Form("r", 999, 2), 60: Form("n", 999, 2), 61: Form("n", 999, 2),
    62: Form("r", 999, 2), 63: Form("r", 999, 2), 64: Form("r", 8),
}  # fmt: skip


def pack(fields: Fields) -> bytes:
    """MTI, bitmap and fields. Raises IsoError for a field that has no form or does not fit."""
    numbers = sorted(number for number in fields if number)
    bitmap = sum(1 << (64 - number) for number in numbers)
    body = bytes.fromhex(str(fields[0])) + bitmap.to_bytes(8)
    for number in numbers:
        if number not in FORMS:
            raise IsoError(f"field {number} is not in the table")
        body += _pack_field(number, fields[number])
    return body


def _pack_field(number: int, value: str | bytes) -> bytes:
    form = FORMS[number]
    if form.kind in "nz":
        digits = str(value).replace("=", "D")
        padded = digits.rjust(len(digits) + len(digits) % 2, "0") if form.left else digits + "0" * (len(digits) % 2)
        length, data = len(digits), bytes.fromhex(padded)
    else:
        data = value if isinstance(value, bytes) else value.encode("gbk")
        length = len(data)
    if length > form.size or (not form.prefix and length != form.size):
        raise IsoError(f"field {number} has {length} characters, not {form.size}")
    return (bytes.fromhex(f"{length:0{form.prefix * 2}d}") if form.prefix else b"") + data


def unpack(body: bytes) -> Fields:
    """The fields of a body. Raises IsoError naming field and byte; nothing may be left over."""
    if len(body) < 10:
        raise IsoError(f"{len(body)} bytes are too few for MTI and bitmap")
    fields: Fields = {0: body[:2].hex()}
    if not str(fields[0]).isdigit():
        raise IsoError("byte 0: the MTI is no number")
    bitmap = int.from_bytes(body[2:10])
    at = 10
    for number in range(1, 65):
        if not bitmap >> (64 - number) & 1:
            continue
        if number not in FORMS:
            raise IsoError(f"byte {at}: field {number} is not in the table")
        fields[number], at = _unpack_field(number, body, at)
    if at != len(body):
        raise IsoError(f"byte {at}: {len(body) - at} bytes are left over")
    return fields


def _unpack_field(number: int, body: bytes, at: int) -> tuple[str | bytes, int]:
    form = FORMS[number]
    length = form.size
    if form.prefix:
        prefix = body[at : at + form.prefix].hex()
        if len(prefix) != form.prefix * 2 or not prefix.isdigit() or int(prefix) > form.size:
            raise IsoError(f"byte {at}: length {prefix or '(missing)'} of field {number} is senseless")
        length = int(prefix)
        at += form.prefix
    taken = (length + 1) // 2 if form.kind in "nz" else length
    data = body[at : at + taken]
    if len(data) != taken:
        raise IsoError(f"byte {at}: field {number} ends after {len(data)} of {taken} bytes")
    at += taken
    if form.kind in "nz":
        text = data.hex().upper()
        digits = text[len(text) - length :] if form.left else text[:length]
        if not (digits.replace("D", "") if form.kind == "z" else digits or "0").isdigit():
            raise IsoError(f"byte {at - taken}: field {number} is no number")
        return digits, at
    if form.kind == "a":
        try:
            return data.decode("ascii"), at
        except UnicodeDecodeError as error:
            raise IsoError(f"byte {at - taken}: field {number} is no text") from error
    return data, at


def tlv(tags: dict[str, str]) -> bytes:
    """BER-TLV of hex values by hex tag, in the order given."""
    out = b""
    for tag, value in tags.items():
        data = bytes.fromhex(value)
        size = bytes([len(data)]) if len(data) < 128 else bytes([0x81, len(data)])
        out += bytes.fromhex(tag) + size + data
    return out


def untlv(data: bytes) -> dict[str, str]:
    """Hex values by hex tag; raises IsoError when the data ends inside an element."""
    tags, at = {}, 0
    while at < len(data):
        start = at
        at += 1
        if data[start] & 0x1F == 0x1F:
            while at < len(data) and data[at] & 0x80:
                at += 1
            at += 1
        tag = data[start:at].hex().upper()
        if at >= len(data):
            raise IsoError(f"byte {start}: tag {tag} has no length")
        length, at = data[at], at + 1
        if length > 0x80:
            extra = length & 0x7F
            length, at = int.from_bytes(data[at : at + extra]), at + extra
        if at + length > len(data):
            raise IsoError(f"byte {start}: tag {tag} ends after {len(data) - at} of {length} bytes")
        tags[tag] = data[at : at + length].hex().upper()
        at += length
    return tags
