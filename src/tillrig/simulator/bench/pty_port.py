"""A serial port as a client sees it: a pseudo-terminal under a stable name, which outlives the clients that open it."""

from __future__ import annotations

import asyncio
import os
import pty
import termios
import tty
from collections.abc import Callable
from pathlib import Path

READ_SIZE = 4096
_SPEEDS = {
    getattr(termios, name): int(name[1:]) for name in dir(termios) if name.startswith("B") and name[1:].isdigit()
}


class PtyPort:
    """The bench's end of one PTY; ``link`` is the symlink that clients open.

    The bench keeps the slave end open too: otherwise the master reports a hang-up between two clients.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, link: Path, baud: int, received: Callable[[bytes], None]
    ) -> None:
        self._loop = loop
        self._received = received
        self.link = link
        self._master, self._slave = pty.openpty()
        os.set_blocking(self._master, False)
        tty.setraw(self._slave, termios.TCSANOW)
        settings = termios.tcgetattr(self._slave)
        settings[4] = settings[5] = getattr(termios, f"B{baud}")
        termios.tcsetattr(self._slave, termios.TCSANOW, settings)
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(self._slave))
        self._listening = False
        self.listen(True)

    @property
    def client_baud(self) -> int:
        """The speed that the last client set on its side."""
        return _SPEEDS.get(termios.tcgetattr(self._slave)[5], 0)

    def listen(self, wanted: bool) -> None:
        """Take bytes from the client, or let them wait in the kernel."""
        if wanted and not self._listening:
            self._loop.add_reader(self._master, self._read)
        elif not wanted and self._listening:
            self._loop.remove_reader(self._master)
        self._listening = wanted

    def write(self, data: bytes) -> None:
        """Send to the client. What nobody reads is lost once the kernel's buffer is full, as on an adapter."""
        try:
            os.write(self._master, data)
        except BlockingIOError:
            return

    def close(self) -> None:
        """Take the port away; a client that has it open reads a hang-up."""
        self.listen(False)
        self.link.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self._master)

    def _read(self) -> None:
        try:
            data = os.read(self._master, READ_SIZE)
        except (BlockingIOError, OSError):
            return
        if data:
            self._received(data)
