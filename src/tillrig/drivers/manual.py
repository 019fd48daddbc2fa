"""`manual-…`: every port worked by a technician at the console, who is asked, and whose answer is logged.

Unattended (no terminal, or TILLRIG_UNATTENDED=1) every act raises BlockedError. While a secret is typed the console
must say which key is meant, the log does not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from tillrig.drivers.frame_ring import FrameRing, View
from tillrig.drivers.registry import Context, PortKind, Secrecy
from tillrig.drivers.technician import Technician
from tillrig.errors import CameraError, LinkError, SerialError, SwitchError
from tillrig.ports.camera import CameraControls, Shot, StreamFault
from tillrig.ports.link import LinkCapabilities
from tillrig.ports.switches import SwitchCapabilities


class SwitchOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of the rig file. `labels` says in words what a channel is: {22: "paper out of the printer"}."""

    channels: int = 32
    labels: dict[int, str] = {}


class InputOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of the rig file: name of a sense -> the question that is asked for it."""

    names: dict[str, str]


class NoOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No keys but `driver`."""


class ManualSwitches:
    def __init__(self, name: str, options: SwitchOptions, technician: Technician, secrecy: Secrecy) -> None:
        self.name = name
        self._options, self._technician, self._secrecy = options, technician, secrecy
        self._closed: set[int] = set()

    @property
    def capabilities(self) -> SwitchCapabilities:
        return SwitchCapabilities(channels=self._options.channels)

    def set(self, states: Mapping[int, bool]) -> None:
        for channel in states:
            self._require(channel)
        acts = [f"{'close' if on else 'open'} {self._label(channel)}" for channel, on in sorted(states.items())]
        self._request("; ".join(acts) + ".")
        self._closed |= {channel for channel, on in states.items() if on}
        self._closed -= {channel for channel, on in states.items() if not on}

    def pulse(self, channel: int, ms: int) -> float:
        self._require(channel)
        self._request(f"press {self._label(channel)} for {ms / 1000:g} s and let go.")
        return time.monotonic()

    def read(self) -> tuple[bool, ...]:
        return tuple(channel in self._closed for channel in range(self._options.channels))

    def open_all(self) -> None:
        # Nothing is asked where nothing is closed, so that an unattended rig can still be made safe.
        if self._closed:
            self.set(dict.fromkeys(self._closed, False))

    def check(self) -> None:
        """A person is not checked."""

    def close(self) -> None:
        self.open_all()

    def _request(self, question: str) -> None:
        self._technician.request(self.name, question, secret=self._secrecy.active)

    def _label(self, channel: int) -> str:
        label = self._options.labels.get(channel)
        return f"switch {channel} ({label})" if label else f"switch {channel}"

    def _require(self, channel: int) -> None:
        if not 0 <= channel < self._options.channels:
            raise SwitchError(f"{self.name}: there is no channel {channel}; allowed: 0 to {self._options.channels - 1}")


class ManualInputs:
    def __init__(self, name: str, options: InputOptions, technician: Technician) -> None:
        self.name = name
        self._questions, self._technician = options.names, technician

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._questions)

    def read(self, name: str) -> int:
        if name not in self._questions:
            raise SwitchError(f"{self.name}: there is no sense {name!r}; known: {', '.join(sorted(self._questions))}")
        answer = self._technician.ask(self.name, f"{self._questions[name]} Type a whole number (no 0, yes 1).")
        try:
            return int(answer)
        except ValueError as error:
            raise SwitchError(f"{self.name}: {name} was answered with {answer!r}, which is no whole number") from error

    def read_many(self, names: Iterable[str]) -> dict[str, int]:
        return {name: self.read(name) for name in names}

    def check(self) -> None:
        """A person is not checked."""

    def close(self) -> None:
        """Nothing to release."""


