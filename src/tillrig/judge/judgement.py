"""From branches and observations to findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TypeVar

import msgspec

from tillrig.judge import host, lines, screens, secrecy, slips
from tillrig.judge.findings import Witnesses, judged_again, missing, unsure
from tillrig.observations import (
    Abandoned,
    Absent,
    ConsoleSeen,
    EcrSeen,
    HostSeen,
    Observation,
    PaperSeen,
    ScreenSeen,
    SlipSeen,
)
from tillrig.profiles import Profile
from tillrig.reference import choose, exchange_of, lookup_seen
from tillrig.steps import AnyStep, Branch, ConsoleAnswer, EcrAnswer, Field, HostMessage, Screen, Slip, Symbol
from tillrig.verdicts import Finding, Verdict, fold

O = TypeVar("O", bound=msgspec.Struct)  # noqa: E741
__all__ = ["Judgement", "Witnesses", "bind", "judge"]


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """`exact`: the host's log fits the branch. `ledger` is the branch's, its symbols not yet filled in from `bindings`.

    `certain` False: more than this branch may be true, so the ledger must be found out anew.
    """

    branch: Branch
    exact: bool
    findings: tuple[Finding, ...]
    bindings: dict[str, str]
    ledger: object
    certain: bool

    @property
    def verdict(self) -> Verdict:
        return fold(finding.verdict for finding in self.findings)


def of(observations: Iterable[Observation], kind: type[O]) -> list[O]:
    """The observations of one kind, in order."""
    return [one for one in observations if isinstance(one, kind)]


def bind(branch: Branch, seen: Sequence[HostSeen], bindings: Mapping[str, str]) -> dict[str, str]:
    """`bindings` and the symbols that the host's log is the authority of."""
    bound = dict(bindings)
    steps = [step for step in branch.steps if isinstance(step, HostMessage)]
    for i, sends in host.pair(steps, seen):
        if i is None or not sends:
            continue
        authority = seen[sends[-1]]
        for one in steps[i].binds:
            bound[one.symbol.name] = one.value(lambda name, authority=authority: lookup_seen(authority, name))  # type: ignore[misc]
    return bound


def bind_first_sight(branch: Branch, seen: Sequence[ScreenSeen], bindings: Mapping[str, str]) -> dict[str, str]:
    """Symbols that no message tells (a version nobody knew): the first place that shows them settles them."""
    bound = dict(bindings)
    told = {one.symbol.name for step in branch.steps if isinstance(step, HostMessage) for one in step.binds}
    steps = [step for step in branch.steps if isinstance(step, Screen)]
    for i, j in screens.pair(steps, seen):
        if i is None or j is None:
            continue
        for field in steps[i].fields:
            name = _free(field, told, bound)
            text = seen[j].fields.get(field.name)
            if name and text:
                bound[name] = text
    return bound


def _free(field: Field, told: set[str], bound: Mapping[str, str]) -> str:
    value = field.value
    return value.name if isinstance(value, Symbol) and value.name not in told and value.name not in bound else ""


def choose_branch(branches: Sequence[Branch], seen: Sequence[HostSeen]) -> tuple[Branch, bool]:
    """The branch whose guard fits the host's log (exactly), else the nearest."""
    chosen = choose(branches, [exchange_of(one) for one in seen])
    return chosen.branch, chosen.exact


