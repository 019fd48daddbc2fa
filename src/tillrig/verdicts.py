"""Findings and their fold. Knows nothing of how a test ran."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Literal

import msgspec

from tillrig import errors
from tillrig.exhibits import Exhibit


class Verdict(enum.StrEnum):
    """What an attempt, or one finding, says of the terminal."""

    PASS = "PASS"
    INCONCLUSIVE = "INCONCLUSIVE"
    BLOCKED = "BLOCKED"
    RIG_ERROR = "RIG_ERROR"
    TEST_ERROR = "TEST_ERROR"
    FAIL = "FAIL"


#: Weakest first: the fold is the strongest that occurs. A proven FAIL outranks everything, because no fault of the rig
#: can undo it; a rig that failed outranks what could not be read because of it.
RANK: tuple[Verdict, ...] = (
    Verdict.PASS,
    Verdict.INCONCLUSIVE,
    Verdict.BLOCKED,
    Verdict.RIG_ERROR,
    Verdict.TEST_ERROR,
    Verdict.FAIL,
)

#: Exit codes of `tillrig run` and `tillrig demo`.
EXIT_CODES: dict[Verdict, int] = {
    Verdict.PASS: 0,
    Verdict.FAIL: 10,
    Verdict.RIG_ERROR: 20,
    Verdict.INCONCLUSIVE: 21,
    Verdict.BLOCKED: 22,
    Verdict.TEST_ERROR: 30,
}


#: An instrument's word when something was missing: the rig did its part, it did not, or nobody can tell.
Witness = Literal["clears_rig", "blames_rig", "none"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One expectation compared with its observation.

    requirement  id in requirements.yaml
    point        where it was observed: screen.<step>[.<part>], slip.<copy>[.<field>], host.<message>[.F<n>],
                 ecr.<function>[.<tag>], console.<command>[.<key>], money.<what>
    evidence     references (timeline event numbers, blob ids) that prove it
    pictures     blob ids of pictures for the report: first the camera frame, then crops
    boxes        per picture, the box [x0, y0, x1, y1] in its pixels, or None
    exhibit      where it rests on a reading that is no plain match: who said what
    """

    requirement: str
    point: str
    verdict: Verdict
    expected: str
    seen: str
    reason: str = ""
    evidence: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    boxes: tuple[tuple[float, float, float, float] | None, ...] = ()
    money: bool = False
    at: float = 0.0
    exhibit: Exhibit | None = None


def fold(verdicts: Iterable[Verdict]) -> Verdict:
    """The strongest of `verdicts`; PASS when there is none."""
    return max(verdicts, key=RANK.index, default=Verdict.PASS)


def of_exception(error: BaseException) -> Verdict:
    """The verdict that an exception which aborted an attempt stands for."""
    if isinstance(error, errors.RigError | OSError):
        return Verdict.RIG_ERROR
    if isinstance(error, errors.InconclusiveError):
        return Verdict.INCONCLUSIVE
    if isinstance(error, errors.BlockedError | KeyboardInterrupt | SystemExit):
        return Verdict.BLOCKED  # interrupted from outside: nothing was found out
    return Verdict.TEST_ERROR