class ManualSerial:
    """The technician carries bytes to and from a device that the harness has no cable to."""

    def __init__(self, name: str, technician: Technician, secrecy: Secrecy) -> None:
        self.name = name
        self._technician, self._secrecy = technician, secrecy
        self._sinks: list[Callable[[float, bytes], None]] = []

    def write(self, data: bytes) -> None:
        question = f"send these bytes: {data.hex(' ')}; then type in hex what came back (nothing: just Enter)."
        answer = self._technician.ask(self.name, question, secret=self._secrecy.active)
        try:
            received = bytes.fromhex(answer)
        except ValueError as error:
            raise SerialError(f"{self.name}: the answer typed is no hex") from error
        if received:
            at = time.monotonic()
            for sink in self._sinks:
                sink(at, received)

    def subscribe(self, sink: Callable[[float, bytes], None]) -> Callable[[], None]:
        self._sinks = [*self._sinks, sink]

        def unsubscribe() -> None:
            self._sinks = [kept for kept in self._sinks if kept is not sink]

        return unsubscribe

    def check(self) -> None:
        """A person is not checked."""

    def close(self) -> None:
        self._sinks = []


class ManualCamera:
    """Pictures that the technician takes with any camera and names by their path."""

    def __init__(self, name: str, technician: Technician, base: Path) -> None:
        self.name = name
        self._technician, self._base = technician, base
        self._frames = FrameRing(name, 1.0, 60.0)

    @property
    def fps(self) -> float:
        """A person takes pictures when asked; the figure only sizes what is kept."""
        return 1.0

    def latest(self) -> Shot | None:
        return self._frames.latest()

    def after(self, index: int, deadline: float) -> Shot:
        latest = self._frames.latest()
        if latest is None or latest.index <= index:
            path = self._base / self._technician.ask(self.name, "take a picture and type the path of the JPEG file.")
            try:
                jpeg = path.read_bytes()
            except OSError as error:
                raise CameraError(f"{self.name}: {path} cannot be read: {error.strerror}") from error
            if not jpeg.startswith(b"\xff\xd8"):
                raise CameraError(f"{self.name}: {path} is no JPEG file")
            self._frames.push(time.monotonic(), jpeg)
        return self._frames.after(index, max(deadline, time.monotonic() + 1.0))

    def ring(self) -> tuple[Shot, ...]:
        return self._frames.ring()

    def lock(self, controls: CameraControls) -> CameraControls:
        self._technician.request(self.name, "lock the camera's exposure and focus.")
        return controls

    def subscribe(self, sink: Callable[[Shot], None]) -> Callable[[], None]:
        return self._frames.subscribe(sink)

    def faults(self, since: float) -> tuple[StreamFault, ...]:
        return self._frames.faults(since)

    def check(self) -> None:
        """A person is not checked."""

    def close(self) -> None:
        self._frames.close()


class ManualLink:
    def __init__(self, name: str, technician: Technician, emit: Callable[..., None]) -> None:
        self.name = name
        self._technician, self._emit = technician, emit

    @property
    def capabilities(self) -> LinkCapabilities:
        return LinkCapabilities(cut=True, shape=False)

    def up(self) -> None:
        self._technician.request(self.name, "put the terminal's network cable in.")
        self._emit("link", action="up", at=time.monotonic())

    def down(self) -> None:
        self._technician.request(self.name, "pull the terminal's network cable out.")
        self._emit("link", action="down", at=time.monotonic())

    def shape(self, *, delay_ms: int = 0, bytes_per_s: int = 0, loss: float = 0.0) -> None:
        if delay_ms or bytes_per_s or loss:
            raise LinkError(f"{self.name}: nobody can slow a link down by hand; give the rig a tcp-link for that")

    def check(self) -> None:
        """A person is not checked."""

    def close(self) -> None:
        """Nothing to release."""


class ManualDriver(msgspec.Struct, frozen=True):
    """One entry point a port."""

    port: PortKind
    Options: type[msgspec.Struct]

    def open(self, name: str, options: Any, context: Context) -> Any:
        technician = context.technician
        match self.port:
            case "switches":
                return ManualSwitches(name, options, technician, context.secrecy)
            case "inputs":
                return ManualInputs(name, options, technician)
            case "serial":
                return ManualSerial(name, technician, context.secrecy)
            case "camera":
                return ManualCamera(name, technician, context.base)
            case "link":
                return ManualLink(name, technician, context.emit)


SWITCHES = ManualDriver("switches", SwitchOptions)
INPUTS = ManualDriver("inputs", InputOptions)
SERIAL = ManualDriver("serial", NoOptions)
CAMERA = ManualDriver("camera", View)
LINK = ManualDriver("link", NoOptions)
