"""A suite process that breaks off never leaves a green run behind."""

import errno
import signal
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tillrig.errors import EvidenceError
from tillrig.pytest_plugin import ENDED_FROM_OUTSIDE
from tillrig.runner import run
from tillrig.runner.endings import TAIL_LINES, ending, tail
from tillrig.runner.run import RunSettings, run_suites
from tillrig.runner.selection import Selection
from tillrig.verdicts import EXIT_CODES, Verdict

ROOT = Path(__file__).parents[2]
SOUND = "def test_nothing():\n    pass\n"
ROBOT = "*** Test Cases ***\nT\n    Log    y\n"


@pytest.mark.parametrize(
    ("kind", "code", "verdict"),
    [
        ("pytest", 0, None), ("pytest", 1, Verdict.TEST_ERROR), ("pytest", 5, None),
        ("pytest", 2, Verdict.TEST_ERROR), ("pytest", 3, Verdict.TEST_ERROR), ("pytest", 4, Verdict.TEST_ERROR),
        ("pytest", 77, Verdict.TEST_ERROR), ("pytest", -signal.SIGSEGV, Verdict.TEST_ERROR),
        ("pytest", ENDED_FROM_OUTSIDE, Verdict.BLOCKED),
        ("robot", 0, None), ("robot", 1, Verdict.TEST_ERROR), ("robot", 250, Verdict.TEST_ERROR),
        ("robot", 252, Verdict.TEST_ERROR), ("robot", 255, Verdict.TEST_ERROR),
        ("robot", -signal.SIGKILL, Verdict.TEST_ERROR), ("robot", 253, Verdict.BLOCKED),
    ],
)  # fmt: skip
def test_an_exit_code_that_attempts_do_not_explain_is_a_verdict(kind, code, verdict):
    ended = ending(kind, code, found=False, explained=False)
    assert (ended and ended.verdict) == verdict


@pytest.mark.parametrize(("kind", "code"), [("pytest", 1), ("robot", 1), ("robot", 143), ("robot", 250)])
def test_failures_that_are_told_explain_the_exit_code_that_counts_them(kind, code):
    assert ending(kind, code, found=False, explained=True) is None


def test_the_stop_at_the_fail_that_was_looked_for_is_no_error():
    """pytest interrupts itself then (2); any other breaking off still counts."""
    assert ending("pytest", 2, found=True, explained=True) is None
    assert ending("pytest", 3, found=True, explained=True) is not None
    assert ending("pytest", -9, found=True, explained=True) is not None


def test_a_signal_is_named():
    ended = ending("robot", -signal.SIGKILL, found=False, explained=True)
    assert ended is not None
    assert "SIGKILL" in ended.text


def test_the_end_of_the_log_is_told(tmp_path):
    log = tmp_path / "log"
    assert tail(log) == ""
    log.write_bytes(b"\xff\n" + b"".join(b"%d\n" % number for number in range(100)))
    assert tail(log).splitlines() == [str(number) for number in range(100 - TAIL_LINES, 100)]


def test_a_sound_run_stays_green(suite):
    (suite.folder / "test_sound.py").write_text(SOUND)
    code, told = suite()
    assert "broke off" not in told
    assert code == EXIT_CODES[Verdict.PASS]


@pytest.mark.parametrize("place", ["/proc/q", "/dev/null/q", __file__])
def test_a_run_directory_that_cannot_be_is_a_wrong_command_line(place):
    """Not a fault of the rig: nothing was opened."""
    told = StringIO()
    settings = RunSettings(selection=Selection(paths=()), rig=ROOT / "rigs" / "virtual.yaml", run_dir=Path(place))
    assert run_suites(settings, Console(file=told, width=200)) == EXIT_CODES[Verdict.TEST_ERROR]
    assert told.getvalue().startswith(f"UsageError: --run-dir {place}: no folder can be made there: ")


def test_a_fault_file_that_is_none_is_told_before_a_bench_is_started(tmp_path):
    """By its own line; nothing is written."""
    (tmp_path / "f.py").write_text("def no_such_hook():\n    pass\n")
    told = StringIO()
    settings = RunSettings(
        selection=Selection(paths=()),
        rig=ROOT / "rigs" / "virtual.yaml",
        run_dir=tmp_path / "run",
        fault_files=(tmp_path / "f.py",),
    )
    assert run_suites(settings, Console(file=told, width=200)) == EXIT_CODES[Verdict.TEST_ERROR]
    assert "f.py:1: no_such_hook is no hook" in told.getvalue()
    assert not (tmp_path / "run").exists()


def test_a_run_directory_on_a_full_disk_is_the_rigs_fault(tmp_path, monkeypatch):
    def full(*_args, **_more):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(EvidenceError, match="No space left on device"):
        run.run_directory(tmp_path / "run")


def test_a_suite_that_cannot_be_collected_is_a_test_error(suite):
    """Its tests were never announced; what else ran may be green."""
    (suite.folder / "test_sound.py").write_text(SOUND)
    (suite.folder / "test_broken.py").write_text("import no_such_module_anywhere\n")
    code, told = suite()
    assert code == EXIT_CODES[Verdict.TEST_ERROR]
    assert "pytest broke off with exit code 2" in told
    assert "no_such_module_anywhere" in told


def test_a_suite_process_that_dies_is_a_test_error(suite):
    (suite.folder / "test_dies.py").write_text("import os\n\ndef test_it():\n    os.kill(os.getpid(), 9)\n")
    code, told = suite()
    assert code == EXIT_CODES[Verdict.TEST_ERROR]
    assert "pytest was killed by SIGKILL" in told


def test_a_robot_file_that_cannot_be_read_is_a_test_error(suite):
    (suite.folder / "broken.robot").write_bytes(b"*** Test Cases ***\nT\xff\xfe\n    Log    y\n")
    code, told = suite()
    assert code == EXIT_CODES[Verdict.TEST_ERROR]
    assert "robot broke off with exit code 252" in told
    assert "UnicodeDecodeError" in told


def test_a_requirement_that_no_robot_test_checks_is_no_error(suite):
    """Robot calls an empty choice invalid data unless it is told that it may be empty."""
    (suite.folder / "sound.robot").write_text(ROBOT)
    code, told = suite(requirements=("NONE-OF-THEM",))
    assert "broke off" not in told
    assert code == EXIT_CODES[Verdict.PASS]


LOOKED_FOR = """
from tillrig.verdicts import Verdict

def test_found(till):
    till.report(Verdict.FAIL)

def test_more(till):
    till.do("sale")
"""


def test_the_fail_that_was_looked_for_ends_the_run_as_a_fail(suite):
    """The suite process interrupts itself at it; nothing is told beside that FAIL, and nothing more is run."""
    suite.operated()
    (suite.folder / "test_looked_for.py").write_text(LOOKED_FOR)
    code, told = suite(stop_at_fail=True)
    assert code == EXIT_CODES[Verdict.FAIL]
    assert "broke off" not in told
    assert "test_found" in told
    assert "test_more" not in told
