"""`tillrig run`: the suites on a rig."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

#: Options of `run` and `demo` alike.
SHARED: tuple[Callable[[Any], Any], ...] = (
    click.option("--requirement", "requirements", multiple=True, help="Only tests that check this requirement id."),
    click.option("--shuffle", type=int, help="Random order by this seed."),
    click.option("--retries", type=click.IntRange(0, 5), default=1, show_default=True,
                 help="How often RIG_ERROR and INCONCLUSIVE tests run again, after a rig check. FAIL never does."),
    click.option("--run-dir", type=click.Path(path_type=Path), help="Folder of the evidence [reports/runs/<time>]."),
)  # fmt: skip


def shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that `run` and `demo` share."""
    for option in reversed(SHARED):
        command = option(command)
    return command


@click.command()
@click.argument("suites", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--rig", type=click.Path(path_type=Path), envvar="TILLRIG_RIG", default=Path("rigs/virtual.yaml"),
              show_default=True, help="Rig file.")  # fmt: skip
@click.option("--silence", type=click.FloatRange(min=1), default=30.0, show_default=True, metavar="MINUTES",
              help="A suite process that tells nothing for so long hangs, and is stopped.")  # fmt: skip
@shared_options
def run(
    suites: tuple[Path, ...],
    rig: Path,
    silence: float,
    requirements: tuple[str, ...],
    shuffle: int | None,
    retries: int,
    run_dir: Path | None,
) -> None:
    """Run SUITES (files or folders, pytest and Robot; default: suites) on a rig and judge.

    Exit codes: 0 PASS, 10 FAIL, 20 RIG_ERROR, 21 INCONCLUSIVE, 22 BLOCKED, 30 TEST_ERROR.
    """
    from rich.console import Console

    from tillrig.runner.run import RunSettings, run_suites
    from tillrig.runner.selection import Selection

    settings = RunSettings(
        selection=Selection(paths=suites or (Path("suites"),), requirements=requirements, shuffle=shuffle),
        rig=rig,
        retries=retries,
        run_dir=run_dir,
        silence_s=silence * 60,
    )
    sys.exit(run_suites(settings, Console()))
