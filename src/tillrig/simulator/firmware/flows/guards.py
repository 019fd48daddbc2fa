"""What must hold before a function may run (rules T4, T5, T10, H23), and how a transaction ends when it may not."""

from __future__ import annotations

from typing import NamedTuple

from tillrig.simulator.firmware.storage.journal import Record
from tillrig.simulator.firmware.terminal import Terminal
from tillrig.simulator.firmware.ui.screens import message

CANCELLED, TIMED_OUT, NOT_SIGNED_IN, NO_ANSWER, BUSY, REFUSED, OTHER_AMOUNT, UNREADABLE = (
    "C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8",
)  # fmt: skip


class Ended(NamedTuple):
    """How a function ended: the host's code or one of C1-C8 (rules E3), its text, and the record when one was made."""

    code: str
    text: str
    record: Record | None = None


def refuse(terminal: Terminal, title: str, name: str, code: str = REFUSED) -> Ended:
    """Show a refusal for its time."""
    text = terminal.text(name)
    message(terminal, "refused", title, text)
    return Ended(code, text.replace("|", ""))


def settlement_open(terminal: Terminal) -> bool:
    """A 0510 came and its batch has not been ended."""
    return terminal.store.get("settlement") is not None


def may_sell(terminal: Terminal, title: str) -> Ended | None:
    """None when an operator with good keys may store another record, else the refusal, shown."""
    if terminal.session.role == "supervisor":
        return refuse(terminal, title, "not_supervisor")
    if not terminal.session.keys_good:
        return refuse(terminal, title, "sign_in_first", NOT_SIGNED_IN)
    if settlement_open(terminal):
        return refuse(terminal, title, "settle_on")
    if len(terminal.journal.records) >= int(terminal.param("batch_limit")):
        return refuse(terminal, title, "full")
    return None


def announce(terminal: Terminal) -> None:
    """Before the menu: what waits to be done (terminal page, Power-on to ready; rules T10)."""
    count, limit = len(terminal.journal.records), int(terminal.param("batch_limit"))
    names = []
    if terminal.store.get("reversal") is not None:
        names.append("reversal_waits")
    if settlement_open(terminal):
        names.append("settle_on")
    elif count >= limit:
        names.append("full")
    elif count >= min(int(terminal.param("batch_warning")), limit):
        names.append("near_full")
    for name in names:
        message(terminal, "notice", terminal.text("notice"), terminal.text(name))
