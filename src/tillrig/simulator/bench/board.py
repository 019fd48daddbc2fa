"""The relay board's controller: coils, board-timed pulses, watchdog, inputs and counters behind Modbus functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

from tillrig.simulator.bench.clock import Clock, Timer

COILS = 32
PULSE_BASE = 0x0200
WATCHDOG, BOARD_ID, BOARD_VERSION = 0x0300, 0x0301, 0x0302
ID_VALUE, VERSION_VALUE = 0x7411, 0x0100
WATCHDOG_MAX_MS = 1000
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
_ON, _OFF = 0xFF00, 0x0000


class Senses(Protocol):
    """What is wired to the board's inputs."""

    def discrete(self) -> Sequence[bool]:
        """Discrete inputs by address, now."""

    def register(self, address: int) -> int | None:
        """Input register, 0..65535, or None where there is none."""


class IllegalError(Exception):
    """A Modbus exception answer: its code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Modbus exception {code:02d}")
        self.code = code


class RelayBoard:
    """32 coils driven by requests. ``drive(coil, energised, at)`` is called for every change of a coil."""

    def __init__(self, clock: Clock, drive: Callable[[int, bool, float], None], senses: Senses) -> None:
        self._clock = clock
        self._drive = drive
        self._senses = senses
        self._coils = [False] * COILS
        self._pulses: dict[int, tuple[float, Timer]] = {}
        self._watchdog_ms = 0
        self._watchdog: Timer | None = None

    @property
    def coils(self) -> tuple[bool, ...]:
        """State of every coil driver, as read back."""
        return tuple(self._coils)

    def request(self, pdu: bytes) -> bytes:
        """Obey one request PDU (from a frame whose CRC was right) and return the answer PDU."""
        try:
            answer = self._obey(pdu)
        except IllegalError as refusal:
            answer = bytes([pdu[0] | 0x80, refusal.code])
        self._feed_watchdog()
        return answer

    def release_all(self, at: float) -> None:
        """Open every coil: the safe state."""
        for coil in range(COILS):
            self._write(coil, False, at)

    def _obey(self, pdu: bytes) -> bytes:
        function = pdu[0]
        if function not in (1, 2, 3, 4, 5, 6, 0x0F, 0x10):
            raise IllegalError(ILLEGAL_FUNCTION)
        address, value = int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
        if function in (1, 2):
            bits = self._coils if function == 1 else self._senses.discrete()
            _check_range(address, value, 2000, len(bits))
            packed = _pack_bits(bits[address : address + value])
            return bytes([function, len(packed)]) + packed
        if function in (3, 4):
            _check_range(address, value, 125, 0x10000)
            read = self._holding if function == 3 else self._input
            words = b"".join(read(at).to_bytes(2, "big") for at in range(address, address + value))
            return bytes([function, len(words)]) + words
        if function == 5:
            _check_range(address, 1, 1, COILS)
            if value not in (_ON, _OFF):
                raise IllegalError(ILLEGAL_VALUE)
            self._write(address, value == _ON, self._clock.time())
            return pdu[:5]
        if function == 6:
            self._write_holding(address, [value])
            return pdu[:5]
        return self._write_many(function, address, value, pdu[6:])

    def _write_many(self, function: int, address: int, count: int, data: bytes) -> bytes:
        if function == 0x0F:
            _check_range(address, count, 1968, COILS)
            if len(data) != (count + 7) // 8:
                raise IllegalError(ILLEGAL_VALUE)
            now = self._clock.time()
            for i in range(count):
                self._write(address + i, bool(data[i // 8] >> i % 8 & 1), now)
        else:
            _check_range(address, count, 123, 0x10000)
            if len(data) != 2 * count:
                raise IllegalError(ILLEGAL_VALUE)
            self._write_holding(address, [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)])
        return bytes([function]) + address.to_bytes(2, "big") + count.to_bytes(2, "big")

    def _holding(self, address: int) -> int:
        if PULSE_BASE <= address < PULSE_BASE + COILS:
            pulse = self._pulses.get(address - PULSE_BASE)
            return max(0, math.ceil((pulse[0] - self._clock.time()) * 1000)) if pulse else 0
        fixed = {WATCHDOG: self._watchdog_ms, BOARD_ID: ID_VALUE, BOARD_VERSION: VERSION_VALUE}
        if address not in fixed:
            raise IllegalError(ILLEGAL_ADDRESS)
        return fixed[address]

    def _input(self, address: int) -> int:
        value = self._senses.register(address)
        if value is None:
            raise IllegalError(ILLEGAL_ADDRESS)
        return value & 0xFFFF

    def _write_holding(self, address: int, values: list[int]) -> None:
        targets = range(address, address + len(values))
        if any(not (PULSE_BASE <= at < PULSE_BASE + COILS or at == WATCHDOG) for at in targets):
            raise IllegalError(ILLEGAL_ADDRESS)
        if any(at == WATCHDOG and value > WATCHDOG_MAX_MS for at, value in zip(targets, values, strict=True)):
            raise IllegalError(ILLEGAL_VALUE)
        now = self._clock.time()
        for at, value in zip(targets, values, strict=True):
            if at == WATCHDOG:
                self._watchdog_ms = value
            else:
                self._pulse(at - PULSE_BASE, value, now)

    def _pulse(self, coil: int, milliseconds: int, now: float) -> None:
        self._write(coil, milliseconds > 0, now)
        if milliseconds:
            end = now + milliseconds / 1000
            self._pulses[coil] = (end, self._clock.call_at(end, self._write, coil, False, end))

    def _write(self, coil: int, energised: bool, at: float) -> None:
        """Set a coil at the instant ``at``. Whoever writes a coil ends its pulse; one due before has ended."""
        if pulse := self._pulses.pop(coil, None):
            pulse[1].cancel()
            if pulse[0] < at and self._coils[coil]:
                self._coils[coil] = False
                self._drive(coil, False, pulse[0])
        if self._coils[coil] != energised:
            self._coils[coil] = energised
            self._drive(coil, energised, at)

    def _feed_watchdog(self) -> None:
        if self._watchdog:
            self._watchdog.cancel()
            self._watchdog = None
        if self._watchdog_ms:
            at = self._clock.time() + self._watchdog_ms / 1000
            self._watchdog = self._clock.call_at(at, self.release_all, at)


def _check_range(address: int, count: int, most: int, size: int) -> None:
    if not 1 <= count <= most:
        raise IllegalError(ILLEGAL_VALUE)
    if address + count > size:
        raise IllegalError(ILLEGAL_ADDRESS)


def _pack_bits(bits: Sequence[bool]) -> bytes:
    packed = bytearray((len(bits) + 7) // 8)
    for i, bit in enumerate(bits):
        packed[i // 8] |= bit << i % 8
    return bytes(packed)
