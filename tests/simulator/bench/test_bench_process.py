"""One bench per directory; it comes, goes and is taken over without leaving anything behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from ruamel.yaml import YAML

from tests.simulator.bench.bench_support import FIRMWARE, RunningBench, Start, until

CLIENT = [sys.executable, "-m", "tillrig.simulator.bench.client"]


def test_a_stopped_bench_leaves_no_port_and_no_process(start_bench: Start) -> None:
    bench = start_bench()
    firmware = bench.heard("start")[0]["pid"]
    bench.process.terminate()
    assert bench.process.wait(timeout=5) == 0
    left = {path.name for path in bench.directory.iterdir()}
    assert not left & {"ready", "control", "board", "ecr", "console"}
    assert {"rig.yaml", "firmware.log"} <= left
    assert not psutil.pid_exists(firmware)


def test_a_second_bench_in_the_directory_is_refused(start_bench: Start) -> None:
    bench = start_bench()
    second = start_bench(directory=bench.directory, wait=False)
    assert second.process.wait(timeout=10) == 2
    assert second.process.stderr
    assert b"a bench is already running in" in second.process.stderr.read()
    assert bench.do("status")["pid"] == bench.process.pid


def test_the_directory_of_a_killed_bench_is_taken_over(start_bench: Start) -> None:
    bench = start_bench()
    os.kill(bench.process.pid, signal.SIGKILL)
    bench.process.wait()
    assert (bench.directory / "ready").exists()  # it could not clean up
    successor = start_bench(directory=bench.directory)
    assert successor.ready["pid"] == successor.process.pid
    assert successor.do("status")["processor"]


def test_a_bench_ends_with_the_process_it_was_bound_to(start_bench: Start) -> None:
    master = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    bench = start_bench("--with-parent", str(master.pid))
    master.kill()
    master.wait()
    assert bench.process.wait(timeout=5) == 0
    assert not (bench.directory / "ready").exists()


def test_a_bench_bound_to_a_process_that_is_gone_ends_at_once(start_bench: Start) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert start_bench("--with-parent", str(gone.pid), wait=False).process.wait(timeout=10) == 0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--time-scale", "0"], "must be more than 0"),
        (["--host", "nowhere"], "wants HOST:PORT"),
        (["--cards", "/nowhere/cards.yaml"], "no file"),
        (["--fault-file", "/nowhere/f.py"], "no file"),
        (["--set", "batch_limit"], "wants KEY=VALUE"),
        (["--wear", "eleven:3"], "eleven"),
        (["--grade", "superb"], "superb"),
    ],
)
def test_wrong_options_are_refused_with_the_reason(start_bench: Start, words: list[str], complaint: str) -> None:
    refused = start_bench(*words, wait=False)
    assert refused.process.wait(timeout=10) == 2
    assert refused.process.stderr
    message = refused.process.stderr.read().decode()
    assert complaint in message
    assert "Traceback" not in message


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--fault", "slip-amoun"], "there is no fault 'slip-amoun'; did you mean slip-amount?"),
        (["--set", "colour=blue"], "--set colour: no such parameter"),
        (["--cut-at", "write"], "argument --cut-at"),
    ],
)
def test_what_the_processor_would_refuse_is_told_and_not_tried_for_ever(
    tmp_path: Path, words: list[str], complaint: str
) -> None:
    start = [sys.executable, "-m", "tillrig.simulator.bench", "--dir", str(tmp_path / "bench"), "--no-cameras", *words]
    done = subprocess.run(start, check=False, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert done.stderr.startswith(f"tillrig simulate: {complaint}")
    assert done.stderr.count("\n") == 1


def test_a_path_of_any_length_will_do(start_bench: Start, tmp_path: Path) -> None:
    directory = tmp_path / ("d" * 120)
    assert start_bench(directory=directory).do("status")["supplied"]


def test_the_rig_file_is_plain_yaml_that_leads_to_the_ports(start_bench: Start) -> None:
    bench = start_bench("--time-scale", "4")
    rig = YAML(typ="safe").load((bench.directory / "rig.yaml").read_text(encoding="utf-8"))
    assert (rig["name"], rig["profile"], rig["time_scale"], rig["simulated"]) == ("virtual", "classic", 4.0, True)
    instruments = rig["instruments"]
    for name in ("board", "ecr", "console"):
        assert Path(instruments[name]["port"]).is_absolute()
        assert Path(instruments[name]["port"]).exists()
    assert rig["roles"]["keypad"]["keys"] | {} == {
        **{str(digit): digit for digit in range(10)},
        ".": 10, "enter": 11, "cancel": 12, "clear": 13, "up": 14, "down": 15, "func": 16,
    }  # fmt: skip
    assert rig["roles"]["card"]["slots"][1] == "credit-chip"
    assert rig["roles"]["power"]["mains"] == {"channel": 18, "energised": "off"}
    host, port = bench.ready["host"]
    assert rig["host"]["listen"] == f"{host}:{port}"


def test_a_person_at_the_bench_presses_keys(start_bench: Start) -> None:
    bench = start_bench()
    seen = len(bench.heard("K"))
    bench.do("press", "1", "enter", "power:200")
    edges = [note["value"] for note in bench.heard("K")[seen:]]
    assert list(dict.fromkeys(mask for _, mask in edges if mask)) == [1 << 1, 1 << 11, 1 << 17]  # in this order
    power = [at for at, mask in edges if mask == 1 << 17]
    assert edges[-1][0] - power[0] == pytest.approx(0.2, abs=0.002)
    assert bench.do("status")["keys_closed"] == []


def test_commands_can_be_obeyed_later_and_at_the_start(start_bench: Start) -> None:
    bench = start_bench("--hand", "board slow")
    until(lambda: bench.do("status")["board"] == "slow", "the command of the start")
    assert bench.do("board", "dead", after=0.3) == {"scheduled": ["board", "dead"], "after": 0.3}
    assert bench.do("status")["board"] == "slow"
    until(lambda: bench.do("status")["board"] == "dead", "the command of later", 1)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["dance"], "no command 'dance'"),
        (["press", "f1"], "'f1' is none of 0, 1"),
        (["insert", "gold"], "no card 'gold'"),
        (["camera", "slip"], "camera slip:"),
        (["withdraw"], "not there"),
        (["noise", "ecr", "much"], "noise ecr much"),
        (["noise", "ecr", "7"], "a share between 0 and 1"),
        (["screenshot"], "screenshot wants FILE"),
        (["screenshot", "x.jpg", "paper"], "'paper' is none of screen, slip"),
    ],
)
def test_the_command_line_client_says_what_it_cannot_do(start_bench: Start, words: list[str], complaint: str) -> None:
    bench = _shared(start_bench)
    done = _client(bench.directory, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_line_client_prints_the_status(start_bench: Start) -> None:
    bench = _shared(start_bench)
    done = _client(bench.directory, "status")
    assert json.loads(done.stdout)["supplied"] is True


def test_without_a_bench_the_client_says_so(tmp_path: Path) -> None:
    for words in (["status"], ["screenshot", "x.jpg"]):
        done = _client(tmp_path, *words)
        assert done.returncode == 1
        assert "no bench" in done.stderr


def _client(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [*CLIENT, "--dir", str(directory), *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)


_benches: list[RunningBench] = []


def _shared(start_bench: Start) -> RunningBench:
    if not _benches:
        _benches.append(start_bench())
    return _benches[0]


def test_the_scripted_firmware_is_where_the_fixtures_look() -> None:
    assert FIRMWARE.is_file()
