"""``tillrig simulate`` and ``tillrig bench``: start the simulated rig, and put a hand on it.

Both hand over to a process of the simulator, which takes the rest of the command line: nothing of it is imported here.
"""

from __future__ import annotations

import os
import sys

import click

_PASS_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "allow_interspersed_args": False}


@click.command(context_settings=_PASS_ON, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def simulate(arguments: tuple[str, ...]) -> None:
    """Run the simulated rig until it is stopped (see `tillrig simulate --help`)."""
    _become("tillrig.simulator.bench", arguments)


@click.command(context_settings=_PASS_ON, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(arguments: tuple[str, ...]) -> None:
    """Press, insert, unplug or break something on a running simulated rig (see `tillrig bench --help`)."""
    _become("tillrig.simulator.bench.client", arguments)


def _become(module: str, arguments: tuple[str, ...]) -> None:
    """Replace this process, so that signals and the exit code are the simulator's own."""
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])
