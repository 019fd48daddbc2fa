"""Modbus RTU frames of a master: functions 01 to 06, 0F and 10 (MODBUS over Serial Line 1.02).

A frame is `unit | function | data | CRC (2 bytes, low first)`. Register and coil addresses are zero-based.
"""

from __future__ import annotations

from collections.abc import Sequence

from tillrig.errors import ProtocolError

READ_COILS = 0x01
READ_INPUTS = 0x02
READ_HOLDING = 0x03
READ_INPUT_REGISTERS = 0x04
WRITE_COIL = 0x05
WRITE_REGISTER = 0x06
WRITE_COILS = 0x0F
WRITE_REGISTERS = 0x10

#: Length of an exception answer: unit, function | 80, code, CRC.
EXCEPTION_LENGTH = 5

_BIT_READS = (READ_COILS, READ_INPUTS)
_REGISTER_READS = (READ_HOLDING, READ_INPUT_REGISTERS)
_EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledge, still working",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target did not respond",
}


class ModbusException(ProtocolError):  # noqa: N818 - the standard's own word for a refusal
    """The slave refused: `function` and `code` as it answered, `offset` 2, the byte that holds the code."""

    def __init__(self, function: int, code: int) -> None:
        text = _EXCEPTIONS.get(code, "unknown reason")
        super().__init__(f"the slave refused function {function:02X} with exception {code}: {text}", 2)
        self.function = function
        self.code = code


def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        crc = value
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
        table.append(crc)
    return tuple(table)


_CRC = _crc_table()


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS: reflected polynomial A001, start FFFF."""
    crc = 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC[(crc ^ byte) & 0xFF]
    return crc


def frame(unit: int, function: int, data: bytes) -> bytes:
    """A whole frame; `unit` 1 to 247. Raises ValueError."""
    if not 1 <= unit <= 247:
        raise ValueError(f"unit {unit} is not within 1 to 247")
    body = bytes((unit, function)) + data
    return body + crc16(body).to_bytes(2, "little")


def _word(value: int, what: str) -> bytes:
    if not 0 <= value <= 0xFFFF:
        raise ValueError(f"{what} {value} is not within 0 to 65535")
    return value.to_bytes(2, "big")


def _span(start: int, count: int, limit: int) -> bytes:
    if not 1 <= count <= limit:
        raise ValueError(f"count {count} is not within 1 to {limit}")
    if start + count > 0x10000:
        raise ValueError(f"{count} from address {start} on reach beyond 65535")
    return _word(start, "address") + _word(count, "count")


def encode_read_coils(unit: int, start: int, count: int) -> bytes:
    """01: at most 2000 coils. Every `encode_…` raises ValueError for a value outside the standard's range."""
    return frame(unit, READ_COILS, _span(start, count, 2000))


def encode_read_inputs(unit: int, start: int, count: int) -> bytes:
    """02: at most 2000 discrete inputs."""
    return frame(unit, READ_INPUTS, _span(start, count, 2000))


def encode_read_holding(unit: int, start: int, count: int) -> bytes:
    """03: at most 125 holding registers."""
    return frame(unit, READ_HOLDING, _span(start, count, 125))


def encode_read_input_registers(unit: int, start: int, count: int) -> bytes:
    """04: at most 125 input registers."""
    return frame(unit, READ_INPUT_REGISTERS, _span(start, count, 125))


def encode_write_coil(unit: int, address: int, on: bool) -> bytes:
    """05."""
    return frame(unit, WRITE_COIL, _word(address, "address") + (b"\xff\x00" if on else b"\x00\x00"))


def encode_write_register(unit: int, address: int, value: int) -> bytes:
    """06."""
    return frame(unit, WRITE_REGISTER, _word(address, "address") + _word(value, "value"))


def encode_write_coils(unit: int, start: int, states: Sequence[bool]) -> bytes:
    """0F: 1 to 1968 coils from `start` on; the first state is bit 0 of the first byte."""
    span = _span(start, len(states), 1968)
    packed = bytearray((len(states) + 7) // 8)
    for index, on in enumerate(states):
        packed[index // 8] |= bool(on) << index % 8
    return frame(unit, WRITE_COILS, span + bytes((len(packed),)) + packed)


def encode_write_registers(unit: int, start: int, values: Sequence[int]) -> bytes:
    """10: 1 to 123 registers from `start` on."""
    span = _span(start, len(values), 123)
    data = b"".join(_word(value, "value") for value in values)
    return frame(unit, WRITE_REGISTERS, span + bytes((len(data),)) + data)


def expected_length(request: bytes) -> int:
    """How many bytes the normal answer to `request` has; an exception answer has EXCEPTION_LENGTH."""
    function, count = request[1], int.from_bytes(request[4:6], "big")
    if function in _BIT_READS:
        return 5 + (count + 7) // 8
    if function in _REGISTER_READS:
        return 5 + 2 * count
    if function in (WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS):
        return 8
    raise ValueError(f"function {function:02X} is none of this master's")


def is_exception(response: bytes) -> bool:
    """Whether the bytes that have come so far begin an exception answer (so only EXCEPTION_LENGTH will come)."""
    return len(response) >= 2 and bool(response[1] & 0x80)


def decode_response(request: bytes, response: bytes) -> tuple[int, ...]:
    """The values in the answer: bools of bit reads and of 05, words of register reads and of 06, () of 0F and 10.

    Raises ModbusException when the slave refused, ProtocolError naming the byte when this is no answer to `request`.
    """
    length = EXCEPTION_LENGTH if is_exception(response) else expected_length(request)
    if len(response) < length:
        raise ProtocolError(f"the answer has {len(response)} of {length} bytes", len(response))
    if crc16(response[: length - 2]) != int.from_bytes(response[length - 2 : length], "little"):
        raise ProtocolError("the CRC is wrong", length - 2)
    if len(response) > length:
        raise ProtocolError(f"{len(response) - length} bytes follow the answer", length)
    if response[0] != request[0]:
        raise ProtocolError(f"unit {response[0]} answered instead of {request[0]}", 0)
    if response[1] & 0x7F != request[1]:
        raise ProtocolError(f"function {response[1]:02X} was answered to {request[1]:02X}", 1)
    if is_exception(response):
        raise ModbusException(request[1], response[2])
    return _values(request, response)


def _values(request: bytes, response: bytes) -> tuple[int, ...]:
    function = request[1]
    if function in _BIT_READS or function in _REGISTER_READS:
        data = response[3:-2]
        if response[2] != len(data):
            raise ProtocolError(f"the byte count says {response[2]}, {len(data)} bytes follow", 2)
        if function in _REGISTER_READS:
            return tuple(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))
        count = int.from_bytes(request[4:6], "big")
        return tuple(bool(data[i // 8] >> i % 8 & 1) for i in range(count))
    for offset in range(2, 6):
        if response[offset] != request[offset]:
            raise ProtocolError(f"the answer repeats {response[offset]:02X} instead of {request[offset]:02X}", offset)
    if function == WRITE_COIL:
        return (response[4] == 0xFF,)
    if function == WRITE_REGISTER:
        return (int.from_bytes(response[4:6], "big"),)
    return ()
