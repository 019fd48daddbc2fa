"""The key matrix: contact edges in, presses out (debounce 20 ms, a key counts from 30 ms, no repeat)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

DEBOUNCE = 0.020
COUNTS_FROM = 0.030
LATE_EDGES = 0.004
"""How long an edge may be under way on the pipe before the present is trusted."""


class Press(NamedTuple):
    """A key that counted: its name and the time of its first contact."""

    name: str
    at: float


@dataclass
class _Contact:
    closed: bool = False
    edge_at: float = 0.0
    pressed_at: float | None = None
    counted: bool = False


@dataclass
class Debouncer:
    """Turns edges with their times into presses; never looks at a clock of its own."""

    names: tuple[str, ...]
    _contacts: list[_Contact] = field(init=False)
    news: bool = False
    _mask: int = 0
    _holds: dict[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._contacts = [_Contact() for _ in self.names]

    def edge(self, at: float, mask: int) -> list[Press]:
        """Take the contacts after an edge at ``at``; returns presses that counted before it."""
        presses = self.advance(at)
        changed = mask ^ self._mask
        self._mask = mask
        for i, contact in enumerate(self._contacts):
            if changed >> i & 1:
                contact.closed = bool(mask >> i & 1)
                contact.edge_at = at
                if contact.closed and contact.pressed_at is None:
                    contact.pressed_at = at
        return presses

    def advance(self, now: float) -> list[Press]:
        """Presses that count by ``now``, in the order of their first contact."""
        presses = []
        for name, contact in zip(self.names, self._contacts, strict=True):
            if contact.pressed_at is None:
                continue
            steady = now - contact.edge_at >= DEBOUNCE - 1e-9
            if contact.closed and not contact.counted and steady and now - contact.pressed_at >= COUNTS_FROM - 1e-9:
                contact.counted = self.news = True
                presses.append(Press(name, contact.pressed_at))
            elif not contact.closed and steady:
                if contact.counted:
                    self._holds[name] = (contact.pressed_at, contact.edge_at)
                    self.news = True
                contact.pressed_at, contact.counted = None, False
        return sorted(presses, key=lambda press: press.at)

    def next_moment(self) -> float | None:
        """When ``advance`` may find something new."""
        moments = [
            max(contact.edge_at + DEBOUNCE, contact.pressed_at + COUNTS_FROM)
            if contact.closed and not contact.counted
            else contact.edge_at + DEBOUNCE
            for contact in self._contacts
            if contact.pressed_at is not None and not (contact.closed and contact.counted)
        ]
        return min(moments, default=None)

    def take_hold(self, name: str) -> tuple[float, float] | None:
        """First contact and release of the last finished press of a key, told once."""
        return self._holds.pop(name, None)

    def held_since(self, name: str) -> float | None:
        """First contact of a key that counted and is still down."""
        contact = self._contacts[self.names.index(name)]
        return contact.pressed_at if contact.counted and contact.closed else None


class PressQueue:
    """Presses on their way to the flow that listens; what nobody listens to is dropped (rules T6)."""

    def __init__(self) -> None:
        self.listening = False
        self._deaf_until = 0.0
        self._presses: deque[str] = deque()

    def put(self, press: Press, names: list[str]) -> None:
        """Queue ``names`` for a press, unless nobody was listening when its contact closed."""
        if self.listening and press.at >= self._deaf_until:
            self._presses.extend(names)

    def take(self) -> str | None:
        """The next key, or None."""
        return self._presses.popleft() if self._presses else None

    def deafen(self, until: float) -> None:
        """Forget what was pressed, also what was begun before ``until``."""
        self._presses.clear()
        self._deaf_until = until
