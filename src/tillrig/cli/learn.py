"""`tillrig learn`: take the font of a terminal from its own display."""

from __future__ import annotations

import sys
import tempfile
from datetime import datetime
from pathlib import Path

import click


@click.command()
@click.option("--rig", "rig_file", type=click.Path(path_type=Path), envvar="TILLRIG_RIG",
              default=Path("rigs/virtual.yaml"), show_default=True, help="Rig file, calibrated.")  # fmt: skip
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="PROFILE_DIR",
              help="Folder of the profile, where the glyphs are stored.")  # fmt: skip
def learn(rig_file: Path, out: Path) -> None:
    """Lead the terminal through screens whose text the profile knows, and harvest its glyphs.

    Signs in, looks at the menus and at the version, types amounts at the prompt and clears them; nothing is paid,
    printed or sent besides the sign-in. Writes learned-SIZE.json and its sheet into PROFILE_DIR, and says the line
    that makes the profile use them. Needs the keypad and a screen camera with corners (`tillrig calibrate`).

    Exit codes: 0 every digit was learned; 21 some were not: amounts are then not read with this font; 20, 22, 30 as
    in `tillrig run`.
    """
    from tillrig.cli._ending import ended_by_verdict
    from tillrig.session import acquire
    from tillrig.session.lesson import Lesson, summary
    from tillrig.verdicts import EXIT_CODES, Verdict
    from tillrig.vision.geometry import display_geometry
    from tillrig.vision.learning import Harvest, write_learned

    with (
        ended_by_verdict("stopped; nothing was stored"),
        tempfile.TemporaryDirectory(prefix="tillrig-learn-") as run_dir,
        acquire(rig_file, run_dir) as session,
    ):
        _check_writable(out)
        harvest = Harvest(display_geometry(session.profile))
        lesson = Lesson(session, harvest)
        lesson.give()
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        path = write_learned(out, harvest, session.rig.name, now)
    for line in summary(harvest, lesson.screens):
        click.echo(line)
    click.echo(f"stored in {path}; in profile.yaml, under display.fonts:")
    click.echo(f"    - {{path: {path.name}, size: {harvest.geometry.cell[1]}, kind: learned}}")
    if harvest.missing_digits:
        sys.exit(EXIT_CODES[Verdict.INCONCLUSIVE])


def _check_writable(folder: Path) -> None:
    """Raise EvidenceError now rather than after the lesson. Leaves nothing in a folder that is there."""
    from tillrig.errors import EvidenceError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as problem:
        raise EvidenceError(
            f"the learned font cannot be stored in {folder}: {problem.strerror or problem}"
        ) from problem
