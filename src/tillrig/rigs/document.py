"""A YAML 1.2 file whose every value knows its line and column."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from tillrig.errors import RigFileError
from tillrig.yaml_files import told

Value = TypeVar("Value")
Trail = tuple[str | int, ...]

#: msgspec ends its messages with the place: " - at `$.keys[...]`".
_PLACE = re.compile(r" - at `(?:key in )?\$?([^`]*)`$")
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]|(\[\.\.\.\])")
_UNKNOWN = re.compile(r"unknown field `([^`]+)`")
_FORM = re.compile(r"matching regex '(.*)'$")
_MISSING = re.compile(r"missing required field `([^`]+)`")


class Document:
    """One file. `data` is plain Python; `error` makes a RigFileError that names file, line, column and key."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise RigFileError(f"{path}: the rig file cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise RigFileError(f"{path}: the rig file is not UTF-8 (byte {error.start})") from error
        try:
            self._tree = YAML(typ="rt").load(text)
        except (YAMLError, ValueError, RecursionError) as error:
            raise RigFileError(told(path, text, error)) from error
        if not isinstance(self._tree, CommentedMap):
            raise RigFileError(f"{path}:1:1: a rig file is a mapping (name: …, instruments: …), not {self._tree!r:.40}")
        self.data: dict[Any, Any] = _plain(self._tree)
        for trail, value in _numbers(self.data):
            if not math.isfinite(value):
                raise self.error(trail, f"{value} is no number for a rig; only finite ones are allowed")

    def error(self, trail: Trail, message: str) -> RigFileError:
        """`trail`: the keys from the top down to the value that is to blame."""
        line, column = self._position(trail)
        key = ".".join(str(step) for step in trail)
        return RigFileError(f"{self.path}:{line}:{column}: {key + ': ' if key else ''}{message}")

    def convert(self, trail: Trail, data: Any, kind: type[Value]) -> Value:
        """`data`, found at `trail`, as `kind` (a msgspec Struct). Raises RigFileError saying what is allowed."""
        try:
            return msgspec.convert(data, kind)
        except msgspec.ValidationError as error:
            raise self._explain(trail, data, kind, error) from error

    def _explain(self, trail: Trail, data: Any, kind: Any, error: msgspec.ValidationError) -> RigFileError:
        text = str(error)
        found = _PLACE.search(text)
        message = _PLACE.sub("", text)
        inner = _inner(found.group(1) if found else "", data, kind)
        place = (*trail, *inner)
        allowed = ", ".join(_fields(kind, inner))
        if unknown := _UNKNOWN.search(message):
            return self.error((*place, unknown.group(1)), f"unknown key; allowed: {allowed}")
        if missing := _MISSING.search(message):
            return self.error(place, f"the key {missing.group(1)!r} is missing; allowed: {allowed}")
        if form := _FORM.search(message):
            return self.error(place, f"{_at(data, inner)!r} is not of the form {form.group(1)}")
        return self.error(place, message[:1].lower() + message[1:])

    def _position(self, trail: Trail) -> tuple[int, int]:
        node: Any = self._tree
        line, column = 0, 0
        for step in trail:
            key = _own_key(node, step)
            try:
                if isinstance(node, CommentedMap):
                    line, column = node.lc.key(key)
                elif isinstance(node, CommentedSeq):
                    line, column = node.lc.item(key)
                else:
                    break
                node = node[key]
            except (KeyError, IndexError, TypeError):
                break
        return line + 1, column + 1


def _own_key(node: Any, step: str | int) -> Any:
    """A key may be written 0 and be looked for as "0"."""
    if isinstance(node, CommentedMap) and step not in node:
        return next((key for key in node if str(key) == str(step)), step)
    return step


def _plain(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {key: _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _numbers(data: Any, trail: Trail = ()) -> Iterator[tuple[Trail, float]]:
    """Every number that may be none, with the keys that lead to it."""
    if isinstance(data, float):
        yield trail, data
    elif isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _numbers(value, (*trail, key))


def _inner(place: str, data: Any, kind: Any) -> Trail:
    """The keys that msgspec's place stands for; where it only says "[...]", the entry that fails by itself."""
    trail: list[str | int] = []
    for name, index, any_key in _STEP.findall(place):
        if name:
            trail.append(name)
        elif index:
            trail.append(int(index))
        elif any_key:
            culprit = _culprit(tuple(trail), data, kind)
            if culprit is None:
                break
            trail.append(culprit)
    return tuple(trail)


def _culprit(trail: Trail, data: Any, kind: Any) -> Any:
    mapping = _at(data, trail)
    if not isinstance(mapping, dict):
        return None
    for key, value in mapping.items():
        try:
            msgspec.convert(_replaced(data, trail, {key: value}), kind)
        except msgspec.ValidationError:
            return key
    return None


def _at(data: Any, trail: Trail) -> Any:
    for step in trail:
        data = data[step]
    return data


def _replaced(data: Any, trail: Trail, value: Any) -> Any:
    if not trail:
        return value
    copy: Any = list(data) if isinstance(data, list) else dict(data)
    copy[trail[0]] = _replaced(data[trail[0]], trail[1:], value)
    return copy


def _fields(kind: Any, trail: Trail) -> tuple[str, ...]:
    """The keys that the struct at `trail` within `kind` allows."""
    for step in trail:
        kind = _struct(kind)
        kind = _field_type(kind, str(step)) if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else kind
        if get_origin(kind) is dict:
            continue
    kind = _struct(kind)
    return kind.__struct_fields__ if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else ()


def _field_type(kind: type[msgspec.Struct], name: str) -> Any:
    return next((field.type for field in msgspec.structs.fields(kind) if field.name == name), kind)


def _struct(kind: Any) -> Any:
    """The struct within an optional or a container of structs."""
    if isinstance(kind, type):
        return kind
    return next(
        (
            found
            for part in get_args(kind)
            if isinstance(found := _struct(part), type) and issubclass(found, msgspec.Struct)
        ),
        kind,
    )
