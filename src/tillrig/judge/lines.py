"""Answers on the cash-register line and on the service console: values known to the byte."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tillrig.judge.align import align
from tillrig.judge.findings import Witnesses, compared, failed, missing, passed, unsure
from tillrig.observations import ConsoleSeen, EcrSeen
from tillrig.profiles import Profile
from tillrig.profiles.texts import text_of, value_of
from tillrig.steps import Branch, ConsoleAnswer, EcrAnswer, Field
from tillrig.verdicts import Finding

Answer = EcrSeen | ConsoleSeen


def compare(
    branch: Branch, seen: Sequence[Answer], bindings: Mapping[str, str], profile: Profile, witnesses: Witnesses
) -> Iterator[Finding]:
    """Findings of every answer that should come."""
    steps = [step for step in branch.steps if isinstance(step, EcrAnswer | ConsoleAnswer)]
    pairs = align(
        len(steps), len(seen), lambda i, j: 1.0 if _place(steps[i]) == _place(seen[j]) else 0.0,
        miss=lambda _: 1.0, extra=lambda _: 1.0,
    )  # fmt: skip
    for i, j in pairs:
        if i is None:
            continue
        step, point = steps[i], _place(steps[i])
        if j is None:
            yield missing(step.requirement, point, "an answer", witnesses)
            continue
        answer = seen[j]
        for field in step.fields:
            yield _field(f"{point}.{field.name}", field, answer.fields, bindings, profile, answer.at)
        for problem in getattr(answer, "problems", ()):
            yield failed(
                step.requirement,
                point,
                "(a well-formed answer)",
                problem,
                "the line's protocol is broken",
                at=answer.at,
            )


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
