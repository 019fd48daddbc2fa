"""The event loop: one thread that reads the pipe, the sockets and the timers while some flow waits for something."""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections.abc import Callable
from typing import TypeVar

from tillrig.simulator import wire

T = TypeVar("T")
Task = Callable[[float], float | None]
"""Called once a round with the time; returns when it wants to be called again (monotonic s), or None."""

_IDLE_ROUND = 60.0


class BenchGoneError(Exception):
    """The pipe from the bench ended: nobody is left to serve."""


class Kernel:
    """Waits for events. ``scale`` divides every wait that is the terminal's own; times of edges are never scaled."""

    def __init__(self, scale: float, stdin: int, stdout: int) -> None:
        self.scale = scale
        self._stdin, self._stdout = stdin, stdout
        self._decoder = wire.Decoder()
        self._handlers: dict[str, Callable[[bytes], None]] = {}
        self._tasks: list[Task] = []
        self._selector = selectors.DefaultSelector()
        self._selector.register(stdin, selectors.EVENT_READ, None)

    def on(self, kind: str, handler: Callable[[bytes], None]) -> None:
        """Give every message of type ``kind`` to ``handler``."""
        self._handlers[kind] = handler

    def every_round(self, task: Task) -> None:
        """Run ``task`` in every round of the loop."""
        self._tasks.append(task)

    def send(self, frame: bytes) -> None:
        """Write one frame to the bench, whole."""
        view = memoryview(frame)
        while view:
            try:
                view = view[os.write(self._stdout, view) :]
            except BrokenPipeError as error:
                raise BenchGoneError("the bench no longer reads") from error

    def watch(self, sock: socket.socket, *, write: bool) -> None:
        """Wake the loop when ``sock`` can be read (or written, when ``write``)."""
        events = selectors.EVENT_WRITE if write else selectors.EVENT_READ
        if sock.fileno() in self._selector.get_map():
            self._selector.modify(sock, events)
        else:
            self._selector.register(sock, events)

    def forget(self, sock: socket.socket) -> None:
        """Stop waiting for ``sock``."""
        if sock.fileno() in self._selector.get_map():
            self._selector.unregister(sock)

    def now(self) -> float:
        """CLOCK_MONOTONIC in seconds, the time base of the wire."""
        return time.monotonic()

    def after(self, seconds: float) -> float:
        """The moment ``seconds`` of the terminal's own time from now."""
        return self.now() + seconds / self.scale

    def wait(self, ready: Callable[[], T | None], seconds: float | None = None) -> T | None:
        """Run the loop until ``ready`` returns something; None after ``seconds`` of the terminal's own time."""
        return self.wait_until(ready, None if seconds is None else self.after(seconds))

    def wait_until(self, ready: Callable[[], T | None], deadline: float | None) -> T | None:
        """As ``wait``, up to a moment of the monotonic clock."""
        while True:
            value = ready()
            if value is not None:
                return value
            if deadline is not None and self.now() >= deadline:
                return None
            self.round(deadline)

    def round(self, deadline: float | None) -> None:
        """One turn: tasks, then sleep until something happens or ``deadline``, then dispatch what came."""
        now = self.now()
        moments = [now + _IDLE_ROUND] if deadline is None else [deadline]
        for task in self._tasks:
            moment = task(now)
            if moment is not None:
                moments.append(moment)
        self._take_events(max(0.0, min(moments) - self.now()))

    def catch_up(self) -> None:
        """Take what the board has already said, without waiting."""
        self._take_events(0.0)

    def _take_events(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if key.fd == self._stdin:
                self._read_pipe()

    def _read_pipe(self) -> None:
        data = os.read(self._stdin, 65536)
        if not data:
            raise BenchGoneError("the bench closed the pipe")
        for message in self._decoder.feed(data):
            handler = self._handlers.get(message.kind)
            if handler is not None:
                handler(message.payload)
