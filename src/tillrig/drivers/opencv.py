"""`opencv`: a camera that OpenCV reads: a V4L2 device, RTSP, HTTP, or a recorded video played at its own rate."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Annotated, Any

import msgspec

from tillrig.drivers.frame_ring import STALL_S, RingCamera, View, WrongDeviceError, kind_of, locked
from tillrig.drivers.registry import Context, PortKind
from tillrig.errors import CameraError
from tillrig.ports.camera import CameraControls

_RETRY_S = 0.5
#: V4L2 counts exposure in steps of 100 us; its menu value for "manual" is 1, for "aperture priority" (auto) 3.
_V4L2_EXPOSURE_MS = 0.1
_V4L2_MANUAL, _V4L2_AUTO = 1.0, 3.0
#: What FFmpeg within OpenCV reads over a network.
_STREAM = r"^(rtsps?|https?|rtmps?|rtp|srt|tcp|udp)://[^/]+"


class Options(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of the rig file: exactly one of `device` (number or /dev/video…), `url` and `file`.

    quality  of the JPEGs kept, 1 to 100
    fourcc   pixel format asked of a device; MJPG lets USB 2 carry 720p at 30 fps
    """

    device: int | str | None = None
    url: Annotated[str, msgspec.Meta(pattern=_STREAM)] | None = None
    file: str | None = None
    fourcc: Annotated[str, msgspec.Meta(min_length=4, max_length=4)] = "MJPG"
    quality: Annotated[int, msgspec.Meta(ge=1, le=100)] = 92
    timeout_ms: Annotated[int, msgspec.Meta(ge=100)] = 3000

    def __post_init__(self) -> None:
        if sum(source is not None for source in (self.device, self.url, self.file)) != 1:
            raise ValueError("needs exactly one of device, url, file")


class OpencvCamera(RingCamera):
    """Grabs and encodes in a thread of its own; decoding for reading is done by whoever reads."""

    def __init__(self, name: str, options: Options, base: Path) -> None:
        super().__init__(name, options.fps, options.keep_s)
        self._options = options
        self._file = None if options.file is None else base / options.file
        self._closing = threading.Event()
        self._device_lock = threading.Lock()
        self._capture: Any = self._open()
        self._thread = threading.Thread(target=self._run, name=f"{name}-grab", daemon=True)
        self._thread.start()

    def lock(self, controls: CameraControls) -> CameraControls:
        import cv2

        if self._options.device is None:
            raise CameraError(f"{self.name}: only a device has controls, not {self._source()!r}")
        with self._device_lock:
            capture = self._capture
            if controls.auto_exposure is not None:
                capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, _V4L2_AUTO if controls.auto_exposure else _V4L2_MANUAL)
            if controls.exposure_ms is not None:
                capture.set(cv2.CAP_PROP_EXPOSURE, controls.exposure_ms / _V4L2_EXPOSURE_MS)
            if controls.auto_focus is not None:
                capture.set(cv2.CAP_PROP_AUTOFOCUS, float(controls.auto_focus))
            if controls.focus is not None:
                capture.set(cv2.CAP_PROP_FOCUS, controls.focus)
            automatic = capture.get(cv2.CAP_PROP_AUTO_EXPOSURE)
            exposure = capture.get(cv2.CAP_PROP_EXPOSURE)
            autofocus = capture.get(cv2.CAP_PROP_AUTOFOCUS)
            focus = capture.get(cv2.CAP_PROP_FOCUS)
        # -1 is OpenCV's word for "the device does not have this".
        return CameraControls(
            exposure_ms=None if exposure < 0 else exposure * _V4L2_EXPOSURE_MS,
            focus=None if focus < 0 else focus,
            auto_exposure=None if automatic < 0 else automatic != _V4L2_MANUAL,
            auto_focus=None if autofocus < 0 else bool(autofocus),
        )

    def close(self) -> None:
        self._closing.set()
        self._frames.close()
        self._thread.join(self._options.timeout_ms / 1000 + STALL_S)
        with self._device_lock:
            self._capture.release()

    def _source(self) -> int | str:
        options = self._options
        if options.device is not None:
            return options.device
        return options.url or str(self._file)

    def _open(self) -> Any:
        import cv2

        source, options = self._source(), self._options
        if self._file is not None and not self._file.is_file():
            raise CameraError(f"{self.name}: there is no video file {self._file}")
        if isinstance(source, str) and source.startswith("/dev/") and not Path(source).exists():
            there = ", ".join(sorted(map(str, Path("/dev").glob("video*")))) or "none"
            raise CameraError(f"{self.name}: there is no camera {source} (plugged in? cameras here: {there})")
        if options.device is not None:
            capture = cv2.VideoCapture(source, cv2.CAP_V4L2)
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*options.fourcc))
            if options.size is not None:
                capture.set(cv2.CAP_PROP_FRAME_WIDTH, options.size[0])
                capture.set(cv2.CAP_PROP_FRAME_HEIGHT, options.size[1])
            capture.set(cv2.CAP_PROP_FPS, options.fps)
            # The ring is ours; a driver's own queue would hand out old frames.
            capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        else:
            limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, options.timeout_ms]
            limits += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, options.timeout_ms]
            capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG, limits)
        if not capture.isOpened():
            capture.release()
            raise CameraError(
                f"{self.name}: OpenCV cannot open {source!r} (taken by another program, or no such camera?)"
            )
        return capture

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._grab()
            except CameraError as error:
                if self._file is not None:
                    self._frames.end(str(error))
                    return
                self._frames.fail(str(error), kind_of(error))
            self._reopen()

    def _grab(self) -> None:
        """Frames until the source breaks off (CameraError) or the camera is closed."""
        import cv2

        quality = [cv2.IMWRITE_JPEG_QUALITY, self._options.quality]
        due = time.monotonic()
        while not self._closing.is_set():
            with self._device_lock:
                grabbed = self._capture.grab()
                at = time.monotonic()
                good, picture = self._capture.retrieve() if grabbed else (False, None)
            if not good or picture is None:
                what = "has ended" if self._file is not None else "gives no more frames"
                raise CameraError(f"{self.name}: {self._source()!r} {what}")
            size = (picture.shape[1], picture.shape[0])
            if self._options.size not in (None, size):
                raise WrongDeviceError(f"{self.name}: frames are {size} px, the rig file says {self._options.size}")
            encoded, jpeg = cv2.imencode(".jpg", picture, quality)
            if encoded:
                self._frames.push(at, jpeg.tobytes())
            if self._file is not None:
                due += 1 / self._options.fps
                self._closing.wait(max(0.0, due - time.monotonic()))

    def _reopen(self) -> None:
        while not self._closing.wait(_RETRY_S):
            try:
                capture = self._open()
            except CameraError as error:
                self._frames.fail(str(error), kind_of(error))
                continue
            with self._device_lock:
                self._capture.release()
                self._capture = capture
            return


class Opencv:
    port: PortKind = "camera"
    Options = Options

    def open(self, name: str, options: Any, context: Context) -> OpencvCamera:
        return locked(OpencvCamera(name, options, context.base), options)


DRIVER = Opencv()
