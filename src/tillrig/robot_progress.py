"""A Robot listener that tells `tillrig run` which tests were collected, and what failed outside an attempt."""

from __future__ import annotations

import sys
from pathlib import Path

from robot import result as robot_result
from robot import running

from tillrig import progress
from tillrig.verdicts import Verdict


class Announcer:
    """Says for the top suite which tests will run, and in the end which failed although their attempts do not say so: a
    Suite Teardown, or a test without the keyword library."""

    ROBOT_LISTENER_API_VERSION = 3

    def start_suite(self, data: running.TestSuite, result: robot_result.TestSuite) -> None:
        if data.parent is None:
            progress.emit("collected", tests=[identity(test) for test in data.all_tests])

    def end_suite(self, data: running.TestSuite, result: robot_result.TestSuite) -> None:
        if data.parent is not None:
            return
        suite_attempts = sys.modules.get("tillrig.suite_attempts")
        for test in result.all_tests:
            if test.failed and not (suite_attempts and suite_attempts.explained(identity(test))):
                progress.emit("error", id=identity(test), verdict=Verdict.TEST_ERROR.value, reason=test.message)


def identity(test: running.TestCase | robot_result.TestCase) -> str:
    """The test's name in a run: its file as seen from where the run began, and its name."""
    path = Path(str(test.source))
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{shown}::{test.name}"
