"""`tillrig faults`: what can be broken in the simulated terminal on purpose."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import click

# Columns for a file or a pipe, where names must stay whole to be searched for.
_UNBOUNDED = 1000


def catalogue() -> list[dict[str, Any]]:
    """The seeded faults as the simulated terminal itself lists them: name, what it breaks, requirement, point."""
    # A process of its own: nothing of the harness imports the simulator.
    done = subprocess.run(
        [sys.executable, "-m", "tillrig.simulator.faults", "--json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    listed: list[dict[str, Any]] = json.loads(done.stdout)
    return listed


@click.command()
@click.option("--json", "as_json", is_flag=True, help="A JSON list of name, breaks, requirement, point.")
def faults(as_json: bool) -> None:
    """List the seeded faults; `tillrig demo --fault NAME` runs the suites against one."""
    listed = catalogue()
    if as_json:
        click.echo(json.dumps(listed, ensure_ascii=False, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("name", "breaks", "requirement", "point"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "name")
    for fault in listed:
        table.add_row(*(str(fault.get(key, "")) for key in ("name", "breaks", "requirement", "point")))
    console = Console()
    if not console.is_terminal:
        console.width = console.measure(table, options=console.options.update(width=_UNBOUNDED)).maximum
    console.print(table)
