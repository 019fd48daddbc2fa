"""A plain HTTP client for the cameras, and dots to show them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray


class StreamClient:
    """Reads an MJPEG stream part by part, on nothing but a socket."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname and parts.port
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=5)
        self.socket.sendall(f"GET {parts.path} HTTP/1.1\r\nHost: rig\r\n\r\n".encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = self._headers()

    def _headers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while line := self.file.readline().strip():
            name, _, value = line.decode().partition(":")
            found[name.lower()] = value.strip()
        return found

    def part(self) -> tuple[dict[str, str], bytes]:
        assert self.file.readline() == b"--frame\r\n"
        headers = self._headers()
        body = self.file.read(int(headers["content-length"]))
        assert self.file.readline() == b"\r\n"
        return headers, body

    def frame(self) -> tuple[float, NDArray[np.uint8]]:
        headers, body = self.part()
        picture = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
        return float(headers["x-timestamp"]), np.asarray(picture, np.uint8)

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@pytest.fixture
def connect() -> Iterator[Callable[[str], StreamClient]]:
    clients: list[StreamClient] = []

    def make(url: str) -> StreamClient:
        clients.append(StreamClient(url))
        return clients[-1]

    yield make
    for one in clients:
        one.close()


@pytest.fixture
def checkers() -> NDArray[np.bool_]:
    """A 128x64 framebuffer of 8-dot checkers."""
    y, x = np.mgrid[0:64, 0:128]
    return np.asarray((x // 8 + y // 8) % 2 == 1)
