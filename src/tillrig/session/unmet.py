"""A disturbance that never took place: what it was to show was not shown, whatever else matched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from tillrig.host.scenarios import Order, RefuseConnection
from tillrig.judge.findings import unsure
from tillrig.judge.judgement import point_of
from tillrig.session.interferences import Missed
from tillrig.steps import Branch
from tillrig.verdicts import Finding, Verdict


def unmet(branches: Sequence[Branch], orders: Iterable[Order], missed: Iterable[Missed]) -> Iterator[Finding]:
    """INCONCLUSIVE findings for host scenarios still waiting and for interferences that did not take place."""
    for order in orders:
        names = "+".join(one.name for one in order.scenarios)
        if isinstance(order.scenarios[0], RefuseConnection):
            continue  # nobody listened: whether somebody called cannot be known
        point = f"host.{order.message}"
        yield unsure(
            _requirement(branches, point), point, f"{names} is played", "(not played)", f"no {order.message} came"
        )
    for one in missed:
        when = one.when
        expected = f"{when.act} takes place in time"
        yield unsure(_requirement(branches, when.point), when.point, expected, "(not done)", one.why)


def void(finding: Finding) -> Finding:
    """A FAIL against what was predicted for an act that did not take place, or not in time."""
    if finding.verdict is not Verdict.FAIL:
        return finding
    reason = f"{finding.reason}; void: predicted for an interference that did not take place"
    return msgspec.structs.replace(finding, verdict=Verdict.INCONCLUSIVE, reason=reason)


def _requirement(branches: Sequence[Branch], point: str) -> str:
    """What the step at `point` stands for; of a point that no branch has, what the action's first step does."""
    place = ".".join(point.split(".")[:2])
    steps = [step for branch in branches for step in branch.steps]
    return next((one.requirement for one in steps if point_of(one) == place), steps[0].requirement)
