"""The pipe carries every message whole, however the bytes are split."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillrig.simulator import wire

MESSAGES = st.lists(st.tuples(st.sampled_from(list("KCAPdUNELFbDSWR")), st.binary(max_size=300)), max_size=8)


@given(MESSAGES, st.integers(min_value=1, max_value=50))
def test_messages_survive_any_split_of_the_stream(messages: list[tuple[str, bytes]], step: int) -> None:
    stream = b"".join(wire.encode(kind, payload) for kind, payload in messages)
    decoder = wire.Decoder()
    seen: list[wire.Message] = []
    for start in range(0, len(stream), step):
        seen += decoder.feed(stream[start : start + step])
    assert seen == messages
    assert decoder.pending == 0


@given(st.floats(min_value=0, max_value=1e9), st.integers(min_value=0, max_value=(1 << 18) - 1))
def test_key_edges_keep_time_and_mask(at: float, mask: int) -> None:
    (message,) = wire.Decoder().feed(wire.keys(at, mask))
    assert (message.kind, wire.parse_keys(message.payload)) == ("K", (at, mask))


@given(st.lists(st.binary(min_size=48, max_size=48), max_size=70))
def test_dot_lines_keep_their_order(lines: list[bytes]) -> None:
    (message,) = wire.Decoder().feed(wire.dots(lines))
    assert wire.parse_dots(message.payload) == lines


def test_a_picture_of_128_by_64_has_1024_bytes() -> None:
    picture = bytes(range(256)) * 4
    (message,) = wire.Decoder().feed(wire.screen(128, 64, 1, picture))
    assert wire.parse_screen(message.payload) == (128, 64, 1, picture)
    with pytest.raises(wire.WireError, match="1024 bytes, not 1023"):
        wire.screen(128, 64, 1, picture[:-1])


@pytest.mark.parametrize("garbage", [b"\x00\x00\x00\x00\x01x", b"K\xff\xff\xff\xff"])
def test_a_senseless_header_is_refused(garbage: bytes) -> None:
    with pytest.raises(wire.WireError, match="no message begins"):
        wire.Decoder().feed(garbage)


@pytest.mark.parametrize(
    ("parse", "payload"),
    [(wire.parse_keys, b"123"), (wire.parse_dots, b"\x00\x02" + bytes(48)), (wire.parse_uart, b""),
     (wire.parse_printed, b"12345"), (wire.parse_json, b"{"), (wire.parse_screen, b"\x00\x08\x00\x01\x01")],
)  # fmt: skip
def test_a_payload_of_the_wrong_form_is_refused(parse: object, payload: bytes) -> None:
    assert callable(parse)
    with pytest.raises(wire.WireError):
        parse(payload)


def test_json_and_serial_payloads_round_trip() -> None:
    decoder = wire.Decoder()
    one, two = decoder.feed(wire.json_message("C", {"event": "inserted"}) + wire.uart(wire.PORT_CONSOLE, b"version\n"))
    assert wire.parse_json(one.payload) == {"event": "inserted"}
    assert wire.parse_uart(two.payload) == (wire.PORT_CONSOLE, b"version\n")
