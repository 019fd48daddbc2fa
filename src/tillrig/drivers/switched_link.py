"""`switched-link`: the network cable goes through one contact of a relay board: it is in or out, nothing between."""

from __future__ import annotations

import time
from typing import Any, Literal

import msgspec

from tillrig.drivers.registry import Context, Emit, PortKind
from tillrig.errors import LinkError, RigFileError, SwitchError
from tillrig.ports.link import LinkCapabilities
from tillrig.ports.switches import Switches


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of the rig file. `energised`: the link's state while the coil is energised."""

    board: str
    channel: int
    energised: Literal["down", "up"] = "down"


class SwitchedLink:
    def __init__(self, name: str, switches: Switches, options: Options, emit: Emit) -> None:
        self.name = name
        self._switches, self._options, self._emit = switches, options, emit

    @property
    def capabilities(self) -> LinkCapabilities:
        return LinkCapabilities(cut=True, shape=False)

    def up(self) -> None:
        self._move("up")

    def down(self) -> None:
        self._move("down")

    def shape(self, *, delay_ms: int = 0, bytes_per_s: int = 0, loss: float = 0.0) -> None:
        if delay_ms or bytes_per_s or loss:
            raise LinkError(f"{self.name}: a contact cannot slow a link down; give the rig a tcp-link for that")

    def check(self) -> None:
        self._switches.check()

    def close(self) -> None:
        """The board's owner opens its contacts."""

    def _move(self, state: str) -> None:
        try:
            self._switches.set({self._options.channel: state == self._options.energised})
        except SwitchError as error:
            raise LinkError(f"{self.name}: the link could not be taken {state}: {error}") from error
        self._emit("link", action=state, at=time.monotonic())


class SwitchedLinkDriver:
    port: PortKind = "link"
    Options = Options

    def open(self, name: str, options: Any, context: Context) -> SwitchedLink:
        switches = context.instrument(options.board)
        if not isinstance(switches, Switches):
            raise RigFileError(f"instruments.{name}.board: {options.board!r} gives no switches")
        count = switches.capabilities.channels
        if not 0 <= options.channel < count:
            raise RigFileError(f"instruments.{name}.channel: {options.channel} is not among 0 to {count - 1}")
        return SwitchedLink(name, switches, options, context.emit)


DRIVER = SwitchedLinkDriver()
