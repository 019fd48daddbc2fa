"""The keypad: one finger, its timing, and a witness that says whether the finger touched.

Timing. A board that times pulses opens the key by itself, so the length of a press does not depend on this computer:
`hold_ms` after the contact closed. `press` returns at the board's confirmation, while the key is still down; the next
press waits until the contact is open and `gap_ms` has passed. Reading the screen therefore overlaps with hold and gap,
and 40 + 40 ms give 12.5 keys a second. The wait is bounded by the press itself and ends at once when the rig closes.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from tillrig.drivers.registry import Emit
from tillrig.errors import UsageError
from tillrig.ports.inputs import Inputs
from tillrig.roles.trace import TracedSwitches, wait_until
from tillrig.verdicts import Witness

MASK = "*"


class Press(msgspec.Struct, frozen=True):
    """Monotonic s: `at` the board's confirmation, then when the contact closes and opens. `key` is "*" when secret."""

    key: str
    at: float
    closes_at: float
    opens_at: float


class Timing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """ms. `travel_ms`: from the coil's energising to the contact; `max_on_ms`: no key is ever held longer."""

    travel_ms: int = 5
    hold_ms: int = 40
    gap_ms: int = 40
    max_on_ms: int = 1000


class Tally(msgspec.Struct, frozen=True):
    """How often each key was told to close, and how often its contact did (None where the rig does not sense it)."""

    told: Mapping[str, int]
    closed: Mapping[str, int] | None


