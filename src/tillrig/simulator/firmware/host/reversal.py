"""The pending reversal goes out before the next online transaction (rules H7, H22)."""

from __future__ import annotations

from typing import Any

from tillrig.simulator.firmware.host import chip, messages, online
from tillrig.simulator.firmware.terminal import Terminal
from tillrig.simulator.firmware.ui.screens import message, show

DONE = frozenset({"00", "12", "25"})


class ReversalOpenError(Exception):
    """The reversal could not be done: the new transaction is refused. ``text`` was on the screen."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def pending(terminal: Terminal) -> dict[str, Any] | None:
    """The stored record, or None."""
    record: dict[str, Any] | None = terminal.store.get("reversal")
    return record


def drop_if_journaled(terminal: Terminal) -> None:
    """At start: a record whose transaction stands in the journal is void (rules H21)."""
    record = pending(terminal)
    if record is None:
        return
    done = terminal.journal.find(str(record["fields"].get("11")))
    if done is not None and done["batch"] == str(record["fields"].get("60", ""))[2:8]:
        terminal.store.drop("reversal")


def clear_first(terminal: Terminal, title: str) -> None:
    """Send the pending reversal, if there is one. Raises ReversalOpenError when it is still pending afterwards."""
    found = pending(terminal)
    if found is None:
        return
    record = terminal.hooks.reversal_pending(found)
    if record is None:
        terminal.store.drop("reversal")
        return
    terminal.deaf()
    show(terminal, "reversing", title, [terminal.text("reversing")])
    fields = messages.reversal(_with_bytes(record), _chip_data(record))
    for _ in range(int(terminal.param("reversal_tries"))):
        outcome = online.ask(terminal, fields, "reversal", new_stan=False)
        if outcome.end in online.NOT_SENT:
            text = terminal.text(outcome.end)
            message(terminal, "refused", title, text, "result")
            raise ReversalOpenError(text)
        done = outcome.code in DONE and not outcome.failure
        if terminal.hooks.reversal_done(done, outcome.code):
            terminal.store.drop("reversal")
            message(terminal, "reversal_done", title, terminal.text("reversed"), "reversal_done")
            return
    text = terminal.text("not_reversed")
    message(terminal, "refused", title, text, "result")
    raise ReversalOpenError(text)


def _with_bytes(record: dict[str, Any]) -> dict[str, Any]:
    fields = {
        number: bytes.fromhex(value) if number in ("55", "59", "62", "63", "64") else value
        for number, value in record["fields"].items()
    }
    return record | {"fields": fields}


def _chip_data(record: dict[str, Any]) -> bytes | None:
    raw = record["fields"].get("55")
    return chip.reversal_data(bytes.fromhex(raw)) if raw else None
