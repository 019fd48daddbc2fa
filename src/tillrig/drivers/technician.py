"""A person at a console, for what no machine does on this bench."""

from __future__ import annotations

import getpass
import os
import select
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from tillrig import progress
from tillrig.errors import BlockedError

#: `log(port=…, asked=…, answered=…, who=…, asked_at=…, at=…)`
Log = Callable[..., None]

#: Words by which a technician says that it cannot be done.
REFUSALS = frozenset({"n", "no", "cannot", "不", "不能", "做不到"})


def terminal() -> Path:
    """Where the technician sits: what `tillrig run` names to its suite processes, else the controlling terminal."""
    return Path(os.environ.get(progress.TERMINAL) or "/dev/tty")


def ask_terminal(question: str, seconds: float, path: Path | None = None) -> str:
    """One line typed at the terminal, also while pytest or robot hold standard input.

    Raises BlockedError when there is no terminal or nobody answers within `seconds`.
    """
    try:
        console = (path or terminal()).open("r+b", buffering=0)
    except OSError as error:
        raise BlockedError(f"nobody can be asked (no terminal here): {question}") from error
    with console:
        console.write(f"\n[tillrig] {question}\n> ".encode())
        typed = bytearray()
        deadline = time.monotonic() + seconds
        while not typed.endswith(b"\n"):
            ready, _, _ = select.select([console], [], [], max(0.0, deadline - time.monotonic()))
            data = console.read(1024) if ready else b""
            if not data:
                raise BlockedError(f"nobody answered within {seconds:g} s: {question}")
            typed += data
    return typed.decode(errors="replace").strip()


class Technician:
    """Asks, and logs who answered and when.

    `ask(question) -> answer` replaces the console (a lab's pager, a test); `attended` overrides the guess, which is: a
    terminal is there and the environment does not say TILLRIG_UNATTENDED=1.
    """

    def __init__(
        self,
        *,
        ask: Callable[[str], str] | None = None,
        out: TextIO | None = None,
        log: Log | None = None,
        who: str | None = None,
        attended: bool | None = None,
        seconds: float = 600.0,
    ) -> None:
        self._ask = ask
        self._out = out
        self._log = log
        self._who = who
        self._attended = attended
        self._seconds = seconds

    def logging_to(self, log: Log) -> Technician:
        """The same person, whose answers go to `log` unless they go somewhere already."""
        if self._log is not None:
            return self
        return Technician(
            ask=self._ask, out=self._out, log=log, who=self._who, attended=self._attended, seconds=self._seconds
        )

    @property
    def attended(self) -> bool:
        if self._attended is not None:
            return self._attended
        if os.environ.get("TILLRIG_UNATTENDED", "") not in ("", "0"):
            return False
        return self._ask is not None or _has_terminal()

    def ask(self, port: str, question: str, *, secret: bool = False) -> str:
        """The answer. `secret`: the log says neither what was asked nor what was answered. Raises BlockedError."""
        if not self.attended:
            shown = "(withheld: a secret is being typed)" if secret else question
            raise BlockedError(f"{port} is worked by hand and nobody is here to do it: {shown}")
        asked_at = time.monotonic()
        progress.emit("asked")
        text = f"{port}: {question}"
        if self._out is not None:
            self._out.write(f"[tillrig] {text}\n")
            self._out.flush()
        answer = self._ask(text) if self._ask is not None else ask_terminal(text, self._seconds)
        if self._log is not None:
            self._log(
                port=port,
                asked="*" if secret else question,
                answered="*" if secret else answer,
                who=self._who or _user(),
                asked_at=asked_at,
                at=time.monotonic(),
            )
        return answer

    def request(self, port: str, question: str, *, secret: bool = False) -> None:
        """Have something done. Raises BlockedError when the technician says that it cannot be."""
        answer = self.ask(port, f"{question} Press Enter when done, or type no.", secret=secret)
        if answer.strip().lower() in REFUSALS:
            shown = "(withheld)" if secret else question
            raise BlockedError(f"{port}: the technician could not do it: {shown}")


def _has_terminal() -> bool:
    try:
        handle = os.open(terminal(), os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return False
    os.close(handle)
    return True


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"