class Keypad:
    """Never two keys at once, whoever presses from whichever thread, unless the rig file declares the chord.

    Raises UsageError for a key or a time that the rig file does not allow, SwitchError when the board fails.
    """

    def __init__(
        self,
        board: TracedSwitches,
        keys: Mapping[str, int],
        emit: Emit,
        *,
        timing: Timing | None = None,
        chords: Iterable[Iterable[str]] = (),
        inputs: Inputs | None = None,
        counters: Mapping[str, str] | None = None,
    ) -> None:
        self._board, self._channels, self._emit = board, dict(keys), emit
        self._timing = timing or Timing()
        self._chords = frozenset(frozenset(chord) for chord in chords)
        self._inputs, self._counters = inputs, dict(counters or {})
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._free_at = 0.0
        self._told: Counter[str] = Counter()

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(self._channels)

    @property
    def timing(self) -> Timing:
        return self._timing

    def press(self, key: str, *, hold_ms: int | None = None) -> Press:
        """Returns once the board has confirmed; `closes_at` and `opens_at` say when the contact moves."""
        ms = self._timing.hold_ms if hold_ms is None else hold_ms
        return self._press(key, ms, self._timing.gap_ms)

    def hold(self, key: str, ms: int) -> Press:
        """A long press, at most `max_on_ms`."""
        return self._press(key, ms, self._timing.gap_ms)

    def press_sequence(
        self, keys: Iterable[str], *, hold_ms: int | None = None, gap_ms: int | None = None
    ) -> tuple[Press, ...]:
        """One after the other at full board speed, nobody else's key between. A string is one key a character."""
        wanted = list(keys)
        ms = self._timing.hold_ms if hold_ms is None else hold_ms
        gap = self._timing.gap_ms if gap_ms is None else gap_ms
        for key in wanted:
            self._require(key, ms)
        with self._lock:
            return tuple(self._press(key, ms, gap) for key in wanted)

    def chord(self, keys: Iterable[str], ms: int) -> Press:
        """Several keys at once, only as the rig file declares. Returns when they are open again."""
        chord = frozenset(keys)
        for key in chord:
            self._require(key, ms)
        if chord not in self._chords:
            declared = "; ".join(" + ".join(sorted(known)) for known in self._chords) or "none"
            raise UsageError(f"{self._shown(' + '.join(sorted(chord)))} is no declared chord; declared: {declared}")
        with self._lock:
            self.wait_open()
            self._told.update(chord)
            closed = dict.fromkeys((self._channels[key] for key in chord), True)
            try:
                self._board.set(closed)
                at = time.monotonic()
                wait_until(at + ms / 1000, self._closing)
            finally:
                self._board.set(dict.fromkeys(closed, False))
            return self._pressed(" + ".join(sorted(chord)), at, ms, self._timing.gap_ms)

    def wait_open(self, deadline: float | None = None) -> None:
        """Until the last key is open and its gap is over; at most until `deadline` (monotonic seconds)."""
        moment = self._free_at if deadline is None else min(self._free_at, deadline)
        wait_until(moment, self._closing)

    @contextlib.contextmanager
    def secret(self) -> Iterator[None]:
        """Everything pressed within is `*` in every event, trace and error, from any thread."""
        with self._board.secrecy():
            yield

    def counts(self) -> Mapping[str, int] | None:
        """Closures of each key's contact since the board started; None where the rig does not sense them."""
        if self._inputs is None or not self._counters:
            return None
        read = self._inputs.read_many(self._counters.values())
        return {key: read[counter] for key, counter in self._counters.items()}

    def witness(
        self, key: str, before: Mapping[str, int] | None, after: Mapping[str, int] | None, presses: int = 1
    ) -> Witness:
        """Whether `presses` presses of `key` between two `counts` closed the contact exactly so often."""
        if before is None or after is None or key not in before or key not in after:
            return "none"
        # Counters are 16-bit registers.
        seen = (after[key] - before[key]) % 0x10000
        says: Witness = "clears_rig" if seen == presses else "blames_rig"
        name = self._shown(key)
        self._emit("witness", at=time.monotonic(), what="key", key=name, says=says, expected=presses, seen=seen)
        return says

    def tally(self) -> Tally:
        """Where the counts stand now, for `witness_since`."""
        return Tally(dict(self._told), self.counts())

    def witness_since(self, before: Tally) -> Witness:
        """Whether every contact closed as often since `before` as its key was told to, and no other one with it."""
        self.wait_open()
        after = self.tally()
        if before.closed is None or after.closed is None:
            return "none"
        told = {key: after.told[key] - before.told.get(key, 0) for key in after.told}
        pressed = {key: times for key, times in told.items() if times}
        if not pressed.keys() <= after.closed.keys():
            return "none"
        # Counters are 16-bit registers.
        seen = {key: (count - before.closed.get(key, 0)) % 0x10000 for key, count in after.closed.items()}
        wrong = [key for key, count in seen.items() if count != pressed.get(key, 0)]
        says: Witness = "blames_rig" if wrong else "clears_rig" if pressed else "none"
        # Sums only: what each key counts tells a PIN's digits.
        sums = {"expected": sum(pressed.values()), "seen": sum(seen.values()), "wrong": len(wrong)}
        self._emit("witness", at=time.monotonic(), what="keys", says=says, **sums)
        return says

    def close(self) -> None:
        """Whoever waits for a key is sent home."""
        self._closing.set()

    def _press(self, key: str, ms: int, gap_ms: int) -> Press:
        self._require(key, ms)
        with self._lock:
            self.wait_open()
            self._told[key] += 1
            at = self._board.pulse(self._channels[key], ms)
            return self._pressed(key, at, ms, gap_ms)

    def _pressed(self, key: str, at: float, ms: int, gap_ms: int) -> Press:
        self._free_at = at + (ms + gap_ms) / 1000
        closes = at + self._timing.travel_ms / 1000
        press = Press(self._shown(key), at, closes, closes + ms / 1000)
        self._emit("key", at=at, key=press.key, hold_ms=ms, closes_at=closes, opens_at=press.opens_at)
        return press

    def _require(self, key: str, ms: int) -> None:
        if key not in self._channels:
            raise UsageError(
                f"there is no key {self._shown(key)!r}; keys of this rig: {' '.join(sorted(self._channels))}"
            )
        if not 0 < ms <= self._timing.max_on_ms:
            raise UsageError(f"a key cannot be held for {ms} ms; allowed: 1 to {self._timing.max_on_ms} (max_on_ms)")

    def _shown(self, key: str) -> str:
        return MASK if self._board.secrecy.active else key
