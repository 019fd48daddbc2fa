"""The thermal printer: a 64-line buffer fed by flow control, and the paper sensor."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from tillrig.simulator import wire

_STALLED_S = 3.0
"""No progress for so long with paper in: the mechanism lost its buffer (real time: printing is not scaled)."""


class Printer:
    """Sends dot lines no faster than they are printed."""

    def __init__(self, send: Callable[[bytes], None], now: Callable[[], float]) -> None:
        self._send, self._now = send, now
        self._waiting: deque[bytes] = deque()
        self._sent = 0
        self._printed = 0
        self._base = 0
        self._progress_at = 0.0
        self.paper = "in"

    @property
    def ready(self) -> bool:
        """There is paper and the mechanism moves."""
        return self.paper not in ("out", "jam")

    @property
    def idle(self) -> bool:
        """Everything given has been printed."""
        return not self._waiting and self._printed >= self._sent

    def start(self, lines: Sequence[bytes]) -> None:
        """Begin to print ``lines`` (48 bytes each)."""
        self._waiting.extend(lines)
        self._progress_at = self._now()
        self.task(self._progress_at)

    def abandon(self) -> None:
        """Forget what has not been sent."""
        self._waiting.clear()

    def on_printed(self, payload: bytes) -> None:
        """``d``: the mechanism's line count; one that began before this power-on is taken as zero."""
        count = wire.parse_printed(payload)
        if count - self._base > self._sent:
            self._base = count - self._sent
        if count - self._base > self._printed:
            self._printed = count - self._base
            self._progress_at = self._now()
        self.task(self._now())

    def on_paper(self, payload: bytes) -> None:
        """``P``: in, near_end, out or jam."""
        self.paper = str(wire.parse_json(payload).get("state", "in"))
        self._progress_at = self._now()

    def task(self, now: float) -> float | None:
        """Send what fits into the buffer; give up lines that a stalled mechanism will never report."""
        if not self.ready:
            return None
        room = wire.PRINTER_BUFFER_LINES - (self._sent - self._printed)
        lines = [self._waiting.popleft() for _ in range(min(room, len(self._waiting)))]
        if lines:
            self._sent += len(lines)
            self._send(wire.dots(lines))
        if self.idle:
            return None
        if now - self._progress_at >= _STALLED_S:
            self._printed, self._progress_at = self._sent, now
            return now
        return self._progress_at + _STALLED_S
