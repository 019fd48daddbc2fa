"""The terminal's network cable: a TCP forwarder that can be pulled out.

Pulled, nothing passes and the connections stall; plugged in again, those that were open are reset, as a far end does
that has given up. A connection opened while the cable is out hangs until then.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

CHUNK = 4096


class Forwarder:
    """Listens on a port of its own and passes every connection on to ``target`` (host, port)."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.up = True
        self.port = 0

    async def start(self) -> None:
        """Open the port the terminal connects to."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Close everything."""
        if self._server:
            self._server.close()
        self._reset_all()

    def cable(self, up: bool) -> None:
        """Pull the cable out or put it in."""
        if up and not self.up:
            self._reset_all()
        self.up = up

    def _reset_all(self) -> None:
        for writer in self._writers:
            _reset(writer)
        self._writers.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        if not self.up:
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            self._writers.discard(writer)
            _reset(writer)  # refused by the host
            return
        if writer not in self._writers:  # reset while we were connecting
            _reset(far_writer)
            return
        self._writers.add(far_writer)
        await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
        if self.up:
            for end in (writer, far_writer):
                self._writers.discard(end)
                end.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass bytes one way until the sender ends; what arrives while the cable is out is lost with its connection."""
        try:
            while data := await reader.read(CHUNK):
                if not self.up:
                    return
                writer.write(data)
                await writer.drain()
            if self.up and writer.can_write_eof():
                writer.write_eof()
        except OSError:
            if self.up:
                _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST, so that the far end sees an error and no orderly end."""
    with contextlib.suppress(OSError, AttributeError):
        endpoint = writer.get_extra_info("socket")
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
