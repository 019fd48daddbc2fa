"""How a driver is found and what it is given.

A distribution adds drivers by an entry point of group `tillrig.drivers` whose object satisfies `Driver`; the built-in
ones are declared in the same way.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

import msgspec

from tillrig.drivers.technician import Technician
from tillrig.errors import SuiteError

GROUP = "tillrig.drivers"

PortKind = Literal["switches", "inputs", "serial", "camera", "link"]

#: `emit(kind, **data)`: the timeline's ear. Called from whichever thread acts.
Emit = Callable[..., None]


class Secrecy:
    """Whether a secret is being typed now. Whoever writes down what a relay did asks this first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._depth = 0

    @property
    def active(self) -> bool:
        return self._depth > 0

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            self._depth += 1
        try:
            yield
        finally:
            with self._lock:
                self._depth -= 1


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a driver may use of the rig.

    base        folder to which relative paths of the rig file refer
    instrument  another instrument of the rig, opened first when need be; raises RigFileError when there is none
    technician  who does what no machine does here
    """

    base: Path
    emit: Emit
    secrecy: Secrecy
    technician: Technician
    instrument: Callable[[str], Any]


class Driver(Protocol):
    """One kind of hardware. `Options` are its keys in the rig file (a msgspec Struct that forbids unknown fields)."""

    @property
    def port(self) -> PortKind: ...

    @property
    def Options(self) -> type[msgspec.Struct]: ...  # noqa: N802 - it is a class

    def open(self, name: str, options: Any, context: Context) -> Any:
        """The port object, ready for use. Raises the port's error when the hardware is not there."""


def names() -> tuple[str, ...]:
    """The drivers that are installed, sorted."""
    return tuple(sorted({point.name for point in importlib.metadata.entry_points(group=GROUP)}))


def load(name: str) -> Driver:
    """The driver called `name`. Raises SuiteError naming those that exist."""
    for point in importlib.metadata.entry_points(group=GROUP):
        if point.name == name:
            driver: Driver = point.load()
            if getattr(driver, "port", None) not in get_args(PortKind):
                raise SuiteError(f"driver {name!r} ({point.value}) gives no known port; allowed: {get_args(PortKind)}")
            return driver
    known = ", ".join(names()) or "none (is tillrig installed? `pip install -e .` registers its drivers)"
    raise SuiteError(f"there is no driver {name!r}; known: {known}")
