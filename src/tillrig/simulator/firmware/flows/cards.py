"""Presenting a card: stripe, chip or contactless (rules T8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tillrig.simulator.firmware.hardware.reader import Plastic
from tillrig.simulator.firmware.terminal import Terminal
from tillrig.simulator.firmware.ui.prompts import CancelledError, TimedOutError, listen
from tillrig.simulator.firmware.ui.screens import message, right, show, yuan

_FILLER = "0" * 6


class ReadFailedError(Exception):
    """The card could not be read; ``entry`` says how it was tried."""

    def __init__(self, entry: str, text: str = "read_failed") -> None:
        super().__init__(entry)
        self.entry, self.text = entry, text


class CardPrompt:
    """The card part of one transaction: remembers failures between prompts."""

    def __init__(self, terminal: Terminal, title: str, fen: int) -> None:
        self._terminal, self._title, self._fen = terminal, title, fen
        self.failures = {"S": 0, "I": 0, "C": 0}

    def read(self) -> dict[str, Any]:
        """Ask until a card is read. Raises CancelledError; ReadFailedError when the tries are used up."""
        while True:
            try:
                return self._once()
            except ReadFailedError as error:
                self.failed(error)

    def failed(self, error: ReadFailedError) -> None:
        """Show what went wrong and count it; raises it again when it was the last try."""
        self.failures[error.entry] += 1
        message(self._terminal, "refused", self._title, self._terminal.text(error.text))
        tries = int(self._terminal.param("card_tries"))
        if error.entry != "I" and self.failures[error.entry] >= tries:
            raise error

    def _once(self) -> dict[str, Any]:
        terminal = self._terminal
        shown = terminal.hooks.amount_shown(yuan(self._fen), self._fen, "ask_card")
        show(terminal, "ask_card", self._title, [terminal.text("ask_card"), right(shown)])
        terminal.reader.forget_swipes()
        pulls = terminal.reader.pulls
        listen(terminal)
        try:
            found = terminal.kernel.wait(lambda: self._presented(pulls), terminal.seconds("idle"))
        finally:
            terminal.presses.listening = False
        if found is None:
            raise TimedOutError
        entry, plastic = found
        return self._stripe(plastic) if entry == "S" else self._chip(entry, plastic)

    def _presented(self, pulls: int) -> tuple[str, Plastic] | None:
        terminal = self._terminal
        while (key := terminal.presses.take()) is not None:
            if key == "cancel":
                raise CancelledError
        if (swiped := terminal.reader.take_swipe()) is not None:
            return "S", swiped
        if len(terminal.reader.field) > 1:
            raise ReadFailedError("C", "one_card")
        if terminal.reader.field:
            return "C", terminal.reader.field[0]
        if terminal.reader.inserted is not None and not self._tried_out(terminal.reader.inserted):
            return "I", terminal.reader.inserted
        return None

    def _tried_out(self, plastic: Plastic) -> bool:
        """A chip that just failed is not read again before it is moved."""
        return self._stale_insert is plastic

    _stale_insert: Plastic | None = None

    def _stripe(self, plastic: Plastic) -> dict[str, Any]:
        terminal = self._terminal
        if not plastic.get("stripe", True) or _damaged(plastic, "stripe"):
            raise ReadFailedError("S")
        fallback = self.failures["I"] >= int(terminal.param("card_tries"))
        needs_chip = str(plastic["service"])[:1] in "26" and not fallback
        if terminal.hooks.card_refused(terminal.text("use_chip") if needs_chip else "", "S"):
            self._use_chip()
            return self._once()
        return _card(plastic, "S") | {"fallback": fallback}

    def _use_chip(self) -> None:
        message(self._terminal, "refused", self._title, self._terminal.text("use_chip"))

    def _chip(self, entry: str, plastic: Plastic) -> dict[str, Any]:
        terminal, what = self._terminal, "chip" if entry == "I" else "contactless"
        terminal.deaf()
        show(terminal, "reading", self._title, [terminal.text("reading")])

        def gone() -> bool | None:
            there = terminal.reader.inserted is plastic if entry == "I" else plastic in terminal.reader.field
            return None if there else True

        taken_away = terminal.kernel.wait(gone, terminal.seconds(what))
        fit = "chip" in plastic and not _damaged(plastic, what) and (entry == "I" or plastic.get("contactless", True))
        if taken_away or not fit:
            if entry == "I":
                self._stale_insert = plastic
            raise ReadFailedError(entry)
        refused = terminal.hooks.card_refused("", entry)
        if refused:
            raise ReadFailedError(entry)
        return _card(plastic, entry)


def _damaged(plastic: Plastic, part: str) -> bool:
    damage: Callable[[str], bool] = list(plastic.get("damage") or []).__contains__
    return damage(part) or (part == "contactless" and damage("chip"))


def _card(plastic: Plastic, entry: str) -> dict[str, Any]:
    expiry = str(plastic.get("expiry") or "")
    track2 = str(plastic.get("track2") or f"{plastic['pan']}D{expiry}{plastic['service']}{_FILLER}")[:37]
    return {
        "entry": entry,
        "pan": str(plastic["pan"]),
        "expiry": expiry,
        "sequence": str(plastic.get("sequence") or ""),
        "track2": track2.replace("=", "D"),
        "chip": dict(plastic.get("chip") or {}),
        "plastic": plastic,
    }


def still_there(terminal: Terminal, card: dict[str, Any]) -> bool:
    """A chip card must stay in the slot; others need not. Looks at the slot as it is now."""
    terminal.kernel.catch_up()
    return card["entry"] != "I" or terminal.reader.inserted is card["plastic"]


def ask_back(terminal: Terminal, title: str) -> None:
    """Ask for a card left in the slot (rules T6)."""
    if terminal.reader.inserted is None:
        return
    terminal.deaf()
    show(terminal, "remove_card", title, [terminal.text("remove_card")])
    terminal.kernel.wait(lambda: True if terminal.reader.inserted is None else None, terminal.seconds("remove_card"))
    terminal.deaf()
