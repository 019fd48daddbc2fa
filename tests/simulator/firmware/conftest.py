"""Fixtures for the firmware's own tests: a scripted acquirer and a desk with one terminal on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.simulator.firmware.firmware_acquirer import Acquirer
from tests.simulator.firmware.firmware_desk import Card, Desk

Start = Callable[..., Desk]


@pytest.fixture
def acquirer() -> Iterator[Acquirer]:
    """A host that approves."""
    host = Acquirer()
    yield host
    host.close()


@pytest.fixture
def start(acquirer: Acquirer, tmp_path: Path) -> Iterator[Start]:
    """Start terminals on one flash file, one after the other."""
    desks: list[Desk] = []

    def run(*options: str, **more: object) -> Desk:
        for desk in desks:
            desk.close()
        desks.append(Desk(tmp_path, acquirer.address, *options, **more))  # type: ignore[arg-type]
        return desks[-1]

    yield run
    for desk in desks:
        desk.close()


@pytest.fixture
def desk(start: Start) -> Desk:
    """A signed-in terminal at its menu."""
    made = start()
    made.sign_in()
    return made


@pytest.fixture
def chip_card() -> Card:
    """A credit card with a chip."""
    chip = {"aid": "A000000333010102", "label": "PBOC CREDIT", "aip": "7C00"}
    return {
        "pan": "9900028765432102", "expiry": "3105", "service": "201", "sequence": "001", "stripe": True,
        "contactless": True, "chip": chip,
    }  # fmt: skip


@pytest.fixture
def stripe_card() -> Card:
    """A debit card with nothing but a stripe."""
    return {
        "pan": "9900012345678901239", "expiry": "2912", "service": "101", "sequence": "", "stripe": True,
        "contactless": False,
    }  # fmt: skip
