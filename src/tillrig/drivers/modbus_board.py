"""The master's side of one Modbus RTU board: exchange frames on a serial port, and notice everything that can go wrong.

The line is half duplex and the board has no sequence numbers, so after any disturbance the only safe thing is to listen
until the line is silent, throw away what came, and ask again.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import serial

from tillrig.drivers.serial_port import open_serial
from tillrig.errors import ProtocolError, SwitchError
from tillrig.protocols import modbus

#: Longest answer shown in an error.
_SHOWN = 24

#: Without a byte for so long the line counts as silent, whatever a USB adapter still holds back.
_QUIET_S = 0.008


class Disturbed(Exception):  # noqa: N818 - not an error yet: the exchange is tried again
    """One try of an exchange brought silence or nonsense."""


class Board:
    """One board, used by any thread. Every method raises SwitchError, within `tries` x (timeout + resync)."""

    def __init__(
        self, name: str, port: str, *, baud: int = 115200, unit: int = 1, timeout_s: float = 0.2, retries: int = 2
    ) -> None:
        self.name, self.port, self.baud, self.unit = name, port, baud, unit
        self._timeout = timeout_s
        self._tries = retries + 1
        # 3.5 characters of silence part two frames; 1.75 ms from 19200 baud up (MODBUS over Serial Line 1.02, 2.5.1.1).
        self._silence = 0.00175 if baud > 19200 else 3.5 * 11 / baud
        # Re-entrant: a signal handler that opens all contacts may interrupt an exchange of its own thread.
        self._lock = threading.RLock()
        self._wait = threading.Event()
        self._quiet_from = 0.0
        self._last_good = 0.0
        self._dead = ""
        self._serial: Any = open_serial(name, port, baud, SwitchError)
        self._serial.reset_input_buffer()

    @property
    def last_good(self) -> float:
        """Monotonic time of the last good answer."""
        return self._last_good

    @property
    def lock(self) -> threading.RLock:
        """Held over several exchanges that belong together."""
        return self._lock

    def transact(self, request: bytes, what: str, *, tries: int | None = None) -> tuple[int, ...]:
        """The values in the board's answer; `what` says in words what was asked.

        Repeats after silence or garbage, so only for requests that may be carried out twice.
        """
        heard = ""
        with self._lock:
            for attempt in range(self._tries if tries is None else tries):
                if attempt:
                    self.resync()
                try:
                    return self.exchange(request, what)
                except Disturbed as disturbance:
                    heard = str(disturbance)
        raise SwitchError(
            f"{self._where(request, what)}: {heard}; is the board powered, and are port, baud and unit right?"
        )

    def exchange(self, request: bytes, what: str, timeout_s: float | None = None) -> tuple[int, ...]:
        """One try. Raises Disturbed for silence and garbage, SwitchError for a refusal or a lost port."""
        if self._dead:
            raise SwitchError(f"{self._where(request, what)}: {self._dead}")
        try:
            pause = self._quiet_from + self._silence - time.monotonic()
            if pause > 0:
                self._wait.wait(pause)
            if stale := self._serial.in_waiting:
                self._serial.read(stale)
            self._serial.write(request)
            answer = self._receive(request, self._timeout if timeout_s is None else timeout_s)
        except serial.SerialTimeoutException as error:
            raise SwitchError(f"{self._where(request, what)}: the port takes no bytes") from error
        except (serial.SerialException, OSError, TypeError) as error:
            # TypeError: pyserial reads from a descriptor that another thread has closed.
            self._dead = f"the port is lost ({error})"
            raise SwitchError(
                f"{self._where(request, what)}: {self._dead}; unplugged, or its other end has ended"
            ) from error
        try:
            values = modbus.decode_response(request, answer)
        except modbus.ModbusException as error:
            raise SwitchError(f"{self._where(request, what)}: {error}") from error
        except ProtocolError as error:
            shown = answer[:_SHOWN].hex(" ") + (" …" if len(answer) > _SHOWN else "")
            raise Disturbed(f"came {shown} ({error})" if answer else "silence") from error
        self._last_good = time.monotonic()
        return values

    def resync(self) -> None:
        """Listen until the line is silent, and forget what came."""
        end = time.monotonic() + max(self._timeout, 2 * _QUIET_S)
        try:
            while time.monotonic() < end:
                self._wait.wait(max(_QUIET_S, self._silence))
                if not (waiting := self._serial.in_waiting):
                    break
                self._serial.read(waiting)
        except (serial.SerialException, OSError, TypeError) as error:
            self._dead = f"the port is lost ({error})"

    def close(self) -> None:
        with self._lock:
            self._dead = "the port is closed"
            self._serial.close()

    def _receive(self, request: bytes, timeout_s: float) -> bytes:
        wanted = modbus.expected_length(request)
        answer = b""
        deadline = time.monotonic() + timeout_s + (len(request) + wanted) * 11 / self.baud
        while len(answer) < wanted:
            size = modbus.EXCEPTION_LENGTH if modbus.is_exception(answer) else wanted
            if len(answer) >= size or time.monotonic() >= deadline:
                break
            # The first two bytes tell an exception apart from a longer, normal answer.
            answer += self._serial.read(size - len(answer) if len(answer) >= 2 else 2 - len(answer))
        self._quiet_from = time.monotonic()
        return answer

    def _where(self, request: bytes, what: str) -> str:
        return f"{self.name} on {self.port}: asked to {what} ({request[:_SHOWN].hex(' ')})"
