"""Host messages: field by field, what is missing, what is too much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tillrig.judge.align import align
from tillrig.judge.findings import Witnesses, compared, failed, missing, passed, unsure
from tillrig.observations import HostSeen
from tillrig.profiles.texts import value_of
from tillrig.reference import lookup_seen
from tillrig.steps import Branch, Field, HostMessage
from tillrig.verdicts import Finding

UNEXPECTED = {
    "sale": "SALE-ONCE",
    "reversal": "REVERSAL-NEEDLESS",
    "signin": "SIGNIN-TWICE",
    "settlement": "SETTLE-EMPTY",
    "signoff": "SIGNOFF",
    "batch_upload": "SETTLE-END",
    "upload_end": "SETTLE-END",
}


def pair(steps: Sequence[HostMessage], seen: Sequence[HostSeen]) -> list[tuple[int | None, tuple[int, ...]]]:
    """Each step with the sends that answer it (several for a message repeated); (None, (j,)) for one too many."""
    pairs = align(
        len(steps),
        len(seen),
        lambda i, j: 2.0 if steps[i].message == seen[j].message else 0.0,
        miss=lambda i: 0.1 if steps[i].optional else 1.0,
        extra=lambda _: 1.0,
    )
    found: list[tuple[int | None, list[int]]] = []
    for i, j in pairs:
        if i is None and j is not None and _repeats(found, steps, seen, j):
            found[-1][1].append(j)
        else:
            found.append((i, [] if j is None else [j]))
    # A run of sends is aligned with its last one; those before it belong to the same attempt.
    return [(i, tuple(sends)) for i, sends in _joined(found, steps, seen)]


def _repeats(
    found: list[tuple[int | None, list[int]]], steps: Sequence[HostMessage], seen: Sequence[HostSeen], j: int
) -> bool:
    if not found or found[-1][0] is None or not found[-1][1]:
        return False
    step = steps[found[-1][0]]
    return step.message == seen[j].message and len(found[-1][1]) < step.sends[1]


def _joined(
    found: list[tuple[int | None, list[int]]], steps: Sequence[HostMessage], seen: Sequence[HostSeen]
) -> Iterator[tuple[int | None, list[int]]]:
    waiting: list[int] = []
    for i, sends in found:
        if i is None:
            waiting += sends
            continue
        step = steps[i]
        mine = [j for j in waiting if seen[j].message == step.message and step.sends[1] > 1]
        for j in waiting:
            if j not in mine:
                yield None, [j]
        waiting = []
        yield i, mine + sends
    for j in waiting:
        yield None, [j]


def compare(
    branch: Branch, seen: Sequence[HostSeen], bindings: Mapping[str, str], witnesses: Witnesses, gave_up: float | None
) -> Iterator[Finding]:
    """Findings of every message."""
    steps = [step for step in branch.steps if isinstance(step, HostMessage)]
    pairs = pair(steps, seen)
    # A message that came by the same way in the same action proves the way.
    proved = {**witnesses, "host": "clears_rig"} if seen and witnesses.get("host") != "blames_rig" else witnesses
    for i, sends in pairs:
        if i is None:
            yield _unexpected(branch, seen[sends[0]])
        elif not sends:
            if not steps[i].optional and gave_up is None:
                yield missing(
                    steps[i].requirement,
                    f"host.{steps[i].message}",
                    f"a {steps[i].message} message",
                    proved,
                )
        else:
            for j in sends:
                yield from _fields(steps[i], seen[j], bindings)
            if len(sends) < steps[i].sends[0]:
                text = f"{steps[i].sends[0]} sends"
                yield failed(
                    steps[i].requirement, f"host.{steps[i].message}", text, str(len(sends)), "sent too few times"
                )
            else:
                yield passed(steps[i].requirement, f"host.{steps[i].message}", f"a {steps[i].message} message")
    for step in branch.forbidden:
        if isinstance(step, HostMessage) and all(one.message != step.message for one in seen):
            yield passed(step.requirement, f"host.{step.message}", "(no such message)")


def _fields(step: HostMessage, seen: HostSeen, bindings: Mapping[str, str]) -> Iterator[Finding]:
    named: set[str] = set()
    for field in step.fields:
        named.add(field.name.partition(".")[0])
        yield _field(step, field, seen, bindings)
    for field in step.present:
        whole = field.name.partition(".")[0]
        named.add(whole)
        point = f"host.{step.message}.{field.name}"
        if lookup_seen(seen, field.name) is None:
            yield failed(field.requirement, point, "(present)", "(absent)", "the field is missing", at=seen.at)
        else:
            yield passed(field.requirement, point, "(present)", at=seen.at)
    allowed = named | {name.partition(".")[0] for name in step.may} | {"F64", "F52"}
    for name in seen.fields:
        if name not in allowed:
            yield failed(
                step.requirement,
                f"host.{step.message}.{name}",
                "(absent)",
                seen.fields[name],
                "a field too much",
                at=seen.at,
            )
    yield from _checks(step, seen)


def _field(step: HostMessage, field: Field, seen: HostSeen, bindings: Mapping[str, str]) -> Finding:
    point = f"host.{step.message}.{field.name}"
    shown = lookup_seen(seen, field.name)
    try:
        value = value_of(field, bindings)
    except KeyError as unknown:
        return unsure(
            field.requirement, point, f"(unknown: {unknown.args[0]})", shown or "", "what is right was never observed"
        )
    if value is None:
        return compared(field.requirement, point, "(absent)", "(absent)" if shown is None else shown, at=seen.at)
    expected = f"{int(value):012d}" if field.kind == "amount" else str(value)
    if field.kind == "count" and shown is not None and shown.isdigit():
        shown, expected = str(int(shown)), str(int(value))
    if field.kind == "track2" and shown is not None and shown.startswith(expected):
        return passed(field.requirement, point, expected, at=seen.at)
    return compared(field.requirement, point, expected, shown, money=field.money, at=seen.at)


def _checks(step: HostMessage, seen: HostSeen) -> Iterator[Finding]:
    if step.mac and seen.mac_ok is not None:
        point = f"host.{step.message}.F64"
        if seen.mac_ok:
            yield passed("MAC", point, "right", at=seen.at)
        else:
            yield failed("MAC", point, "right", "wrong", "the host computed another MAC", at=seen.at)
    point = f"host.{step.message}.F52"
    if step.pin in ("right", "wrong"):
        found = {None: "none", True: "right", False: "wrong"}[seen.pin_ok]
        yield compared("PIN-BLOCK", point, f"{step.pin} PIN", f"{found} PIN", at=seen.at)
    elif step.pin == "none":
        yield compared(
            "PIN-BLOCK", point, "(absent)", "(absent)" if "F52" not in seen.fields else "(present)", at=seen.at
        )


def _unexpected(branch: Branch, seen: HostSeen) -> Finding:
    forbidden = next(
        (step for step in branch.forbidden if isinstance(step, HostMessage) and step.message == seen.message), None
    )
    requirement = forbidden.requirement if forbidden else UNEXPECTED.get(seen.message, "SALE-REQUEST")
    reason = (
        "; ".join(seen.problems) if seen.message in ("unreadable", "unknown") else "a message that should not be sent"
    )
    text = f"{seen.message} F11 {seen.fields.get('F11', '-')}"
    return failed(requirement, f"host.{seen.message}", "(no such message)", text, reason, at=seen.at)
