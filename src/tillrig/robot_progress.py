"""A Robot listener that tells `tillrig run` which tests were collected."""

from __future__ import annotations

from pathlib import Path

from robot import result as robot_result
from robot import running

from tillrig import progress


class Announcer:
    """Says once, for the top suite, which tests will run."""

    ROBOT_LISTENER_API_VERSION = 3

    def start_suite(self, data: running.TestSuite, result: robot_result.TestSuite) -> None:
        if data.parent is None:
            progress.emit("collected", tests=[identity(test) for test in data.all_tests])


def identity(test: running.TestCase) -> str:
    """The test's name in a run: its file as seen from where the run began, and its name."""
    path = Path(str(test.source))
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{shown}::{test.name}"
