"""The simulated bench is met like any other: started, opened by the file it writes, worked through ports, ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports.port_fakes import eventually
from tests.roles.role_fakes import Events
from tillrig.drivers.modbus_rtu import ModbusSwitches, Options
from tillrig.errors import CameraError, RigError, SwitchError
from tillrig.rigs import OpenRig, Simulation, load_rig, open_rig

VIRTUAL = "name: virtual\nprofile: classic\nsimulate: {time_scale: 8, grade: clean}\n"


@pytest.fixture(scope="module")
def events() -> Events:
    return Events()


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, events: Events) -> Iterator[OpenRig]:
    path = tmp_path_factory.mktemp("rig") / "virtual.yaml"
    path.write_text(VIRTUAL)
    with open_rig(path, events) as opened:
        yield opened


def test_every_instrument_of_the_bench_is_well(rig: OpenRig) -> None:
    """Board, senses, two cameras, two lines, link, and the process itself."""
    health = rig.check()
    assert [item for item in health if not item.ok] == []
    assert {item.instrument for item in health} == {
        "bench", "board", "sense", "screen", "slip", "ecr", "console", "link"
    }  # fmt: skip


def test_keys_close_their_contacts_once_each(rig: OpenRig) -> None:
    """Every key of the keypad, by the bench's own contact sense."""
    keypad = rig.need("keypad")
    for key in sorted(keypad.keys):
        before = keypad.counts()
        keypad.press(key)
        keypad.wait_open()
        assert keypad.witness(key, before, keypad.counts()) == "clears_rig", key


def test_a_sequence_runs_at_the_rig_files_pace(rig: OpenRig) -> None:
    """40 + 40 ms a key, never less; how much more is measured by `make bench`."""
    keypad = rig.need("keypad")
    keypad.wait_open()
    presses = keypad.press_sequence("1234567890")
    pace = (presses[-1].at - presses[0].at) / 9
    assert pace >= 0.080


def test_cards_go_in_and_out(rig: OpenRig) -> None:
    """Every card of the changer, by the bench's own card sense."""
    card = rig.need("card")
    for name in sorted(card.cards):
        card.insert(name)
        assert card.inserted() is True
        card.withdraw()
        assert card.inserted() is False


def test_a_card_is_held_to_the_reader_and_taken_away(rig: OpenRig) -> None:
    """Longer than the board's watchdog: the harness keeps feeding it."""
    card = rig.need("card")
    card.tap(sorted(card.cards)[0])
    assert not eventually(lambda: not rig.switches["board"].read()[31], 1.5)
    card.remove()
    assert not any(rig.switches["board"].read())


def test_supply_goes_and_comes(rig: OpenRig) -> None:
    """By the bench's own supply sense."""
    power = rig.need("power")
    power.off()
    assert power.supplied() is False
    assert power.witness() == "clears_rig"
    power.restore()
    assert power.witness() == "clears_rig"
    assert power.supplied() is True


def test_the_screens_frames_come_at_their_rate_and_are_young(rig: OpenRig) -> None:
    """X-Timestamp is the middle of the exposure."""
    camera = rig.cameras["screen"]
    latest = camera.latest()
    assert latest is not None
    first = camera.after(latest.index, time.monotonic() + 5)
    shot = camera.after(first.index + 30, time.monotonic() + 5)
    assert (shot.at - first.at) == pytest.approx(1.0, abs=0.4)
    assert time.monotonic() - shot.at < 0.3


def test_the_link_is_cut_and_mended(rig: OpenRig) -> None:
    """One contact."""
    assert rig.link is not None
    rig.link.down()
    assert rig.switches["board"].read()[21]
    rig.link.up()
    assert not rig.switches["board"].read()[21]


def test_a_bench_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    """The reason is the bench's own words."""
    path = tmp_path / "virtual.yaml"
    path.write_text("name: virtual\nsimulate: {}\n")
    with pytest.raises(RigError, match=r"ended at its start with code 2:\n(.|\n)*invalid choice: 'steam'"):
        open_rig(load_rig(path).with_simulation(model="steam"))


def test_a_bench_killed_in_mid_run_is_every_instruments_failure(tmp_path: Path) -> None:
    """Each in bounded time, and closing what is left takes no longer."""
    path = tmp_path / "virtual.yaml"
    path.write_text(VIRTUAL)
    rig = open_rig(path)
    assert rig.simulation is not None
    os.kill(rig.simulation.pid, signal.SIGKILL)
    began = time.monotonic()
    with pytest.raises(SwitchError):
        rig.need("keypad").press("1")
    with pytest.raises(CameraError):
        rig.cameras["screen"].after(10**6, time.monotonic() + 60)
    assert eventually(lambda: sum(not item.ok for item in rig.check()) >= 7)
    bench = next(item for item in rig.check() if item.instrument == "bench")
    assert "ended with code -9" in bench.text
    rig.close()
    assert time.monotonic() - began < 15
    assert not rig.simulation.directory.exists()


def test_a_harness_killed_with_a_contact_closed_leaves_it_open(tmp_path: Path) -> None:
    """kill -9 with a key down and the supply cut: both contacts open within a second, on a bench that lives on."""
    path = tmp_path / "virtual.yaml"
    path.write_text("name: virtual\nsimulate: {grade: clean, directory: bench, options: [--no-cameras]}\n")
    simulation = Simulation(load_rig(path))
    try:
        work = (
            f"from tillrig.rigs import open_rig; rig = open_rig({str(simulation.rig_file)!r}); rig.power.cut(); "
            "rig.keypad.hold('5', 1000); print('down', flush=True); import threading; threading.Event().wait()"
        )
        harness = subprocess.Popen([sys.executable, "-c", work], stdout=subprocess.PIPE)
        assert harness.stdout is not None
        assert harness.stdout.readline() == b"down\n"
        harness.kill()
        killed = time.monotonic()
        harness.wait()
        harness.stdout.close()
        # Reading the coils feeds the watchdog, so the look comes when the second is over.
        time.sleep(max(0.0, killed + 1.0 - time.monotonic()))
        with open_board(simulation.directory / "board") as coils:
            assert not any(coils)
    finally:
        simulation.stop()


class open_board:  # noqa: N801 - reads as a word
    """The coils as they were before the board was taken over."""

    def __init__(self, port: Path) -> None:
        self._port = port

    def __enter__(self) -> tuple[bool, ...]:
        coils: list[tuple[bool, ...]] = []

        class Looking(ModbusSwitches):
            def _write_all_open(self) -> None:
                coils.append(self.read())
                super()._write_all_open()

        self._switches = Looking("board", Options(port="", watchdog=False, guard=False), str(self._port))
        return coils[0]

    def __exit__(self, *_: object) -> None:
        self._switches.close()
