"""A bench of plain Python: relays that keep time by the real clock, senses that see what the relays did."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from tillrig.drivers.registry import Secrecy
from tillrig.errors import SwitchError
from tillrig.ports.switches import SwitchCapabilities
from tillrig.roles.trace import TracedSwitches


class FakeSwitches:
    """`log` holds every command in order: (action, channel, ms or level, monotonic time)."""

    def __init__(self) -> None:
        self.log: list[tuple[str, int, int, float]] = []
        self.levels = [False] * 32
        self.until: dict[int, float] = {}
        self.broken = False
        self.overlaps = 0

    @property
    def capabilities(self) -> SwitchCapabilities:
        return SwitchCapabilities(channels=32, timed_pulse=True, read_back=True)

    def set(self, states: Mapping[int, bool]) -> None:
        self._fail(f"coils {dict(states)}")
        for channel, on in states.items():
            self.levels[channel] = on
            self.log.append(("set", channel, int(on), time.monotonic()))

    def pulse(self, channel: int, ms: int) -> float:
        self._fail(f"coil {channel} for {ms} ms")
        now = time.monotonic()
        self.overlaps += any(until > now for until in self.until.values())
        self.until[channel] = now + ms / 1000
        self.log.append(("pulse", channel, ms, now))
        return now

    def read(self) -> tuple[bool, ...]:
        return tuple(self.levels)

    def open_all(self) -> None:
        self.levels = [False] * 32
        self.until = {}

    def check(self) -> None:
        self._fail("check")

    def close(self) -> None:
        self.open_all()

    def pulses(self) -> list[tuple[int, int]]:
        return [(channel, ms) for action, channel, ms, _ in self.log if action == "pulse"]

    def _fail(self, what: str) -> None:
        if self.broken:
            raise SwitchError(f"board on /dev/x: asked to close {what} (01 06 02 07 00 28): silence")


class FakeInputs:
    """Senses that a test sets, or functions of time."""

    def __init__(self, **values: Any) -> None:
        self.values = values

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.values)

    def read(self, name: str) -> int:
        value = self.values[name]
        return int(value() if callable(value) else value)

    def read_many(self, names: Iterable[str]) -> dict[str, int]:
        return {name: self.read(name) for name in names}

    def check(self) -> None:
        """Sound."""

    def close(self) -> None:
        """Nothing."""


class Events(list[dict[str, Any]]):
    """What roles emitted."""

    def __call__(self, kind: str, **data: Any) -> None:
        self.append({"kind": kind, **data})

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self if event["kind"] == kind]


def traced(switches: FakeSwitches, events: Events) -> TracedSwitches:
    return TracedSwitches("board", switches, events, Secrecy())
