"""A suite process and its events."""

import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from tillrig.runner.processes import SilentError, run_suite_process

SENDING = """
import sys
from tillrig import progress
progress.emit("collected", tests=["a", "b"])
progress.emit("end", id="消费", verdict="PASS", seconds=1.0)
print("said on the console")
sys.exit(3)
"""


def test_events_and_exit_code_come_through(tmp_path):
    """Every event is delivered, in order, Chinese included; the console goes to the log; the exit code is returned."""
    seen = []
    code = run_suite_process(
        [sys.executable, "-c", SENDING], log=tmp_path / "log", environment={}, on_event=seen.append
    )
    assert code == 3
    assert [event["event"] for event in seen] == ["collected", "end"]
    assert seen[1]["id"] == "消费"
    assert "said on the console" in (tmp_path / "log").read_text()


def test_a_killed_process_ends_the_wait(tmp_path):
    """A suite that dies does not hang the runner."""
    began = time.monotonic()
    code = run_suite_process(
        [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"],
        log=tmp_path / "log", environment={}, on_event=lambda _: None,
    )  # fmt: skip
    assert code == -9
    assert time.monotonic() - began < 30


STAYING = """
import pathlib, signal, sys
from tillrig import progress
def safe(*_):
    pathlib.Path(sys.argv[1]).write_text("safe")
    sys.exit(0)
signal.signal(signal.SIGINT, safe)
progress.emit("start", id="x")
signal.pause()
"""


def test_ctrl_c_reaches_the_suite_process_so_that_it_opens_its_switches(tmp_path):
    """An interrupt is passed on, and the process may finish its safe state."""

    def interrupt(_event):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_suite_process(
            [sys.executable, "-c", STAYING, str(tmp_path / "safe")],
            log=tmp_path / "log", environment={}, on_event=interrupt,
        )  # fmt: skip
    assert (tmp_path / "safe").read_text() == "safe"


TALKING = """
import time
from tillrig import progress
for number in range(6):
    progress.emit("action", text=str(number))
    time.sleep(0.5)
"""


def test_a_process_that_tells_nothing_is_told_to_stop(tmp_path):
    """It may still open its switches."""
    safe, seen = tmp_path / "safe", []
    with pytest.raises(SilentError, match="told nothing for 4 s"):
        run_suite_process(
            [sys.executable, "-c", STAYING, str(safe)],
            log=tmp_path / "log", environment={}, on_event=seen.append, silence_s=4,
        )  # fmt: skip
    assert [event["event"] for event in seen] == ["start"]
    assert safe.read_text() == "safe"


def test_a_process_that_goes_on_telling_is_left_alone_however_long_it_takes(tmp_path):
    seen = []
    code = run_suite_process(
        [sys.executable, "-c", TALKING], log=tmp_path / "log", environment={}, on_event=seen.append, silence_s=2.5
    )
    assert (code, len(seen)) == (0, 6)


LEAVING = """
import os, time
from tillrig import progress
progress.emit("start", id="x")
if os.fork() == 0:
    time.sleep(60)
os._exit(0)
"""


def test_what_a_process_leaves_behind_does_not_hold_the_runner(tmp_path):
    """A child of its own holds the pipe open; the process itself has ended."""
    began = time.monotonic()
    code = run_suite_process(
        [sys.executable, "-c", LEAVING], log=tmp_path / "log", environment={}, on_event=lambda _: None
    )
    assert code == 0
    assert time.monotonic() - began < 30


ASKING = """
import sys
from tillrig.drivers.technician import Technician
technician = Technician()
print(technician.attended, technician.ask("board", "close switch 3"))
"""
ASKING_RUNNER = """
import sys
from pathlib import Path
from tillrig.runner.processes import run_suite_process
child, log = sys.argv[1:]
code = run_suite_process([sys.executable, "-c", child], log=Path(log), environment={}, on_event=lambda _: None)
sys.exit(code)
"""


def test_a_technician_is_asked_at_the_terminal_of_the_run(tmp_path, monkeypatch):
    """Its suite process has no controlling terminal."""
    monkeypatch.delenv("TILLRIG_UNATTENDED", raising=False)
    monkeypatch.delenv("TILLRIG_TERMINAL", raising=False)
    master, slave = pty.openpty()
    runner = subprocess.Popen(
        [sys.executable, "-c", ASKING_RUNNER, ASKING, str(tmp_path / "log")],
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    shown = b""
    while b"close switch 3" not in shown:
        shown += os.read(master, 4096)
    os.write(master, b"done\n")
    assert runner.wait(20) == 0
    os.close(master)
    assert (tmp_path / "log").read_text() == "True done\n"


def test_progress_without_a_runner_is_silent(monkeypatch, capfd):
    """Plain pytest prints no progress events."""
    from tillrig import progress

    monkeypatch.delenv(progress.VARIABLE, raising=False)
    progress.emit("start", id="x")
    assert capfd.readouterr().out == ""
    assert progress.VARIABLE not in os.environ


RUNNER = """
import sys
from pathlib import Path
from tillrig.runner.processes import ended_as_by_ctrl_c, run_suite_process
child, safe, log = sys.argv[1:]
try:
    with ended_as_by_ctrl_c():
        run_suite_process([sys.executable, "-c", child, safe], log=Path(log), environment={}, on_event=print)
except KeyboardInterrupt:
    sys.exit(22)
"""


def test_a_runner_that_is_terminated_ends_its_suite_process_in_order(tmp_path):
    """As by Ctrl-C: nothing of it goes on operating the rig."""
    safe = tmp_path / "safe"
    runner = subprocess.Popen(
        [sys.executable, "-uc", RUNNER, STAYING, str(safe), str(tmp_path / "log")], stdout=subprocess.PIPE
    )
    assert runner.stdout is not None
    assert b"start" in runner.stdout.readline()
    runner.terminate()
    assert runner.wait(20) == 22
    assert safe.read_text() == "safe"


def test_a_suite_process_whose_runner_was_killed_ends_at_its_next_word():
    reading, writing = os.pipe()
    os.close(reading)
    code = "from tillrig import progress; progress.emit('action', text='x'); import signal; signal.pause()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "TILLRIG_PROGRESS_FD": str(writing)}, pass_fds=(writing,)
    )
    os.close(writing)
    assert process.wait(20) == -signal.SIGTERM
