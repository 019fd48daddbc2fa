"""`pyserial`: a serial line at anything pyserial opens (device, `rfc2217://`, `socket://`), read by a thread."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
import serial

from tillrig.drivers.registry import Context, PortKind
from tillrig.drivers.serial_port import open_serial, resolve
from tillrig.errors import SerialError


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of the rig file; always 8 data bits."""

    port: str
    baud: Annotated[int, msgspec.Meta(ge=50)] = 9600
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1


class PyserialLine:
    """Bytes with the time they came: `sink(monotonic time, bytes)`, called from the reader thread.

    The modem lines are never touched: on a pseudo-terminal they raise OSError 25.
    """

    def __init__(self, name: str, port: str, *, baud: int = 9600, parity: str = "N", stop_bits: float = 1) -> None:
        self.name, self.port = name, port
        self._serial: Any = open_serial(name, port, baud, SerialError, parity=parity, stop_bits=stop_bits)
        self._sinks: list[Callable[[float, bytes], None]] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._fault = ""
        self._thread = threading.Thread(target=self._run, name=f"{name}-reader", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        self.check()
        try:
            with self._lock:
                self._serial.write(data)
        except serial.SerialTimeoutException as error:
            raise SerialError(f"{self.name} on {self.port}: the port took no bytes for {error}") from error
        except (serial.SerialException, OSError) as error:
            self._fault = f"lost while writing ({error}); unplugged, or its other end has ended"
            raise SerialError(f"{self.name} on {self.port}: {self._fault}") from error

    def subscribe(self, sink: Callable[[float, bytes], None]) -> Callable[[], None]:
        self._sinks = [*self._sinks, sink]

        def unsubscribe() -> None:
            self._sinks = [kept for kept in self._sinks if kept is not sink]

        return unsubscribe

    def check(self) -> None:
        if self._fault:
            raise SerialError(f"{self.name} on {self.port}: {self._fault}")
        if self._closing.is_set():
            raise SerialError(f"{self.name} on {self.port}: the line is closed")

    def close(self) -> None:
        self._closing.set()
        self._thread.join(2.0)
        with contextlib.suppress(serial.SerialException, OSError):
            self._serial.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                data = self._serial.read(max(1, self._serial.in_waiting))
            except (serial.SerialException, OSError, TypeError) as error:
                self._fault = f"lost ({error}); unplugged, or its other end has ended"
                return
            if data:
                at = time.monotonic()
                for sink in self._sinks:
                    self._tell(sink, at, data)

    def _tell(self, sink: Callable[[float, bytes], None], at: float, data: bytes) -> None:
        try:
            sink(at, data)
        except Exception as error:  # noqa: BLE001 - a listener's mistake must not silence the line for the others
            self._fault = f"a listener failed: {type(error).__name__}: {error}"


class Pyserial:
    port: PortKind = "serial"
    Options = Options

    def open(self, name: str, options: Any, context: Context) -> PyserialLine:
        port = resolve(options.port, context.base)
        return PyserialLine(name, port, baud=options.baud, parity=options.parity, stop_bits=options.stop_bits)


DRIVER = Pyserial()
