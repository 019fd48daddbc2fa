"""The host's listening socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from tillrig.host.scenarios import RefuseConnection, ScenarioQueue


class Listener:
    """The listening socket, which can be made to refuse without giving up its address."""

    def __init__(
        self, host: str, port: int, serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]
    ) -> None:
        self._host, self._port = host, port
        self._serve = serve
        self._server: asyncio.Server | None = None
        self._placeholder: socket.socket | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where terminals call."""
        return self._host, self._port

    async def open(self) -> None:
        """Listen. Raises OSError."""
        sock = self._placeholder or self._bound()
        self._placeholder = None
        self._port = sock.getsockname()[1]
        self._server = await asyncio.start_server(self._serve, sock=sock)

    async def refuse(self) -> None:
        """Stop listening; a socket bound but not listening keeps the port, and callers are refused."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._placeholder = self._bound()

    @property
    def refusing(self) -> bool:
        """Whether callers are refused."""
        return self._placeholder is not None

    def close(self) -> None:
        """Give the port up."""
        if self._server is not None:
            self._server.close()
        if self._placeholder is not None:
            self._placeholder.close()

    def _bound(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((self._host, self._port))
        except OSError:
            sock.close()
            raise
        return sock


def refusal(scenarios: ScenarioQueue) -> RefuseConnection | None:
    """The next order to refuse connections, taken from the queue."""
    taken = scenarios.take_for_connection(RefuseConnection)
    return taken[0] if taken and isinstance(taken[0], RefuseConnection) else None
