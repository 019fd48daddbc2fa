"""The one clock of the bench: CLOCK_MONOTONIC seconds and callbacks at given times.

An asyncio event loop satisfies it; tests move a clock of their own by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Timer(Protocol):
    """A callback that has been scheduled."""

    def cancel(self) -> None:
        """Do not call it any more."""


class Clock(Protocol):
    """Time in seconds and callbacks in one thread."""

    def time(self) -> float:
        """Now, CLOCK_MONOTONIC seconds."""

    def call_at(self, when: float, callback: Callable[..., object], *args: Any) -> Timer:
        """Call back at ``when``; a time that has passed means as soon as possible, in order of the times given."""
