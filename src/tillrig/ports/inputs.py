"""Senses: key contact, LED, buzzer, drawer, current, light."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable


@runtime_checkable
class Inputs(Protocol):
    """Contract: tests/ports/test_inputs.py. Names come from the rig file. Raises tillrig.errors.SwitchError."""

    @property
    def names(self) -> frozenset[str]: ...

    def read(self, name: str) -> int:
        """A level (0 or 1), a count since the board started, or a value (mA, lux), as the rig file declares."""

    def read_many(self, names: Iterable[str]) -> dict[str, int]:
        """Several at one instant, or as near to one as the hardware can: counters are compared with one another."""

    def check(self) -> None:
        """Raise when the senses cannot be read."""

    def close(self) -> None: ...
