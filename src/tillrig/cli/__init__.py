"""The command line. Each command lives in a module of its own, imported only when it is called."""

from __future__ import annotations

import importlib
from importlib.metadata import version

import click

#: command → module that holds a click command of that name (and the line of `tillrig --help`).
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Run the suites on a simulated rig."),
    "run": ("run", "Run pytest and Robot suites on a rig."),
    "rig": ("rig", "Check the instruments of a rig, one by one."),
    "calibrate": ("calibrate", "Find where a rig's cameras look, and whether they still do."),
    "learn": ("learn", "Learn a terminal's font from its own display."),
    "explain": ("explain", "Say of a finding what was seen, who said so and why; draw it."),
    "report": ("report", "Write the HTML summary of a run again."),
    "read": ("read", "Read screens and slips in pictures."),
    "decode": ("decode", "Decode ISO 8583 and cash-register messages."),
    "mac": ("mac", "Compute a message authentication code."),
    "host": ("host", "Run the test host alone."),
    "simulate": ("simulate", "Run a simulated rig."),
    "bench": ("simulate", "Operate a simulated rig by hand, or break it."),
    "faults": ("faults", "List the seeded faults of the simulated terminal."),
}


class LazyGroup(click.Group):
    """Imports a command's module when the command is called, so that `tillrig decode` loads no camera code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"tillrig.cli.{COMMANDS[cmd_name][0]}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("tillrig"), prog_name="tillrig")
def main() -> None:
    """tillrig: press the keys, read the screen and the paper, answer as the acquirer, and judge.

    Exit codes of `run` and `demo`: 0 PASS, 10 FAIL (the terminal), 20 RIG_ERROR, 21 INCONCLUSIVE, 22 BLOCKED,
    30 TEST_ERROR.
    """
