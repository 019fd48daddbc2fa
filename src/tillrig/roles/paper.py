"""The printer's paper: take it away, put it back, pull the slip off, and know how much is left on the roll."""

from __future__ import annotations

import threading
import time
from typing import Literal

import msgspec

from tillrig.drivers.registry import Emit
from tillrig.errors import RigError, UsageError
from tillrig.ports.inputs import Inputs
from tillrig.roles.trace import TracedSwitches, known, wait_for_sense, wait_until

SENSES = ("paper", "paper_hanging", "slip")
_TAKE_S = 2.0


class Out(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`energised`: where the paper is while the coil is energised."""

    channel: int
    energised: Literal["out", "in"] = "out"


class PaperWiring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Channels of the board; `roll_mm` the length of a full roll where somebody counts it."""

    out: Out | None = None
    take: int | None = None
    take_ms: int = 80
    roll_mm: int | None = None


class Paper:
    """Raises UsageError for what this rig cannot do, SwitchError when the board fails, RigError when a slip stays."""

    def __init__(self, board: TracedSwitches, wiring: PaperWiring, emit: Emit, *, inputs: Inputs | None = None) -> None:
        self._board, self._wiring, self._emit = board, wiring, emit
        self._inputs, self._sense = inputs, known(inputs, SENSES)
        self._state: Literal["in", "out"] = "in"
        self._used_mm = 0.0
        self._lock = threading.RLock()
        self._closing = threading.Event()

    @property
    def state(self) -> Literal["in", "out"]:
        return self._state

    @property
    def remaining_mm(self) -> float | None:
        """What is left of the roll, as far as `used` was told; None where the rig file gives no `roll_mm`."""
        return None if self._wiring.roll_mm is None else max(0.0, self._wiring.roll_mm - self._used_mm)

    def used(self, mm: float) -> None:
        """Somebody saw so much paper come out."""
        self._used_mm += mm
        self._report("used")

    def new_roll(self) -> None:
        """A full roll was put in."""
        self._used_mm = 0.0
        self._report("new_roll")

    def out(self) -> None:
        """No paper under the print head."""
        self._move("out")

    def restore(self) -> None:
        """Paper under the print head again."""
        self._move("in")

    @property
    def can_take(self) -> bool:
        """Whether this rig can pull a slip off."""
        return self._wiring.take is not None

    def take(self) -> None:
        """Pull the hanging slip off and away; where the rig senses it, returns when it is gone."""
        if self._wiring.take is None:
            raise UsageError("this rig cannot take a slip away: roles.paper.take names no channel")
        with self._lock:
            at = self._board.pulse(self._wiring.take, self._wiring.take_ms)
            self._report("take", at)
            wait_until(at + self._wiring.take_ms / 1000, self._closing)
            if self._inputs is None or self._sense is None:
                return
            gone = wait_for_sense(self._inputs, self._sense, lambda value: not value, _TAKE_S, self._closing)
            if gone is None:
                raise RigError(f"the slip still hangs {_TAKE_S:g} s after it was pulled; look for a jam")

    def hanging(self) -> bool | None:
        """Whether a slip hangs before the camera; None where the rig does not sense it."""
        if self._inputs is None or self._sense is None:
            return None
        return bool(self._inputs.read(self._sense))

    def forget(self) -> None:
        """All contacts were opened behind this role's back."""
        self._state = "in" if self._wiring.out is None or self._wiring.out.energised == "out" else "out"

    def close(self) -> None:
        self._closing.set()

    def _move(self, state: Literal["in", "out"]) -> None:
        wiring = self._wiring.out
        if wiring is None:
            raise UsageError("this rig cannot take the paper out: roles.paper.out names no channel")
        with self._lock:
            self._board.set({wiring.channel: state == wiring.energised})
            self._state = state
            self._report("restore" if state == "in" else "out")

    def _report(self, action: str, at: float | None = None) -> None:
        moment = time.monotonic() if at is None else at
        self._emit("paper", at=moment, action=action, state=self._state, remaining_mm=self.remaining_mm)
