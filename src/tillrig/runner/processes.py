"""One suite process (pytest or robot) and the events that it sends."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from tillrig import progress

#: How long a suite process may take to bring the rig into its safe state after it was told to stop.
STOP_S = 20.0
#: How often a suite process that says nothing is looked at.
LOOK_S = 1.0


class SilentError(Exception):
    """A suite process has told nothing for longer than any action takes; it was stopped."""


def run_suite_process(
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str],
    on_event: Callable[[dict[str, Any]], None],
    silence_s: float = float("inf"),
) -> int:
    """Run `command` with its output in `log`; call `on_event` for every progress event; return its exit code.

    Ctrl-C is passed on once, so that the process opens its switches; it is killed when it has not ended in STOP_S. The
    same when it tells nothing for `silence_s`; then raises SilentError.
    """
    reading, writing = os.pipe()
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**_terminal(), **os.environ, **environment, progress.VARIABLE: str(writing)},
            pass_fds=(writing,),
            start_new_session=True,
        )
    os.close(writing)
    try:
        for event in _events(reading, process, silence_s):
            on_event(event)
        return process.wait()
    except BaseException:
        stop(process)
        raise
    finally:
        os.close(reading)


def _terminal() -> dict[str, str]:
    """The terminal of this run: a suite process has a session of its own, so that Ctrl-C reaches it once."""
    for descriptor in (0, 1, 2):
        with suppress(OSError):
            return {progress.TERMINAL: os.ttyname(descriptor)}
    return {}


@contextmanager
def ended_as_by_ctrl_c() -> Iterator[None]:
    """SIGTERM and SIGHUP raise KeyboardInterrupt here, so that suite process and rig are ended in order."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Interrupt, wait for the safe state, kill what is left."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _events(descriptor: int, process: subprocess.Popen[bytes], silence_s: float) -> Iterator[dict[str, Any]]:
    """Yield events until every writer has closed the pipe, or the process has ended and what it left says nothing."""
    pending = b""
    heard = time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            ended = process.poll() is not None
            if not selector.select(min(LOOK_S, silence_s)):
                if ended:
                    return
                if time.monotonic() - heard > silence_s:
                    raise SilentError(f"it told nothing for {silence_s:g} s")
                continue
            heard = time.monotonic()
            chunk = os.read(descriptor, 65536)
            if not chunk:
                return
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                yield json.loads(line)
