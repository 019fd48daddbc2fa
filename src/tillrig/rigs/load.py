"""From a rig file to a `Rig`: every mistake is told with its line before anything is opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tillrig import drivers
from tillrig.drivers.frame_ring import View
from tillrig.errors import ProfileError, SuiteError
from tillrig.profiles import find_profile, read_profile
from tillrig.rigs.calibration import Calibration, calibration_file, crossed
from tillrig.rigs.document import Document, Trail
from tillrig.rigs.schema import HostSpec, Instrument, Rig, Roles, SimulateSpec
from tillrig.rigs.trial import refused

_TOP = ("name", "profile", "time_scale", "simulated", "instruments", "roles", "host", "simulate")


class _Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    profile: str | None = None
    time_scale: float | None = None
    simulated: bool = False
    host: HostSpec | None = None
    simulate: SimulateSpec | None = None


def load_rig(path: Path | str) -> Rig:
    """Read and check a rig file, and `NAME.calibration.yaml` beside it if there is one.

    Raises RigFileError; ProfileError where the profile itself is wrong.
    """
    document = Document(Path(path).resolve())
    for key in document.data:
        if key not in _TOP:
            raise document.error((key,), f"unknown key; allowed: {', '.join(_TOP)}")
    head = document.convert(
        (), {key: document.data[key] for key in document.data if key in _Head.__struct_fields__}, _Head
    )
    if head.simulate is not None:
        return _simulated(document, head, head.simulate)
    if head.profile is None:
        raise document.error((), "the key 'profile' is missing: which terminal model stands on this rig")
    if head.time_scale is not None and head.time_scale <= 0:
        raise document.error(("time_scale",), f"{head.time_scale} is not above 0; 1 is a terminal at its own pace")
    if not head.simulated:  # written by a bench; what started it may have a profile of its own
        _check_profile(document, head.profile)
    instruments = _calibrated(document.path, _instruments(document))
    roles = document.convert(("roles",), _normal_roles(_section(document, "roles")), Roles)
    _check_roles(document, instruments, roles)
    return Rig(
        name=head.name,
        profile=head.profile,
        path=document.path,
        time_scale=head.time_scale or 1.0,
        simulated=head.simulated,
        instruments=instruments,
        roles=roles,
        host=head.host,
    )


def _simulated(document: Document, head: _Head, simulate: SimulateSpec) -> Rig:
    for key in ("instruments", "roles", "time_scale", "host"):
        if key in document.data:
            raise document.error((key,), "the simulated bench describes this itself; leave it out beside `simulate:`")
    if (no := refused(simulate, document.path.parent)) is not None:
        raise document.error(("simulate", *no[0]), no[1])
    _check_profile(document, head.profile or simulate.model)
    return Rig(
        name=head.name,
        profile=head.profile or simulate.model,
        path=document.path,
        time_scale=simulate.time_scale,
        simulated=True,
        simulate=simulate,
    )


def _check_profile(document: Document, name: str) -> None:
    """Raises RigFileError when there is none of that name, ProfileError when it is wrong."""
    try:
        path = find_profile(name, document.path)
    except ProfileError as error:
        raise document.error(
            ("profile",) if "profile" in document.data else ("simulate", "model"), str(error)
        ) from error
    read_profile(path)


def _section(document: Document, name: str) -> dict[Any, Any]:
    section = document.data.get(name)
    if section is None and name in document.data:
        return {}
    if section is None:
        raise document.error(
            (), f"the key {name!r} is missing; a rig has name, profile, instruments, roles, or simulate"
        )
    if not isinstance(section, dict):
        raise document.error((name,), f"must be a mapping, not {section!r:.40}")
    return section


def _instruments(document: Document) -> dict[str, Instrument]:
    found = {}
    for key, entry in _section(document, "instruments").items():
        trail: Trail = ("instruments", key)
        if not isinstance(entry, dict) or "driver" not in entry:
            raise document.error(trail, f"needs a driver; known: {', '.join(drivers.names())}")
        try:
            driver = drivers.load(str(entry["driver"]))
        except SuiteError as error:
            raise document.error((*trail, "driver"), str(error)) from error
        options = {name: value for name, value in entry.items() if name != "driver"}
        found[str(key)] = Instrument(
            name=str(key),
            driver=entry["driver"],
            port=driver.port,
            options=document.convert(trail, options, driver.Options),
        )
    for name, instrument in found.items():
        _check_corners(document, ("instruments", name), instrument.options)
        _check_board(document, found, name, instrument)
    return found


def _check_corners(document: Document, trail: Trail, view: Any) -> None:
    """Corners in another order than clockwise on the picture would be read as a mirrored or folded display."""
    corners = getattr(view, "corners", None)
    if not isinstance(view, View | Calibration) or corners is None:
        return
    if problem := crossed(corners):
        raise document.error((*trail, "corners"), problem)


def _check_board(document: Document, instruments: dict[str, Instrument], name: str, instrument: Instrument) -> None:
    """An instrument on another one's board: the board must be there, and have the channel."""
    board = getattr(instrument.options, "board", None)
    if board is None:
        return
    trail: Trail = ("instruments", name)
    _require(document, (*trail, "board"), instruments, board, "switches")
    channel = getattr(instrument.options, "channel", None)
    if channel is not None:
        _check_channel(document, (*trail, "channel"), instruments[board], channel)


