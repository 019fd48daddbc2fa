"""The verdict table at the end of a run."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tillrig.report.summary import Summary
from tillrig.runner.live import COLOURS
from tillrig.verdicts import EXIT_CODES, Verdict


def print_summary(console: Console, summary: Summary, page: Path) -> None:
    """Findings that are not PASS, troubles, the table, the counts, the path of the page."""
    for finding in summary.findings:
        verdict = Verdict(finding.verdict)
        console.print(
            Text.assemble((f"{verdict.value} ", COLOURS[verdict]), f"{finding.point}  {finding.requirement}  ",
                          (f"{finding.attempt_id}  ", "dim"), finding.id),
            soft_wrap=True,
        )  # fmt: skip
        console.print(f"    expected {finding.expected!r}\n    seen     {finding.seen!r}", markup=False, soft_wrap=True)
        if finding.reason:
            console.print(f"    because  {finding.reason}", markup=False, soft_wrap=True)
    if summary.findings:
        console.print(f"tillrig explain {summary.findings[0].id} --run {page.parent}  tells more", soft_wrap=True,
                      markup=False, highlight=False)  # fmt: skip
    for trouble in summary.troubles:
        console.print(
            Text.assemble((f"{trouble.verdict.value} ", COLOURS[trouble.verdict]), trouble.text), soft_wrap=True
        )
    console.print(_table(summary))
    done = sum(summary.counts.values())
    console.print(
        f"{summary.collected} collected, {done} ended, {summary.counts.get('PASS', 0)} passed, "
        f"{summary.retried} retried"
        f" · {summary.seconds:.0f} s",
        highlight=False,
    )
    if summary.not_run:
        console.print(f"never ended: {', '.join(summary.not_run)}", markup=False, soft_wrap=True)
    console.print(
        Text.assemble(
            (summary.verdict.value, COLOURS[summary.verdict]), f" · exit {summary.exit_code} · report: {page}"
        ),
        soft_wrap=True,
    )


def _table(summary: Summary) -> Table:
    shown = [verdict for verdict in Verdict if any(row.verdicts.get(verdict.value) for row in summary.capabilities)]
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("capability", no_wrap=True)
    for heading in ("attempts", *(verdict.value for verdict in shown), "frames read", "slip lines", "host messages"):
        table.add_column(heading, justify="right", no_wrap=heading in EXIT_CODES)
    for row in summary.capabilities:
        table.add_row(
            row.name,
            str(row.attempts),
            *(
                Text(str(row.verdicts.get(v.value, 0)), COLOURS[v] if row.verdicts.get(v.value) else "dim")
                for v in shown
            ),
            str(row.frames_read),
            str(row.slip_lines),
            str(row.host_messages),
        )
    table.add_section()
    table.add_row(
        "all",
        str(len(summary.attempts)),
        *(str(sum(row.verdicts.get(v.value, 0) for row in summary.capabilities)) for v in shown),
        str(sum(row.frames_read for row in summary.capabilities)),
        str(sum(row.slip_lines for row in summary.capabilities)),
        str(sum(row.host_messages for row in summary.capabilities)),
    )
    return table
