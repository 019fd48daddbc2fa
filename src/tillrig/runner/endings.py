"""What the exit code of a suite process says that its attempts do not: tests that were lost on the way."""

from __future__ import annotations

import signal
from pathlib import Path

import msgspec

from tillrig.pytest_plugin import ENDED_FROM_OUTSIDE
from tillrig.verdicts import Verdict

#: How much of a process's log is told when it broke off.
TAIL_LINES = 20

#: All passed; some failed, as their attempts say; none were chosen.
PYTEST_USUAL = (0, 1, 5)
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


class Ending(msgspec.Struct, frozen=True):
    """Why a suite process broke off, and the verdict of what it then did not run."""

    verdict: Verdict
    text: str


def ending(kind: str, code: int, *, found: bool) -> Ending | None:
    """How `pytest` or `robot` broke off; None when its attempts tell all.

    found  the FAIL that was looked for is there: pytest then stops by interrupting itself, on purpose
    """
    if code < 0:
        return Ending(Verdict.TEST_ERROR, f"{kind} was killed by {_signal(-code)}")
    if kind == "pytest":
        usual = code in PYTEST_USUAL or (found and code == PYTEST_INTERRUPTED)
        outside, means = ENDED_FROM_OUTSIDE, PYTEST_MEANS
    else:
        usual, outside, means = code <= ROBOT_USUAL, ROBOT_ENDED_FROM_OUTSIDE, ROBOT_MEANS
    if usual:
        return None
    if code == outside:
        return Ending(Verdict.BLOCKED, f"{kind} was ended from outside")
    return Ending(Verdict.TEST_ERROR, f"{kind} broke off with exit code {code}: {means.get(code, 'not a known one')}")


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
