"""Host messages: field by field, what is missing, what is too much."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from tillrig.host.settlement import UNKNOWN_RECORD, UploadedRecord, records
from tillrig.judge.align import align
from tillrig.judge.findings import Witnesses, compared, failed, missing, passed, unsure
from tillrig.observations import HostSeen
from tillrig.profiles.texts import value_of
from tillrig.reference import Ledger, Record, lookup_seen
from tillrig.steps import Branch, Field, HostMessage, Symbol
from tillrig.verdicts import Finding, Verdict

UNEXPECTED = {
    "sale": "SALE-ONCE",
    "reversal": "REVERSAL-NEEDLESS",
    "signin": "SIGNIN-TWICE",
    "settlement": "SETTLE-EMPTY",
    "signoff": "SIGNOFF",
    "batch_upload": "SETTLE-END",
    "upload_end": "SETTLE-END",
}
#: What is broken by a field that no field of the step names.
REQUESTS = {
    "sale": "SALE-REQUEST",
    "reversal": "REVERSAL-REQUEST",
    "signin": "SIGNIN-REQUEST",
    "settlement": "SETTLE-REQUEST",
    "batch_upload": "SETTLE-UPLOAD",
    "upload_end": "SETTLE-END",
}
#: Compared in part only: what the host found in them besides is not yet told.
PARTLY = frozenset({"track2", "masked_pan", "presence"})
PAD = "filled with "
_OF_FIELD = re.compile(r"(F\d+): (.*)", re.DOTALL)


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
                found = tuple(_fields(steps[i], seen[j], bindings))
                yield from found
                yield from _defects(steps[i], seen[j], found, _batch(branch, bindings), bindings)
            if len(sends) < steps[i].sends[0]:
                text = f"{steps[i].sends[0]} sends"
                if gave_up is None:
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


def _batch(branch: Branch, bindings: Mapping[str, str]) -> dict[str, Record] | None:
    """The records of the batch that is settled, by voucher; None when not all of them are known."""
    ledger = branch.ledger
    settled = (ledger.open_settlement or ledger.settled) if isinstance(ledger, Ledger) else None
    if settled is None or not settled.complete:
        return None
    vouchers = [_bound(record.stan, bindings) for record in settled.records]
    return None if None in vouchers else dict(zip(map(str, vouchers), settled.records, strict=True))


def _bound(value: str | int | Symbol, bindings: Mapping[str, str]) -> str | int | None:
    return value.value(bindings) if isinstance(value, Symbol) else value


def _not_in_the_books(
    text: str, seen: HostSeen, batch: dict[str, Record] | None, bindings: Mapping[str, str]
) -> tuple[Verdict, str]:
    """What becomes of an uploaded record that the host never booked: a batch may have begun at another host, and its
    records are then known from the terminal's journal only.
    """
    if batch is None:
        return Verdict.INCONCLUSIVE, f"{text}; not all records of the batch are known"
    record = next((one for one in _uploaded(seen) if f"voucher {one.voucher}:" in text), None)
    known = batch.get(record.voucher) if record else None
    if record is None or known is None:
        return Verdict.FAIL, f"{text} nor in the journal"
    if int(_bound(known.amount, bindings) or 0) != record.amount:
        return Verdict.FAIL, f"voucher {record.voucher}: {record.amount} fen, the journal has {known.amount}"
    if record.card.lstrip("0") != known.masked:
        return Verdict.FAIL, f"voucher {record.voucher}: another card number than in the journal"
    return Verdict.PASS, ""


def _uploaded(seen: HostSeen) -> tuple[UploadedRecord, ...]:
    """The records of an upload, their card numbers masked."""
    try:
        return records(seen.fields.get("F48", ""))
    except ValueError:
        return ()


def _defects(
    step: HostMessage,
    seen: HostSeen,
    found: Sequence[Finding],
    batch: dict[str, Record] | None,
    bindings: Mapping[str, str],
) -> Iterator[Finding]:
    """What the host found wrong in the request and the step's own fields have not told."""
    failed_at = {finding.point for finding in found if finding.verdict is Verdict.FAIL}
    for problem in seen.problems:
        of_field = _OF_FIELD.fullmatch(problem)
        name, text = (of_field[1], of_field[2]) if of_field else ("", problem)
        point = f"host.{step.message}.{name}" if name else f"host.{step.message}"
        if name and (point in failed_at or _decided(step, name, text)):
            continue
        need = _need_of(step, name, seen)
        verdict = Verdict.FAIL
        if UNKNOWN_RECORD in text:
            verdict, text = _not_in_the_books(text, seen, batch, bindings)
        if verdict is Verdict.FAIL:
            yield failed(need, point, "(a sound request)", text, "the host found it wrong", at=seen.at)
        elif verdict is Verdict.INCONCLUSIVE:
            yield unsure(need, point, "(as in the books)", text, "a batch begun elsewhere is sound", at=seen.at)


