"""`tillrig report`: the page of a run, written again from its evidence."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run_dir", type=click.Path(exists=True, file_okay=False, path_type=Path), default="reports/runs/latest")
def report(run_dir: Path) -> None:
    """Write the HTML page of RUN_DIR (default: the latest run) again, and print its path and verdict table."""
    from rich.console import Console

    from tillrig.errors import EvidenceError
    from tillrig.report.publish import publish, read_summary
    from tillrig.runner.table import print_summary

    if not (run_dir / "summary.json").exists():
        others = sorted(run_dir.resolve().parent.glob("*/summary.json"), key=lambda path: path.stat().st_mtime)
        hint = f"; the newest that has is {others[-1].parent.name}" if others else ""
        raise click.ClickException(
            f"{run_dir} ({run_dir.resolve().name}) holds no summary.json: the run has not ended by `tillrig run`{hint}"
        )
    try:
        summary = read_summary(run_dir)
    except EvidenceError as error:
        raise click.ClickException(str(error)) from error
    print_summary(Console(), *publish(summary, run_dir))
