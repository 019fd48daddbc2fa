"""The card reader: stripe, chip slot and contactless field."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from typing import Any

from tillrig.simulator import wire

Plastic = dict[str, Any]
"""A card as the bench describes it: the plastic, plus ``damage``."""


class Reader:
    """What is in the slot, in the field, and what was swiped; questions to the chip."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self.inserted: Plastic | None = None
        self.field: list[Plastic] = []
        self._swipes: deque[Plastic] = deque()
        self._ids = itertools.count(1)
        self._answers: dict[int, dict[str, Any]] = {}
        self.pulls = 0

    def on_card(self, payload: bytes) -> None:
        """``C``: a card moved."""
        message = wire.parse_json(payload)
        event, card = message.get("event"), dict(message.get("card") or {})
        if event == "inserted":
            self.inserted = card
        elif event == "withdrawn":
            self.inserted = None
            self.pulls += 1
        elif event == "swiped":
            self._swipes.append(card)
        elif event == "tapped":
            self.field.append(card)
        elif event == "removed":
            left = [other for other in self.field if other.get("pan") != card.get("pan")]
            self.field = left if card and len(left) < len(self.field) else []

    def on_answer(self, payload: bytes) -> None:
        """``A``: the chip answered."""
        message = wire.parse_json(payload)
        self._answers[int(message.get("id", 0))] = message

    def forget_swipes(self) -> None:
        """Swipes before the prompt do not count."""
        self._swipes.clear()

    def take_swipe(self) -> Plastic | None:
        """The next swipe, or None."""
        return self._swipes.popleft() if self._swipes else None

    def ask(self, data: dict[str, str]) -> int:
        """Send GENERATE AC with ``data`` (tag to hex); returns the question's number."""
        number = next(self._ids)
        self._send(wire.json_message(wire.CHIP, {"id": number, "generate_ac": data}))
        return number

    def answer(self, number: int) -> dict[str, Any] | None:
        """The chip's answer to question ``number`` once it is there."""
        return self._answers.pop(number, None)
