"""A small rig of fake devices, described by a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ports.port_fakes import FakeBoard, FakeCamera
from tests.roles.role_fakes import Events

RIG = """\
name: small
profile: classic
instruments:
  board: {{driver: modbus-rtu, port: {port}, timeout_ms: 300}}
  sense: {{driver: modbus-rtu-inputs, board: board}}
  screen: {{driver: mjpeg, url: "{url}", size: [64, 48], fps: 50, exposure_ms: 4, controls: "{controls}",
    corners: [[1, 2], [60, 3], [61, 40], [2, 41]], distortion_k1: -0.03}}
  link: {{driver: switched-link, board: board, channel: 21, energised: down}}
roles:
  keypad:
    board: board
    keys: {{0: 0, "1": 1, enter: 11}}
    sense: {{inputs: sense, counter: closures, base: 0}}
  power: {{board: board, mains: {{channel: 18, energised: off}}, key: 17}}
  card: {{board: board, slot_bits: [24, 25], tap: 31, slots: {{0: debit-stripe}}}}
  paper: {{board: board, out: {{channel: 22, energised: out}}}}
host: {{listen: "127.0.0.1:6001"}}
"""


@pytest.fixture
def rig_file(tmp_path: Path, board: FakeBoard, http_camera: FakeCamera) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(RIG.format(port=board.port, url=http_camera.url, controls=http_camera.controls_url))
    return path


@pytest.fixture
def events() -> Events:
    return Events()
