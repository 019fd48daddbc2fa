"""The keyword library for Robot Framework: `Library    tillrig.robot_library.Till`.

A thin adapter. The library listens to its own tests: an attempt begins and ends with the test, and the test's status
and message are the attempt's verdict.
"""

from __future__ import annotations

from typing import Any

import msgspec
from robot import result as robot_result
from robot import running
from robot.api.deco import keyword, library
from robot.libraries.BuiltIn import BuiltIn

from tillrig import suite_attempts
from tillrig.errors import BlockedError, UsageError
from tillrig.host import scenarios
from tillrig.robot_keywords import Keywords, Yuan
from tillrig.robot_progress import identity
from tillrig.verdicts import Verdict


@library(scope="GLOBAL", auto_keywords=False, converters={Yuan: Yuan.parse})
class Till(Keywords):
    """Operates the terminal of the rig as a tester does, and judges what it shows, prints and sends.

    Findings accumulate; the test's verdict is their fold. The rig is the one of the variable ${RIG}, of TILLRIG_RIG, or
    rigs/virtual.yaml.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        super().__init__()
        self.ROBOT_LIBRARY_LISTENER = self
        self._aborted: BaseException | None = None

    # -- listener -----------------------------------------------------------------------------------------------------
    def start_test(self, data: running.TestCase, result: robot_result.TestCase) -> None:
        self._planned.clear()
        self._outcome = None
        self._aborted = None
        if BuiltIn().dry_run_active:
            return
        tags = [str(tag) for tag in data.tags]
        try:
            suite_attempts.begin(
                identity(data),
                requirements=[tag.partition(":")[2] for tag in tags if tag.startswith("requirement:")],
                rig=BuiltIn().get_variable_value("${RIG}"),
            )
        except Exception as error:  # noqa: BLE001 - Robot would log it and let the test pass
            self._aborted = error  # the keywords will say so: till() refuses

    def end_test(self, data: running.TestCase, result: robot_result.TestCase) -> None:
        if BuiltIn().dry_run_active:
            return
        word = suite_attempts.end(self._error(result))
        if word.verdict is Verdict.PASS:
            return
        result.status = "SKIP" if word.verdict is Verdict.BLOCKED else "FAIL"
        result.message = word.text

    def _error(self, result: robot_result.TestCase) -> BaseException | None:
        """What aborted the test: why its attempt could not begin, the exception that a keyword raised, or Robot's own
        words for a wrong suite."""
        raised = self._aborted or suite_attempts.take_error()
        if raised is None and not result.passed:
            return BlockedError(result.message) if result.skipped else UsageError(result.message)
        return raised

    # -- states -------------------------------------------------------------------------------------------------------
    @keyword
    def terminal_is_ready(self, records: int | None = None) -> None:
        """An operator is signed in and the menu is shown. `records`: 0 wants an empty batch, n at least n records."""
        with suite_attempts.noting_errors():
            suite_attempts.till().ready(records=records)

    @keyword
    def terminal_is_at_operator_prompt(self) -> None:
        """Nobody is signed in."""
        with suite_attempts.noting_errors():
            suite_attempts.till().ensure("operator_prompt")

    # -- the host -----------------------------------------------------------------------------------------------------
    @keyword
    def host_plays(self, message: str, scenario: str, **arguments: Any) -> None:
        """In the next action the host answers `message` (sale, reversal …) by `scenario` (manual: Test host)."""
        kinds = {kind.__name__: kind for kind in scenarios.Scenario.__subclasses__()}
        if scenario not in kinds:
            raise UsageError(f"no scenario '{scenario}'; there are: {', '.join(sorted(kinds))}")
        self._planned.append((message, msgspec.convert(arguments, kinds[scenario], strict=False)))
