"""Faults in a row: each hook's value goes through every fault that defines it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tillrig.simulator.firmware.hooks import HOOK_NAMES, MAY_BE_NONE, Hooks


class Fault(NamedTuple):
    """A loaded fault: its name, the file it came from, and its hooks by name."""

    name: str
    file: str
    hooks: dict[str, Callable[..., Any]]


class FaultError(Exception):
    """A fault cannot be loaded or broke while it ran; names file and line."""


class Chain(Hooks):
    """Hooks that call the given faults in order."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        for name in HOOK_NAMES:
            parts = [fault for fault in faults if name in fault.hooks]
            if parts:
                setattr(self, name, functools.partial(_run, name, parts))


def _run(name: str, faults: Sequence[Fault], value: Any, *context: Any) -> Any:
    for fault in faults:
        hook = fault.hooks[name]
        try:
            value = hook(value, *context)
        except Exception as error:
            line = _line_in(error, fault.file) or hook.__code__.co_firstlineno
            raise FaultError(f"{fault.file}:{line}: {name} failed: {type(error).__name__}: {error}") from error
        if value is None and name not in MAY_BE_NONE:
            line = hook.__code__.co_firstlineno
            raise FaultError(f"{fault.file}:{line}: {name} returned nothing; it must return the value to use")
    return value


def _line_in(error: BaseException, file: str) -> int | None:
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
