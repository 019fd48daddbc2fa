"""Answers on the cash-register line and on the service console: values known to the byte."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tillrig.judge.align import align
from tillrig.judge.findings import Witnesses, compared, failed, missing, passed, unsure
from tillrig.observations import ConsoleSeen, EcrSeen
from tillrig.profiles import Profile
from tillrig.profiles.texts import text_of, value_of
from tillrig.protocols.mis import LINE, NO_ACK, UNASKED
from tillrig.steps import Branch, ConsoleAnswer, EcrAnswer, Field
from tillrig.verdicts import Finding, Verdict

Answer = EcrSeen | ConsoleSeen
#: What an answer too many breaks.
UNEXPECTED = {"sale": "ECR-SALE", "signin": "ECR-SIGNIN", "heartbeat": "ECR-HEARTBEAT"}


def compare(
    branch: Branch,
    seen: Sequence[Answer],
    bindings: Mapping[str, str],
    profile: Profile,
    witnesses: Witnesses,
    gave_up: float | None,
) -> Iterator[Finding]:
    """Findings of every answer that should come, and of each too many. After `gave_up` nothing is missed, and what
    comes instead answers an action that nobody carried to its end.

    What came over a disturbed line accuses nobody: it may have been spoilt on the way (rules E2, E7).
    """
    answers = [one for one in seen if not _of_line(one)]
    disturbed = [problem for one in seen if isinstance(one, EcrSeen) and _of_line(one) for problem in one.problems]
    asked = next((step for step in branch.steps if isinstance(step, EcrAnswer)), None)
    found = _compare(branch, answers, bindings, profile, witnesses, gave_up)
    if gave_up is not None:
        found = (_after_the_end(finding, gave_up) for finding in found)
    if not disturbed:
        yield from found
        return
    why = "; ".join(disturbed)
    if asked is not None:
        yield unsure(asked.requirement, _place(asked), "(an undisturbed line)", why, "the line was disturbed")
    yield from (_excused(finding, why) for finding in found)


def _of_line(one: Answer) -> bool:
    return isinstance(one, EcrSeen) and one.function == LINE


def _excused(finding: Finding, why: str) -> Finding:
    if finding.verdict is not Verdict.FAIL or not finding.point.startswith("ecr."):
        return finding
    reason = f"{finding.reason}; the line was disturbed: {why}"
    return msgspec.structs.replace(finding, verdict=Verdict.INCONCLUSIVE, reason=reason)


def _after_the_end(finding: Finding, gave_up: float) -> Finding:
    if finding.verdict is not Verdict.FAIL or finding.at < gave_up:
        return finding
    reason = f"{finding.reason}; it came after the action had been given up"
    return msgspec.structs.replace(finding, verdict=Verdict.INCONCLUSIVE, reason=reason)


def _compare(
    branch: Branch,
    seen: Sequence[Answer],
    bindings: Mapping[str, str],
    profile: Profile,
    witnesses: Witnesses,
    gave_up: float | None,
) -> Iterator[Finding]:
    steps = [step for step in branch.steps if isinstance(step, EcrAnswer | ConsoleAnswer)]
    pairs = align(
        len(steps), len(seen), lambda i, j: _gain(steps[i], seen[j]),
        miss=lambda _: 1.0, extra=lambda _: 1.0,
    )  # fmt: skip
    for i, j in pairs:
        if i is None:
            if j is not None and (steps or _unasked(seen[j])):
                yield _unexpected(seen[j])
            continue
        step, point = steps[i], _place(steps[i])
        if j is None:
            if gave_up is None:
                yield missing(step.requirement, point, "an answer", witnesses)
            continue
        answer = seen[j]
        for field in step.fields:
            yield _field(f"{point}.{field.name}", field, answer.fields, bindings, profile, answer.at)
        for problem in getattr(answer, "problems", ()):
            yield _broken(step.requirement, point, problem, witnesses, answer.at)


def _broken(requirement: str, point: str, problem: str, witnesses: Witnesses, at: float) -> Finding:
    """A breach of the line's protocol. An ACK that is not there is something that did not come."""
    if problem == NO_ACK:
        return missing(requirement, point, "an ACK before the answer", witnesses, problem, at=at)
    return failed(requirement, point, "(a well-formed answer)", problem, "the line's protocol is broken", at=at)


def _gain(step: EcrAnswer | ConsoleAnswer, answer: Answer) -> float:
    if _place(step) != _place(answer):
        return 0.0
    return 0.5 if _unasked(answer) else 1.0


def _unasked(answer: Answer) -> bool:
    return isinstance(answer, EcrSeen) and UNASKED in answer.problems


def _unexpected(answer: Answer) -> Finding:
    need = UNEXPECTED.get(answer.function, "ECR-SALE") if isinstance(answer, EcrSeen) else "JOURNAL"
    shown = ", ".join(f"{name} {text}" for name, text in answer.fields.items())
    return failed(need, _place(answer), "(no such answer)", shown, "an answer that should not come", at=answer.at)


def _place(one: EcrAnswer | ConsoleAnswer | Answer) -> str:
    if isinstance(one, EcrAnswer | EcrSeen):
        return f"ecr.{one.function}"
    return f"console.{one.command.partition(' ')[0]}"


def _field(  # noqa: PLR0911 - one comparison a kind
    point: str, field: Field, seen: Mapping[str, str], bindings: Mapping[str, str], profile: Profile, at: float
) -> Finding:
    shown = seen.get(field.name)
    try:
        value = value_of(field, bindings)
    except KeyError as unknown:
        return unsure(
            field.requirement,
            point,
            f"(unknown: {unknown.args[0]})",
            shown or "",
            "what is right was never observed",
            at=at,
        )
    if value is None:
        return compared(field.requirement, point, "", shown or "", at=at)
    if field.kind == "presence":
        return compared(field.requirement, point, "(present)", "(present)" if shown is not None else "(absent)", at=at)
    if field.kind == "key":
        expected = text_of(profile, f"{field.prefix}{value}").replace("|", "")
        return compared(field.requirement, point, expected, shown, at=at)
    if field.kind in ("amount", "count") and shown is not None and shown.strip().isdigit():
        return compared(field.requirement, point, str(int(value)), str(int(shown)), money=field.money, at=at)
    if field.kind == "datetime" and shown is not None:
        # Judged by the digits that are shown: the year is the terminal's own (rules H19).
        digits = "".join(char for char in shown if char.isdigit())
        if digits.endswith(str(value)):
            return passed(field.requirement, point, str(value), at=at)
    return compared(field.requirement, point, str(value), shown, money=field.money, at=at)
