"""`tillrig demo`: the suites on a simulated rig, sound or with faults seeded into its terminal."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from tillrig.cli.faults import catalogue
from tillrig.cli.run import shared_options


@click.command()
@click.argument("suites", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--fault", "faults", multiple=True, metavar="NAME", help="Seed this fault (see `tillrig faults`).")
@click.option("--fault-file", "fault_files", multiple=True, metavar="F.py",
              type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Seed faults written by somebody else (see the manual, Seeded faults).")  # fmt: skip
@click.option("--grade", type=click.Choice(["clean", "typical", "bad"]), default="typical", show_default=True,
              help="How well the simulated cameras see.")  # fmt: skip
@click.option("--time-scale", type=click.FloatRange(0.1, 50), help="Speed of the terminal's own waits [rig file].")
@click.option("--seed", type=int, help="Seed of camera poses, host and amounts [rig file].")
@click.option("--short", is_flag=True, help="One path a capability: the Robot suites only.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="With --fault: all suites to their end, not only those of its requirement up to the first FAIL.",
)
@shared_options
def demo(
    suites: tuple[Path, ...],
    faults: tuple[str, ...],
    fault_files: tuple[Path, ...],
    grade: str,
    time_scale: float | None,
    seed: int | None,
    short: bool,
    everything: bool,
    requirements: tuple[str, ...],
    shuffle: int | None,
    retries: int,
    run_dir: Path | None,
) -> None:
    """Run the suites on the simulated rig of rigs/virtual.yaml.

    With --fault the tests that declare the requirement which the fault breaks are run, up to the first proven FAIL.
    Exit codes as `tillrig run`.
    """
    from rich.console import Console

    from tillrig.runner.run import RunSettings, run_suites
    from tillrig.runner.selection import Selection, robot_files

    known = {fault["name"]: fault for fault in catalogue()} if faults else {}
    for name in faults:
        if name not in known:
            raise click.BadParameter(f"'{name}' is not known; see `tillrig faults`", param_hint="--fault")
    if faults and not (requirements or suites or everything):
        requirements = tuple(dict.fromkeys(str(known[name]["requirement"]) for name in faults))
    selection = Selection(
        paths=suites or (Path("suites"),),
        requirements=requirements,
        shuffle=shuffle,
        stop_at_fail=bool(faults) and not everything,
    )
    if short:
        selection = msgspec.structs.replace(selection, paths=tuple(robot_files(selection)))
    settings = RunSettings(
        selection=selection,
        rig=Path("rigs/virtual.yaml"),
        retries=retries,
        run_dir=run_dir,
        faults=faults,
        fault_files=fault_files,
        grade=grade,
        time_scale=time_scale,
        seed=seed,
    )
    sys.exit(run_suites(settings, Console()))
