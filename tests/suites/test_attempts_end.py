"""How an attempt ends when its test is never called, cannot begin, or raises: never as PASS, in pytest and in Robot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from robot.api import ExecutionResult

from tillrig.evidence import load_run
from tillrig.verdicts import Verdict

ROOT = Path(__file__).parents[2]
CONFTEST = """
from pathlib import Path

import pytest

from tests.suites.fake_session import install
from tillrig.errors import BlockedError, RigError, UsageError
from tillrig.verdicts import Verdict

install(Path({run!r}), {refused!r})
"""


def run_pytest(tmp_path: Path, body: str, *arguments: str, refused: str = "") -> subprocess.CompletedProcess[str]:
    """pytest on a suite of these tests with the session that has no rig."""
    (tmp_path / "conftest.py").write_text(CONFTEST.format(run=str(tmp_path / "run"), refused=refused))
    (tmp_path / "test_suite.py").write_text(f"from conftest import *\n\n{body}")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "run").mkdir()
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *arguments, "test_suite.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def verdicts(tmp_path: Path) -> list[Verdict]:
    return [record.verdict for record in load_run(tmp_path / "run").attempts]


#: What a fixture that stands after `till` does, the verdict, and what pytest tells.
SET_UPS = (
    ("raise BlockedError('no paper')", Verdict.BLOCKED, "BLOCKED: BlockedError: no paper"),
    ("raise RigError('the lamp is dark')", Verdict.RIG_ERROR, "VerdictError: RIG_ERROR: RigError: the lamp is dark"),
    ("raise OSError('unplugged')", Verdict.RIG_ERROR, "VerdictError: RIG_ERROR: OSError: unplugged"),
    ("raise UsageError('no such card')", Verdict.TEST_ERROR, "VerdictError: TEST_ERROR: UsageError: no such card"),
    ("assert till is None", Verdict.TEST_ERROR, "VerdictError: TEST_ERROR: AssertionError"),
    ("pytest.skip('no link on this rig')", Verdict.BLOCKED, "BLOCKED: BlockedError: no link on this rig"),
    ("till.report(Verdict.FAIL); raise RigError('x')", Verdict.FAIL, "AssertionError: FAIL: screen.menu"),
)
SET_UP = """
@pytest.fixture
def prepared_{number}(till):
    {what}

def test_{number}(till, prepared_{number}):
    till.do("sale")
"""


def test_an_error_of_the_set_up_is_the_attempts_verdict(tmp_path):
    """A fixture that stands after `till` raises: the test is never called, and that is no PASS."""
    bodies = [SET_UP.format(number=number, what=what) for number, (what, _, _) in enumerate(SET_UPS)]
    done = run_pytest(tmp_path, "\n".join(bodies))
    assert verdicts(tmp_path) == [verdict for _, verdict, _ in SET_UPS]
    assert [told for _, _, told in SET_UPS if told not in done.stdout] == []
    assert "2 skipped, 5 errors" in done.stdout
    assert not (tmp_path / "run" / "done.txt").exists()


def test_a_test_that_is_never_called_is_blocked(tmp_path):
    """Set up and taken down without the call and without an error: nothing was found out."""
    run_pytest(tmp_path, "def test_it(till):\n    till.do('sale')\n", "--setup-only")
    assert verdicts(tmp_path) == [Verdict.BLOCKED]


def test_a_test_that_asks_for_till_only_when_it_runs_is_judged_too(tmp_path):
    done = run_pytest(tmp_path, "def test_it(request):\n    request.getfixturevalue('till').report(Verdict.FAIL)\n")
    assert verdicts(tmp_path) == [Verdict.FAIL]
    assert "1 failed" in done.stdout


def test_what_a_called_test_does_decides_as_before(tmp_path):
    """PASS, FAIL, an error of the suite, a skip; and a test without `till` is left alone."""
    done = run_pytest(
        tmp_path,
        """
def test_pass(till):
    till.do("sale")

def test_fail(till):
    till.report(Verdict.FAIL)

def test_error(till):
    assert till is None

def test_blocked(till):
    raise BlockedError("x")

@pytest.mark.skip(reason="not now")
def test_marked(till):
    till.do("sale")

def test_other():
    pass
