"""`tillrig explain`: one finding in plain words, and its testimony drawn."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tillrig.report.summary import Summary

#: Where the drawn testimonies of a run go.
FOLDER = "explained"


@click.command()
@click.argument("finding")
@click.option("--run", "run_dir", type=click.Path(file_okay=False, path_type=Path), default=Path("reports/runs/latest"),
              show_default=True, help="Folder of the run.")  # fmt: skip
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the page here [RUN/explained/ID.html].")  # fmt: skip
@click.option("--no-open", is_flag=True, help="Do not open the page in a browser.")
@click.option("--json", "as_json", is_flag=True, help="For machines; opens nothing.")
def explain(finding: str, run_dir: Path, out: Path | None, no_open: bool, as_json: bool) -> None:
    """Say of FINDING what was expected, what was seen, who said so and how surely, why it has its verdict and what to
    do; draw it on a page.

    FINDING is the id that `tillrig run` prints behind it and that stands in summary.json and on the report; its
    beginning will do. In a terminal the page is opened.
    """
    import msgspec

    from tillrig.errors import EvidenceError, UsageError
    from tillrig.evidence import load_run
    from tillrig.report.explain import as_page, as_text, find
    from tillrig.report.explain import explain as explained
    from tillrig.report.publish import requirement_sentences

    try:
        summary = _summary(run_dir)
        blob = load_run(run_dir).blob
        told = explained(find(summary, finding), summary, requirement_sentences(), blob)
    except (EvidenceError, UsageError) as error:
        raise click.ClickException(f"{run_dir}: {error}") from error
    page = out or run_dir / FOLDER / f"{told.finding.id}.html"
    try:
        if out is None:
            page.parent.mkdir(exist_ok=True)
        page.write_text(as_page(told, summary, blob), encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"cannot write {page}: {error.strerror or error}; name another by --out") from error
    if as_json:
        click.echo(msgspec.json.encode({**msgspec.structs.asdict(told), "page": str(page)}))
        return
    for line in as_text(told):
        click.echo(line)
    click.echo(f"drawn in {page}")
    if not no_open and sys.stdout.isatty():
        click.launch(str(page))


def _summary(run_dir: Path) -> Summary:
    from tillrig.errors import EvidenceError
    from tillrig.report.publish import read_summary

    if not (run_dir / "summary.json").is_file():
        raise EvidenceError("holds no summary.json: there is no such run, or it has not ended by `tillrig run`")
    summary = read_summary(run_dir)
    if any(not 0 <= one.attempt < len(summary.attempts) for one in summary.findings):
        raise EvidenceError("summary.json names an attempt that it does not hold")
    return summary
