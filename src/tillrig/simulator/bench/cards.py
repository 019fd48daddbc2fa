"""The card changer: 16 slots, a motor that drives the chosen card in and out, a swipe arm, a contactless arm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tillrig.simulator.bench import chip
from tillrig.simulator.bench.clock import Clock, Timer

SLOTS = 16
MOTOR_S = 0.150
SWIPE_S = 0.200
ARM_S = 0.040
DEFAULT_CARDS = Path(__file__).with_name("cards.yaml")
_NOT_ON_THE_PLASTIC = ("pin", "state", "balance", "slot")

Card = dict[str, Any]


class CardsError(ValueError):
    """The cards file cannot be used: says which card and why."""


def load_cards(path: Path) -> dict[int, Card]:
    """Read a cards file: slot (0..15) to card, each with its ``name``."""
    try:
        document = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except Exception as error:
        raise CardsError(f"cards file {path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise CardsError(f"cards file {path} must map card names to cards")
    slots: dict[int, Card] = {}
    for name, card in document.items():
        slot = card.get("slot") if isinstance(card, dict) else None
        if not isinstance(slot, int) or not 0 <= slot < SLOTS:
            raise CardsError(f"card {name} in {path}: slot must be 0 to {SLOTS - 1}, not {slot!r}")
        if slot in slots:
            raise CardsError(f"cards {slots[slot]['name']} and {name} in {path} both lie in slot {slot}")
        if isinstance(card.get("chip"), dict) and not {"aip", "iad", "key"} <= card["chip"].keys():
            raise CardsError(f"card {name} in {path}: its chip needs aip, iad and key")
        slots[slot] = {"name": str(name), "damage": [], **card}
    return slots


def plastic(card: Card) -> Card:
    """What the terminal can learn from the card: no PIN, no account, no key."""
    seen = {key: value for key, value in card.items() if key not in _NOT_ON_THE_PLASTIC}
    if isinstance(seen.get("chip"), dict):
        seen["chip"] = {key: value for key, value in seen["chip"].items() if key != "key"}
    return seen


class CardChanger:
    """Moves cards by the contacts of its relays; ``event(name, plastic)`` tells the reader.

    The motor is bistable: a card stays where it is when all contacts open.
    """

    def __init__(
        self,
        clock: Clock,
        slots: Mapping[int, Card],
        counters: chip.Counters,
        event: Callable[[str, Card], None],
    ) -> None:
        self._clock = clock
        self._counters = counters
        self._event = event
        self.slots = dict(slots)
        self.selected = 0
        self.inserted: Card | None = None
        self.tapped: Card | None = None
        self._arming: dict[str, Timer] = {}
        self._coming: tuple[Card, Timer] | None = None
        self._motor_free_at = 0.0

    def select(self, bit: int, closed: bool) -> None:
        """One of the four slot-select contacts moved."""
        self.selected = self.selected | 1 << bit if closed else self.selected & ~(1 << bit)

    def contact(self, movement: str, closed: bool, at: float) -> None:
        """A contact of ``insert``, ``withdraw``, ``swipe`` or ``tap`` came to rest at ``at``."""
        if timer := self._arming.pop(movement, None):
            timer.cancel()
        if movement == "tap" and not closed:
            self.untap()
        elif closed:
            act = {"insert": self.insert, "withdraw": self.withdraw, "swipe": self.swipe, "tap": self.tap}[movement]
            # The contact has travelled and bounced since its coil closed; a pulse of 50 ms must still be enough.
            # Whoever selects and moves in one write relies on the slot being read only now.
            self._arming[movement] = self._clock.call_at(at + ARM_S, act)

    def insert(self, slot: int | None = None) -> bool:
        """Start to drive in the card of ``slot`` (the selected one); False when none is there, or one is in the way."""
        card = self._lying_in(slot)
        if card is None or self.inserted or self._coming:
            return False
        self._coming = (card, self._clock.call_at(self._run_motor(MOTOR_S), self._in, card))
        return True

    def withdraw(self) -> bool:
        """Start to drive out the card that is in or on its way in; False when there is none."""
        if self._coming:
            self._coming[1].cancel()
            self._coming = None
            return True
        if self.inserted is None:
            return False
        card, self.inserted = self.inserted, None  # the contacts leave the chip as soon as the card moves
        self._run_motor(MOTOR_S)
        self._event("withdrawn", plastic(card))
        return True

    def swipe(self, slot: int | None = None) -> bool:
        """Pull the stripe of the card in ``slot`` through the reader; False when it is not there."""
        card = self._lying_in(slot)
        if card is None:
            return False
        self._clock.call_at(self._run_motor(SWIPE_S), self._event, "swiped", plastic(card))
        return True

    def tap(self, slot: int | None = None) -> bool:
        """Bring the card of ``slot`` into the field; False when it is not there, or one is in the field already."""
        card = self._lying_in(slot)
        if card is None or self.tapped:
            return False
        self.tapped = card
        self._event("tapped", plastic(card))
        return True

    def untap(self) -> None:
        """Take the card out of the field."""
        if self.tapped:
            card, self.tapped = self.tapped, None
            self._event("removed", plastic(card))

    def ask_chip(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Answer the reader's message to the chip; ``error: gone`` when no card is in reach."""
        card = self.inserted or self.tapped
        answer: dict[str, Any] = {"id": question.get("id")}
        data = question.get("generate_ac")
        if card is None or not isinstance(card.get("chip"), dict) or "chip" in card["damage"]:
            return answer | {"error": "gone"}
        if not isinstance(data, dict):
            return answer | {"error": "refused"}
        return answer | chip.generate_ac(card["chip"], self._counters.next(card["name"]), data)

    def _lying_in(self, slot: int | None) -> Card | None:
        card = self.slots.get(self.selected if slot is None else slot)
        elsewhere = (self.inserted, self.tapped, self._coming and self._coming[0])
        return None if any(card is other for other in elsewhere) else card

    def _run_motor(self, seconds: float) -> float:
        """The motor does one thing after the other; return when this one is done."""
        self._motor_free_at = max(self._motor_free_at, self._clock.time()) + seconds
        return self._motor_free_at

    def _in(self, card: Card) -> None:
        self._coming = None
        self.inserted = card
        self._event("inserted", plastic(card))
