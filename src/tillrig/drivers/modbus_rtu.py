"""`modbus-rtu`: a relay board that speaks Modbus RTU on a serial port (functions 01, 05, 0F; 06 for timed pulses).

Three protections open the contacts when the harness dies with one closed (`protection` says which are at work):
board-timed pulses (the board opens a key by itself), the board's watchdog register (armed while any contact is held,
fed from a thread), and, for boards that have no watchdog, a guard process (see `guard`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import msgspec

from tillrig.drivers.guard import Guard
from tillrig.drivers.modbus_board import Board, Disturbed
from tillrig.drivers.pulses import HostPulses
from tillrig.drivers.registry import Context, PortKind
from tillrig.drivers.serial_port import resolve
from tillrig.errors import SwitchError
from tillrig.ports.switches import SwitchCapabilities
from tillrig.protocols import modbus

WATCHDOG_REGISTER = 0x0300
WATCHDOG_MS = 900
FEED_S = 0.2
#: A pulse is not repeated after silence, so its answer is waited for longer: late, it still confirms.
PULSE_ANSWER_S = 1.0
#: Share of a pulse within which the board's "ms left" still tells whether the pulse began.
_CONFIRM_SHARE = 0.7


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of the rig file. `timed_pulse` and `watchdog`: "auto" asks the board at opening."""

    port: str
    baud: Annotated[int, msgspec.Meta(ge=300)] = 115200
    unit: Annotated[int, msgspec.Meta(ge=1, le=247)] = 1
    channels: Annotated[int, msgspec.Meta(ge=1, le=1968)] = 32
    timed_pulse: bool | Literal["auto"] = "auto"
    pulse_base: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)] = 0x0200
    watchdog: bool | Literal["auto"] = "auto"
    guard: bool | Literal["auto"] = "auto"
    timeout_ms: Annotated[int, msgspec.Meta(ge=10, le=5000)] = 200
    retries: Annotated[int, msgspec.Meta(ge=0, le=10)] = 2


