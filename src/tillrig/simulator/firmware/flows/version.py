"""7-8: model, firmware version, terminal number."""

from __future__ import annotations

from tillrig.simulator.firmware.flows.guards import Ended
from tillrig.simulator.firmware.terminal import Terminal
from tillrig.simulator.firmware.ui.prompts import ask_key
from tillrig.simulator.firmware.ui.screens import show

TITLE = "版本"


def run(terminal: Terminal) -> Ended:
    """Show the version until a key or the idle time."""
    model = terminal.resources.model
    rows = [
        terminal.text("model_row", model=model["model"]),
        terminal.text("version_row", version=model["version"]),
        terminal.text("terminal_row", tid=terminal.param("tid")),
    ]
    show(terminal, "version", TITLE, rows)
    ask_key(terminal, lambda key: True, terminal.seconds("idle"))
    return Ended("00", TITLE)
