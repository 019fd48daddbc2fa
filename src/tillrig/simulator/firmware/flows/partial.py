"""Partial approval: the user takes what was approved or gives it back (rules H24)."""

from __future__ import annotations

from tillrig.simulator.firmware.host.online import Outcome
from tillrig.simulator.firmware.terminal import Terminal
from tillrig.simulator.firmware.ui.prompts import confirm
from tillrig.simulator.firmware.ui.screens import message, right, show, yuan

PARTIAL = "10"


def accepted(terminal: Terminal, title: str, asked: int, outcome: Outcome) -> bool:
    """Show the approved amount; True when the user takes it (the rest is then shown), False for cancel or no key."""
    approved = int(str(outcome.answer[4]))
    shown = terminal.hooks.amount_shown(yuan(approved), approved, "partial")
    show(terminal, "partial", title, [terminal.text("partial"), right(shown), terminal.text("partial_keys")])
    if not confirm(terminal, "idle"):
        return False
    rest = terminal.hooks.amount_shown(yuan(asked - approved), asked - approved, "unpaid")
    message(terminal, "unpaid", title, f"{terminal.text('unpaid')}|{right(rest)}")
    return True
