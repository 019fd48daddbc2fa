"""Modbus RTU frames of the master: bytes of the standard, an independent codec, and every bad answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU

from tillrig.errors import ProtocolError
from tillrig.protocols import modbus

UNITS = st.integers(1, 247)


def _independent(frame: bytes) -> tuple[int, int, int, Any]:
    framer = FramerRTU(DecodePDU(is_server=True))
    used, device, tid, data = framer.decode(frame)
    return used, device, tid, framer.decoder.decode(data)


def answer(unit: int, function: int, data: bytes) -> bytes:
    return modbus.frame(unit, function, data)


def test_the_standards_example_frame_is_reproduced() -> None:
    """Reading coils 20 to 38 (0x13 on, 19 of them) from unit 17 is 11 01 00 13 00 13 plus CRC, low byte first."""
    assert modbus.encode_read_coils(0x11, 0x13, 0x13).hex() == "110100130013 8e92".replace(" ", "")


def test_a_coil_is_written_as_ff00() -> None:
    """05 says on as FF00; these bytes are printed in many board manuals."""
    assert modbus.encode_write_coil(1, 0, True).hex() == "01050000ff008c3a"
    assert modbus.encode_write_coil(1, 0, False).hex() == "010500000000cdca"


@given(UNITS, st.integers(0, 60000), st.lists(st.booleans(), min_size=1, max_size=1968))
def test_many_coils_are_written_as_an_independent_codec_reads_them(unit: int, start: int, states: list[bool]) -> None:
    """0F packs the first coil into bit 0."""
    used, device, _, pdu = _independent(modbus.encode_write_coils(unit, start, states))
    assert used and device == unit
    assert pdu.address == start
    assert pdu.bits[: len(states)] == states


@given(UNITS, st.integers(0, 65000), st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=123))
def test_many_registers_are_written_as_another_codec_reads_them(unit: int, start: int, values: list[int]) -> None:
    """10 sends words big-endian."""
    used, device, _, pdu = _independent(modbus.encode_write_registers(unit, start, values))
    assert used and device == unit
    assert pdu.address == start
    assert pdu.registers == values


@given(UNITS, st.lists(st.booleans(), min_size=1, max_size=2000))
def test_bit_reads_come_back_in_order_without_the_padding(unit: int, states: list[bool]) -> None:
    """01 and 02: as many bools as were asked for, the first in bit 0."""
    packed = sum(on << i for i, on in enumerate(states)).to_bytes((len(states) + 7) // 8, "little")
    for encode in (modbus.encode_read_coils, modbus.encode_read_inputs):
        request = encode(unit, 0, len(states))
        response = answer(unit, request[1], bytes((len(packed),)) + packed) if len(packed) < 256 else b""
        assert len(response) == modbus.expected_length(request)
        assert modbus.decode_response(request, response) == tuple(states)


@given(UNITS, st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=125))
def test_register_reads_come_back_as_words(unit: int, values: list[int]) -> None:
    """03 and 04: big-endian words."""
    data = b"".join(v.to_bytes(2, "big") for v in values)
    for encode in (modbus.encode_read_holding, modbus.encode_read_input_registers):
        request = encode(unit, 0, len(values))
        response = answer(unit, request[1], bytes((len(data),)) + data)
        assert len(response) == modbus.expected_length(request)
        assert modbus.decode_response(request, response) == tuple(values)


def test_writes_are_confirmed_by_their_echo() -> None:
    """05 and 06 answer with the request itself, 0F and 10 with address and count."""
    coil = modbus.encode_write_coil(3, 7, True)
    assert modbus.decode_response(coil, coil) == (True,)
    register = modbus.encode_write_register(3, 7, 1234)
    assert modbus.decode_response(register, register) == (1234,)
    coils = modbus.encode_write_coils(3, 7, [True] * 9)
    assert modbus.decode_response(coils, answer(3, 0x0F, bytes.fromhex("00070009"))) == ()


def test_a_refusal_names_function_and_code() -> None:
    """Function | 80 and a code are the slave's refusal, five bytes long."""
    request = modbus.encode_read_coils(1, 0, 8)
    response = answer(1, 0x81, b"\x02")
    assert len(response) == modbus.EXCEPTION_LENGTH and modbus.is_exception(response)
    with pytest.raises(modbus.ModbusException, match="illegal data address") as caught:
        modbus.decode_response(request, response)
    assert (caught.value.function, caught.value.code, caught.value.offset) == (1, 2, 2)


@pytest.mark.parametrize(
    ("response", "offset", "text"),
    [
        (b"", 0, "0 of 6 bytes"),
        (answer(1, 1, b"\x01\x55")[:-1], 5, "5 of 6 bytes"),
        (answer(1, 1, b"\x01\x55")[:-1] + b"\x00", 4, "CRC"),
        (answer(1, 1, b"\x01\x55") + b"\x00", 6, "follow"),
        (answer(2, 1, b"\x01\x55"), 0, "unit 2"),
        (answer(1, 2, b"\x01\x55"), 1, "function 02"),
        (answer(1, 1, b"\x02\x55"), 2, "byte count"),
    ],
)
def test_an_answer_that_is_none_names_its_byte(response: bytes, offset: int, text: str) -> None:
    """The error says which byte breaks the answer."""
    with pytest.raises(ProtocolError, match=text) as caught:
        modbus.decode_response(modbus.encode_read_coils(1, 0, 8), response)
    assert caught.value.offset == offset


def test_an_echo_that_differs_is_refused() -> None:
    """A coil that the board says it set otherwise is not confirmed."""
    request = modbus.encode_write_coil(1, 4, True)
    with pytest.raises(ProtocolError) as caught:
        modbus.decode_response(request, modbus.encode_write_coil(1, 4, False))
    assert caught.value.offset == 4


@pytest.mark.parametrize(
    "call",
    [
        lambda: modbus.encode_read_coils(0, 0, 1),
        lambda: modbus.encode_read_coils(1, 0, 2001),
        lambda: modbus.encode_read_coils(1, 65535, 2),
        lambda: modbus.encode_write_register(1, 0, 65536),
        lambda: modbus.encode_write_coils(1, 0, []),
        lambda: modbus.encode_write_registers(1, 0, [0] * 124),
        lambda: modbus.encode_write_coil(1, -1, True),
    ],
)
def test_values_outside_the_standard_are_refused(call: object) -> None:
    """Ranges of the standard are checked before anything is sent."""
    with pytest.raises(ValueError):
        call()  # type: ignore[operator]
