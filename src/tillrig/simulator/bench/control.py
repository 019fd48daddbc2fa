"""The bench's control socket: JSON lines, one request and one answer each.

Request: ``{"argv": ["camera", "screen", "dead"], "after": 20}``; answer: ``{"ok": true, "result": ...}`` or
``{"ok": false, "error": "..."}``. With ``after`` (s) the answer comes at once and the command is obeyed later.
The socket is bound and found through its directory's descriptor, since a path may not exceed 107 bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

NAME = "control"
_logger = logging.getLogger(__name__)

Obey = Callable[[Sequence[str]], Awaitable[Any]]


class ControlError(Exception):
    """A command that the bench cannot obey: says what is wrong and what it knows."""


class ControlServer:
    """Obeys commands of people at the bench."""

    def __init__(self, directory: Path, obey: Obey) -> None:
        self._directory = directory
        self._obey = obey
        self._server: asyncio.Server | None = None
        self._later: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the socket."""
        (self._directory / NAME).unlink(missing_ok=True)
        endpoint = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with _short_path(self._directory) as path:
            endpoint.bind(path)
        self._server = await asyncio.start_unix_server(self._serve, sock=endpoint)

    def stop(self) -> None:
        """Close the socket and forget what was to be done later."""
        if self._server:
            self._server.close()
        (self._directory / NAME).unlink(missing_ok=True)
        for task in self._later:
            task.cancel()

    def schedule(self, argv: Sequence[str], after: float) -> None:
        """Obey ``argv`` in ``after`` seconds; what goes wrong then is logged."""
        task = asyncio.ensure_future(self._obey_later(argv, after))
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _obey_later(self, argv: Sequence[str], after: float) -> None:
        await asyncio.sleep(after)
        try:
            await self._obey(argv)
        except ControlError as error:
            _logger.warning("%s: %s", " ".join(argv), error)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                answer = await self._answer(line)
                writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
                await writer.drain()
        writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            argv = [str(word) for word in request["argv"]]
            after = float(request.get("after") or 0)
        except (ValueError, TypeError, KeyError):
            return {"ok": False, "error": 'a request is one line of JSON: {"argv": [...], "after": seconds}'}
        if after > 0:
            self.schedule(argv, after)
            return {"ok": True, "result": {"scheduled": argv, "after": after}}
        try:
            return {"ok": True, "result": await self._obey(argv)}
        except ControlError as error:
            return {"ok": False, "error": str(error)}


def ask(directory: Path, argv: Sequence[str], after: float = 0.0, timeout: float = 60.0) -> Any:
    """Send one command to the bench running in ``directory`` and return its result.

    Raises ControlError when no bench runs there, when it refuses, or when it does not answer within ``timeout`` s.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as endpoint:
        endpoint.settimeout(timeout)
        try:
            with _short_path(directory) as path:
                endpoint.connect(path)
            endpoint.sendall(json.dumps({"argv": list(argv), "after": after}).encode() + b"\n")
            line = endpoint.makefile("rb").readline()
        except TimeoutError:
            raise ControlError(f"the bench in {directory} did not answer within {timeout:g} s") from None
        except OSError as error:
            raise ControlError(f"no bench runs in {directory}: {error.strerror or error}") from None
    if not line:
        raise ControlError(f"the bench in {directory} closed the connection without an answer")
    answer = json.loads(line)
    if not answer["ok"]:
        raise ControlError(answer["error"])
    return answer["result"]


@contextlib.contextmanager
def _short_path(directory: Path) -> Iterator[str]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{NAME}"
    finally:
        os.close(descriptor)
