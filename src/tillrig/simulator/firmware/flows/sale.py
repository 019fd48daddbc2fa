"""Sale by stripe, chip or contactless (terminal page, Flows; rules H5, H21, T6-T8)."""

from __future__ import annotations

from typing import Any

from tillrig.simulator.firmware.flows import partial
from tillrig.simulator.firmware.flows.cards import CardPrompt, ReadFailedError, ask_back, still_there
from tillrig.simulator.firmware.flows.guards import CANCELLED, REFUSED, TIMED_OUT, Ended, announce, may_sell
from tillrig.simulator.firmware.flows.records import sale_record
from tillrig.simulator.firmware.flows.signin import obey_request
from tillrig.simulator.firmware.host import chip, messages, online, reversal
from tillrig.simulator.firmware.host.online import Outcome
from tillrig.simulator.firmware.slips.printing import print_record
from tillrig.simulator.firmware.storage.flash import FlashError
from tillrig.simulator.firmware.terminal import Terminal
from tillrig.simulator.firmware.ui.prompts import CancelledError, TimedOutError, ask_amount, ask_secret
from tillrig.simulator.firmware.ui.results import code_text, failed, show_outcome
from tillrig.simulator.firmware.ui.screens import message, right, show, yuan

TITLE = "消费"
PIN_SHORTEST, PIN_LONGEST = 4, 12
PIN_WRONG = "55"


class PinTimeoutError(TimedOutError):
    """Sixty seconds without a key at the PIN prompt."""


def run(terminal: Terminal, fen: int | None = None, order: str = "") -> Ended:
    """One sale from the amount (unless the cash register gave it) to its slips."""
    refusal = obey_request(terminal) or may_sell(terminal, TITLE)
    if refusal is not None:
        return refusal
    try:
        amount = ask_amount(terminal, TITLE, terminal.text("ask_amount")) if fen is None else fen
        ended = _Sale(terminal, amount, order).run()
    except PinTimeoutError:
        message(terminal, "refused", TITLE, terminal.text("pin_timeout"))
        ended = Ended(TIMED_OUT, terminal.text("pin_timeout"))
    except TimedOutError:
        ended = Ended(TIMED_OUT, terminal.text("timed_out"))
    except CancelledError:
        ended = Ended(CANCELLED, terminal.text("cancelled"))
    except ReadFailedError as error:
        ended = Ended(REFUSED, terminal.text(error.text))
    except reversal.ReversalOpenError as error:
        ended = Ended(REFUSED, error.text.replace("|", ""))
    ask_back(terminal, TITLE)
    if ended.record is not None:
        print_record(terminal, TITLE, ended.record, reprint=False)
        if len(terminal.journal.records) in (int(terminal.param("batch_warning")), int(terminal.param("batch_limit"))):
            announce(terminal)
    return ended


class _Sale:
    def __init__(self, terminal: Terminal, fen: int, order: str) -> None:
        self._terminal, self._fen, self._order = terminal, fen, order
        self._prompt = CardPrompt(terminal, TITLE, fen)
        self._wrong_pins = 0

    def run(self) -> Ended:
        """Card and PIN until the request is answered with something other than a wrong PIN."""
        terminal = self._terminal
        card = self._read()
        while True:
            try:
                pin = self._pin(card)
                reversal.clear_first(terminal, TITLE)
                terminal.deaf()
                show(terminal, "busy", TITLE, [terminal.text("busy")])
                outcome, tags = self._online(card, pin)
            except ReadFailedError as error:
                self._prompt.failed(error)
                card = self._read()
                continue
            if outcome.failure or outcome.code != PIN_WRONG:
                return self._finish(card, outcome, tags)
            self._wrong_pins += 1
            if self._wrong_pins >= int(terminal.param("pin_tries")):
                message(terminal, "refused", TITLE, terminal.text("pin_tries"))
                return Ended(PIN_WRONG, terminal.text("pin_tries"))
            message(terminal, "result", TITLE, code_text(terminal, PIN_WRONG, approved=False), "result")

    def _read(self) -> dict[str, Any]:
        """A card. A contactless one computes its cryptogram while it is held to the reader; it may then leave."""
        while True:
            card = self._prompt.read()
            if card["entry"] != "C":
                return card
            verified = "" if self._within_limit(card) else "online PIN"
            try:
                card["tags"] = chip.first_cryptogram(self._terminal, card, self._fen, verified)
            except chip.ChipGoneError:
                self._prompt.failed(ReadFailedError("C"))
            else:
                return card

    def _within_limit(self, card: dict[str, Any]) -> bool:
        return card["entry"] == "C" and self._fen <= int(self._terminal.param("contactless_limit"))

    def _pin(self, card: dict[str, Any]) -> str:
        terminal, step = self._terminal, "ask_pin"
        if not terminal.hooks.needs_pin(not self._within_limit(card), card["entry"], self._fen):
            return ""

        def watch() -> None:
            if not still_there(terminal, card):
                raise ReadFailedError("I")

        while True:
            below = right(terminal.hooks.amount_shown(yuan(self._fen), self._fen, step))
            try:
                pin = ask_secret(terminal, step, TITLE, terminal.text(step), PIN_LONGEST, below=below, watch=watch)
            except TimedOutError as error:
                raise PinTimeoutError from error
            if not pin or len(pin) >= PIN_SHORTEST:
                return terminal.hooks.pin(pin)
            message(terminal, "refused", TITLE, terminal.text("pin_short"))

    def _online(self, card: dict[str, Any], pin: str) -> tuple[Outcome, dict[str, str]]:
        terminal, data = self._terminal, None
        tags: dict[str, str] = {}
        if card["entry"] != "S":
            if not still_there(terminal, card):
                raise ReadFailedError("I")
            try:
                tags = card.get("tags") or chip.first_cryptogram(terminal, card, self._fen, pin)
            except chip.ChipGoneError as error:
                raise ReadFailedError(card["entry"]) from error
            data = chip.request_data(tags)
        return online.ask(terminal, messages.sale(terminal, card, self._fen, pin, data), "sale"), tags

    def _finish(self, card: dict[str, Any], outcome: Outcome, tags: dict[str, str]) -> Ended:
        terminal = self._terminal
        if not outcome.approved:
            return failed(outcome, show_outcome(terminal, TITLE, outcome))
        if not still_there(terminal, card):
            return self._undone("06")
        given_back = outcome.code == partial.PARTIAL and not partial.accepted(terminal, TITLE, self._fen, outcome)
        waiver = terminal.hooks.waiver(self._within_limit(card), card["entry"], self._fen)
        record = sale_record(terminal, card, outcome, tags, order=self._order, waiver=waiver)
        try:
            terminal.journal.append(record)
        except FlashError:
            return self._undone("96")
        terminal.store.drop("reversal")
        if given_back:
            return partial.give_back(terminal, TITLE, record, outcome)
        text = show_outcome(terminal, TITLE, outcome)
        return Ended(outcome.code, text.replace("|", ""), record)

    def _undone(self, reason: str) -> Ended:
        terminal = self._terminal
        online.change_reason(terminal, reason)
        text = terminal.text("failed")
        message(terminal, "result", TITLE, text, "result")
        return Ended(REFUSED, text)
