"""ISO 8583 messages of the UnionPay dialect: hand-made bytes, an independent codec, round trips, and every bad byte."""

from __future__ import annotations

from typing import Any

import iso8583 as independent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillrig.protocols import iso8583
from tillrig.protocols.iso8583 import Iso8583Error, decode, encode
from tillrig.protocols.iso8583_fields import FIELDS, FieldError, gbk_text, read_field, write_field

#: A sign-in request made by hand: F11 F41 F42 F60 (11 digits, filled on the right) F63.
SIGN_IN = bytes.fromhex(
    "003C 6000030000 603100310000 0800 0020000000C00012 000001"
    "3130303030303031 383938313131313533313130303031 0011 000000010030 0003 303120"
)

digits = st.text("0123456789")
gbk = st.text(st.characters(codec="gbk", exclude_categories=("Cc", "Cs")))


def _text_of(number: int) -> st.SearchStrategy[str]:
    form = FIELDS[number]
    least = 0 if form.prefix else form.size
    if form.kind == "n":
        return st.text("0123456789", min_size=least, max_size=form.size)
    if form.kind == "z":
        return st.text("0123456789D", min_size=least, max_size=form.size)
    if form.kind == "bytes":
        return st.binary(min_size=least, max_size=min(form.size, 300)).map(lambda data: data.hex().upper())
    if form.prefix:
        return gbk.filter(lambda text: len(text.encode("gbk")) <= form.size and gbk_text(text.encode("gbk")) == text)
    return st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=form.size, max_size=form.size)


@st.composite
def field_sets(draw: st.DrawFn) -> dict[int, str]:
    numbers = draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=12))
    return {number: draw(_text_of(number)) for number in sorted(numbers)}


@given(field_sets(), st.sampled_from([None, "6000030000"]), st.sampled_from([None, "6031003A000F"]), st.booleans())
def test_what_is_written_is_read_back(
    fields: dict[int, str], tpdu: str | None, header: str | None, length: bool
) -> None:
    """Every set of fields survives, with and without length, TPDU and header."""
    data = encode("0200", fields, tpdu=tpdu, header=header if tpdu else None, length=length)
    message = decode(data, length=length)
    assert message.fields == fields and list(message.fields) == sorted(fields)
    assert (message.mti, message.tpdu, message.header) == ("0200", tpdu, header if tpdu else None)
    assert decode(data, length=None).fields == fields


def _spec(enc: str, prefix: int, size: int, count: str = "bytes") -> dict[str, Any]:
    pads = {"right_pad": "0"} if count == "nibbles" else {}
    return {
        "data_enc": enc,
        "len_enc": "bcd",
        "len_type": prefix,
        "max_len": size,
        "len_count": count,
        "desc": "",
    } | pads


_SPEC = {str(number): _spec("b", 0, 0) for number in range(1, 129)} | {
    "h": _spec("b", 0, 0),
    "t": _spec("b", 0, 2),
    "p": _spec("b", 0, 8),
    "1": _spec("b", 0, 8),
    "2": _spec("b", 1, 19, "nibbles"),
    "4": _spec("b", 0, 6),
    "35": _spec("b", 1, 37, "nibbles"),
    "41": _spec("ascii", 0, 8),
    "60": _spec("b", 2, 999, "nibbles"),
    "63": _spec("gbk", 2, 999),
}


@given(
    st.text("0123456789", min_size=13, max_size=19),
    st.text("0123456789D", min_size=1, max_size=37),
    st.text("0123456789", min_size=11, max_size=19),
)
def test_an_independent_codec_writes_the_same_bytes(pan: str, track: str, reserved: str) -> None:
    """pyiso8583, given the formats of rules H1, agrees byte for byte, odd numbers of digits included."""
    fields = {2: pan, 4: "000000001234", 35: track, 41: "10000001", 60: reserved, 63: "CUP"}
    theirs: dict[str, str] = {"t": "0200"} | {str(number): text for number, text in fields.items()}
    raw, _ = independent.encode(theirs, _SPEC)
    assert encode("0200", fields, length=False) == bytes(raw)


def test_a_sign_in_made_by_hand_is_read() -> None:
    """Length, TPDU, header, 11 digits of F60 without the pad, F63 with its space."""
    message = decode(SIGN_IN)
    assert (message.mti, message.tpdu, message.header, message.length) == ("0800", "6000030000", "603100310000", 60)
    assert message.fields == {11: "000001", 41: "10000001", 42: "898111153110001", 60: "00000001003", 63: "01 "}
    assert message.values[60].pad == "0"
    assert encode("0800", message.fields, tpdu=message.tpdu, header=message.header) == SIGN_IN


