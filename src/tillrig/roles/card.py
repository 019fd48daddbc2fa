"""Cards: a changer whose slots hold them, a motor that drives one in and out, an arm that swipes or taps one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec

from tillrig.drivers.registry import Emit
from tillrig.errors import RigError, UsageError
from tillrig.ports.inputs import Inputs
from tillrig.roles.trace import TracedSwitches, known, wait_for_sense, wait_until

#: The names by which rig files may call the sense of a card in the reader.
SENSES = ("card", "card_in", "card_in_slot")


class CardWiring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Channels of the board, and times in ms.

    slot_bits  least significant first; held while an act needs to know which card is meant
    pulse_ms   how long the motor's contact closes; `move_ms` how long a card may take after it
    swipe_ms   pulse length a speed; every changer says what it knows
    """

    slot_bits: Sequence[int] = ()
    insert: int | None = None
    withdraw: int | None = None
    swipe: int | None = None
    tap: int | None = None
    pulse_ms: int = 80
    move_ms: int = 3000
    swipe_ms: Mapping[str, int] = msgspec.field(default_factory=lambda: {"normal": 80})


class Card:
    """Raises UsageError for what this rig cannot do, SwitchError when the board fails, RigError when a card sticks."""

    def __init__(
        self,
        board: TracedSwitches,
        wiring: CardWiring,
        slots: Mapping[int, str],
        emit: Emit,
        *,
        inputs: Inputs | None = None,
    ) -> None:
        self._board, self._wiring, self._emit = board, wiring, emit
        self._slots = dict(slots)
        self._by_card = {card: slot for slot, card in slots.items()}
        self._inputs, self._sense = inputs, known(inputs, SENSES)
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._selected: str | None = None
        self._in_field: str | None = None

    @property
    def slots(self) -> Mapping[int, str]:
        return dict(self._slots)

    @property
    def cards(self) -> frozenset[str]:
        return frozenset(self._by_card)

    @property
    def in_field(self) -> bool:
        """Whether a card is held to the contactless reader."""
        return self._in_field is not None

    def select(self, card: str) -> None:
        """Which card `insert`, `swipe` and `tap` mean when they name none."""
        slot = self._slot(card)
        self._selected = card
        self._report("select", card, slot)

    def insert(self, card: str | None = None) -> None:
        """Returns when the card is in, where the rig senses it; else when the motor was told."""
        channel = self._channel("insert")
        with self._lock:
            name = self._meant(card)
            self._with_slot(name, lambda: self._drive(channel, "insert", name, True))

    def withdraw(self) -> None:
        """The card is out when this returns, where the rig senses it. Also the way to pull a card early."""
        with self._lock:
            self._drive(self._channel("withdraw"), "withdraw", None, False)

    def swipe(self, card: str | None = None, speed: str = "normal") -> None:
        channel = self._channel("swipe")
        if speed not in self._wiring.swipe_ms:
            raise UsageError(f"this rig cannot swipe {speed!r}; speeds: {', '.join(self._wiring.swipe_ms)}")
        ms = self._wiring.swipe_ms[speed]
        with self._lock:
            name = self._meant(card)

            def act() -> None:
                at = self._board.pulse(channel, ms)
                self._report("swipe", name, self._slot(name), at)
                wait_until(at + ms / 1000, self._closing)

            self._with_slot(name, act)

    def tap(self, card: str | None = None) -> None:
        """Hold the card to the reader; it stays there until `remove`."""
        channel = self._channel("tap")
        with self._lock:
            name = self._meant(card)
            self._board.set(self._bits(name) | {channel: True})
            self._in_field = name
            self._report("tap", name, self._slot(name))

    def remove(self) -> None:
        """Take the card out of the field; nothing happens when none is there."""
        with self._lock:
            if self._in_field is None:
                return
            self._board.set({self._channel("tap"): False} | dict.fromkeys(self._wiring.slot_bits, False))
            name, self._in_field = self._in_field, None
            self._report("remove", name, self._slot(name))

    def inserted(self) -> bool | None:
        """Whether a card is in the reader; None where the rig does not sense it."""
        if self._inputs is None or self._sense is None:
            return None
        return bool(self._inputs.read(self._sense))

    def forget(self) -> None:
        """All contacts were opened behind this role's back."""
        self._in_field = None

    def close(self) -> None:
        self._closing.set()

    def _drive(self, channel: int, action: str, card: str | None, wanted: bool) -> None:
        ms = self._wiring.pulse_ms
        at = self._board.pulse(channel, ms)
        self._report(action, card, None if card is None else self._slot(card), at)
        wait_until(at + ms / 1000, self._closing)
        if self._inputs is None or self._sense is None:
            return
        seconds = self._wiring.move_ms / 1000
        moved = wait_for_sense(self._inputs, self._sense, lambda value: bool(value) is wanted, seconds, self._closing)
        if moved is None:
            says = "blames_rig"
            self._emit(
                "witness", at=time.monotonic(), what="card", key=action, says=says, expected=wanted, seen=not wanted
            )
            raise RigError(
                f"the card did not move: {action} of {card or 'the card'} was ordered {seconds:g} s ago, the sense "
                f"{self._sense!r} still reads {int(not wanted)}; look for an empty slot or a jam"
            )

    def _with_slot(self, card: str, act: Callable[[], None]) -> None:
        bits = self._bits(card)
        self._board.set(bits)
        try:
            act()
        finally:
            self._board.set(dict.fromkeys(bits, False))

    def _bits(self, card: str) -> dict[int, bool]:
        slot = self._slot(card)
        return {channel: bool(slot >> bit & 1) for bit, channel in enumerate(self._wiring.slot_bits)}

    def _meant(self, card: str | None) -> str:
        name = self._selected if card is None else card
        if name is None:
            raise UsageError("no card is named and none was selected")
        self._slot(name)
        if self._in_field is not None:
            raise UsageError(f"{self._in_field} is in the field; remove it before {name} is moved")
        return name

    def _slot(self, card: str) -> int:
        if card not in self._by_card:
            raise UsageError(f"no slot of this rig holds the card {card!r}; it has: {', '.join(sorted(self._by_card))}")
        return self._by_card[card]

    def _channel(self, act: str) -> int:
        channel: int | None = getattr(self._wiring, act)
        if channel is None:
            raise UsageError(f"this rig cannot {act} a card: roles.card.{act} names no channel")
        return channel

    def _report(self, action: str, card: str | None, slot: int | None, at: float | None = None) -> None:
        self._emit("card", at=time.monotonic() if at is None else at, action=action, card=card, slot=slot)
