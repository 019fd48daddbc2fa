"""What a suite process says that its attempts do not: tests that were lost on the way, or failed outside an attempt."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tillrig.pytest_plugin import ENDED_FROM_OUTSIDE
from tillrig.report.summary import Trouble
from tillrig.verdicts import Verdict, fold

#: How much of a process's log is told when it broke off.
TAIL_LINES = 20

#: All passed; some failed, as their attempts say; none were chosen.
PYTEST_USUAL = (0, 1, 5)
PYTEST_FAILED = 1
PYTEST_INTERRUPTED = 2
PYTEST_MEANS = {
    PYTEST_INTERRUPTED: "interrupted, or a suite could not be collected",
    3: "internal error",
    4: "wrong usage",
}
#: Robot counts failures up to this code.
ROBOT_USUAL = 250
ROBOT_ENDED_FROM_OUTSIDE = 253
ROBOT_MEANS = {252: "a suite could not be read, or wrong usage", 255: "internal error"}


class Told:
    """What a suite process has told: how its tests ended, what failed outside their attempts, what it did last."""

    def __init__(self) -> None:
        self.ended: dict[str, tuple[Verdict, str]] = {}
        self.errors: list[Trouble] = []
        self.last = "nothing"

    def event(self, event: Mapping[str, Any]) -> None:
        """Take one progress event."""
        match event["event"]:
            case "end":
                self.ended[event["id"]] = Verdict(event["verdict"]), event["reason"]
                self.last = f"the end of {event['id']}"
            case "error":
                self.errors.append(Trouble(verdict=Verdict(event["verdict"]), text=f"{event['id']}: {event['reason']}"))
            case "start":
                self.last = event["id"]
            case "action":
                self.last = f"{self.last.partition(': ')[0]}: {event['text']}"

    @property
    def explains(self) -> bool:
        """Whether something of it did not pass."""
        return bool(self.errors) or any(verdict is not Verdict.PASS for verdict, _ in self.ended.values())


def ending(kind: str, code: int, *, found: bool, explained: bool) -> Trouble | None:
    """How `pytest` or `robot` broke off; None when its attempts tell all.

    found      the FAIL that was looked for is there: pytest then stops by interrupting itself, on purpose
    explained  a test is known to have failed: nothing else need be behind the exit code that counts failures
    """
    if code < 0:
        return Trouble(verdict=Verdict.TEST_ERROR, text=f"{kind} was killed by {_signal(-code)}")
    if kind == "pytest":
        usual = code in PYTEST_USUAL or (found and code == PYTEST_INTERRUPTED)
        failed, outside, means = code == PYTEST_FAILED, ENDED_FROM_OUTSIDE, PYTEST_MEANS
    else:
        usual, outside, means = code <= ROBOT_USUAL, ROBOT_ENDED_FROM_OUTSIDE, ROBOT_MEANS
        failed = usual and code > 0
    if failed and not explained:
        text = f"{kind} ended with exit code {code}, and nothing that was run explains it"
        return Trouble(verdict=Verdict.TEST_ERROR, text=text)
    if usual:
        return None
    if code == outside:
        return Trouble(verdict=Verdict.BLOCKED, text=f"{kind} was ended from outside")
    meaning = means.get(code, "not a known one")
    return Trouble(verdict=Verdict.TEST_ERROR, text=f"{kind} broke off with exit code {code}: {meaning}")


def unrecorded(told: Told, recorded: Mapping[str, Verdict]) -> tuple[Trouble, ...]:
    """Tests of which something worse was told than the evidence on disk says; `recorded`: their verdicts there."""
    return tuple(
        Trouble(verdict=verdict, text=f"{test}: its record does not say so: {reason}")
        for test, (verdict, reason) in told.ended.items()
        if fold([verdict, recorded.get(test, Verdict.PASS)]) is not recorded.get(test, Verdict.PASS)
    )


def tail(log: Path) -> str:
    """The last lines of a log; "" when there are none."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-TAIL_LINES:])


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
