"""The devices of tests/ports, here too."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "ports"))

from port_fakes import FakeBoard, FakeCamera


@pytest.fixture
def board() -> Iterator[FakeBoard]:
    made = FakeBoard()
    yield made
    made.cable.to_near = lambda data: data
    made.stop()


@pytest.fixture
def http_camera() -> Iterator[FakeCamera]:
    made = FakeCamera()
    yield made
    made.stop()
