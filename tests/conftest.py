"""Fake devices at the far end of a cable, for the tests of ports, drivers and rigs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ports.port_fakes import Cable, EchoHost, FakeBoard, FakeCamera


@pytest.fixture
def board() -> Iterator[FakeBoard]:
    made = FakeBoard()
    yield made
    made.stop()


@pytest.fixture
def cable() -> Iterator[Cable]:
    made = Cable()
    yield made
    made.unplug()


@pytest.fixture
def http_camera() -> Iterator[FakeCamera]:
    made = FakeCamera()
    yield made
    made.stop()


@pytest.fixture
def echo_host() -> Iterator[EchoHost]:
    made = EchoHost()
    yield made
    made.stop()
