"""What fails outside an attempt, hangs, or leaves no readable evidence never leaves a green run behind."""

import json

import pytest

from tillrig.evidence.records import AttemptRecord
from tillrig.evidence.writer import write_json
from tillrig.report.publish import read_summary
from tillrig.runner import run
from tillrig.runner.endings import Told, unrecorded
from tillrig.verdicts import EXIT_CODES, Verdict

PASSES = """
def test_a(till):
    till.do("sale")
"""
FIXTURE = """
import pytest
from tillrig.errors import RigError, BlockedError

@pytest.fixture{scope}
def lamp({uses}):
    yield
    {end}
"""
#: A suite, what it is called on the report, and its verdict.
OUTSIDE = [
    ("def test_other():\n    assert 1 == 2\n" + PASSES, "test_other: call: AssertionError", Verdict.TEST_ERROR),
    (
        FIXTURE.format(scope="", uses="till", end="assert False") + "def test_b(till, lamp):\n    till.do('sale')\n",
        "test_b: teardown: AssertionError",
        Verdict.TEST_ERROR,
    ),
    (
        FIXTURE.format(scope="", uses="", end="raise RigError('the lamp is dark')")
        + "def test_b(till, lamp):\n    till.do('sale')\n",
        "test_b: teardown: RigError: the lamp is dark",
        Verdict.RIG_ERROR,
    ),
    (
        FIXTURE.format(scope="(scope='session')", uses="", end="raise OSError('unplugged')")
        + "def test_b(lamp, till):\n    till.do('sale')\n",
        "test_b: teardown: OSError: unplugged",
        Verdict.RIG_ERROR,
    ),
    (
        "import pytest\n@pytest.mark.xfail(strict=True, raises=ZeroDivisionError)" + PASSES,
        "test_a: call: UsageError: it ended otherwise than pytest was told to expect",
        Verdict.TEST_ERROR,
    ),
    (
        "def test_b(till, subtests):\n    with subtests.test():\n        assert till is None\n",
        "test_b: call: AssertionError",
        Verdict.TEST_ERROR,
    ),
]


@pytest.mark.parametrize(("body", "text", "verdict"), OUTSIDE)
def test_what_fails_outside_an_attempt_counts(suite, body, text, verdict):
    """pytest ends with exit code 1, as it does for an attempt that did not pass; here every attempt passed."""
    suite.operated()
    (suite.folder / "test_suite.py").write_text(body)
    code, told = suite()
    assert code == EXIT_CODES[verdict]
    assert text in told
    troubles = read_summary(suite.run_dir).troubles
    assert {trouble.verdict for trouble in troubles} == {verdict}
    assert text in troubles[0].text
    assert text.split(": ")[-1] in (suite.run_dir / "index.html").read_text()


SOUND = """
import pytest

def test_other():
    pass

@pytest.mark.skip(reason="not here")
def test_skipped():
    pass

def test_a(till):
    till.do("sale")
"""


def test_a_sound_suite_is_not_accused(suite):
    suite.operated()
    (suite.folder / "test_suite.py").write_text(SOUND)
    assert suite()[0] == EXIT_CODES[Verdict.PASS]
    assert read_summary(suite.run_dir).troubles == ()


def test_what_an_attempt_says_is_said_once(suite):
    """A FAIL explains exit code 1."""
    suite.operated()
    body = "from tillrig.verdicts import Verdict\ndef test_a(till):\n    till.report(Verdict.FAIL)\n"
    (suite.folder / "test_suite.py").write_text(body)
    assert suite()[0] == EXIT_CODES[Verdict.FAIL]
    assert read_summary(suite.run_dir).troubles == ()


FIRST_ROUND = """
import pytest
from pathlib import Path
from tillrig.errors import InconclusiveError

@pytest.fixture
def lamp():
    yield
    assert 0, "the lamp"

def test_a(till):
    if not Path("again").exists():
        Path("again").touch()
        raise InconclusiveError("blurred")
    till.do("sale")
"""


@pytest.mark.parametrize(("broken", "verdict"), [(True, Verdict.TEST_ERROR), (False, Verdict.PASS)])
def test_an_attempt_that_is_repeated_excuses_nothing_else(suite, broken, verdict):
    """It alone explained the first round's exit code; it passes in the second. Each round keeps its JUnit file."""
    suite.operated()
    more = "def test_b(till, lamp):\n    till.do('sale')\n" if broken else ""
    (suite.folder / "test_suite.py").write_text(FIRST_ROUND + more)
    code, _ = suite()
    assert code == EXIT_CODES[verdict]
    assert read_summary(suite.run_dir).retried == 1
    junit = suite.run_dir / "junit"
    assert "blurred" in (junit / "pytest.xml").read_text()
    assert 'tests="1"' in (junit / "pytest-2.xml").read_text()