def _decided(step: HostMessage, name: str, text: str) -> bool:
    """Whether the step, which knows the profile, settles this: a field that it names as a whole, or that may be there.

    What a field is filled up with stands in no text, so nobody has compared it.
    """
    if text.startswith(PAD):
        return False
    if any(field.name == name and (field.value is None or field.kind not in PARTLY) for field in step.fields):
        return True
    return name in step.may and text.startswith("not expected")


def _need_of(step: HostMessage, name: str, seen: HostSeen) -> str:
    if seen.message == "batch_upload" and name == "F48":
        return REQUESTS["batch_upload"]
    named = (field.requirement for field in (*step.fields, *step.present) if field.name == name)
    return next(named, REQUESTS.get(seen.message, step.requirement))


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
    yield from _card(step, seen)
    if step.mac:
        point = f"host.{step.message}.F64"
        if seen.mac_ok is None:
            yield unsure("MAC", point, "right", "(not computed)", "the host could not read the message", at=seen.at)
        elif seen.mac_ok:
            yield passed("MAC", point, "right", at=seen.at)
        else:
            yield failed("MAC", point, "right", "wrong", "the host computed another MAC", at=seen.at)
    point = f"host.{step.message}.F52"
    if step.pin in ("right", "wrong") and seen.pin_ok is None and "F52" in seen.fields:
        text = "the host could not read the message"
        yield unsure("PIN-BLOCK", point, f"{step.pin} PIN", "(not deciphered)", text, at=seen.at)
    elif step.pin in ("right", "wrong"):
        found = {None: "none", True: "right", False: "wrong"}[seen.pin_ok]
        yield compared("PIN-BLOCK", point, f"{step.pin} PIN", f"{found} PIN", at=seen.at)
    elif step.pin == "none":
        yield compared(
            "PIN-BLOCK", point, "(absent)", "(absent)" if "F52" not in seen.fields else "(present)", at=seen.at
        )


def _card(step: HostMessage, seen: HostSeen) -> Iterator[Finding]:
    """The whole number: a mask leaves its middle open, and only the host has read that."""
    name = next((name for name in ("F2", "F35") if name in seen.fields), "")
    if not step.card or not name:
        return
    need = next((field.requirement for field in step.fields if field.name == name), step.requirement)
    point, expected = f"host.{step.message}.{name}", f"the number of {step.card}"
    if seen.mac_ok is None:
        yield unsure(need, point, expected, "(not looked up)", "the host could not read the message", at=seen.at)
    else:
        found = f"the number of {seen.card}" if seen.card else "the number of no test card"
        yield compared(need, point, expected, found, at=seen.at)


def _unexpected(branch: Branch, seen: HostSeen) -> Finding:
    forbidden = next(
        (step for step in branch.forbidden if isinstance(step, HostMessage) and step.message == seen.message), None
    )
    requirement = forbidden.requirement if forbidden else UNEXPECTED.get(seen.message, "SALE-REQUEST")
    nameless = seen.message in ("unreadable", "unknown") and seen.problems
    reason = "; ".join((*(() if nameless else ("a message that should not be sent",)), *seen.problems))
    text = f"{seen.message} F11 {seen.fields.get('F11', '-')}"
    return failed(requirement, f"host.{seen.message}", "(no such message)", text, reason, at=seen.at)