def _require(document: Document, trail: Trail, instruments: dict[str, Instrument], name: str, port: str) -> None:
    able = sorted(other.name for other in instruments.values() if other.port == port)
    if name not in able:
        raise document.error(
            trail, f"{name!r} is no instrument that gives {port}; allowed: {', '.join(able) or 'none'}"
        )


def _check_channel(document: Document, trail: Trail, board: Instrument, channel: int) -> None:
    count = getattr(board.options, "channels", None)
    if channel < 0 or (count is not None and channel >= count):
        raise document.error(trail, f"{board.name} has no channel {channel}; allowed: 0 to {(count or 1) - 1}")


def _normal_roles(roles: dict[Any, Any]) -> dict[Any, Any]:
    """Keys called 0 to 9 are text, slots are numbers, however they are quoted."""
    normal = dict(roles)
    if isinstance(keypad := normal.get("keypad"), dict):
        keypad = normal["keypad"] = dict(keypad)
        if isinstance(keypad.get("keys"), dict):
            keypad["keys"] = {str(key): channel for key, channel in keypad["keys"].items()}
        sense = keypad.get("sense")
        if isinstance(sense, dict) and isinstance(sense.get("counter"), dict):
            counter = {str(key): value for key, value in sense["counter"].items()}
            keypad["sense"] = sense | {"counter": counter}
    card = normal.get("card")
    if isinstance(card, dict) and isinstance(card.get("slots"), dict):
        slots = {int(key) if str(key).isdigit() else key: value for key, value in card["slots"].items()}
        normal["card"] = card | {"slots": slots}
    return normal


def _check_roles(document: Document, instruments: dict[str, Instrument], roles: Roles) -> None:
    taken: dict[tuple[str, int], str] = {}
    for instrument in instruments.values():
        channel = getattr(instrument.options, "channel", None)
        if channel is not None:
            taken[instrument.options.board, channel] = f"instruments.{instrument.name}"
    for role in Roles.__struct_fields__:
        spec = getattr(roles, role)
        if spec is None:
            continue
        _require(document, ("roles", role, "board"), instruments, spec.board, "switches")
        sense = spec.sense.inputs if role == "keypad" and spec.sense is not None else spec.sense
        if sense is not None:
            trail: Trail = ("roles", role, "sense", "inputs") if role == "keypad" else ("roles", role, "sense")
            _require(document, trail, instruments, sense, "inputs")
        for step, channel in _channels(spec):
            _check_channel(document, ("roles", role, *step), instruments[spec.board], channel)
            user = f"roles.{role}.{'.'.join(map(str, step))}"
            if (spec.board, channel) in taken:
                already = taken[spec.board, channel]
                raise document.error(("roles", role, *step), f"channel {channel} is {already}'s already")
            taken[spec.board, channel] = user
    if roles.keypad is not None:
        for number, chord in enumerate(roles.keypad.chords):
            if unknown := sorted(set(chord) - set(roles.keypad.keys)):
                raise document.error(("roles", "keypad", "chords", number), f"no such keys: {', '.join(unknown)}")


def _channels(spec: Any) -> Iterator[tuple[Trail, int]]:
    """Every channel a role uses, with the keys that lead to it."""
    for name in ("insert", "withdraw", "swipe", "tap", "key", "reset", "take"):
        if isinstance(channel := getattr(spec, name, None), int):
            yield (name,), channel
    for name in ("mains", "battery", "out"):
        if (line := getattr(spec, name, None)) is not None:
            yield (name, "channel"), line.channel
    for key, channel in getattr(spec, "keys", {}).items():
        yield ("keys", key), channel
    for number, channel in enumerate(getattr(spec, "slot_bits", ())):
        yield ("slot_bits", number), channel


def _calibrated(path: Path, instruments: dict[str, Instrument], pose: str | None = None) -> dict[str, Instrument]:
    beside = calibration_file(path)
    if not beside.is_file():
        return instruments
    document = Document(beside)
    merged = dict(instruments)
    for name, entry in document.data.items():
        if name not in instruments or not isinstance(instruments[name].options, View):
            cameras = sorted(key for key, one in instruments.items() if isinstance(one.options, View))
            raise document.error((name,), f"is no camera of {path.name}; its cameras: {', '.join(cameras) or 'none'}")
        found = document.convert((name,), entry, Calibration)
        _check_corners(document, (name,), found)
        if found.pose != pose:
            # Found on another pose of a simulated camera, or on another rig: it says nothing of this one.
            continue
        options = msgspec.structs.replace(instruments[name].options, **found.overrides())
        merged[name] = msgspec.structs.replace(instruments[name], options=options)
    return merged


def calibrated(rig: Rig, pose: str | None) -> Rig:
    """The rig with what lies beside its file, as far as it was found at this `pose` of a simulated camera."""
    return msgspec.structs.replace(rig, instruments=_calibrated(rig.path, rig.instruments, pose))
