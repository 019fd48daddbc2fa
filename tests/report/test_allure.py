"""Allure's results after both reporters have written them."""

import json

from tests.report.test_summary import row, summary
from tillrig.report.allure import normalise
from tillrig.verdicts import Verdict


def result(name: str, status: str, message: str, full: str) -> dict:
    return {
        "name": name, "status": status, "statusDetails": {"message": message}, "fullName": full, "historyId": "x",
        "labels": [{"name": "suite", "value": "s"}], "parameters": [],
    }  # fmt: skip


def test_a_rig_error_of_robot_is_broken_not_failed(tmp_path):
    """allure-robotframework knows only failed; the verdict in the message decides."""
    path = tmp_path / "1-result.json"
    path.write_text(json.dumps(result("t", "failed", "RIG_ERROR: board is silent", "suites.x.t")))
    normalise(tmp_path, summary(row("t", Verdict.RIG_ERROR)))
    assert json.loads(path.read_text())["status"] == "broken"


def test_a_fail_stays_failed_and_a_plain_message_is_left_alone(tmp_path):
    """FAIL is failed; a message without a verdict keeps its status."""
    (tmp_path / "1-result.json").write_text(json.dumps(result("t", "failed", "FAIL: amount", "a")))
    (tmp_path / "2-result.json").write_text(json.dumps(result("u", "broken", "KeyError: 'x'", "b")))
    normalise(tmp_path, summary(row("t", Verdict.FAIL)))
    assert json.loads((tmp_path / "1-result.json").read_text())["status"] == "failed"
    assert json.loads((tmp_path / "2-result.json").read_text())["status"] == "broken"


def test_a_result_that_was_left_half_written_is_passed_over(tmp_path):
    """A killed process; the others are put right all the same."""
    (tmp_path / "0-result.json").write_text('{"name": "t", "sta')
    (tmp_path / "1-result.json").write_text("[]")
    (tmp_path / "2-result.json").write_text(json.dumps(result("t", "failed", "RIG_ERROR: x", "a")))
    assert normalise(tmp_path, summary(row("t", Verdict.RIG_ERROR))) == 1
    assert json.loads((tmp_path / "2-result.json").read_text())["status"] == "broken"


def test_history_does_not_depend_on_where_robot_was_started(tmp_path):
    """The same test started elsewhere has the same history."""
    (tmp_path / "1-result.json").write_text(json.dumps(result("t", "passed", "", "Main.suites.sale.T")))
    (tmp_path / "2-result.json").write_text(json.dumps(result("t", "passed", "", "Lab.Main.suites.sale.T")))
    normalise(tmp_path, summary(row("t", Verdict.PASS)))
    first, second = (json.loads((tmp_path / f"{n}-result.json").read_text())["historyId"] for n in (1, 2))
    assert first == second != "x"
