"""Relay board: coils that close contacts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import msgspec


class SwitchCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What the board can do by itself. `watchdog_ms`: coils open by themselves after so long without a command."""

    channels: int
    timed_pulse: bool = False
    read_back: bool = False
    watchdog_ms: int = 0


@runtime_checkable
class Switches(Protocol):
    """Contract: tests/ports/test_switches.py. Every method raises tillrig.errors.SwitchError, bounded in time."""

    @property
    def capabilities(self) -> SwitchCapabilities: ...

    def set(self, states: Mapping[int, bool]) -> None:
        """Close (True) or open the channels; returns when the board has confirmed."""

    def pulse(self, channel: int, ms: int) -> float:
        """Close for `ms`, timed by the board where it can.

        Returns at once, with the monotonic time of the board's confirmation.
        """

    def read(self) -> tuple[bool, ...]:
        """Coil states as the board reports them."""

    def open_all(self) -> None:
        """The safe state; must be tried even when earlier commands failed."""

    def check(self) -> None:
        """Raise when the board does not answer, or its coils are not as they were set (restart, watchdog)."""

    def close(self) -> None:
        """open_all, then release the port."""
