"""The cash-register protocol: frames byte for byte, and a stream that comes split, merged, noisy and broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillrig.errors import ProtocolError
from tillrig.protocols import mis
from tillrig.protocols.mis import ANSWER, REQUEST, Dialect, Frame, Noise, StreamDecoder, decode, encode

#: A sale of 12.34 with order number A1, made by hand: LRC is the exclusive-or of everything from the length to ETX.
SALE = bytes.fromhex("02 0023 31 303031 0001 02 303032 0002 4131 303034 0004 31323334 03")
SALE += bytes((0x00 ^ 0x23 ^ 0x31 ^ 0x31 ^ 0x01 ^ 0x02 ^ 0x32 ^ 0x02 ^ 0x41 ^ 0x31 ^ 0x34 ^ 0x04 ^ 0x04 ^ 0x03,))

tags = st.dictionaries(st.text("0123456789", min_size=3, max_size=3), st.binary(max_size=60), max_size=8)
dialects = st.builds(
    Dialect,
    length_form=st.sampled_from(["bcd", "binary"]),
    value_length_form=st.sampled_from(["bcd", "binary"]),
    lrc_from=st.sampled_from(["stx", "length", "type"]),
    lrc_to=st.sampled_from(["etx", "data"]),
)


def test_a_sale_made_by_hand_is_read_and_written() -> None:
    """ecr: length in BCD counts from the type to the last TLV; lengths of values are binary."""
    frame = decode(SALE)
    assert frame.kind == REQUEST
    assert frame.tags == {"001": b"\x02", "002": b"A1", "004": b"1234"}
    assert frame.texts == {"001": "02", "002": "A1", "004": "1234"}
    assert encode(REQUEST, frame.tags) == SALE


def test_texts_are_chinese_where_they_are() -> None:
    """Rules E1: tag 040 is GB2312."""
    assert decode(encode(ANSWER, {"039": b"00", "040": "交易成功".encode("gb2312")})).texts["040"] == "交易成功"


@given(tags, st.sampled_from([REQUEST, ANSWER]), dialects)
def test_what_is_written_is_read_back(content: dict[str, bytes], kind: int, dialect: Dialect) -> None:
    """In every dialect, tags in their order."""
    frame = decode(encode(kind, content, dialect), dialect)
    assert (frame.kind, list(frame.tags.items())) == (kind, list(content.items()))


def _with_lrc(frame: bytes) -> bytes:
    return frame + bytes((mis.lrc(frame),))


def _frame(body: bytes) -> bytes:
    return _with_lrc(b"\x02" + bytes.fromhex(f"{len(body):04d}") + body + b"\x03")


@pytest.mark.parametrize(
    ("data", "offset", "text"),
    [
        (b"", 0, "no frame"),
        (b"\x03" + SALE[1:], 0, "begins with 02"),
        (SALE[:1] + b"\x0a" + SALE[2:], 1, "not BCD"),
        (SALE[:2], 2, "end in the frame's length"),
        (SALE[:-3], len(SALE) - 3, "ends here"),
        (SALE[:2] + b"\x22" + SALE[3:], 25, "where the length puts ETX"),
        (_with_lrc(SALE[:2] + b"\x24" + SALE[3:-1]), 1, "23 stand before ETX"),
        (SALE[:-1] + bytes((SALE[-1] ^ 1,)), len(SALE) - 1, "LRC"),
        (SALE + b"\x06", len(SALE), "follow the frame"),
        (_frame(b""), 3, "no type"),
        (_frame(b"\x33"), 3, "neither 31 nor 32"),
        (_frame(b"\x310A1\x00\x01\x02"), 5, "not a digit"),
        (_frame(b"\x31001\x00"), 8, "end in a tag"),
        (_frame(b"\x31001\x00\x02\x02"), 7, "says 2 bytes, 1 are left"),
        (_frame(b"\x31001\x00\x01\x02001\x00\x01\x02"), 10, "twice"),
    ],
)
def test_a_frame_that_is_none_names_its_byte(data: bytes, offset: int, text: str) -> None:
    """Rules E1 and E2."""
    with pytest.raises(ProtocolError, match=text) as caught:
        decode(data)
    assert caught.value.offset == offset


@given(st.binary(max_size=40))
def test_any_bytes_give_a_frame_or_a_named_byte(data: bytes) -> None:
    """Nothing else is raised."""
    for noise in (data, b"\x02" + data, _frame(b"\x31" + data)):
        try:
            decode(noise)
        except ProtocolError as error:
            assert error.offset is not None and 0 <= error.offset <= len(noise)


@given(st.lists(tags, min_size=1, max_size=4), st.data())
def test_a_stream_may_be_split_and_merged_anywhere(contents: list[dict[str, bytes]], data: st.DataObject) -> None:
    """Every frame, ACK and NAK comes out once, in order, whatever the pieces are."""
    stream = b"".join(b"\x06" + encode(ANSWER, content) + b"\x15" for content in contents)
    decoder = StreamDecoder()
    events = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        events += decoder.feed(stream[:size])
        stream = stream[size:]
    assert [event.tags for event in events if isinstance(event, Frame)] == contents
    assert [type(event).__name__ for event in events] == ["Acknowledged", "Frame", "Refused"] * len(contents)
    assert decoder.pending == b""


@given(st.binary(max_size=30).filter(lambda noise: not set(noise) & {0x02, 0x06, 0x15}))
def test_noise_before_a_frame_is_told_apart(noise: bytes) -> None:
    """Bytes that begin nothing are one piece of noise, and the frame after them is whole."""
    events = StreamDecoder().feed(noise + SALE)
    assert events[:-1] == ([Noise(noise)] if noise else [])
    assert isinstance(events[-1], Frame)


@given(st.binary(max_size=1100))
def test_a_frame_is_found_after_any_noise_once_the_line_is_given_up(noise: bytes) -> None:
    """A false start may swallow a frame until `flush`; nothing is kept for ever, nothing is lost."""
    decoder = StreamDecoder()
    events = [*decoder.feed(noise), *decoder.flush(), *decoder.feed(SALE)]
    assert isinstance(events[-1], Frame) and events[-1].raw == SALE
    assert len(decoder.pending) == 0


def test_a_wrong_lrc_is_one_broken_frame_and_the_next_is_good() -> None:
    """Rules E2: it gets one NAK."""
    broken, good = StreamDecoder().feed(SALE[:-1] + b"\xff" + SALE)
    assert (
        isinstance(broken, mis.Broken) and broken.data == SALE[:-1] + b"\xff" and broken.error.offset == len(SALE) - 1
    )
    assert isinstance(good, Frame)


def test_a_false_start_does_not_swallow_the_frame_behind_it() -> None:
    """A length that leads to no ETX is not trusted: the frame inside is found."""
    events = StreamDecoder().feed(b"\x02\x00\x03" + SALE)
    assert isinstance(events[0], mis.Broken) and isinstance(events[-1], Frame) and events[-1].raw == SALE


@pytest.mark.parametrize("content", [{"01": b""}, {"1A1": b""}, {"001": b"x" * 1100}])
def test_a_frame_that_cannot_be_is_not_written(content: dict[str, bytes]) -> None:
    """Tags have three digits, frames at most 1024 bytes."""
    with pytest.raises(ValueError):
        encode(REQUEST, content)
