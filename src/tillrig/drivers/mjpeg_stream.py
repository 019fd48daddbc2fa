"""Reading `multipart/x-mixed-replace` over HTTP, part by part, with every wait bounded."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from tillrig.drivers.frame_ring import TornError, WrongDeviceError
from tillrig.drivers.jpeg import JpegError, checked_size
from tillrig.errors import CameraError

#: No picture of a camera is larger.
_LARGEST = 16 * 1024 * 1024
_LINE = 4096
#: A time stamp further off than this comes from another clock.
_SAME_CLOCK_S = 30.0


class MjpegStream:
    """One connection. Iterating yields (monotonic time of exposure or arrival, JPEG bytes); raises CameraError.

    `size`: width and height that its pictures must have.
    """

    def __init__(self, url: str, timeout_s: float, size: tuple[int, int] | None = None) -> None:
        self._size = size
        parts = urlsplit(url)
        kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        if parts.scheme not in kinds or not parts.hostname:
            raise CameraError(f"{url} is no http address")
        self._url = url
        self._connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=timeout_s)
        self._socket: socket.socket | None = None
        try:
            self._connection.connect()
            self._socket = self._connection.sock
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            self._connection.request("GET", target)
            self._response = self._connection.getresponse()
            self._boundary = self._check_head()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise CameraError(f"{url} does not answer: {_text(error)}") from error
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[tuple[float, bytes]]:
        try:
            while True:
                yield self._part()
        except TimeoutError as error:
            raise CameraError(f"{self._url} has stalled in the midst of the stream") from error
        except (OSError, ValueError, AttributeError, http.client.HTTPException) as error:
            # AttributeError, ValueError: http.client reads from a response that was closed by another thread.
            raise CameraError(f"{self._url} broke off: {_text(error)}") from error

    def close(self) -> None:
        """From any thread; a read under way ends at once."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def _check_head(self) -> bytes:
        status, kind = self._response.status, self._response.headers.get_content_type()
        if status != http.HTTPStatus.OK:
            raise CameraError(f"{self._url} answers {status} {self._response.reason}")
        boundary = self._response.headers.get_param("boundary")
        if not kind.startswith("multipart/") or not isinstance(boundary, str):
            raise CameraError(f"{self._url} sends {kind} instead of multipart/x-mixed-replace with a boundary")
        # Many cameras write the dashes into the header as well.
        return b"--" + boundary.strip('"').lstrip("-").encode()

    def _part(self) -> tuple[float, bytes]:
        self._skip_to_boundary()
        length, stamp = self._part_head()
        if length is None:
            jpeg = self._until_boundary()
        elif not 0 < length <= _LARGEST:
            raise CameraError(f"{self._url} announces a part of {length} bytes")
        else:
            jpeg = self._response.read(length)
            if len(jpeg) < length:
                raise TornError(f"{self._url} ended {length - len(jpeg)} bytes before a part's end")
        arrived = time.monotonic()
        if not jpeg.startswith(b"\xff\xd8") or b"\xff\xd9" not in jpeg[-64:]:
            raise TornError(f"{self._url} sent a part that is no JPEG: {jpeg[:8].hex(' ')} … {jpeg[-8:].hex(' ')}")
        self._check_picture(jpeg)
        return exposure_time(stamp, arrived), jpeg

    def _check_picture(self, jpeg: bytes) -> None:
        try:
            size = checked_size(jpeg)
        except JpegError as error:
            raise TornError(f"{self._url} sent a damaged picture: {error}") from error
        if self._size is not None and size != self._size:
            raise WrongDeviceError(
                f"{self._url}: pictures are {size[0]}x{size[1]} px, the rig file says "
                f"{self._size[0]}x{self._size[1]}: does another camera answer there?"
            )

    def _line(self) -> bytes:
        line: bytes = self._response.readline(_LINE)
        if not line:
            raise CameraError(f"{self._url} ended the stream")
        return line

    def _is_boundary(self, line: bytes) -> bool:
        return line.lstrip(b"-").startswith(self._boundary[2:]) and line.startswith(b"--")

    def _skip_to_boundary(self) -> None:
        skipped = 0
        while not self._is_boundary(line := self._line()):
            skipped += len(line)
            if skipped > _LARGEST:
                raise CameraError(f"{self._url}: {skipped} bytes without the boundary {self._boundary!r}")

    def _part_head(self) -> tuple[int | None, float | None]:
        length: int | None = None
        stamp: float | None = None
        while line := self._line().strip():
            name, _, value = line.partition(b":")
            try:
                if name.lower() == b"content-length":
                    length = int(value)
                elif name.lower() == b"x-timestamp":
                    stamp = float(value)
            except ValueError as error:
                raise CameraError(f"{self._url} sent the header {line[:60]!r}") from error
        return length, stamp

    def _until_boundary(self) -> bytes:
        """A part without Content-Length ends at the end-of-image marker, so that it need not wait for the next part."""
        data = bytearray()
        while True:
            line = self._line()
            if self._is_boundary(line):
                raise TornError(f"{self._url}: a part ended without an end of image")
            data += line
            if data[-4:].rstrip(b"\r\n").endswith(b"\xff\xd9"):
                return bytes(data.rstrip(b"\r\n"))
            if len(data) > _LARGEST:
                raise CameraError(f"{self._url}: a part has no end after {len(data)} bytes")


def exposure_time(stamp: float | None, arrived: float) -> float:
    """`stamp` on this machine's monotonic clock: as it is, or from the time of day; `arrived` when it is neither."""
    if stamp is None:
        return arrived
    if -1.0 <= arrived - stamp <= _SAME_CLOCK_S:
        return min(stamp, arrived)
    age = time.time() - stamp
    if -1.0 <= age <= _SAME_CLOCK_S:
        return arrived - max(0.0, age)
    return arrived


def _text(error: BaseException) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
