"""How one action ended."""

from __future__ import annotations

import re

import msgspec

from tillrig.errors import InconclusiveError
from tillrig.observations import HostSeen, Observation
from tillrig.observers.lookout import Episode
from tillrig.verdicts import Finding, Verdict, fold

#: A field of a request that reached the host.
_IN_A_MESSAGE = re.compile(r"host\.\w+\.F\d")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """`branch` as chosen by the host's log; `seconds` of the action by the wall clock, judging included, and
    `terminal_seconds` of them in which the terminal took no input (plus its keys at 40 + 40 ms). `spent`: seconds of
    the rest by what took them: settle (waiting for a steady picture), serial, card, engine, read. `troubles`: what was
    wrong with a camera meanwhile.
    """

    branch: str
    findings: tuple[Finding, ...]
    observations: tuple[Observation, ...]
    seconds: float
    terminal_seconds: float
    operating_seconds: float = 0.0
    spent: dict[str, float] = {}
    troubles: tuple[Episode, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The fold of the findings."""
        return fold(finding.verdict for finding in self.findings)

    @property
    def failures(self) -> tuple[Finding, ...]:
        """Findings that are not PASS."""
        return tuple(finding for finding in self.findings if finding.verdict is not Verdict.PASS)

    def ended(self, branch: str, code: str = "") -> Outcome:
        """This outcome, for a suite that says how the action is to end: `branch` is the end of the branch's name,
        `code` F39 of the host's last answer. Raises InconclusiveError when it ended otherwise: what the test is about
        was not played. What was found stays found.
        """
        told = next((one.code for one in reversed(self.observations) if isinstance(one, HostSeen)), "")
        if f", {self.branch}".endswith(f", {branch}") and code in ("", told):
            return self
        wanted, was = (f"{name} {number}".strip() for name, number in ((branch, code), (self.branch, code and told)))
        raise InconclusiveError(
            f"the action ended as '{was}', not as '{wanted}': what this test is about was not played"
        )


def proven_by_sight(finding: Finding) -> bool:
    """A FAIL that something seen proves. On the way to a state, or in an action that was broken off, what did not come
    accuses nobody; a field that a message lacks was seen to be missing.
    """
    if finding.verdict is not Verdict.FAIL:
        return False
    return finding.seen != "(absent)" or _IN_A_MESSAGE.match(finding.point) is not None
