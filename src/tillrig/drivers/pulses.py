"""Pulses timed by the harness, for boards that cannot time them: one thread that opens what is due."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from tillrig.errors import SwitchError


class HostPulses:
    """Opens channels at their time; the operating system's scheduling shows in the length, unlike with board timing."""

    def __init__(self, name: str, open_one: Callable[[int], None]) -> None:
        self._open_one = open_one
        self._due: dict[int, float] = {}
        self._changed = threading.Condition()
        self._closing = False
        self.fault = ""
        self._thread = threading.Thread(target=self._run, name=f"{name}-pulses", daemon=True)
        self._thread.start()

    def open_later(self, channel: int, at: float) -> None:
        """Open `channel` at monotonic time `at`. Raises SwitchError when an earlier opening failed."""
        with self._changed:
            if self.fault:
                raise SwitchError(self.fault)
            self._due[channel] = at
            self._changed.notify()

    def forget(self, channels: Iterable[int]) -> None:
        """Somebody else has decided about these."""
        with self._changed:
            for channel in channels:
                self._due.pop(channel, None)
            self.fault = ""

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(5.0)

    def _next(self) -> int | None:
        """The channel to open now; None when closing."""
        with self._changed:
            while not self._closing:
                now = time.monotonic()
                channel = min(self._due, key=self._due.__getitem__, default=None)
                if channel is not None and self._due[channel] <= now:
                    del self._due[channel]
                    return channel
                self._changed.wait(None if channel is None else self._due[channel] - now)
        return None

    def _run(self) -> None:
        while (channel := self._next()) is not None:
            try:
                self._open_one(channel)
            except SwitchError:
                # Which one is not said: it may be a digit of a secret.
                with self._changed:
                    self.fault = "a pulse could not be ended, the board failed in the midst of it"
