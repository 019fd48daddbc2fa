"""Evidence on disk → rows of the summary."""

from __future__ import annotations

from pathlib import Path

from tillrig.evidence import AttemptRecord, load_run
from tillrig.report.summary import AttemptRow, Trouble
from tillrig.verdicts import Verdict


def attempt_rows(run_dir: Path) -> tuple[AttemptRow, ...]:
    """Every attempt of the run, in order, numbered per test."""
    tries: dict[str, int] = {}
    rows = []
    for record in load_run(run_dir).attempts:
        tries[record.id] = tries.get(record.id, 0) + 1
        rows.append(_row(record, tries[record.id]))
    return tuple(rows)


def damaged(run_dir: Path) -> tuple[Trouble, ...]:
    """Evidence that cannot be read: what it would have said is unknown, so the run is not sound."""
    texts = (f"evidence cannot be read: {text.replace(f'{run_dir}/', '')}" for text in load_run(run_dir).damaged)
    return tuple(Trouble(verdict=Verdict.RIG_ERROR, text=text) for text in texts)


def _row(record: AttemptRecord, attempt: int) -> AttemptRow:
    return AttemptRow(
        id=record.id,
        capability=record.capability or "other",
        verdict=record.verdict,
        attempt=attempt,
        seconds=record.seconds,
        reason="" if record.verdict == "PASS" else record.reason,
        directory=record.directory,
        actions=tuple(f"{action.text} → {action.branch or action.verdict}" for action in record.actions),
        frames_read=record.frames_read,
        slip_lines=record.slip_lines,
        host_messages=record.host_messages,
        money_fields=record.money_fields,
        findings=record.findings,
    )
