"""summary.json: the run in one value, for machines; the page and the verdict table are drawn from it."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator

import msgspec

from tillrig.verdicts import EXIT_CODES, Finding, Verdict, fold

#: Hexadecimal digits of a finding's id.
ID_LENGTH = 6


class Capability(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the verdict table."""

    name: str
    attempts: int
    verdicts: dict[str, int]
    frames_read: int
    slip_lines: int
    host_messages: int
    findings: int
    seconds: float


class AttemptRow(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt; `directory` is relative to the run."""

    id: str
    capability: str
    verdict: Verdict
    attempt: int
    seconds: float
    reason: str
    directory: str
    actions: tuple[str, ...]
    frames_read: int
    slip_lines: int
    host_messages: int
    money_fields: int
    findings: tuple[Finding, ...]


class BrokenFinding(Finding, frozen=True, kw_only=True):
    """A finding that is not PASS, with the attempt that made it.

    `id` names it within the run; the same expectation broken in another run, or told again by `tillrig report`, has the
    same.
    """

    attempt_id: str
    attempt: int
    id: str = ""


class RigRow(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    profile: str
    simulated: bool
    detail: str = ""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    instrument: str
    ok: bool
    text: str


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """What no attempt tells: a suite process that broke off, an error outside an attempt, evidence that is gone.

    `detail`: more lines, such as the end of a log.
    """

    verdict: Verdict
    text: str
    detail: str = ""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds; `started` ISO 8601 with zone.

    `verdict` folds the last attempt of each test, except that a FAIL is never retried away, and the troubles.
    """

    tillrig: str
    rig: RigRow
    started: str
    seconds: float
    verdict: Verdict
    exit_code: int
    collected: int
    counts: dict[str, int]
    retried: int
    capabilities: tuple[Capability, ...]
    attempts: tuple[AttemptRow, ...]
    findings: tuple[BrokenFinding, ...]
    not_run: tuple[str, ...] = ()
    rig_health: tuple[Health, ...] = ()
    troubles: tuple[Trouble, ...] = ()

    def with_trouble(self, trouble: Trouble) -> Summary:
        """The same run, in which this happened too."""
        verdict = fold([self.verdict, trouble.verdict])
        return msgspec.structs.replace(
            self, troubles=(*self.troubles, trouble), verdict=verdict, exit_code=EXIT_CODES[verdict]
        )


def final_rows(attempts: tuple[AttemptRow, ...]) -> dict[str, AttemptRow]:
    """Per test the attempt that counts: the last one, unless an earlier one proved a FAIL (never retried away)."""
    final: dict[str, AttemptRow] = {}
    for row in attempts:
        if row.id not in final or final[row.id].verdict is not Verdict.FAIL:
            final[row.id] = row
    return final


def summarise(
    *,
    version: str,
    rig: RigRow,
    started: str,
    seconds: float,
    collected: tuple[str, ...],
    attempts: tuple[AttemptRow, ...],
    health: tuple[Health, ...] = (),
    troubles: tuple[Trouble, ...] = (),
) -> Summary:
    """Fold attempts into a run. A test that was collected and never ended counts as BLOCKED, never as nothing."""
    final = final_rows(attempts)
    not_run = tuple(test for test in collected if test not in final)
    verdicts = [row.verdict for row in final.values()] + [trouble.verdict for trouble in troubles]
    if not_run or not final:
        verdicts.append(Verdict.BLOCKED)
    verdict = fold(verdicts)
    return Summary(
        tillrig=version,
        rig=rig,
        started=started,
        seconds=seconds,
        verdict=verdict,
        exit_code=EXIT_CODES[verdict],
        collected=len(collected),
        counts=_count(row.verdict for row in final.values()),
        retried=len(attempts) - len(final),
        capabilities=tuple(_capability(name, attempts) for name in dict.fromkeys(row.capability for row in attempts)),
        attempts=attempts,
        findings=_broken(attempts),
        not_run=not_run,
        rig_health=health,
        troubles=troubles,
    )


def _broken(attempts: tuple[AttemptRow, ...]) -> tuple[BrokenFinding, ...]:
    found: dict[str, BrokenFinding] = {}
    for number, row in enumerate(attempts):
        for finding in row.findings:
            if finding.verdict is not Verdict.PASS:
                named = f"{row.id}\n{row.attempt}\n{finding.requirement}\n{finding.point}"
                identity = next(one for one in _identities(named) if one not in found)
                found[identity] = BrokenFinding(
                    **msgspec.structs.asdict(finding), attempt_id=row.id, attempt=number, id=identity
                )
    return tuple(found.values())


def _identities(named: str) -> Iterator[str]:
    """Short names for one thing; the next one when the first are taken."""
    for number in itertools.count():
        yield hashlib.sha256(f"{named}\n{number}".encode()).hexdigest()[:ID_LENGTH]


def _capability(name: str, attempts: tuple[AttemptRow, ...]) -> Capability:
    rows = [row for row in attempts if row.capability == name]
    return Capability(
        name=name,
        attempts=len(rows),
        verdicts=_count(row.verdict for row in rows),
        frames_read=sum(row.frames_read for row in rows),
        slip_lines=sum(row.slip_lines for row in rows),
        host_messages=sum(row.host_messages for row in rows),
        findings=sum(len(row.findings) for row in rows),
        seconds=sum(row.seconds for row in rows),
    )


def _count(verdicts: Iterable[Verdict]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for verdict in verdicts:
        counted[verdict.value] = counted.get(verdict.value, 0) + 1
    return counted
