"""A cut supply kills the processor in an instant, and its return starts it anew, knowing how things stand."""

from __future__ import annotations

import os
import signal

import psutil
import pytest

from tests.simulator.bench.bench_support import RunningBench, Start, ask_board, until
from tillrig.simulator import wire


def _starts(bench: RunningBench) -> list[int]:
    return [note["pid"] for note in bench.heard("start")]


def _dead(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE  # whoever adopted it may reap it late
    except psutil.NoSuchProcess:
        return True


def test_the_processor_dies_with_the_supply_and_revives_with_it(start_bench: Start) -> None:
    bench = start_bench()
    (first,) = _starts(bench)
    bench.do("power", "off")
    until(lambda: _dead(first), "the processor to die", 1)
    status = bench.do("status")
    assert (status["supplied"], status["current_ma"], status["processor"]) == (False, 0, None)
    bench.do("cable", "link", "out")
    bench.do("insert", "credit-chip")
    bench.do("paper", "out")
    until(lambda: bench.do("status")["card"] == "credit-chip", "the card")
    bench.do("power", "on")
    until(lambda: len(_starts(bench)) == 2, "the processor to start again")
    second = _starts(bench)[1]
    assert second != first
    until(lambda: [n for n in bench.heard("C") if n["pid"] == second], "the card to be noticed")
    told = {note["kind"]: note["value"] for note in bench.heard() if note["pid"] == second}
    assert told["N"] == {"link": False}
    assert told["P"] == {"state": "out"}
    assert (told["C"]["event"], told["C"]["card"]["name"]) == ("inserted", "credit-chip")
    assert told["E"] == {"battery": 100, "charger": True}


def test_the_mains_relay_cuts_only_a_terminal_without_battery(start_bench: Start) -> None:
    with_battery, without = start_bench("--battery"), start_bench()
    for bench in (with_battery, without):
        _pulse(bench, 18, 400)
    until(lambda: not without.do("status")["supplied"], "the cut")
    assert with_battery.do("status")["supplied"]
    until(lambda: with_battery.heard("E")[-1]["value"] == {"battery": 80, "charger": False}, "the charger to go")
    until(lambda: len(_starts(without)) == 2, "the revival")
    assert len(_starts(with_battery)) == 1


def test_a_crash_leaves_the_supply_and_ends_by_the_watchdog(start_bench: Start) -> None:
    bench = start_bench("--time-scale", "20")
    bench.say(light=[True, True])
    until(lambda: bench.do("status")["backlight"], "the light")
    (first,) = _starts(bench)
    bench.do("firmware", "kill")
    status = until(lambda: (s := bench.do("status"))["processor"] is None and s, "the crash")
    assert status["supplied"]
    assert status["backlight"]  # the lamp does not need the processor
    until(lambda: len(_starts(bench)) == 2, "the watchdog")  # 10 s / 20
    assert _starts(bench)[1] != first
    assert not bench.do("status")["backlight"]


def test_a_firmware_that_breaks_the_wire_is_a_crash_not_the_end_of_the_bench(start_bench: Start) -> None:
    bench = start_bench("--time-scale", "20")
    bench.say(raw="00ffffffff")
    until(lambda: len(_starts(bench)) == 2, "the watchdog")


def test_a_senseless_message_is_skipped(start_bench: Start) -> None:
    bench = start_bench()
    bench.say(raw=wire.json_message(wire.BEEP, {}).hex() + wire.encode(wire.DOTS, b"\x00\x02x").hex())
    bench.say(beep=10)
    until(lambda: bench.do("status")["beeps"] == 1, "the next message")
    assert len(_starts(bench)) == 1


def test_a_firmware_that_asks_for_a_restart_gets_it_at_once(start_bench: Start) -> None:
    bench = start_bench()
    bench.say(reboot=True)
    until(lambda: len(_starts(bench)) == 2, "the restart")
    assert len(set(_starts(bench))) == 2


def test_only_the_first_start_tears_the_flash(start_bench: Start) -> None:
    bench = start_bench(
        "--cut-at", "write:3:byte:7", "--fault", "slip-pan", "--set", "batch_limit=5", "--time-scale", "4"
    )
    bench.do("power", "off")
    bench.do("power", "on")
    until(lambda: len(_starts(bench)) == 2, "the second start")
    first, second = (note["value"] for note in bench.heard("start"))
    assert first[-2:] == ["--cut-at", "write:3:byte:7"]
    assert second == first[:-2]
    assert {"--fault", "slip-pan", "--set", "batch_limit=5", "--time-scale", "4.0"} <= set(second)


def test_beeps_drawer_and_current_are_witnessed(start_bench: Start) -> None:
    bench = start_bench()
    bench.say(beep=200)
    bench.say(drawer=True)
    bench.say(light=[True, True])
    status = until(lambda: (s := bench.do("status"))["backlight"] and s, "the light")
    assert (status["beeps"], status["drawer_openings"]) == (1, 1)
    assert 130 < status["current_ma"] < 190


def test_the_printer_stops_with_the_supply(start_bench: Start) -> None:
    bench = start_bench()
    bench.say(dots=480)
    until(lambda: bench.do("status")["lines_printed"] > 60, "printing")
    assert bench.do("status")["current_ma"] > 500
    bench.do("power", "off")
    assert bench.do("status")["lines_printed"] == 0
    assert bench.do("status")["slip_hanging"]
    bench.do("paper", "take")
    assert not bench.do("status")["slip_hanging"]


def test_a_slip_of_480_lines_takes_a_second_at_any_time_scale(start_bench: Start) -> None:
    bench = start_bench("--time-scale", "50")
    bench.say(dots=480)
    until(lambda: bench.heard("d") and bench.heard("d")[-1]["value"] == 480, "the last line")
    progress = bench.heard("d")
    assert progress[-1]["at"] - progress[0]["at"] == pytest.approx(1.0, abs=0.1)
    assert bench.do("status")["printer_overruns"] == 0


def test_a_killed_bench_takes_its_processor_along(start_bench: Start) -> None:
    bench = start_bench()
    (pid,) = _starts(bench)
    os.kill(bench.process.pid, signal.SIGKILL)
    bench.process.wait()
    until(lambda: _dead(pid), "the processor to die", 2)


def _pulse(bench: RunningBench, coil: int, milliseconds: int) -> None:
    ask_board(bench, f"06{0x0200 + coil:04x}{milliseconds:04x}")
