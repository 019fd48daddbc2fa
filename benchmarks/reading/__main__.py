"""`python -m benchmarks.reading --poses N`: reads the corpus, writes tables and reports/reading.html.

Exit 0 when nothing was read wrong, 1 when something was, 2 on unusable input, 130 when broken off (with what it had).
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.reading import lab, page, table
from benchmarks.reading.fonts import FontMissingError, check_installed
from benchmarks.reading.judging import Record
from benchmarks.reading.poses import Plan, judge
from benchmarks.reading.run import Store, fingerprint, run
from benchmarks.reading.settings import SETTINGS
from tillrig.errors import TillrigError


@click.command()
@click.option("--poses", default=200, show_default=True, help="How many poses are drawn and read.")
@click.option("--first", default=0, show_default=True, help="Number of the first pose; each number is one fixed pose.")
@click.option("--surface", type=click.Choice(["lcd", "tft", "slip"]), help="Only this kind of surface.")
@click.option(
    "--font", "knows", type=click.Choice(["known", "learned", "unknown", "other"]), help="Only with a font known so."
)
@click.option(
    "--optics", type=click.Choice(sorted(SETTINGS)), multiple=True, help="Only these settings; may be given again."
)
@click.option("--jobs", default=1, show_default=True, help="Processes.")
@click.option("--fresh", is_flag=True, help="Forget the records of earlier runs of the same eye.")
@click.option(
    "--frames",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Read a lab's own labelled frames instead.",
)
@click.option("--pose", type=int, help="Read this one pose again and keep its pictures.")
@click.option("--out", default=Path("reports"), type=click.Path(path_type=Path), show_default=True)
def main(
    poses: int,
    first: int,
    surface: str | None,
    knows: str | None,
    optics: tuple[str, ...],
    jobs: int,
    fresh: bool,
    frames: Path | None,
    pose: int | None,
    out: Path,
) -> None:
    """Read the corpus and report: right, refused and wrong readings, faults caught, false alarms, times."""
    console = Console(width=None if sys.stdout.isatty() else 230)
    records_in = out / "runs" / "reading"
    try:
        if frames is not None:
            _report([lab.judge_folder(frames)], records_in / "frames.html", console)
            return
        check_installed()
        if pose is not None:
            keep = records_in / f"pose-{pose}"
            keep.mkdir(parents=True, exist_ok=True)
            _report([judge(Plan.of(pose), keep=keep)], keep / "index.html", console)
            return
    except (FontMissingError, TillrigError) as problem:
        console.print(str(problem), style="red", highlight=False)
        sys.exit(2)
    plans = _plans(poses, first, surface, knows, optics)
    store = Store(records_in / f"{fingerprint()}.jsonl")
    if fresh:
        store.path.unlink(missing_ok=True)
    known = store.load()
    records = [known[plan.number] for plan in plans if plan.number in known]
    missing = [plan for plan in plans if plan.number not in known]
    if records:
        console.print(f"{len(records)} of {len(plans)} poses were read before ({store.path})", highlight=False)
    for sign in (signal.SIGINT, signal.SIGTERM):  # a shell starts background commands deaf to the first
        signal.signal(sign, signal.default_int_handler)
    broken_off = _read(missing, jobs, store, records, console)
    _report(records, out / "reading.html", console)
    if broken_off:
        sys.exit(130)


def _plans(poses: int, first: int, surface: str | None, knows: str | None, optics: tuple[str, ...]) -> list[Plan]:
    found: list[Plan] = []
    number = first
    while len(found) < poses:
        plan = Plan.of(number)
        number += 1
        if surface in (None, plan.surface) and (not optics or plan.optics in optics):
            if knows in (None, plan.knows.removeprefix("font ")):
                found.append(plan)
            elif number - first > 10_000 and not found:
                raise click.UsageError("no pose of the corpus is of that kind")
    return found


def _read(plans: list[Plan], jobs: int, store: Store, records: list[Record], console: Console) -> bool:
    """Whether it was broken off; `records` then has what was read until then."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not plans) as progress:
        task = progress.add_task("reading", total=len(plans))
        try:
            for record in run(plans, jobs):
                store.add(record)
                records.append(record)
                wrong = sum(one.wrong for one in records)
                progress.update(task, advance=1, description=f"reading · {wrong} wrong")
        except KeyboardInterrupt:
            console.print("broken off; what was read so far:")
            return True
    return False


def _report(records: list[Record], path: Path, console: Console) -> None:
    table.show(records, console)
    page.write(records, path, fingerprint())
    wrong = sum(record.wrong for record in records)
    lines = sum(len(record.lines) for record in records)
    console.print(f"{len(records)} poses, {lines} lines, {wrong} wrong · {path}", highlight=False)
    if wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
