"""The network side of a camera: MJPEG stream, single frames and control read-back over HTTP."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

BOUNDARY = "frame"
SEND_TIMEOUT_S = 5.0
SEND_BUFFER = 128 * 1024  # a slow reader falls at most a few frames behind, not seconds
FRAME_TIMEOUT_S = 10.0


class Shot:
    """One compressed frame and the time of its mid exposure (CLOCK_MONOTONIC, s). `cut`: the connection breaks in
    its middle."""

    __slots__ = ("at", "cut", "jpeg", "number")

    def __init__(self, number: int, jpeg: bytes, at: float, *, cut: bool = False) -> None:
        self.cut = cut
        self.number = number
        self.jpeg = jpeg
        self.at = at


class Source(Protocol):
    """What the server needs of a camera."""

    name: str

    def next_shot(self, after: int, timeout: float) -> Shot | None:
        """The first shot whose number is greater than `after`; None after `timeout` s or when the camera ends."""

    @property
    def last_number(self) -> int: ...

    def controls(self) -> dict[str, Any]: ...

    def set_controls(self, wanted: dict[str, Any]) -> dict[str, Any]: ...

    def watch(self) -> None:
        """A viewer came."""

    def unwatch(self) -> None:
        """A viewer left."""


class CameraServer(ThreadingHTTPServer):
    """One listening socket; a thread per viewer, so that a stalled one holds up nobody."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 16

    def __init__(self, port: int, source: Source) -> None:
        self.source = source
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        self.ending = threading.Event()
        super().__init__(("127.0.0.1", port), _Handler)
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.05,), name=f"{source.name}-http", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Refuse new connections, cut the open ones; returns when the server thread has ended."""
        self.ending.set()
        self.shutdown()
        self.server_close()
        with self._open_lock:
            sockets = list(self._open)
        for one in sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it went by itself
        self._thread.join(timeout=2.0)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A viewer that goes away is no event."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = SEND_TIMEOUT_S
    server: CameraServer

    def setup(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        super().setup()

    def log_message(self, format: str, *args: Any) -> None:
        """No access log."""

    def do_GET(self) -> None:
        source = self.server.source
        path = self.path.partition("?")[0]
        if path == f"/{source.name}.mjpg":
            self._stream(source)
        elif path == f"/{source.name}.jpg":
            self._single(source)
        elif path == f"/{source.name}/controls":
            self._answer(200, source.controls())
        else:
            self._answer(
                404, {"error": f"no such picture: {path}; there are /{source.name}.mjpg and /{source.name}.jpg"}
            )

    def do_PUT(self) -> None:
        source = self.server.source
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(length, 65536))
        if self.path != f"/{source.name}/controls":
            self._answer(404, {"error": f"nothing to set at {self.path}; controls are at /{source.name}/controls"})
            return
        try:
            wanted = json.loads(body)
            if not isinstance(wanted, dict):
                raise ValueError("the body must be a JSON object")
            self._answer(200, source.set_controls(wanted))
        except ValueError as error:
            self._answer(400, {"error": str(error)})

    def _answer(self, status: int, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _single(self, source: Source) -> None:
        source.watch()
        try:
            shot = source.next_shot(source.last_number, FRAME_TIMEOUT_S)
        finally:
            source.unwatch()
        if shot is None:
            self._answer(503, {"error": f"the camera gave no frame within {FRAME_TIMEOUT_S} s"})
            return
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(shot.jpeg)))
        self.send_header("X-Timestamp", f"{shot.at:.6f}")
        self.end_headers()
        self.wfile.write(shot.jpeg)

    def _stream(self, source: Source) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        source.watch()
        try:
            number = source.last_number
            while not self.server.ending.is_set():
                shot = source.next_shot(number, 0.5)
                if shot is None:
                    continue
                number = shot.number
                head = (
                    f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(shot.jpeg)}\r\n"
                    f"X-Timestamp: {shot.at:.6f}\r\n\r\n"
                )
                if shot.cut:
                    self.wfile.write(head.encode() + shot.jpeg[: len(shot.jpeg) // 2])
                    return
                self.wfile.write(b"".join((head.encode(), shot.jpeg, b"\r\n")))
        except OSError:
            return  # the viewer went away or stalled for SEND_TIMEOUT_S
        finally:
            source.unwatch()
