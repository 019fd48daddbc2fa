"""A rig with every instrument open, its roles, and the two things that must always work: safe and close."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from tillrig import drivers
from tillrig.drivers.frame_ring import Point, View, Watch
from tillrig.drivers.registry import Context, Emit, Secrecy
from tillrig.drivers.technician import Technician
from tillrig.errors import BlockedError, RigFileError, TillrigError
from tillrig.ports.camera import Camera
from tillrig.ports.inputs import Inputs
from tillrig.ports.link import Link
from tillrig.ports.serial import SerialLine
from tillrig.ports.switches import Switches
from tillrig.rigs.compose import RoleSet, compose
from tillrig.rigs.load import calibrated, load_rig
from tillrig.rigs.lock import RigLock
from tillrig.rigs.schema import HostSpec, Rig
from tillrig.rigs.simulated import Simulation, described
from tillrig.roles.card import Card
from tillrig.roles.keypad import Keypad
from tillrig.roles.paper import Paper
from tillrig.roles.power import Power


class CameraView(msgspec.Struct, frozen=True, kw_only=True):
    """What the rig file says of a camera's picture; see drivers.frame_ring.View."""

    size: tuple[int, int] | None
    fps: float
    corners: tuple[Point, Point, Point, Point] | None
    distortion_k1: float
    px_per_dot: float | None
    exposure_ms: float | None
    watch: Watch | None = None


class Health(msgspec.Struct, frozen=True):
    """One instrument's answer to `check`."""

    instrument: str
    ok: bool
    text: str


