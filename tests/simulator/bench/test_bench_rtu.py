"""The board finds every right request in the byte stream, whatever lies between them, and answers as Modbus says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer.rtu import FramerRTU

from tillrig.simulator.bench import rtu

REQUESTS = [
    bytes.fromhex(text) for text in ("0100000020", "050003FF00", "0F00000008015A", "10020000020400280028", "0603000064")
]
KNOWN = st.sampled_from(REQUESTS)


@given(st.binary(min_size=1, max_size=60))
def test_the_crc_is_that_of_an_independent_implementation(data: bytes) -> None:
    assert rtu.crc16(data).to_bytes(2, "little") == FramerRTU.compute_CRC(data).to_bytes(2, "big")


@given(st.lists(st.tuples(KNOWN, st.binary(max_size=3)), min_size=1, max_size=6), st.integers(1, 9))
def test_requests_are_found_between_noise_however_the_stream_is_split(
    parts: list[tuple[bytes, bytes]], step: int
) -> None:
    sent = [rtu.frame(1, pdu) for pdu, _ in parts]
    stream = b"".join(noise + request for request, (_, noise) in zip(sent, parts, strict=True))
    framer = rtu.Framer()
    found: list[bytes] = []
    for start in range(0, len(stream), step):
        found += framer.feed(stream[start : start + step])
    assert found == sent


def test_a_broken_request_is_forgotten_after_silence() -> None:
    framer = rtu.Framer()
    broken = bytearray(rtu.frame(1, REQUESTS[0]))
    broken[-1] ^= 1
    assert framer.feed(bytes(broken)) == []
    assert framer.silence() == []
    assert not framer.pending
    assert framer.feed(rtu.frame(1, REQUESTS[1])) == [rtu.frame(1, REQUESTS[1])]


def test_a_request_of_unknown_function_ends_with_silence() -> None:
    framer = rtu.Framer()
    request = rtu.frame(1, bytes.fromhex("41AABBCC"))
    assert framer.feed(request) == []
    assert framer.silence() == [request]
