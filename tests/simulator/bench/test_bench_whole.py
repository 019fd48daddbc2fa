"""Bench, firmware and cameras together: the terminal wakes when its power key is held, and dies with its supply."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial
from PIL import Image, ImageStat

from tests.simulator.bench.bench_support import until
from tillrig.simulator import BenchFailedError, ControlError, SimulatedBench
from tillrig.simulator.bench import rtu
from tillrig.simulator.bench.client import screenshot

POWER_KEY, MAINS_CUT = 17, 18


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedBench]:
    with SimulatedBench(tmp_path_factory.mktemp("whole"), "--grade", "clean", "--time-scale", "20") as bench:
        yield bench


def _pulse(bench: SimulatedBench, coil: int, milliseconds: int) -> None:
    with serial.Serial(str(bench.directory / "board"), 115200, timeout=1) as port:
        port.write(rtu.frame(1, bytes.fromhex(f"06{0x0200 + coil:04x}{milliseconds:04x}")))
        assert len(port.read(8)) == 8


def _green(bench: SimulatedBench) -> float:
    """Mean brightness of the middle of what the screen camera sees, 0 to 255."""
    path = bench.directory / "seen.jpg"
    screenshot(bench.directory, path)
    picture = Image.open(io.BytesIO(path.read_bytes())).crop((400, 300, 880, 500))
    return float(ImageStat.Stat(picture).mean[1])


def test_the_power_key_wakes_the_terminal_and_a_cut_ends_it(whole: SimulatedBench) -> None:
    dark = _green(whole)
    until(lambda: whole.do("status")["processor"], "the processor")
    # A processor needs a moment after power before it listens to its keys.
    until(lambda: [_pulse(whole, POWER_KEY, 400), _waited(whole)][1], "the display", 20)
    assert whole.do("status")["current_ma"] > 100
    lit = until(lambda: (g := _green(whole)) > dark + 20 and g, "the camera to see the light")
    _pulse(whole, MAINS_CUT, 300)
    until(lambda: not whole.do("status")["display"], "the display to go dark")
    until(lambda: _green(whole) < lit - 15, "the camera to see the dark")
    until(lambda: whole.do("status")["starts"] == 2, "the processor to start again")
    assert whole.do("status")["display"] is False  # it waits for its power key


def _waited(bench: SimulatedBench) -> bool:
    try:
        until(lambda: bench.do("status")["display"], "the display", 1.0)
    except AssertionError:
        return False
    return True


def test_a_frozen_camera_still_answers_and_a_dead_one_does_not(whole: SimulatedBench) -> None:
    whole.do("camera", "screen", "frozen")
    assert _green(whole) > 0
    whole.do("camera", "screen", "dead")
    with pytest.raises(ControlError, match="gives no picture"):
        _green(whole)
    whole.do("camera", "screen", "ok")
    assert until(lambda: _green(whole), "the camera to come back") > 0


def test_a_bench_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(BenchFailedError, match="wants KEY=VALUE"):
        SimulatedBench(tmp_path, "--set", "nonsense")
