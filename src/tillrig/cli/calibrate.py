"""`tillrig calibrate`: find where a rig's cameras look, store it beside the rig file, tell whether it still holds."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tillrig.rigs import OpenRig


@click.command()
@click.option("--rig", "rig_file", type=click.Path(path_type=Path), envvar="TILLRIG_RIG",
              default=Path("rigs/virtual.yaml"), show_default=True, help="Rig file.")  # fmt: skip
@click.option("--camera", "cameras", multiple=True, help="Only this camera [every camera of the rig].")
@click.option("--check", is_flag=True, help="Only tell whether the rig is in tune: exit code 0, or 20.")
@click.option("--power-on", is_flag=True, help="Switch the terminal on first (roles.power of the rig file).")
@click.option("--yes", is_flag=True, help="Never ask: what is not sure is refused.")
@click.option("--show", "texts", multiple=True, metavar="ROW",
              help="A row of what the display shows, from the top (# inverse, ^ centred, > right).")  # fmt: skip
@click.option("--wait", "wait_s", type=click.FloatRange(1, 600), default=30.0, show_default=True,
              help="Seconds to wait for a picture at rest that shows known text.")  # fmt: skip
def calibrate(
    rig_file: Path,
    cameras: tuple[str, ...],
    check: bool,
    power_on: bool,
    yes: bool,
    texts: tuple[str, ...],
    wait_s: float,
) -> None:
    """Find the corners of display and paper before a rig's cameras, to a part of a pixel.

    The display must be lit and show a screen of the profile (best a full one, such as the menu), or a printed target
    must be declared in the rig file; for the paper a slip must hang. Corners, lens term, score, date and a reference
    frame are stored in NAME.calibration.yaml beside the rig file, pictures of each step in NAME.calibration/.

    Exit codes: 0 stored (or in tune); 20 the camera sees nothing usable, or the rig is out of tune; 21 not sure; 22 the
    rig is in use; 30 the rig file or the profile is wrong.
    """
    from tillrig.cli._ending import ended_by_verdict
    from tillrig.errors import UsageError
    from tillrig.rigs import load_rig, open_rig

    if math.isnan(wait_s):  # a range lets it through, and it would bound nothing
        raise click.BadParameter("it must be a number of seconds", param_hint="'--wait'")
    with ended_by_verdict("stopped; what was stored before still holds"):
        rig = load_rig(rig_file)
        with open_rig(rig) as opened:
            views = opened.views
            unknown = sorted(set(cameras) - set(views))
            if unknown or not views:
                raise UsageError(f"{rig_file}: no camera {', '.join(unknown)}; it has: {', '.join(views) or 'none'}")
            names = cameras or tuple(name for name in ("screen", "slip") if name in views)
            if power_on:
                opened.need("power").on()
            code = (
                _check(opened, names, wait_s, optional=not cameras)
                if check
                else _find(opened, names, texts, yes, wait_s)
            )
    sys.exit(code)


def _find(opened: OpenRig, names: tuple[str, ...], texts: tuple[str, ...], yes: bool, wait_s: float) -> int:
    from tillrig.rigs.calibrating import calibrate_camera

    ask = None if yes or not sys.stdin.isatty() else _ask
    for name in names:
        done = calibrate_camera(opened, name, shown=texts, ask=ask, wait_s=wait_s, optional=len(names) > 1)
        for line in done.lines:
            click.echo(f"{name}: {line}")
    return 0


def _check(opened: OpenRig, names: tuple[str, ...], wait_s: float, *, optional: bool) -> int:
    from tillrig.rigs.calibrating import check_camera, stored_names
    from tillrig.verdicts import EXIT_CODES, Verdict

    sound = True
    stored = stored_names(opened)
    for name in names:
        if optional and stored and name not in stored:
            click.echo(f"{name}: passed over: nothing is stored for it; run --camera {name} without --check first")
            continue
        tune = check_camera(opened, name, wait_s=wait_s)
        for line in tune.lines:
            click.echo(f"{name}: {line}")
        sound = sound and not tune.faults
    return 0 if sound else EXIT_CODES[Verdict.RIG_ERROR]


def _ask(question: str) -> bool:
    return click.confirm(question, default=False)