@pytest.mark.parametrize("cut", [0, 2])
@pytest.mark.parametrize(
    ("start", "tpdu", "header"), [(13, None, None), (8, None, None), (2, "6000030000", "603100310000")]
)
def test_the_parts_are_found_without_being_told(cut: int, start: int, tpdu: str | None, header: str | None) -> None:
    """Rules H2: body alone, TPDU and body, TPDU, header and body; each with and without a length."""
    body = SIGN_IN[13:]
    message = {13: body, 8: SIGN_IN[2:7] + body, 2: SIGN_IN[2:]}[start]
    expected = {13: None, 8: "6000030000", 2: tpdu}[start]
    framed = len(message).to_bytes(2, "big") + message
    read = decode(framed[cut:], length=not cut)
    assert (read.tpdu, read.header, len(read.fields)) == (expected, header, 5)
    assert decode(framed[cut:], length=None).fields == read.fields


@pytest.mark.parametrize(
    ("number", "data", "text", "pad"),
    [
        (2, "1999001234567890123490", "9900123456789012349", "0"),
        (2, "199900123456789012349F", "9900123456789012349", "F"),
        (22, "0210", "021", "0"),
        (22, "021A", "021", "A"),
        (23, "0001", "001", "0"),
        (23, "F001", "001", "F"),
        (32, "0800010000", "00010000", ""),
        (32, "0512345F", "12345", "F"),
        (32, "05012345", "12345", "0"),
        (32, "05F12345", "12345", "F"),
        (35, "379900123456789012349D301212000000000000", "9900123456789012349D30121200000000000", "0"),
        (35, "00", "", ""),
        (60, "001122000001001F", "22000001001", "F"),
        (44, "00", "", ""),
        (63, "0004D6D0B9FA", "中国", ""),
        (63, "0003FF4142", "FF4142", ""),
        (63, "0003410042", "410042", ""),
        (63, "0003417F42", "417F42", ""),
        (63, "0002A1A1", "\u3000", ""),
        (55, "00039F2601", "9F2601", ""),
        (64, "4646433542353132", "4646433542353132", ""),
    ],
)
def test_the_text_form_is_that_of_the_rules(number: int, data: str, text: str, pad: str) -> None:
    """Rules H1 and H4: digits without pad whatever the pad nibble is, GBK or hex, bytes as hex."""
    value = read_field(number, bytes.fromhex(data), 0)
    assert (value.text, value.pad, value.end) == (text, pad, len(data) // 2)


def _framed(body: str) -> bytes:
    raw = bytes.fromhex(body)
    return len(raw).to_bytes(2, "big") + raw


@pytest.mark.parametrize(
    ("data", "offset", "field", "text"),
    [
        (b"", 0, None, "ends in its length"),
        (b"\x00", 1, None, "ends in its length"),
        (SIGN_IN[:-1], 0, None, "says 60 bytes, 59 follow"),
        (SIGN_IN + b"\x00", 0, None, "says 60 bytes, 61 follow"),
        (_framed("0700" + "00" * 20), 2, None, "no known message type"),
        (_framed("6000030000 6031003100 00 0740 0020000000C00012"), 13, None, "no known message type"),
        (_framed("6000030000 7031003100 00 0800 0020000000C00012"), 7, None, "neither 60 nor 61"),
        (_framed("6000030000 6031"), 9, None, "ends before its type"),
        (_framed("0800 0020"), 6, None, "ends in its bitmap"),
        (_framed("0800 8020000000C00012"), 4, 1, "second bitmap"),
        (_framed("0800 0020000080C00012"), 8, 33, "field 33"),
        (_framed("0800 0020000000000000 00000A"), 14, 11, "nibble A"),
        (_framed("0800 0020000000000000 0000"), 14, 11, "ends here"),
        (_framed("0800 0020000000000000 000001 FF"), 15, 11, "left over"),
        (_framed("0200 4000000000000000 1A99"), 12, 2, "not BCD"),
        (_framed("0200 4000000000000000 20" + "99" * 10), 12, 2, "at most 19"),
        (_framed("0200 4000000000000000 1999"), 14, 2, "ends here"),
        (_framed("0800 0000000000000010 00"), 13, 60, "ends in the length"),
        (_framed("0800 0000000000000010 1000"), 12, 60, "at most 999"),
        (_framed("0200 0000000020000000 0499F0"), 14, 35, "nibble F"),
    ],
)
def test_a_message_that_is_none_names_its_byte(data: bytes, offset: int, field: int | None, text: str) -> None:
    """Offsets count from the first byte given, length included; the field is named where there is one."""
    with pytest.raises(Iso8583Error, match=text) as caught:
        decode(data)
    assert (caught.value.offset, caught.value.field) == (offset, field)
    assert f"byte {offset}:" in str(caught.value)


def test_an_encrypted_track_may_hold_any_nibble() -> None:
    """Rules H3: the third digit of F53 says that the track is encrypted; without it the nibble is refused."""
    assert decode(_framed("0200 0000000020000800 04 A9CE 0610000000000000")).fields[35] == "A9CE"
    with pytest.raises(Iso8583Error) as caught:
        decode(_framed("0200 0000000020000800 04 A9CE 0600000000000000"))
    assert (caught.value.offset, caught.value.field) == (13, 35)


def test_what_was_read_before_the_bad_byte_is_kept() -> None:
    """The host answers an unreadable message with what it could read."""
    with pytest.raises(Iso8583Error) as caught:
        decode(SIGN_IN[:1] + bytes((SIGN_IN[1] - 1,)) + SIGN_IN[2:-1])
    assert caught.value.partial is not None
    assert list(caught.value.partial.fields) == [11, 41, 42, 60]


def test_a_lying_length_is_refused_even_when_the_caller_does_not_know_whether_there_is_one() -> None:
    """Rules H2: it must equal the number of bytes that follow; 0200 as a length is no message type."""
    for lie in (b"\x00\x00", b"\x02\x00", b"\xff\xff"):
        with pytest.raises(Iso8583Error) as caught:
            decode(lie + SIGN_IN[2:], length=None)
        assert caught.value.offset == 0


def test_an_error_in_a_message_without_length_is_named_where_it_is() -> None:
    """Not as a wrong length, when the caller left open whether there is one."""
    with pytest.raises(Iso8583Error) as caught:
        decode(SIGN_IN[2:-1], length=None)
    assert (caught.value.offset, caught.value.field) == (len(SIGN_IN) - 3, 63)


@given(st.binary(max_size=80))
def test_any_bytes_give_a_message_or_a_named_byte(data: bytes) -> None:
    """No other exception, and the offset lies within the data or at their end."""
    for length in (True, False, None):
        for noise in (data, SIGN_IN[2:15] + data, len(data).to_bytes(2, "big") + data):
            try:
                decode(noise, length=length)
            except Iso8583Error as error:
                assert error.offset is not None and 0 <= error.offset <= len(noise)


def test_the_mac_is_taken_from_type_to_the_byte_before_field_64() -> None:
    """Rules H12 and host, Keys: no length, TPDU or header."""
    seen: list[bytes] = []

    def sign(data: bytes) -> bytes:
        seen.append(data)
        return b"FFC5B512"

    message = decode(encode("0200", {3: "000000"}, tpdu="6000030000", header="603100310000", mac=sign))
    assert seen == [message.mac_input] == [bytes.fromhex("0200 2000000000000001 000000")]
    assert message.fields[64] == "4646433542353132"


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (3, "00000"),
        (4, b"1"),
        (11, "00000A"),
        (41, "1000001"),
        (2, "9" * 20),
        (52, "GG"),
        (33, "1"),
        (63, "😀"),
        (64, "00"),
    ],
)
def test_a_value_that_does_not_fit_is_not_written(number: int, value: str | bytes) -> None:
    """The error names the field and not its content."""
    with pytest.raises(FieldError) as caught:
        encode("0200", {number: value})
    assert caught.value.field == number


def test_nothing_of_a_message_shows_in_its_repr() -> None:
    """Messages hold tracks and card numbers."""
    message = decode(encode("0200", {2: "9900123456789012349", 35: "9900123456789012349D3012120"}))
    assert "990012" not in repr(message) + repr(message.values[2])


def test_a_track_may_be_written_with_an_equals_sign() -> None:
    """host, Field formats: = goes as D."""
    assert write_field(35, "9900=1") == write_field(35, "9900D1") == bytes.fromhex("069900D1")
    assert iso8583.is_mti(b"\x02\x10") and not iso8583.is_mti(b"\x07\x10") and not iso8583.is_mti(b"\x02")
