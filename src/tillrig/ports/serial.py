"""A serial line: bytes with the time they came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable


@runtime_checkable
class SerialLine(Protocol):
    """Contract: tests/ports/test_serial.py. Raises tillrig.errors.SerialError."""

    def write(self, data: bytes) -> None: ...

    def subscribe(self, sink: Callable[[float, bytes], None]) -> Callable[[], None]:
        """`sink(monotonic time, bytes)` is called from the reader thread; returns the un-subscriber."""

    def check(self) -> None:
        """Raise when the line is known to be broken."""

    def close(self) -> None: ...
