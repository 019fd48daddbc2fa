"""Drivers are found by name among the installed distributions' entry points, the built-in ones included."""

from __future__ import annotations

import importlib.metadata
from typing import get_args

import msgspec
import pytest

from tillrig import drivers
from tillrig.errors import SuiteError


@pytest.mark.parametrize("name", drivers.names())
def test_every_driver_gives_a_port_and_declares_its_keys(name: str) -> None:
    """Unknown keys are refused by each of them."""
    driver = drivers.load(name)
    assert driver.port in get_args(drivers.PortKind)
    assert driver.Options.__struct_config__.forbid_unknown_fields
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"no_such_key": 1}, driver.Options)


def test_every_port_has_a_manual_driver() -> None:
    """A person can stand in for any machine."""
    manual = {drivers.load(name).port for name in drivers.names() if name.startswith("manual-")}
    assert manual == set(get_args(drivers.PortKind))


def test_an_unknown_driver_is_told_with_those_that_exist() -> None:
    """The rig file's author reads this."""
    with pytest.raises(SuiteError, match=r"no driver 'modbus'; known: .*modbus-rtu"):
        drivers.load("modbus")


def test_an_entry_point_that_is_no_driver_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else's distribution may be wrong."""
    wrong = importlib.metadata.EntryPoint("odd", "os:sep", drivers.GROUP)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: [wrong])
    with pytest.raises(SuiteError, match=r"driver 'odd' \(os:sep\) gives no known port"):
        drivers.load("odd")
