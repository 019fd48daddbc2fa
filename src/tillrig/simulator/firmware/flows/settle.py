"""7-6: settlement with its upload, in steps that survive a power cut (rules H9, H23).

States on flash (``settlement``): answered, then ``next`` counts acknowledged blocks, ``ended`` the batch at the host,
``printed`` the slip; emptying the journal closes it.
"""

from __future__ import annotations

from typing import Any

from tillrig.simulator.firmware.flows.cards import ask_back
from tillrig.simulator.firmware.flows.guards import CANCELLED, REFUSED, Ended, refuse, settlement_open
from tillrig.simulator.firmware.flows.records import answer_time
from tillrig.simulator.firmware.flows.signin import obey_request
from tillrig.simulator.firmware.flows.totals import block48, field48, kept, totals, upload_records
from tillrig.simulator.firmware.host import messages, online, reversal
from tillrig.simulator.firmware.slips.printing import print_lines
from tillrig.simulator.firmware.slips.settlement import detail_lines, settlement_lines
from tillrig.simulator.firmware.storage.store import after
from tillrig.simulator.firmware.terminal import Terminal
from tillrig.simulator.firmware.ui.prompts import confirm
from tillrig.simulator.firmware.ui.results import failed, show_outcome
from tillrig.simulator.firmware.ui.screens import broken, message, show

TITLE = "结算"
BLOCK = 8
LENGTH_48 = 62


def run(terminal: Terminal) -> Ended:
    """Settle, or go on with a settlement that was interrupted; ends with nobody signed in."""
    refused = obey_request(terminal)
    if refused is not None:
        return refused
    if not terminal.session.keys_good:
        return refuse(terminal, TITLE, "sign_in_first")
    if not settlement_open(terminal):
        stopped = _begin(terminal)
        if stopped is not None:
            return stopped
    ended = _upload(terminal) or _end(terminal)
    if ended is not None:
        return ended
    _finish(terminal)
    return Ended("00", terminal.text("approved"))


def _begin(terminal: Terminal) -> Ended | None:
    if not terminal.journal.records:
        return refuse(terminal, TITLE, "nothing_to_settle")
    try:
        reversal.clear_first(terminal, TITLE)
    except reversal.ReversalOpenError as error:
        return Ended(REFUSED, error.text.replace("|", ""))
    show(terminal, "confirm_settle", TITLE, broken(terminal.text("confirm_settle")))
    if not confirm(terminal, "idle"):
        ask_back(terminal, TITLE)
        return Ended(CANCELLED, terminal.text("cancelled"))
    _settling(terminal)
    sums = totals(terminal)
    request = messages.settlement(terminal, terminal.session.user, field48(sums))
    outcome = online.ask(terminal, request, "settlement")
    results = str(outcome.answer.get(48, ""))
    if outcome.failure or outcome.code not in ("", "00"):
        return failed(outcome, show_outcome(terminal, TITLE, outcome))
    if len(results) != LENGTH_48:
        message(terminal, "result", TITLE, terminal.text("garbled"), "result")
        return Ended(REFUSED, terminal.text("garbled"))
    state = kept(sums, {
        "results": results[30] + results[61], "batch": terminal.store.batch, "operator": terminal.session.user,
        "datetime": answer_time(terminal, outcome), "next": 0, "not_uploaded": [], "refused": [],
        "ended": False, "printed": False,
    })  # fmt: skip
    terminal.store.put("settlement", state)
    return None


def _settling(terminal: Terminal) -> None:
    terminal.deaf()
    show(terminal, "settling", TITLE, [terminal.text("busy")])


def _state(terminal: Terminal) -> dict[str, Any]:
    state: dict[str, Any] = terminal.store.get("settlement")
    return state


def _balanced(state: dict[str, Any]) -> bool:
    return bool(state["results"] == "11")


def _upload(terminal: Terminal) -> Ended | None:
    """Send the blocks not yet acknowledged; None when the upload is through."""
    state = _state(terminal)
    if _balanced(state) or state["ended"]:
        return None
    _settling(terminal)
    records = upload_records(terminal.journal.records)
    for at in range(state["next"] * BLOCK, len(records), BLOCK):
        block = records[at : at + BLOCK]
        outcome = _block(terminal, block)
        if outcome.end in online.NOT_SENT:
            return failed(outcome, show_outcome(terminal, TITLE, outcome))
        if outcome.failure:
            state["not_uploaded"] += block
        elif outcome.code != "00":
            state["refused"] += block
        state["next"] += 1
        terminal.store.put("settlement", state)
    return None


def _block(terminal: Terminal, block: list[dict[str, Any]]) -> online.Outcome:
    request = messages.upload_block(terminal, block48(block))
    outcome = online.ask(terminal, request, "batch_upload")
    for _ in range(int(terminal.param("upload_tries")) - 1):
        if not outcome.failure or outcome.end in online.NOT_SENT:
            break
        outcome = online.ask(terminal, request, "batch_upload")
    return outcome


def _end(terminal: Terminal) -> Ended | None:
    """Close the batch at the host; with its 00 the number rises and the operator is signed off there."""
    state = _state(terminal)
    if not state["ended"]:
        _settling(terminal)
        uploaded = 0
        if not _balanced(state):
            lost = len(state["not_uploaded"]) + len(state["refused"])
            uploaded = len(upload_records(terminal.journal.records)) - lost
        request = messages.upload_end(terminal, uploaded, balanced=_balanced(state))
        outcome = online.ask(terminal, request, "upload_end")
        if outcome.failure or outcome.code != "00":
            return failed(outcome, show_outcome(terminal, TITLE, outcome))
        state["ended"] = True
        terminal.store.put("settlement", state)
    last = int(state["batch"])
    if int(terminal.store.batch) == last:
        terminal.store.batch = str(terminal.hooks.batch_next(after(last), last))
    if not state["printed"]:
        online.ask(terminal, messages.sign_off(terminal), "signoff")
    return None


def _finish(terminal: Terminal) -> None:
    """Slip, detail list, empty journal, nobody on duty."""
    state = _state(terminal)
    if not state["printed"]:
        terminal.store.put("last_settlement", {key: value for key, value in state.items() if key != "next"})
        print_lines(terminal, TITLE, settlement_lines(terminal, state, reprint=False), "settlement")
        terminal.store.put("settlement", state | {"printed": True})
        show(terminal, "ask_detail", TITLE, broken(terminal.text("ask_detail")))
        if confirm(terminal, "detail"):
            print_lines(terminal, TITLE, detail_lines(terminal, terminal.journal.records), "detail")
    terminal.journal.clear()
    terminal.store.drop("settlement")
    terminal.leave()
