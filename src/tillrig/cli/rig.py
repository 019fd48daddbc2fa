"""`tillrig rig`: is every instrument there and well?"""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command()
@click.argument("rig_file", type=click.Path(path_type=Path), envvar="TILLRIG_RIG", default=Path("rigs/virtual.yaml"))
def rig(rig_file: Path) -> None:
    """Open RIG_FILE (default: rigs/virtual.yaml) and let each instrument prove itself.

    Exit codes: 0 all are well, 20 one is not, 22 the rig is taken, 30 the rig file is wrong.
    """
    from tillrig.errors import TillrigError
    from tillrig.rigs import open_rig
    from tillrig.verdicts import EXIT_CODES, Verdict, of_exception

    try:
        with open_rig(rig_file) as opened:
            health = opened.check()
    except TillrigError as error:
        click.echo(f"{type(error).__name__}: {error}", err=True)
        sys.exit(EXIT_CODES[of_exception(error)])
    for item in health:
        click.echo(f"{'ok  ' if item.ok else 'DEAD'}  {item.instrument}: {item.text}")
    sys.exit(0 if all(item.ok for item in health) else EXIT_CODES[Verdict.RIG_ERROR])
