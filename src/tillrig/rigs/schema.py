"""What a rig file says, validated. docs/rigs.md explains every key."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from tillrig.drivers.registry import PortKind
from tillrig.errors import UsageError
from tillrig.roles.card import CardWiring
from tillrig.roles.keypad import Timing
from tillrig.roles.paper import PaperWiring
from tillrig.roles.power import PowerWiring

Scale = Annotated[float, msgspec.Meta(gt=0, le=1000)]


class HostSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the terminal calls its host: HOST:PORT of this machine."""

    listen: str

    def __post_init__(self) -> None:
        host, colon, port = self.listen.rpartition(":")
        if not colon or not host or not port.isdigit() or int(port) > 0xFFFF:
            raise ValueError(f"{self.listen!r} is no HOST:PORT")

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


class SimulateSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A simulated bench that is started with the rig; `tillrig simulate --help` explains the same options.

    directory  kept after the run, flash file and all; without it a temporary one
    options    further command-line words for the bench, as they are
    """

    model: str = "classic"
    grade: Literal["clean", "typical", "bad"] = "typical"
    time_scale: Scale = 1.0
    seed: int = 1
    faults: tuple[str, ...] = ()
    fault_files: tuple[str, ...] = ()
    cut_at: Annotated[str, msgspec.Meta(pattern=r"^(write:0*[1-9]\d*:byte:\d+)?$")] = ""
    settings: tuple[Annotated[str, msgspec.Meta(pattern=r"^[^=]+=")], ...] = ()
    battery: bool = False
    roll_mm: Annotated[int, msgspec.Meta(ge=0)] = 0
    wear: tuple[Annotated[str, msgspec.Meta(pattern=r"^[^:]+:\d+$")], ...] = ()
    hand: tuple[str, ...] = ()
    host: Annotated[str, msgspec.Meta(pattern=r"^(.+:\d{1,5})?$")] = ""
    cards: str | None = None
    terminal: str | None = None
    directory: str | None = None
    options: tuple[str, ...] = ()


class KeypadSense(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The closure counters: `counter` is the name of a numbered sense (key on channel c: `counter.(c - base)`), or each
    key's own, by number of the sense `closures` or by name.
    """

    inputs: str
    counter: str | dict[str, int | str] = "closures"
    base: int = 0


class KeypadSpec(Timing, frozen=True, kw_only=True, forbid_unknown_fields=True):
    board: str
    keys: dict[str, int]
    chords: tuple[tuple[str, ...], ...] = ()
    sense: KeypadSense | None = None


class CardSpec(CardWiring, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`slots`: slot number to the card that lies in it."""

    board: str
    slots: dict[int, str] = {}  # noqa: RUF012 - msgspec copies it
    sense: str | None = None


class PowerSpec(PowerWiring, frozen=True, kw_only=True, forbid_unknown_fields=True):
    board: str
    sense: str | None = None


class PaperSpec(PaperWiring, frozen=True, kw_only=True, forbid_unknown_fields=True):
    board: str
    sense: str | None = None


class Roles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None: the rig has no such hand."""

    keypad: KeypadSpec | None = None
    card: CardSpec | None = None
    power: PowerSpec | None = None
    paper: PaperSpec | None = None


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One device: `options` as its driver declares them."""

    name: str
    driver: str
    port: PortKind
    options: Any


class Rig(msgspec.Struct, frozen=True, kw_only=True):
    """A rig file, read and found sound. With `simulate` the instruments are those of the bench that will be started."""

    name: str
    profile: str
    path: Path
    time_scale: float = 1.0
    simulated: bool = False
    instruments: dict[str, Instrument] = {}
    roles: Roles = Roles()
    host: HostSpec | None = None
    simulate: SimulateSpec | None = None

    def with_simulation(self, **changes: Any) -> Rig:
        """The same rig with another fault, grade, time scale, seed …: fields of SimulateSpec.

        Raises UsageError when this rig is not simulated, or there is no such field or value.
        """
        if self.simulate is None:
            raise UsageError(f"{self.path}: only a rig file with `simulate:` takes {', '.join(changes) or 'options'}")
        merged = msgspec.structs.asdict(self.simulate) | {name: _words(value) for name, value in changes.items()}
        try:
            simulate = msgspec.convert(merged, SimulateSpec)
        except msgspec.ValidationError as error:
            raise UsageError(f"{self.path}: the bench cannot be started so: {error}") from error
        return msgspec.structs.replace(self, simulate=simulate, time_scale=simulate.time_scale)


def _words(value: Any) -> Any:
    """Paths become text, so that fields can be compared, stored and put on a command line."""
    if isinstance(value, Path):
        return str(value.resolve())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_words(item) for item in value)
    return value