def test_an_exit_code_that_no_test_explains_counts(suite):
    """As of a plugin that is not content."""
    suite.operated()
    (suite.folder / "test_suite.py").write_text(PASSES)
    with (suite.folder / "conftest.py").open("a") as file:
        file.write("\ndef pytest_sessionfinish(session):\n    session.exitstatus = 1\n")
    code, told = suite()
    assert code == EXIT_CODES[Verdict.TEST_ERROR]
    assert "pytest ended with exit code 1, and nothing that was run explains it" in told


ROBOT = """
*** Settings ***
Library    conftest.py
Library    tillrig.robot_library.Till
{setting}

*** Test Cases ***
A
    Show Version
"""


@pytest.mark.parametrize(
    ("setting", "verdict"),
    [("", Verdict.PASS), ("Suite Teardown    Fail    the lamp is dark", Verdict.TEST_ERROR)],
)
def test_a_robot_suite_teardown_that_fails_counts(suite, setting, verdict):
    """The attempts of its tests have ended by then."""
    suite.operated()
    (suite.folder / "x.robot").write_text(ROBOT.format(setting=setting))
    code, told = suite()
    assert code == EXIT_CODES[verdict]
    assert ("the lamp is dark" in told) == bool(setting)


def test_what_was_told_and_is_not_on_disk_counts():
    """The disk was full: the record says less than the process, or there is none."""
    told = Told()
    for test, verdict in (("a", "FAIL"), ("b", "RIG_ERROR"), ("c", "PASS"), ("d", "INCONCLUSIVE")):
        told.event({"event": "end", "id": test, "verdict": verdict, "reason": "why", "seconds": 1})
    recorded = {"a": Verdict.RIG_ERROR, "c": Verdict.PASS, "d": Verdict.RIG_ERROR}
    found = unrecorded(told, recorded)
    assert [(one.verdict, one.text.partition(":")[0]) for one in found] == [
        (Verdict.FAIL, "a"), (Verdict.RIG_ERROR, "b")
    ]  # fmt: skip


def test_evidence_that_cannot_be_read_is_a_rig_error(suite):
    """An attempt vanishes with its attempt.json; whatever it said, the run is not sound."""
    suite.operated()
    (suite.folder / "test_suite.py").write_text(PASSES)
    lost = suite.run_dir / "attempts" / "007-lost"
    lost.mkdir(parents=True)
    (lost / "attempt.json").write_text('{"number": 7')
    code, told = suite()
    assert code == EXIT_CODES[Verdict.RIG_ERROR]
    assert "evidence cannot be read" in told
    assert "007-lost" in (suite.run_dir / "index.html").read_text()


def test_a_half_written_allure_result_does_not_take_the_verdict_away(suite):
    """pytest was killed as it wrote it; table, page and exit code come out all the same."""
    (suite.run_dir / "allure").mkdir(parents=True)
    (suite.run_dir / "allure" / "1-result.json").write_text('{"name": "a", "sta')
    fail = AttemptRecord(number=5, id="found", verdict=Verdict.FAIL, directory="x")
    (suite.run_dir / "attempts" / "005-found").mkdir(parents=True)
    write_json(suite.run_dir / "attempts" / "005-found" / "attempt.json", fail)
    (suite.folder / "test_suite.py").write_text("def test_other():\n    pass\n")
    code, told = suite()
    assert code == EXIT_CODES[Verdict.FAIL]
    assert "FAIL · exit 10" in told
    assert (suite.run_dir / "index.html").exists()


def test_a_page_that_cannot_be_written_hides_no_verdict(suite):
    suite.operated()
    (suite.folder / "test_suite.py").write_text(PASSES)
    (suite.run_dir / "index.html").mkdir(parents=True)
    code, told = suite()
    assert code == EXIT_CODES[Verdict.RIG_ERROR]
    assert "the report could not be written: IsADirectoryError" in told
    assert json.loads((suite.run_dir / "summary.json").read_text())["verdict"] == "RIG_ERROR"


HANGING = """
import threading

def test_a(till):
    till.do("sale")
    threading.Event().wait()

def test_b(till):
    till.do("sale")
"""


def test_a_suite_that_hangs_is_stopped_and_says_where(suite):
    suite.operated()
    (suite.folder / "test_suite.py").write_text(HANGING)
    code, told = suite(silence_s=12)
    assert code == EXIT_CODES[Verdict.TEST_ERROR]
    assert "pytest hung and was stopped: it told nothing for 12 s; last was test_suite.py::test_a" in told
    assert read_summary(suite.run_dir).not_run == ("test_suite.py::test_b",)


def test_silence_that_no_action_can_reach_is_the_limit():
    """A terminal that sleeps, a technician who thinks, a settlement with every answer missing: none comes near."""
    assert run.SILENCE_S >= 3 * 600