class ModbusSwitches:
    """Switches by one board. `board` is shared with the inputs on it."""

    def __init__(self, name: str, options: Options, port: str) -> None:
        self.name = name
        self.board = Board(
            name,
            port,
            baud=options.baud,
            unit=options.unit,
            timeout_s=options.timeout_ms / 1000,
            retries=options.retries,
        )
        self._unit, self._channels, self._pulse_base = options.unit, options.channels, options.pulse_base
        self._levels: dict[int, bool] = {}
        self._fault = ""
        self._closing = threading.Event()
        self._held = threading.Event()
        self._pulses: HostPulses | None = None
        self._guard: Guard | None = None
        self._feeder: threading.Thread | None = None
        self._armed = False
        try:
            self._timed = self._has(options.timed_pulse, options.pulse_base)
            self._watchdog = self._has(options.watchdog, WATCHDOG_REGISTER)
            self._write_all_open()
            if self._watchdog:
                self._feeder = threading.Thread(target=self._feed, name=f"{name}-watchdog", daemon=True)
                self._feeder.start()
            elif options.guard is not False:
                self._guard = Guard(port, options.baud, options.unit, options.channels)
            if not self._timed:
                self._pulses = HostPulses(name, self._open_one)
        except BaseException:
            self.board.close()
            raise

    @property
    def capabilities(self) -> SwitchCapabilities:
        return SwitchCapabilities(
            channels=self._channels,
            timed_pulse=self._timed,
            read_back=True,
            watchdog_ms=WATCHDOG_MS if self._watchdog else 0,
        )

    @property
    def protection(self) -> tuple[str, ...]:
        """What opens the contacts when this process is killed."""
        said = []
        if self._timed:
            said.append("board-timed pulses")
        if self._watchdog:
            said.append(f"board watchdog {WATCHDOG_MS} ms")
        if self._guard is not None:
            said.append(f"guard process {self._guard.pid}")
        return tuple(said)

    def set(self, states: Mapping[int, bool]) -> None:
        for channel in states:
            self._require(channel)
        with self.board.lock:
            self._raise_fault()
            if self._pulses is not None:
                self._pulses.forget(states)
            if self._watchdog and any(states.values()):
                self._arm()
            for start, values in _runs(states):
                self._write(start, values)
            self._verify(states)
            self._levels.update(states)
            self._settle_watchdog()

    def pulse(self, channel: int, ms: int) -> float:
        self._require(channel)
        if not 0 < ms <= 0xFFFF:
            raise SwitchError(f"{self.name}: a pulse of {ms} ms cannot be timed; allowed: 1 to 65535")
        with self.board.lock:
            self._raise_fault()
            if self._pulses is not None:
                self._write(channel, [True])
                at = self.board.last_good
                self._pulses.open_later(channel, at + ms / 1000)
                return at
            return self._pulse_by_board(channel, ms)

    def read(self) -> tuple[bool, ...]:
        request = modbus.encode_read_coils(self._unit, 0, self._channels)
        return tuple(bool(bit) for bit in self.board.transact(request, f"read its {self._channels} coils"))

    def open_all(self) -> None:
        """Tried whatever came before, also from a signal handler in the midst of another exchange."""
        with self.board.lock:
            if self._pulses is not None:
                self._pulses.forget(range(self._channels))
            self.board.resync()
            self._write_all_open()
            self._fault = ""
            self._settle_watchdog()

    def check(self) -> None:
        with self.board.lock:
            self._raise_fault()
            self._compare(self.read())
            self._raise_fault()

    def close(self) -> None:
        if self._closing.is_set():
            return
        try:
            self.open_all()
        finally:
            self._closing.set()
            self._held.set()
            if self._feeder is not None:
                self._feeder.join(2.0)
            if self._pulses is not None:
                self._pulses.close()
            self.board.close()
            if self._guard is not None:
                self._guard.release()

    def _pulse_by_board(self, channel: int, ms: int) -> float:
        # Never repeated blindly: a second pulse would be a second key press. Within the pulse the board's own register
        # ("ms left") says whether it had begun; later nobody knows.
        request = modbus.encode_write_register(self._unit, self._pulse_base + channel, ms)
        what = f"close coil {channel} for {ms} ms"
        left = modbus.encode_read_holding(self._unit, self._pulse_base + channel, 1)
        heard = ""
        for _ in range(2):
            sent = time.monotonic()
            try:
                self.board.exchange(request, what, PULSE_ANSWER_S)
                return self.board.last_good
            except Disturbed as disturbance:
                heard = str(disturbance)
            self.board.resync()
            if time.monotonic() - sent > ms / 1000 * _CONFIRM_SHARE:
                break
            try:
                (remaining,) = self.board.transact(left, f"say how long coil {channel} stays closed", tries=1)
            except SwitchError as error:
                heard += f", and then {error}"
                break
            if remaining:
                return time.monotonic() - max(0, ms - remaining) / 1000
            if time.monotonic() - sent > ms / 1000 * _CONFIRM_SHARE:
                break
        raise SwitchError(
            f"{self.name} on {self.board.port}: asked to {what} ({request.hex(' ')}): {heard}; "
            "whether the contact closed is not known, and repeating could press twice"
        )

    def _has(self, declared: bool | str, register: int) -> bool:
        if isinstance(declared, bool):
            return declared
        # A board that is there answers this read; it must be asked first, so that silence is not taken for a refusal.
        self.read()
        try:
            self.board.transact(
                modbus.encode_read_holding(self._unit, register, 1), f"read register {register:04X}", tries=1
            )
        except SwitchError:
            return False
        return True

    def _write(self, start: int, values: list[bool]) -> None:
        state = "close" if all(values) else "open" if not any(values) else "set"
        if len(values) == 1:
            request = modbus.encode_write_coil(self._unit, start, values[0])
            self.board.transact(request, f"{state} coil {start}")
        else:
            request = modbus.encode_write_coils(self._unit, start, values)
            self.board.transact(request, f"{state} coils {start} to {start + len(values) - 1}")

    def _write_all_open(self) -> None:
        self._write(0, [False] * self._channels)
        self._verify(dict.fromkeys(range(self._channels), False))
        self._levels = {}

    def _open_one(self, channel: int) -> None:
        with self.board.lock:
            self._write(channel, [False])

    def _verify(self, states: Mapping[int, bool]) -> None:
        coils = self.read()
        wrong = [channel for channel, on in states.items() if coils[channel] != on]
        if wrong:
            told = ", ".join(f"{channel} {'closed' if states[channel] else 'open'}" for channel in wrong)
            raise SwitchError(
                f"{self.name} on {self.board.port}: set coils {told}, but the board reads the contrary back"
            )

    def _compare(self, coils: tuple[bool, ...]) -> None:
        lost = [channel for channel, on in self._levels.items() if on and not coils[channel]]
        if lost:
            self._fault = (
                f"coils {lost} were held closed and are open now: the board restarted, or its watchdog fired because "
                f"this computer did not speak to it for {WATCHDOG_MS} ms"
            )

    def _raise_fault(self) -> None:
        if self._fault:
            raise SwitchError(f"{self.name} on {self.board.port}: {self._fault}")

    def _require(self, channel: int) -> None:
        if not 0 <= channel < self._channels:
            raise SwitchError(f"{self.name}: there is no channel {channel}; allowed: 0 to {self._channels - 1}")

    def _arm(self) -> None:
        if not self._armed:
            self._write_watchdog(WATCHDOG_MS)
            self._armed = True
            self._held.set()

    def _settle_watchdog(self) -> None:
        if self._armed and not any(self._levels.values()):
            self._held.clear()
            self._armed = False
            self._write_watchdog(0)

    def _write_watchdog(self, ms: int) -> None:
        request = modbus.encode_write_register(self._unit, WATCHDOG_REGISTER, ms)
        self.board.transact(request, f"set its watchdog to {ms} ms")

    def _feed(self) -> None:
        """Speak to the board often enough while a contact is held; its answer shows whether the contact still is."""
        while not self._closing.is_set():
            self._held.wait()
            if self._closing.wait(FEED_S):
                return
            with self.board.lock:
                if not self._armed or self._fault:
                    continue
                try:
                    self._compare(self.read())
                except SwitchError as error:
                    self._fault = str(error)


def _runs(states: Mapping[int, bool]) -> Iterable[tuple[int, list[bool]]]:
    """Neighbouring channels, to be written by one frame."""
    start, values = -1, list[bool]()
    for channel in sorted(states):
        if values and channel != start + len(values):
            yield start, values
            values = []
        if not values:
            start = channel
        values.append(states[channel])
    if values:
        yield start, values


class ModbusRtu:
    port: PortKind = "switches"
    Options = Options

    def open(self, name: str, options: Any, context: Context) -> ModbusSwitches:
        return ModbusSwitches(name, options, resolve(options.port, context.base))


DRIVER = ModbusRtu()
