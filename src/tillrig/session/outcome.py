"""How one action ended."""

from __future__ import annotations

import msgspec

from tillrig.observations import Observation
from tillrig.observers.lookout import Episode
from tillrig.verdicts import Finding, Verdict, fold


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
