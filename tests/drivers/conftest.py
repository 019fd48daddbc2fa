"""The devices of tests/ports, here too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ports.port_fakes import FakeBoard, FakeCamera


@pytest.fixture
def board() -> Iterator[FakeBoard]:
    made = FakeBoard()
    yield made
    made.stop()


@pytest.fixture
def http_camera() -> Iterator[FakeCamera]:
    made = FakeCamera()
    yield made
    made.stop()
