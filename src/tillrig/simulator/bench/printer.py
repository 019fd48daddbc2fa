"""The printer's mechanism: takes dot lines, prints them at 60 mm/s, knows its paper. Never scaled."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal, get_args

from tillrig.simulator.bench.clock import Clock, Timer
from tillrig.simulator.wire import PRINTER_BUFFER_LINES

LINES_PER_MM = 8
LINES_PER_S = 60 * LINES_PER_MM
BATCH_S = 0.033
NEAR_END_MM = 1000

PaperState = Literal["in", "near_end", "out", "jam"]
PAPER_STATES: tuple[PaperState, ...] = get_args(PaperState)


class Printer:
    """Prints lines in batches: ``emit(lines, at)`` shows them at the slot, ``progress(total)`` acknowledges them.

    ``roll_mm`` is the paper on the roll, 0 a roll without end; ``paper(state)`` tells the sensor's changes.
    """

    def __init__(
        self,
        clock: Clock,
        emit: Callable[[list[bytes], float], None],
        progress: Callable[[int], None],
        paper: Callable[[PaperState], None],
        roll_mm: int = 0,
    ) -> None:
        self._clock = clock
        self._emit = emit
        self._progress = progress
        self._paper = paper
        self._buffer: deque[bytes] = deque()
        self._timer: Timer | None = None
        self._due = 0.0
        self._owed = 0.0
        self._left = roll_mm * LINES_PER_MM if roll_mm else None
        self._held_out = False
        self._jammed = False
        self.printed = 0
        self.overruns = 0
        self.state: PaperState = self._sense()

    @property
    def busy(self) -> bool:
        """Whether paper is moving."""
        return self._timer is not None

    @property
    def left_mm(self) -> float | None:
        """Paper left on the roll, None for a roll without end."""
        return None if self._left is None else self._left / LINES_PER_MM

    def take(self, lines: Sequence[bytes]) -> None:
        """Lines from the processor. What does not fit into the buffer is lost, as on hardware."""
        room = PRINTER_BUFFER_LINES - len(self._buffer)
        self.overruns += max(0, len(lines) - room)
        self._buffer.extend(lines[:room])
        self._run()

    def hold_out(self, out: bool) -> None:
        """Take the paper from under the head, or put it back."""
        self._held_out = out
        self._update()

    def jam(self, jammed: bool) -> None:
        """Block the paper path, or free it."""
        self._jammed = jammed
        self._update()

    def load(self, roll_mm: int) -> None:
        """Put in a new roll."""
        self._left = roll_mm * LINES_PER_MM if roll_mm else None
        self._update()

    def power_lost(self) -> None:
        """The supply is gone: the buffer is empty, the count begins again."""
        self._stop()
        self._buffer.clear()
        self.printed = 0

    def _sense(self) -> PaperState:
        if self._held_out or self._left == 0:
            return "out"
        if self._jammed:
            return "jam"
        return "near_end" if self._left is not None and self._left < NEAR_END_MM * LINES_PER_MM else "in"

    def _update(self) -> None:
        state = self._sense()
        if state != self.state:
            self.state = state
            self._paper(state)
        if state in ("out", "jam"):
            self._stop()
        else:
            self._run()

    def _run(self) -> None:
        if self._buffer and self._timer is None and self.state not in ("out", "jam"):
            self._owed = 0.0
            self._due = self._clock.time() + BATCH_S
            self._timer = self._clock.call_at(self._due, self._batch)

    def _stop(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _batch(self) -> None:
        """One motor interval has passed: the lines that went under the head in it are on the paper."""
        at = self._due
        self._timer = None
        self._owed += BATCH_S * LINES_PER_S
        count = min(int(self._owed), len(self._buffer))
        if self._left is not None:
            count = min(count, self._left)
            self._left -= count
        self._owed -= int(self._owed)
        lines = [self._buffer.popleft() for _ in range(count)]
        if lines:
            self.printed += len(lines)
            self._emit(lines, at)
            self._progress(self.printed)
        if self._buffer:
            self._due = at + BATCH_S
            self._timer = self._clock.call_at(self._due, self._batch)
        self._update()