class OpenRig:
    """Made by `open_rig`. A context manager; leaving it closes the rig."""

    def __init__(
        self, rig: Rig, emit: Emit, technician: Technician, lock: RigLock | None, simulation: Simulation | None
    ) -> None:
        self.rig, self.simulation = rig, simulation
        self._emit, self._lock = emit, lock
        self._secrecy = Secrecy()
        self._technician = technician.logging_to(lambda **data: emit("technician", **data))
        self._open: dict[str, Any] = {}
        self._opening: list[str] = []
        self._closing = threading.RLock()
        self._closed = False
        self._roles = RoleSet()

    def start(self) -> None:
        """Open every instrument and build the roles; called once, by `open_rig`."""
        for name in self.rig.instruments:
            self._instrument(name)
        self._roles = compose(self.rig, self._open, self._emit, self._secrecy)
        self._tell("opened", [])

    @property
    def name(self) -> str:
        return self.rig.name

    @property
    def profile(self) -> str:
        return self.rig.profile

    @property
    def time_scale(self) -> float:
        return self.rig.time_scale

    @property
    def simulated(self) -> bool:
        return self.rig.simulated

    @property
    def host(self) -> HostSpec | None:
        return self.rig.host

    @property
    def keypad(self) -> Keypad | None:
        return self._roles.keypad

    @property
    def card(self) -> Card | None:
        return self._roles.card

    @property
    def power(self) -> Power | None:
        return self._roles.power

    @property
    def paper(self) -> Paper | None:
        return self._roles.paper

    @property
    def cameras(self) -> dict[str, Camera]:
        return self._of("camera")

    @property
    def lines(self) -> dict[str, SerialLine]:
        return self._of("serial")

    @property
    def switches(self) -> dict[str, Switches]:
        return self._of("switches")

    @property
    def inputs(self) -> dict[str, Inputs]:
        return self._of("inputs")

    @property
    def link(self) -> Link | None:
        links: dict[str, Link] = self._of("link")
        return next(iter(links.values()), None)

    @property
    def views(self) -> dict[str, CameraView]:
        found = {}
        for name, instrument in self.rig.instruments.items():
            if isinstance(options := instrument.options, View):
                found[name] = CameraView(**{field: getattr(options, field) for field in CameraView.__struct_fields__})
        return found

    def need(self, role: str) -> Any:
        """The role called `role`, or a BlockedError saying that this rig has none."""
        found = getattr(self._roles, role)
        if found is None:
            raise BlockedError(f"the rig {self.name} has no {role}: {self.rig.path} names none under roles")
        return found

    def safe(self) -> tuple[str, ...]:
        """All contacts of all boards open. Tries every board, never raises; returns what went wrong.

        May be called from any thread and from a signal handler.
        """
        problems = []
        for name, switches in self.switches.items():
            try:
                switches.open_all()
            except Exception as error:  # noqa: BLE001 - the other boards must be tried, whatever this one does
                problems.append(f"{name}: {error}")
        self._roles.forget()
        self._tell("safe", problems)
        return tuple(problems)

    def check(self) -> tuple[Health, ...]:
        """Every instrument asked whether it works; bounded by each port's own bounds."""
        found = [] if self.simulation is None else [_health("bench", self.simulation.check)]
        for name, port in self._open.items():
            protection = ", ".join(getattr(port, "protection", ()))
            found.append(_health(name, port.check, f"ok; if killed: {protection}" if protection else "ok"))
        return tuple(found)

    def close(self) -> None:
        """Contacts open, ports closed, the simulated bench ended, the lock released. Twice is no harm."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._roles.close()
            problems = list(self.safe())
            for name in reversed(self._open):
                try:
                    self._open[name].close()
                except Exception as error:  # noqa: BLE001 - the rest must be closed too
                    problems.append(f"{name}: {error}")
            if self.simulation is not None:
                self.simulation.stop()
            if self._lock is not None:
                self._lock.release()
            self._tell("closed", problems)

    def __enter__(self) -> OpenRig:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _tell(self, action: str, problems: list[str]) -> None:
        self._emit("rig", at=time.monotonic(), action=action, name=self.name, problems=tuple(problems))

    def _of(self, port: str) -> dict[str, Any]:
        return {
            name: self._open[name]
            for name, one in self.rig.instruments.items()
            if one.port == port and name in self._open
        }

    def _instrument(self, name: str) -> Any:
        """Open it, and before it whatever it stands on."""
        if name in self._open:
            return self._open[name]
        instrument = self.rig.instruments.get(name)
        if instrument is None:
            raise RigFileError(
                f"{self.rig.path}: there is no instrument {name!r}; has: {', '.join(self.rig.instruments)}"
            )
        if name in self._opening:
            raise RigFileError(f"{self.rig.path}: {' needs '.join([*self._opening, name])}")
        self._opening.append(name)
        context = Context(
            base=self.rig.path.parent,
            emit=self._emit,
            secrecy=self._secrecy,
            technician=self._technician,
            instrument=self._instrument,
        )
        port = drivers.load(instrument.driver).open(name, instrument.options, context)
        self._opening.remove(name)
        # Later entries are closed first: what stands on a board goes before the board.
        self._open[name] = port
        return port


def open_rig(
    source: Path | str | Rig, emit: Emit | None = None, *, technician: Technician | None = None, wait_s: float = 0.0
) -> OpenRig:
    """Lock the rig, start its bench if it is simulated, open every instrument, lock the cameras, build the roles.

    `wait_s`: how long to wait for a rig that somebody else uses. Raises RigFileError, BlockedError (taken; nobody there
    for a manual instrument), RigError (the bench did not start), and the ports' errors, each naming the instrument.
    Whatever was opened before an error is closed again.
    """
    rig = source if isinstance(source, Rig) else load_rig(source)
    tell: Emit = _drop if emit is None else emit
    # A bench that is started for this rig alone cannot be taken by anybody.
    own = rig.simulate is not None and rig.simulate.directory is None
    lock = None if own else RigLock(rig.path, wait_s)
    simulation: Simulation | None = None
    try:
        if rig.simulate is not None:
            simulation = Simulation(rig)
            rig = described(rig, simulation, load_rig, calibrated)
        opened = OpenRig(rig, tell, technician or Technician(), lock, simulation)
    except BaseException:
        if simulation is not None:
            simulation.stop()
        if lock is not None:
            lock.release()
        raise
    try:
        opened.start()
    except BaseException:
        opened.close()
        raise
    return opened


def _health(name: str, check: Callable[[], None], well: str = "ok") -> Health:
    try:
        check()
    except (TillrigError, OSError) as error:
        return Health(name, False, str(error))
    return Health(name, True, well)


def _drop(kind: str, **data: Any) -> None:
    """Nobody listens."""
