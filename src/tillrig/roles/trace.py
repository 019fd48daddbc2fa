"""A board whose every command is written on the timeline, except what a secret would show."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from tillrig.drivers.registry import Emit, Secrecy
from tillrig.errors import RigError, SwitchError
from tillrig.ports.inputs import Inputs
from tillrig.ports.switches import SwitchCapabilities, Switches

#: Between two looks at a sense that should change: every look is an exchange of some 4 ms on the board's line.
_LOOK_S = 0.02

Result = TypeVar("Result")


class TracedSwitches:
    """Switches that emit `relay` events. While a secret is typed they carry no channel, and errors no bytes."""

    def __init__(self, name: str, switches: Switches, emit: Emit, secrecy: Secrecy) -> None:
        self.name = name
        self._switches, self._emit, self._secrecy = switches, emit, secrecy

    @property
    def capabilities(self) -> SwitchCapabilities:
        return self._switches.capabilities

    @property
    def secrecy(self) -> Secrecy:
        return self._secrecy

    def set(self, states: Mapping[int, bool]) -> None:
        self._discreetly(lambda: self._switches.set(states))
        at = time.monotonic()
        for channel, on in states.items():
            self._trace("close" if on else "open", channel, at, 0)

    def pulse(self, channel: int, ms: int) -> float:
        at = self._discreetly(lambda: self._switches.pulse(channel, ms))
        self._trace("pulse", channel, at, ms)
        return at

    def read(self) -> tuple[bool, ...]:
        return self._switches.read()

    def open_all(self) -> None:
        self._switches.open_all()
        self._emit("relay", at=time.monotonic(), instrument=self.name, action="open_all", channel=None, ms=0, note="")

    def check(self) -> None:
        self._switches.check()

    def close(self) -> None:
        self._switches.close()

    def _trace(self, action: str, channel: int, at: float, ms: int) -> None:
        secret = self._secrecy.active
        self._emit(
            "relay",
            at=at,
            instrument=self.name,
            action=action,
            channel=None if secret else channel,
            ms=ms,
            note="key *" if secret else "",
        )

    def _discreetly(self, act: Callable[[], Result]) -> Result:
        if not self._secrecy.active:
            return act()
        try:
            return act()
        except SwitchError as error:
            withheld = type(error)
        # Raised outside the handler: a chained error would carry the coil's number, that is, the key.
        raise withheld(f"{self.name}: the relay board failed at key * (details withheld: a secret was being typed)")


def wait_for_sense(
    inputs: Inputs, name: str, wanted: Callable[[int], bool], seconds: float, closing: threading.Event
) -> int | None:
    """The sense's value once it is `wanted`; None when it is not so within `seconds`. Raises RigError when closing."""
    deadline = time.monotonic() + seconds
    while True:
        value = inputs.read(name)
        if wanted(value):
            return value
        if time.monotonic() >= deadline:
            return None
        if closing.wait(_LOOK_S):
            raise RigError(f"the rig was closed while waiting for the sense {name!r}, which read {value}")


def wait_until(moment: float, closing: threading.Event) -> None:
    """Until monotonic `moment`. Raises RigError when the rig is closed before."""
    remaining = moment - time.monotonic()
    if remaining > 0 and closing.wait(remaining):
        raise RigError("the rig was closed in the midst of an act")


def known(inputs: Inputs | None, names: Iterable[str]) -> str | None:
    """The first of `names` that the rig senses."""
    return next((name for name in names if inputs is not None and name in inputs.names), None)
