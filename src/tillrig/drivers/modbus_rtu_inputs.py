"""`modbus-rtu-inputs`: the senses of a Modbus board that another instrument drives (functions 02, 03, 04)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec

from tillrig.drivers.modbus_board import Board
from tillrig.drivers.modbus_rtu import ModbusSwitches
from tillrig.drivers.registry import Context, PortKind
from tillrig.errors import RigFileError, SwitchError
from tillrig.protocols import modbus

Address = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]

#: Names further apart than this are read by frames of their own.
_GAP = 16
_MOST = {"discrete": 2000, "register": 125, "holding": 125}


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a sense is read: one of `discrete` (fn 02), `register` (input register, fn 04), `holding` (fn 03).

    `count` places from there on are called `name.0`, `name.1`, …
    """

    discrete: Address | None = None
    register: Address | None = None
    holding: Address | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None

    @property
    def kind(self) -> str:
        return next(kind for kind in _MOST if getattr(self, kind) is not None)

    @property
    def address(self) -> int:
        value: int = getattr(self, self.kind)
        return value


#: What the boards of this project sense, when the rig file does not say otherwise.
DEFAULTS: Mapping[str, Place] = {
    "key_contact": Place(discrete=0),
    "card": Place(discrete=1),
    "paper": Place(discrete=2),
    "buzzer": Place(discrete=3),
    "drawer": Place(discrete=4),
    "supply": Place(discrete=5),
    "lamp": Place(discrete=6),
    "closures": Place(register=0x0000, count=18),
    "current_ma": Place(register=0x0100),
    "light": Place(register=0x0101),
    "beeps": Place(register=0x0102),
    "drawer_openings": Place(register=0x0103),
}


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of the rig file. `names` replaces the defaults."""

    board: str
    names: dict[str, Place] | None = None

    def __post_init__(self) -> None:
        for name, place in (self.names or {}).items():
            given = [kind for kind in _MOST if getattr(place, kind) is not None]
            if len(given) != 1:
                raise ValueError(f"name {name!r} needs exactly one of {', '.join(_MOST)}")


class ModbusInputs:
    """Inputs on a board; closing leaves the board to its owner."""

    def __init__(self, name: str, board: Board, places: Mapping[str, Place]) -> None:
        self.name = name
        self._board = board
        self._places: dict[str, tuple[str, int]] = {}
        for key, place in places.items():
            if place.count is None:
                self._places[key] = (place.kind, place.address)
            else:
                for number in range(place.count):
                    self._places[f"{key}.{number}"] = (place.kind, place.address + number)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._places)

    def read(self, name: str) -> int:
        return self.read_many([name])[name]

    def read_many(self, names: Iterable[str]) -> dict[str, int]:
        wanted = list(names)
        for name in wanted:
            if name not in self._places:
                raise SwitchError(f"{self.name}: there is no sense {name!r}; known: {', '.join(sorted(self._places))}")
        found: dict[tuple[str, int], int] = {}
        with self._board.lock:
            for kind, start, count in _spans(self._places[name] for name in wanted):
                for offset, value in enumerate(self._read_span(kind, start, count)):
                    found[kind, start + offset] = int(value)
        return {name: found[self._places[name]] for name in wanted}

    def check(self) -> None:
        if self._places:
            self.read(min(self._places))

    def close(self) -> None:
        """Nothing of its own to release."""

    def _read_span(self, kind: str, start: int, count: int) -> tuple[int, ...]:
        unit = self._board.unit
        if kind == "discrete":
            request = modbus.encode_read_inputs(unit, start, count)
        elif kind == "register":
            request = modbus.encode_read_input_registers(unit, start, count)
        else:
            request = modbus.encode_read_holding(unit, start, count)
        return self._board.transact(request, f"read {count} {kind} from {start:04X}")


def _spans(places: Iterable[tuple[str, int]]) -> Iterable[tuple[str, int, int]]:
    """As few frames as hold all of `places`: (kind, first address, count)."""
    kind, first, last = "", 0, 0
    for next_kind, address in sorted(set(places)):
        if kind and (next_kind != kind or address - last > _GAP or address - first >= _MOST[kind]):
            yield kind, first, last - first + 1
            kind = ""
        if not kind:
            kind, first = next_kind, address
        last = address
    if kind:
        yield kind, first, last - first + 1


class ModbusRtuInputs:
    port: PortKind = "inputs"
    Options = Options

    def open(self, name: str, options: Any, context: Context) -> ModbusInputs:
        switches = context.instrument(options.board)
        if not isinstance(switches, ModbusSwitches):
            raise RigFileError(f"instruments.{name}.board: {options.board!r} is no modbus-rtu board")
        return ModbusInputs(name, switches.board, DEFAULTS if options.names is None else options.names)


DRIVER = ModbusRtuInputs()
