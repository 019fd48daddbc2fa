"""Relays as the board drives them: travel, contact bounce, wear; and the key lines their contacts close.

Every edge carries the time at which it happens, computed when the coil changes: a late thread delivers an edge
late but never lengthens or shortens a press.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from tillrig.simulator.bench.clock import Clock, Timer

TRAVEL_S, TRAVEL_SPREAD_S = 0.004, 0.001
BOUNCE_S = (0.001, 0.003)
RELEASE_BOUNCE_S = 0.0005


def bounce(rng: random.Random, closed: bool, at: float) -> list[tuple[float, bool]]:
    """Edges (time s, contact closed) of one operation whose first touch or parting is at ``at``; the last one stays."""
    length = rng.uniform(*BOUNCE_S) if closed else RELEASE_BOUNCE_S
    pairs = rng.randint(1, 3) if closed else rng.randint(0, 1)
    between = sorted(rng.uniform(0, length) for _ in range(2 * pairs))
    return [(at, closed)] + [(at + offset, closed if i % 2 else not closed) for i, offset in enumerate(between)]


class Relay:
    """One relay: its coil is driven, its contact moves ``travel`` later and bounces.

    ``edge(closed, at)`` is called for every edge, ``settled(closed, at)`` once the contact rests. ``wear`` = n makes
    the contact miss one closure in n (0 never).
    """

    def __init__(
        self,
        clock: Clock,
        rng: random.Random,
        edge: Callable[[bool, float], None],
        settled: Callable[[bool, float], None],
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._edge = edge
        self._settled = settled
        self.travel = TRAVEL_S + rng.uniform(-TRAVEL_SPREAD_S, TRAVEL_SPREAD_S)
        self.wear = 0
        self._closures = 0
        self._touched = False
        self._rests_closed = False
        self._pending: list[tuple[float, bool]] = []
        self._timer: Timer | None = None

    def drive(self, energised: bool, at: float) -> None:
        """Energise or release the coil at ``at``. A coil released before the contact touched moves nothing.

        Edges that were due before ``at`` happen first: on a busy machine their callback may be late.
        """
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._move_until(at)
        self._pending.clear()
        if energised:
            if self._rests_closed:
                return  # the release was called back before the contact parted
            self._closures += 1
            if self.wear and self._closures % self.wear == 0:
                return
        elif not self._touched:
            return
        self._pending = bounce(self._rng, energised, at + self.travel)
        # All edges of a bounce are told together: one that came late and alone would look like a press of its own.
        end = self._pending[-1][0]
        self._timer = self._clock.call_at(end, self._move_until, end)

    def _move_until(self, moment: float) -> None:
        while self._pending and self._pending[0][0] <= moment:
            at, closed = self._pending.pop(0)
            last = not self._pending
            self._touched = closed or not last
            self._rests_closed = closed and last
            self._edge(closed, at)
            if last:
                self._settled(closed, at)


class KeyLines:
    """The key matrix: a key is closed while a relay or a finger closes it. Counts settled closures, as a witness."""

    def __init__(self, send: Callable[[float, int], None], keys: int) -> None:
        self._send = send
        self._closers: list[set[str]] = [set() for _ in range(keys)]
        self.counts = [0] * keys
        self.mask = 0

    def edge(self, key: int, by: str, closed: bool, at: float) -> None:
        """A contact of ``key`` moved at ``at``; ``by`` names what closes it."""
        (self._closers[key].add if closed else self._closers[key].discard)(by)
        mask = self.mask | 1 << key if self._closers[key] else self.mask & ~(1 << key)
        if mask != self.mask:
            self.mask = mask
            self._send(at, mask)

    def settled(self, key: int, closed: bool) -> None:
        """A contact of ``key`` came to rest."""
        if closed:
            self.counts[key] = self.counts[key] + 1 & 0xFFFF