def judge(
    branches: Sequence[Branch],
    observations: Sequence[Observation],
    bindings: Mapping[str, str],
    profile: Profile,
    witnesses: Witnesses | None = None,
) -> Judgement:
    """Compare what was observed with the branch that fits. Pure.

    `witnesses`: what the instruments said when they were asked to prove themselves, by the first word of their points
    (screen, slip, host, ecr, console); unasked ones are no witnesses.
    """
    proof = _proof(observations, witnesses or {})
    heard = of(observations, HostSeen)
    branch, exact = choose_branch(branches, heard)
    seen = of(observations, ScreenSeen)
    bound = bind_first_sight(branch, seen, bind(branch, heard, bindings))
    lost = [one.at for one in of(observations, Abandoned)]
    lost += [one.at for one in of(observations, Absent) if one.point.startswith("screen.")]
    gave_up = min(lost, default=None)
    answers = [one for one in observations if isinstance(one, EcrSeen | ConsoleSeen)]
    findings = tuple(
        judged_again(finding, proof)
        for finding in chain(
            screens.compare(branch, seen, bound, profile, proof, gave_up),
            slips.compare(
                branch, of(observations, SlipSeen), bound, profile, proof, gave_up, looked=of(observations, PaperSeen)
            ),
            host.compare(branch, heard, bound, proof, gave_up),
            lines.compare(branch, answers, bound, profile, proof, gave_up),
            secrecy.compare(observations),
        )
    )
    findings += tuple(_not_come(one, branch, proof) for one in of(observations, Absent) if not _told(one, findings))
    if gave_up is not None and fold(finding.verdict for finding in findings) is Verdict.PASS:
        findings += tuple(
            unsure("SALE-PROMPTS", one.point, "(goes on)", "(given up)", one.why) for one in of(observations, Abandoned)
        )
    findings = tuple(_doubted(finding, of(observations, Abandoned)) for finding in findings)
    sure = exact and gave_up is None and not of(observations, Absent)
    return Judgement(
        branch=branch,
        exact=exact,
        findings=findings,
        bindings=bound,
        ledger=branch.ledger,
        certain=sure and not _money_in_doubt(findings),
    )


def _proof(observations: Iterable[Observation], asked: Witnesses) -> Witnesses:
    """What clears or blames each instrument: its own check, and what the observers found when something did not come.
    Who could not clear the rig then is not overruled by a check afterwards.
    """
    words = dict(asked)
    for one in of(observations, Absent):
        place = one.point.partition(".")[0]
        if words.get(place) != "blames_rig" and one.witness != "clears_rig":
            words[place] = one.witness
        else:
            words.setdefault(place, one.witness)
    return words


def _not_come(absent: Absent, branch: Branch, proof: Witnesses) -> Finding:
    """What was waited for in vain; what should have come after it is not counted as missing too."""
    broken = next((step.requirement for step in branch.steps if absent.point == point_of(step)), "SALE-PROMPTS")
    return missing(broken, absent.point, f"{absent.point} in time", proof, absent.why, at=absent.at)


def point_of(step: AnyStep) -> str:
    """Where the absence of a step is told."""
    match step:
        case Screen():
            return f"screen.{step.kind}"
        case Slip():
            return "slip"
        case HostMessage():
            return f"host.{step.message}"
        case EcrAnswer():
            return "ecr"
        case ConsoleAnswer():
            return "console"


def _told(absent: Absent, findings: Iterable[Finding]) -> bool:
    return any(
        one.point == absent.point or (absent.point == "slip" and one.point.startswith("slip.")) for one in findings
    )


def _doubted(finding: Finding, given_up: Iterable[Abandoned]) -> Finding:
    """A screen that followed keys of which nobody knows whether they closed accuses no terminal."""
    blind = any(one.witness != "clears_rig" and finding.at >= one.at for one in given_up)
    if not blind or finding.verdict is not Verdict.FAIL or not finding.point.startswith("screen."):
        return finding
    reason = f"{finding.reason}; nothing tells whether the contacts of the keys before it closed"
    return msgspec.structs.replace(finding, verdict=Verdict.INCONCLUSIVE, reason=reason)


def _money_in_doubt(findings: Iterable[Finding]) -> bool:
    """A difference at the host, or in a result, leaves open what the terminal has written down."""
    return any(
        finding.verdict is Verdict.FAIL and finding.point.startswith(("host.", "screen.result", "console.", "money."))
        for finding in findings
    )
