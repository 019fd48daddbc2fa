"""The terminal's processor as a child process: pipes, sudden death by SIGKILL, revival."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from tillrig.simulator import wire

READ_SIZE = 1 << 16
_PR_SET_PDEATHSIG = 1
_logger = logging.getLogger(__name__)
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_the_bench() -> None:
    """Runs in the child before exec: a bench that is killed takes its processor along."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Processor:
    """Starts, feeds and kills the firmware. ``message`` gets what it says, ``died(returncode)`` when it ends by itself.

    Must live in the main thread: the child's life is bound to the thread that starts it.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        log: Path,
        message: Callable[[wire.Message], None],
        died: Callable[[int], None],
    ) -> None:
        self._loop = loop
        self._log = log
        self._message = message
        self._died = died
        self._child: subprocess.Popen[bytes] | None = None
        self._decoder = wire.Decoder()
        self._unsent = bytearray()
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._child.pid if self._child else None

    def start(self, command: Sequence[str]) -> None:
        """Start the firmware; its stderr is appended to the log."""
        if self._child:
            return
        with self._log.open("ab") as log:
            log.write(f"--- processor start {self.starts + 1}\n".encode())
            log.flush()
            child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                preexec_fn=_die_with_the_bench,  # noqa: PLW1509 - one prctl call, the library is already loaded
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        self.starts += 1
        self._child = child
        self._decoder = wire.Decoder()
        self._unsent.clear()
        for pipe in (child.stdin, child.stdout):
            os.set_blocking(_fd(pipe), False)
        self._loop.add_reader(_fd(child.stdout), self._read)

    def send(self, data: bytes) -> None:
        """Send one framed message; nothing happens when the processor is not running.

        What is sent at one moment (all edges of a bounce) goes as one write: between two of them this process may have
        to wait for its turn, and an edge that came alone would last as long.
        """
        if not self._child:
            return
        if not self._unsent:
            self._loop.call_soon(self._deliver)
        self._unsent += data

    def kill(self) -> None:
        """SIGKILL, at once, as when the supply goes."""
        if self._child:
            self._child.kill()
            self._bury(self._child)

    def _write(self, data: bytes) -> int:
        assert self._child
        try:
            return os.write(_fd(self._child.stdin), data)
        except BlockingIOError:
            return 0
        except BrokenPipeError:
            return len(data)  # it is dead: its end of file says so

    def _deliver(self) -> None:
        if not self._child:
            return
        del self._unsent[: self._write(bytes(self._unsent))]
        if self._unsent and self._child:
            self._loop.add_writer(_fd(self._child.stdin), self._deliver)
        elif self._child:
            self._loop.remove_writer(_fd(self._child.stdin))

    def _read(self) -> None:
        child = self._child
        assert child
        try:
            data = os.read(_fd(child.stdout), READ_SIZE)
        except BlockingIOError:
            return
        if data:
            try:
                messages = self._decoder.feed(data)
            except wire.WireError as error:
                _logger.warning("the firmware broke the wire: %s", error)
                child.kill()
                data = b""
            else:
                self._hand_on(child, messages)
                return
        if not data:
            self._bury(child)
            self._died(child.returncode)

    def _hand_on(self, child: subprocess.Popen[bytes], messages: list[wire.Message]) -> None:
        for message in messages:
            if self._child is not child:
                return  # one of them was its end
            try:
                self._message(message)
            except (ValueError, KeyError, TypeError) as error:
                _logger.warning("message %r of the firmware makes no sense: %s", message.kind, error)

    def _bury(self, child: subprocess.Popen[bytes]) -> None:
        self._child = None
        self._loop.remove_reader(_fd(child.stdout))
        self._loop.remove_writer(_fd(child.stdin))
        for pipe in (child.stdin, child.stdout):
            with contextlib.suppress(OSError):
                _pipe(pipe).close()
        try:
            child.wait(timeout=0.5)
        except subprocess.TimeoutExpired:  # it closed its output but lives on
            child.kill()
            child.wait()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _fd(pipe: IO[bytes] | None) -> int:
    return _pipe(pipe).fileno()
