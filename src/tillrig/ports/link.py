"""The network path between terminal and host."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import msgspec


class LinkCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    cut: bool = True
    shape: bool = False


@runtime_checkable
class Link(Protocol):
    """Contract: tests/ports/test_link.py. Raises tillrig.errors.LinkError."""

    @property
    def capabilities(self) -> LinkCapabilities: ...

    def up(self) -> None: ...

    def down(self) -> None: ...

    def shape(self, *, delay_ms: int = 0, bytes_per_s: int = 0, loss: float = 0.0) -> None:
        """Slow or lossy path; all zero means as it is."""

    def check(self) -> None:
        """Raise when the path can no longer be controlled."""

    def close(self) -> None: ...