""",
    )
    assert verdicts(tmp_path) == [Verdict.PASS, Verdict.FAIL, Verdict.TEST_ERROR, Verdict.BLOCKED]
    assert "2 failed, 2 passed, 2 skipped" in done.stdout


def test_a_rig_that_cannot_be_opened_is_a_rig_error_in_pytest(tmp_path):
    done = run_pytest(tmp_path, "def test_it(till):\n    till.do('sale')\n", refused="rig")
    assert "VerdictError: RIG_ERROR: SerialError: the relay board's port is gone" in done.stdout
    assert "1 error" in done.stdout


def test_an_attempt_that_cannot_be_stored_is_a_rig_error_in_pytest(tmp_path):
    done = run_pytest(tmp_path, "def test_it(till):\n    till.do('sale')\n", refused="test_it")
    assert "VerdictError: RIG_ERROR: EvidenceError: cannot write attempt.json" in done.stdout
    assert not (tmp_path / "run" / "done.txt").exists()


ROBOT = """
*** Settings ***
Library    tillrig.robot_library.Till

*** Test Cases ***
First
    Show Version

Second
    {second}

Third
    Show Version
"""


def run_robot(tmp_path: Path, refused: str, second: str = "Show Version", *options: str) -> list[tuple[str, str]]:
    """Status and message of each test."""
    (tmp_path / "x.robot").write_text(ROBOT.format(second=second))
    (tmp_path / "run").mkdir()
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "fake_session.py"), str(tmp_path / "run"), refused,
         "--outputdir", str(tmp_path / "out"), "--log", "NONE", "--report", "NONE", *options, "x.robot"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (tmp_path / "out" / "output.xml").exists(), done.stdout + done.stderr
    return [(test.status, test.message) for test in ExecutionResult(tmp_path / "out" / "output.xml").suite.all_tests]


def test_robot_operates_nothing_in_an_attempt_that_could_not_begin(tmp_path):
    """Its keywords refuse, and the reason is the test's verdict; the tests around it are not touched."""
    told = run_robot(tmp_path, refused="Second")
    assert [status for status, _ in told] == ["PASS", "FAIL", "PASS"]
    assert told[1][1].startswith("RIG_ERROR: EvidenceError: cannot write attempt.json")
    assert (tmp_path / "run" / "done.txt").read_text().count("ShowVersion") == 2
    assert verdicts(tmp_path) == [Verdict.PASS, Verdict.PASS]


def test_robot_gives_the_session_back_when_it_is_done(tmp_path):
    run_robot(tmp_path, refused="none")
    assert (tmp_path / "run" / "released.txt").exists()


def test_a_dry_run_of_robot_opens_no_rig(tmp_path):
    """It looks at the words of the suites only, and says what is wrong with them."""
    told = run_robot(tmp_path, "rig", "No Such Keyword", "--dryrun")
    assert [status for status, _ in told] == ["PASS", "FAIL", "PASS"]
    assert "No keyword with name 'No Such Keyword' found" in told[1][1]


def test_robot_stays_green_for_no_attempt_that_could_not_begin(tmp_path):
    """Even when no keyword of the test would have operated the terminal."""
    told = run_robot(tmp_path, refused="Second", second="Log    nothing")
    assert told[1] == ("FAIL", "RIG_ERROR: EvidenceError: cannot write attempt.json: no space left")


def test_robot_says_rig_error_when_the_rig_cannot_be_opened(tmp_path):
    told = run_robot(tmp_path, refused="rig")
    assert told == [("FAIL", "RIG_ERROR: SerialError: the relay board's port is gone")] * 3


def test_a_robot_test_that_skips_itself_is_blocked(tmp_path):
    told = run_robot(tmp_path, refused="none", second="Skip    no link on this rig")
    assert told[1] == ("SKIP", "BLOCKED: BlockedError: no link on this rig")
    assert verdicts(tmp_path) == [Verdict.PASS, Verdict.BLOCKED, Verdict.PASS]


def test_till_refuses_between_tests():
    """Nothing done outside a test would count."""
    from tillrig import suite_attempts
    from tillrig.errors import BlockedError

    with pytest.raises(BlockedError):
        suite_attempts.till()
    assert suite_attempts.end(None).verdict is Verdict.PASS
