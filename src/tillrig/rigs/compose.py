"""Roles made of ports, as the rig file wires them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tillrig.drivers.registry import Emit, Secrecy
from tillrig.errors import RigFileError
from tillrig.ports.inputs import Inputs
from tillrig.rigs.schema import KeypadSense, Rig
from tillrig.roles.card import Card, CardWiring
from tillrig.roles.keypad import Keypad, Timing
from tillrig.roles.paper import Paper, PaperWiring
from tillrig.roles.power import Power, PowerWiring
from tillrig.roles.trace import TracedSwitches


class RoleSet(msgspec.Struct):
    """The hands of one rig; None where it has none."""

    keypad: Keypad | None = None
    card: Card | None = None
    power: Power | None = None
    paper: Paper | None = None

    def close(self) -> None:
        """Whoever waits in a role is sent home."""
        for role in (self.keypad, self.card, self.power, self.paper):
            if role is not None:
                role.close()

    def forget(self) -> None:
        """All contacts were opened at once: what is held by one is held no more."""
        for role in (self.card, self.power, self.paper):
            if role is not None:
                role.forget()


def compose(rig: Rig, ports: Mapping[str, Any], emit: Emit, secrecy: Secrecy) -> RoleSet:
    """Raises RigFileError when a role needs a sense that its instrument does not have."""
    boards = {
        name: TracedSwitches(name, ports[name], emit, secrecy)
        for name, instrument in rig.instruments.items()
        if instrument.port == "switches"
    }
    roles, made = rig.roles, RoleSet()
    if (keypad := roles.keypad) is not None:
        inputs = _sense(rig, ports, keypad.sense.inputs if keypad.sense is not None else None)
        made.keypad = Keypad(
            boards[keypad.board],
            keypad.keys,
            emit,
            timing=Timing(**_same(keypad, Timing)),
            chords=keypad.chords,
            inputs=inputs if keypad.sense is not None else None,
            counters=_counters(rig, keypad.keys, keypad.sense, inputs),
        )
    if (card := roles.card) is not None:
        wiring = CardWiring(**_same(card, CardWiring))
        made.card = Card(boards[card.board], wiring, card.slots, emit, inputs=_sense(rig, ports, card.sense))
    if (power := roles.power) is not None:
        made.power = Power(
            boards[power.board],
            PowerWiring(**_same(power, PowerWiring)),
            emit,
            time_scale=rig.time_scale,
            inputs=_sense(rig, ports, power.sense),
        )
    if (paper := roles.paper) is not None:
        wiring_of_paper = PaperWiring(**_same(paper, PaperWiring))
        made.paper = Paper(boards[paper.board], wiring_of_paper, emit, inputs=_sense(rig, ports, paper.sense))
    return made


def _same(spec: msgspec.Struct, kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in kind.__struct_fields__}


def _sense(rig: Rig, ports: Mapping[str, Any], name: str | None) -> Inputs | None:
    """The senses named; without a name those of the rig's only machine that has some (a person is not asked)."""
    if name is not None:
        found: Inputs = ports[name]
        return found
    able = [one.name for one in rig.instruments.values() if one.port == "inputs" and one.driver != "manual-inputs"]
    return ports[able[0]] if len(able) == 1 else None


def _counters(rig: Rig, keys: Mapping[str, int], sense: KeypadSense | None, inputs: Inputs | None) -> dict[str, str]:
    """Key -> the name of its closure counter."""
    if sense is None or inputs is None:
        return {}
    if isinstance(sense.counter, str):
        counters = {key: f"{sense.counter}.{channel - sense.base}" for key, channel in keys.items()}
    else:
        counters = {
            key: f"closures.{place}" if isinstance(place, int) else place for key, place in sense.counter.items()
        }
    if missing := sorted(set(counters.values()) - inputs.names):
        raise RigFileError(
            f"{rig.path}: roles.keypad.sense: {sense.inputs} has no {', '.join(missing)}; "
            f"it has: {', '.join(sorted(inputs.names))}"
        )
    return counters
