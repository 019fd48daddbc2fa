"""`mjpeg`: a camera that serves Motion JPEG over HTTP; its pictures are kept as they come, never decoded here."""

from __future__ import annotations

import http.client
import json
import threading
import urllib.error
import urllib.request
from typing import Annotated, Any

import msgspec

from tillrig.drivers.frame_ring import STALL_S, RingCamera, View, kind_of, locked
from tillrig.drivers.mjpeg_stream import MjpegStream
from tillrig.drivers.registry import Context, PortKind
from tillrig.errors import CameraError
from tillrig.ports.camera import CameraControls

#: Between two tries to reach a camera that broke off.
_RETRY_S = 0.2


HttpAddress = Annotated[str, msgspec.Meta(pattern=r"^https?://[^/]+")]


class Options(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of the rig file. `controls`: address that answers GET and PUT with the JSON of CameraControls."""

    url: HttpAddress
    controls: HttpAddress | None = None
    timeout_ms: Annotated[int, msgspec.Meta(ge=1)] = 1500


class MjpegCamera(RingCamera):
    """Reads in a thread of its own, and takes the stream up again when it broke off; frames missed are missed."""

    def __init__(self, name: str, options: Options) -> None:
        super().__init__(name, options.fps, options.keep_s)
        self._options = options
        self._closing = threading.Event()
        self._stream: MjpegStream | None = None
        self._lock = threading.Lock()
        # The first connection is made here, so that a camera that is not there is told at opening.
        try:
            first = MjpegStream(options.url, options.timeout_ms / 1000, options.size)
        except CameraError as error:
            raise CameraError(f"{name}: {error}") from error
        self._thread = threading.Thread(target=self._run, args=(first,), name=f"{name}-grab", daemon=True)
        self._thread.start()

    def lock(self, controls: CameraControls) -> CameraControls:
        if self._options.controls is None:
            raise CameraError(f"{self.name}: this camera has no controls address, so nothing can be locked")
        wanted = {key: value for key, value in msgspec.to_builtins(controls).items() if value is not None}
        self._call("PUT", json.dumps(wanted).encode())
        try:
            return msgspec.json.decode(self._call("GET", None), type=CameraControls)
        except msgspec.MsgspecError as error:
            raise CameraError(f"{self.name}: the controls address answers nonsense: {error}") from error

    def close(self) -> None:
        self._closing.set()
        self._frames.close()
        with self._lock:
            if self._stream is not None:
                self._stream.close()
        self._thread.join(STALL_S + 1)

    def _call(self, method: str, body: bytes | None) -> bytes:
        assert self._options.controls is not None
        headers = {"Content-Type": "application/json"} if body else {}
        request = urllib.request.Request(self._options.controls, data=body, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=self._options.timeout_ms / 1000) as answer:
                data: bytes = answer.read(65536)
                return data
        except (OSError, urllib.error.URLError, http.client.HTTPException) as error:
            raise CameraError(f"{self.name}: {method} {self._options.controls} failed: {error}") from error

    def _run(self, stream: MjpegStream | None) -> None:
        while not self._closing.is_set():
            try:
                if stream is None:
                    stream = MjpegStream(self._options.url, self._options.timeout_ms / 1000, self._options.size)
                with self._lock:
                    self._stream = stream
                self._read(stream)
            except CameraError as error:
                self._frames.fail(str(error), kind_of(error))
            finally:
                if stream is not None:
                    stream.close()
            stream = None
            self._closing.wait(_RETRY_S)

    def _read(self, stream: MjpegStream) -> None:
        for at, jpeg in stream:
            if self._closing.is_set():
                return
            self._frames.push(at, jpeg)


class Mjpeg:
    port: PortKind = "camera"
    Options = Options

    def open(self, name: str, options: Any, context: Context) -> MjpegCamera:
        return locked(MjpegCamera(name, options), options)


DRIVER = Mjpeg()
