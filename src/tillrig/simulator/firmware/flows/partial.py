"""Partial approval: the user takes what was approved or gives it back (rules H24)."""

from __future__ import annotations

from tillrig.simulator.firmware.flows.guards import CANCELLED, Ended
from tillrig.simulator.firmware.flows.records import void_record
from tillrig.simulator.firmware.host import messages, online
from tillrig.simulator.firmware.host.online import Outcome
from tillrig.simulator.firmware.storage.flash import FlashError
from tillrig.simulator.firmware.storage.journal import Record
from tillrig.simulator.firmware.terminal import Terminal
from tillrig.simulator.firmware.ui.prompts import confirm
from tillrig.simulator.firmware.ui.results import show_outcome
from tillrig.simulator.firmware.ui.screens import message, right, show, yuan

PARTIAL = "10"


def give_back(terminal: Terminal, title: str, record: Record, approved: Outcome) -> Ended:
    """Send the void of a partial approval at once: no card, no PIN, no supervisor. Without it the sale stands."""
    terminal.deaf()
    show(terminal, "busy", title, [terminal.text("busy")])
    outcome = online.ask(terminal, messages.void(terminal, record, approved.answer), "void")
    text = show_outcome(terminal, title, outcome)
    if not outcome.approved:
        return Ended(approved.code, text.replace("|", ""), record)
    void = void_record(terminal, record, outcome)
    try:
        terminal.journal.append(void)
        record["voided"] = True
        terminal.journal.update(record)
    except FlashError:
        online.change_reason(terminal, "96")
        return Ended(approved.code, terminal.text("failed"), record)
    terminal.store.drop("reversal")
    return Ended(CANCELLED, text.replace("|", ""), void)


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
