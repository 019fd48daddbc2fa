"""Collects Robot files into a pytest run: one item a Robot test, one mini-run an item.

A mini-run executes exactly one test of the file, in this process, with the keyword library's own listener, so that both
kinds of suites share the session, the rig and the attempt. Suite Setup and Suite Teardown would run once a test instead
of once a file, so a file that has one is refused when it is collected.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from robot.api import TestSuite

from tillrig.errors import UsageError
from tillrig.verdicts import Verdict


class RobotFile(pytest.File):
    """A `.robot` file."""

    def collect(self) -> Iterator[RobotItem]:
        suite = load(self.path)
        if suite.setup or suite.teardown:
            raise self.CollectError(f"{self.path}: Suite Setup and Suite Teardown are not allowed; use Test Setup")
        for test in suite.tests:
            yield RobotItem.from_parent(self, name=test.name, tags=tuple(str(tag) for tag in test.tags))


class RobotItem(pytest.Item):
    """One Robot test."""

    def __init__(self, *, tags: tuple[str, ...], **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self.tags = tags

    def runtest(self) -> None:
        """Run this one test; turn Robot's word into pytest's."""
        suite = load(self.path)
        suite.tests = [test for test in suite.tests if test.name == self.name]
        written = io.StringIO()
        # run() parses arguments again and ignores the file's Language: header unless it is told.
        language = {"language": _language(self.path)} if _language(self.path) else {}
        result = suite.run(output=None, log=None, report=None, stdout=written, stderr=written, **language)
        (test,) = result.suite.all_tests
        if test.skipped:
            pytest.skip(test.message)
        if not test.passed:
            raise RobotTestError(test.message)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        if isinstance(excinfo.value, RobotTestError):
            return f"{self.path.name}: {self.name}\n{excinfo.value}"
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"robot: {self.name}"


class RobotTestError(AssertionError):
    """A Robot test that did not pass; the text is Robot's message, which begins with the verdict."""

    @property
    def verdict(self) -> Verdict:
        word = str(self).partition(":")[0]
        return Verdict(word) if word in Verdict.__members__ else Verdict.TEST_ERROR


def load(path: Path) -> TestSuite:
    """Parse one file, obeying its `Language:` header."""
    suite = TestSuite.from_file_system(path, lang=_language(path))
    if not isinstance(suite, TestSuite):
        raise UsageError(f"{path}: not a Robot suite")
    return suite


def _language(path: Path) -> str | None:
    for line in path.read_text(encoding="utf-8").splitlines()[:5]:
        name, found, value = line.partition(":")
        if found and name.strip().lower() == "language":
            return value.strip()
    return None
