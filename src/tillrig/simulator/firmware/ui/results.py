"""What became of an exchange, in the terminal's words (rules H13, H14, H21)."""

from __future__ import annotations

from tillrig.simulator.firmware.flows.guards import NO_ANSWER, REFUSED, Ended
from tillrig.simulator.firmware.host.online import Outcome
from tillrig.simulator.firmware.terminal import Terminal
from tillrig.simulator.firmware.ui.screens import message


def code_text(terminal: Terminal, code: str, *, approved: bool) -> str:
    """The screen text of a response code: approvals without, declines with the code in brackets."""
    texts = terminal.resources.responses["texts"]
    if code not in texts:
        text = f"{terminal.text('failed')}|{terminal.text('error_code', code=code)}"
    else:
        text = texts[code] if approved else f"[{code}]{texts[code]}"
    return terminal.hooks.result_text(text, code)


def outcome_text(terminal: Terminal, outcome: Outcome) -> str:
    """Failure text, or the text of the host's code."""
    return outcome.failure or code_text(terminal, outcome.code, approved=outcome.approved)


def show_outcome(terminal: Terminal, title: str, outcome: Outcome) -> str:
    """Show the result for its time and return its text."""
    text = outcome_text(terminal, outcome)
    message(terminal, "result", title, text, "result")
    return text


def failed(outcome: Outcome, text: str) -> Ended:
    """How a function ended that was not approved, for the cash register (rules E3)."""
    plain = text.replace("|", "")
    if outcome.code and not outcome.failure:
        return Ended(outcome.code, plain)
    return Ended(REFUSED if outcome.end in ("no_link", "refused", "no_connection", "not_sent") else NO_ANSWER, plain)
