"""The glass: 128x64 dots as four rows of sixteen columns, its controller and its light."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tillrig.simulator import wire
from tillrig.simulator.firmware.hardware.fonts import SCREEN_FONT

WIDTH, HEIGHT, ROWS, COLUMNS = 128, 64, 4, 16


def picture(rows: Sequence[str], inverse: frozenset[int]) -> bytes:
    """1 bpp rows, MSB first, of four texts; ``inverse`` holds the row numbers (0..3) shown light on dark."""
    lines: list[int] = []
    full = (1 << WIDTH) - 1
    for number in range(ROWS):
        bits = SCREEN_FONT.rows(rows[number] if number < len(rows) else "", WIDTH)
        lines += [full ^ row for row in bits] if number in inverse else bits
    return b"".join(line.to_bytes(WIDTH // 8) for line in lines)


class Display:
    """Shows pictures; sends only what changed. ``light_s`` and ``sleep_s`` are seconds without activity."""

    def __init__(self, send: Callable[[bytes], None], light_s: float, sleep_s: float) -> None:
        self._send, self._light_s, self._sleep_s = send, light_s, sleep_s
        self._shown: bytes | None = None
        self._state = (False, False)
        self._active_at: float | None = None
        self.rows: tuple[str, ...] = ()

    @property
    def asleep(self) -> bool:
        """The controller is off although the terminal is on."""
        return self._active_at is not None and not self._state[1]

    def show(self, rows: Sequence[str], inverse: frozenset[int]) -> None:
        """Put four rows on the glass."""
        self.rows = tuple(rows)
        shown = picture(rows, inverse)
        if shown != self._shown:
            self._shown = shown
            self._send(wire.screen(WIDTH, HEIGHT, 1, shown))

    def active(self, now: float) -> None:
        """Something happened at ``now``: light on, controller on."""
        self._active_at = now
        self._set(backlight=True, on=True)

    def off(self) -> None:
        """Power-off: controller and light off, the picture forgotten."""
        self._active_at, self._shown, self.rows = None, None, ()
        self._set(backlight=False, on=False)

    def task(self, now: float) -> float | None:
        """Turn off light and controller in their time (seconds given to the constructor are already scaled)."""
        if self._active_at is None:
            return None
        idle = now - self._active_at
        if idle >= self._sleep_s:
            self._set(backlight=False, on=False)
            return None
        if idle >= self._light_s:
            self._set(backlight=False, on=True)
            return self._active_at + self._sleep_s
        return self._active_at + self._light_s

    def _set(self, *, backlight: bool, on: bool) -> None:
        if (backlight, on) != self._state:
            self._state = (backlight, on)
            self._send(wire.json_message(wire.LIGHT, {"backlight": backlight, "on": on}))
