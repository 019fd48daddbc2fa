"""The terminal's supply lines, its power key and its reset button."""

from __future__ import annotations

import threading
import time
from typing import Literal

import msgspec

from tillrig.drivers.registry import Emit
from tillrig.errors import RigError, UsageError
from tillrig.ports.inputs import Inputs
from tillrig.roles.trace import TracedSwitches, known, wait_for_sense, wait_until
from tillrig.verdicts import Witness

SENSES = ("supply", "supply_present")
CURRENTS = ("current_ma", "current", "supply_current")
#: A power key held for a little longer than asked: contacts travel, terminals debounce.
_MARGIN_MS = 150
_SENSE_S = 1.0


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One supply line. `energised`: what the line is while the coil is energised."""

    channel: int
    energised: Literal["off", "on"] = "off"

    def coil(self, powered: bool) -> bool:
        return powered == (self.energised == "on")


class PowerWiring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Channels of the board. `start_hold_ms` is the terminal's own time (rules T13); the time scale divides it."""

    mains: Line | None = None
    battery: Line | None = None
    key: int | None = None
    reset: int | None = None
    start_hold_ms: int = 2000
    reset_ms: int = 300
    max_on_ms: int = 10000


class Power:
    """Raises UsageError for what this rig cannot do, SwitchError when the board fails, RigError when supply stays."""

    def __init__(
        self,
        board: TracedSwitches,
        wiring: PowerWiring,
        emit: Emit,
        *,
        time_scale: float = 1.0,
        inputs: Inputs | None = None,
    ) -> None:
        self._board, self._wiring, self._emit = board, wiring, emit
        self._scale, self._inputs = time_scale, inputs
        self._lines = {
            name: line for name, line in (("mains", wiring.mains), ("battery", wiring.battery)) if line is not None
        }
        self._sense, self._current = known(inputs, SENSES), known(inputs, CURRENTS)
        self.forget()
        self._lock = threading.RLock()
        self._closing = threading.Event()

    def on(self, hold_ms: int | None = None) -> None:
        """Supply back, then the power key held until a terminal starts. Returns when the key is open again."""
        if self._lines:
            self.restore()
        if hold_ms is None:
            needed = self._wiring.start_hold_ms / self._scale
            # Held much longer, the same key switches off again.
            hold_ms = round(needed + min(_MARGIN_MS, needed / 4))
        self.press_power(hold_ms)

    def off(self) -> None:
        """Cut every supply; where the rig senses supply, returns when it is gone."""
        self.cut()
        if self._inputs is not None and self._sense is not None:
            gone = wait_for_sense(self._inputs, self._sense, lambda value: not value, _SENSE_S, self._closing)
            if gone is None:
                self.witness()
                raise RigError(f"supply is still there {_SENSE_S:g} s after {' and '.join(self._lines)} were cut")

    def cut(self, *lines: str) -> None:
        """Cut the named lines ("mains", "battery"), all when none is named. The terminal stops at once."""
        self._move("cut", lines, False)

    def restore(self, *lines: str) -> None:
        """Give the named lines back, all when none is named."""
        self._move("restore", lines, True)

    def press_power(self, hold_ms: int) -> None:
        """The power key alone; returns when it is open again."""
        self._hold("press_power", self._wiring.key, hold_ms)

    def reset(self, hold_ms: int | None = None) -> None:
        """The reset button; returns when it is open again."""
        self._hold("reset", self._wiring.reset, self._wiring.reset_ms if hold_ms is None else hold_ms)

    def supplied(self) -> bool | None:
        """Whether supply reaches the terminal; None where the rig does not sense it."""
        if self._inputs is None or self._sense is None:
            return None
        return bool(self._inputs.read(self._sense))

    def current_ma(self) -> int | None:
        """Supply current in mA; None where the rig does not sense it."""
        if self._inputs is None or self._current is None:
            return None
        return self._inputs.read(self._current)

    def witness(self) -> Witness:
        """Whether the sensed supply agrees with what the relays were told."""
        if self._inputs is None or self._sense is None:
            return "none"
        expected = any(self._powered.values()) or not self._lines
        # A relay that has just been told is still travelling.
        agrees = wait_for_sense(
            self._inputs, self._sense, lambda value: bool(value) is expected, _SENSE_S, self._closing
        )
        seen = expected if agrees is not None else not expected
        says: Witness = "clears_rig" if seen == expected else "blames_rig"
        now = time.monotonic()
        self._emit("witness", at=now, what="supply", key="supply", says=says, expected=expected, seen=seen)
        return says

    def forget(self) -> None:
        """All contacts were opened behind this role's back."""
        self._powered = {name: not line.coil(True) for name, line in self._lines.items()}

    def close(self) -> None:
        self._closing.set()

    def _move(self, action: str, lines: tuple[str, ...], powered: bool) -> None:
        for line in lines:
            if line not in self._lines:
                raise UsageError(f"this rig has no supply line {line!r}; it has: {', '.join(self._lines) or 'none'}")
        named = lines or tuple(self._lines)
        if not named:
            raise UsageError(f"this rig cannot {action} the supply: roles.power names neither mains nor battery")
        with self._lock:
            self._board.set({self._lines[name].channel: self._lines[name].coil(powered) for name in named})
            self._powered.update(dict.fromkeys(named, powered))
            self._emit("power", at=time.monotonic(), action=action, lines=named, hold_ms=0)

    def _hold(self, action: str, channel: int | None, ms: int) -> None:
        if channel is None:
            raise UsageError(f"this rig cannot {action}: roles.power names no channel for it")
        if not 0 < ms <= self._wiring.max_on_ms:
            raise UsageError(f"{action} cannot last {ms} ms; allowed: 1 to {self._wiring.max_on_ms} (max_on_ms)")
        # Not under the lock: supply may be cut while the key is still down.
        at = self._board.pulse(channel, ms)
        self._emit("power", at=at, action=action, lines=(), hold_ms=ms)
        wait_until(at + ms / 1000, self._closing)
