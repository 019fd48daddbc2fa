"""A camera frame: encoded bytes and the time they were taken, decoded only when somebody looks."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np

from tillrig.errors import CameraError, UsageError
from tillrig.vision.geometry import Grey
from tillrig.vision.picture_file import LONGEST_SIDE, cut_off, picture_bytes

cv2.setNumThreads(1)
_FLAGS = {1: cv2.IMREAD_GRAYSCALE, 2: cv2.IMREAD_REDUCED_GRAYSCALE_2, 4: cv2.IMREAD_REDUCED_GRAYSCALE_4}


class Frame(msgspec.Struct, frozen=True):
    """`time` monotonic seconds of mid exposure, `jpeg` the encoded picture (any format OpenCV decodes), `sequence`
    counts up per `camera`."""

    time: float
    jpeg: bytes
    camera: str = "screen"
    sequence: int = 0

    @property
    def id(self) -> str:
        """Name of this frame in testimonies and reports."""
        return f"{self.camera}-{self.sequence:06d}"

    @property
    def sha256(self) -> str:
        """Digest of the encoded bytes, lower-case hex."""
        return hashlib.sha256(self.jpeg).hexdigest()

    def grey(self, reduce: int = 1) -> Grey:
        """Decoded 8-bit grey picture, each side divided by `reduce` (1, 2 or 4). Raises CameraError when it is no
        picture."""
        return _decoded(self, reduce)

    def image(self) -> Grey:
        """Decoded BGR picture, height x width x 3. Raises CameraError."""
        return _sound(_decode(self.jpeg, cv2.IMREAD_COLOR), self)

    @classmethod
    def of(cls, shot: Any, camera: str = "screen") -> Frame:
        """From a camera port's `Shot` (index, at, jpeg)."""
        return shot if isinstance(shot, Frame) else cls(shot.at, shot.jpeg, camera, shot.index)

    @classmethod
    def from_file(cls, path: str | Path, sequence: int = 0) -> Frame:
        """A stored picture as a frame, upright as a viewer shows it; decoded at once, so that a bad file is known by
        its name. Raises UsageError."""
        path = Path(path)
        frame = cls(0.0, picture_bytes(path), path.name, sequence)
        try:
            lost = cut_off(frame.jpeg, frame.grey())
        except CameraError as problem:
            raise UsageError(f"{path} is not a picture that can be decoded") from problem
        if lost:
            raise UsageError(f"{path} is not a picture that can be decoded: its data is cut off before its end")
        return frame

    @classmethod
    def from_array(cls, picture: Grey, time: float = 0.0, camera: str = "screen", sequence: int = 0) -> Frame:
        """From pixels (grey or BGR uint8); stored without loss."""
        done, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        if not done:
            raise UsageError(f"an array of shape {picture.shape} is not a picture")
        return cls(time, data.tobytes(), camera, sequence)


_recent: OrderedDict[tuple[int, int, int], tuple[bytes, Grey]] = OrderedDict()


def _decoded(frame: Frame, reduce: int) -> Grey:
    key = (id(frame.jpeg), len(frame.jpeg), reduce)
    hit = _recent.get(key)
    if hit is not None and hit[0] is frame.jpeg:
        return hit[1]
    picture = _sound(_decode(frame.jpeg, _FLAGS[reduce]), frame)
    _recent[key] = (frame.jpeg, picture)
    while len(_recent) > 6:
        _recent.popitem(last=False)
    return picture


def _decode(data: bytes, flag: int) -> Any:
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flag) if data else None
    except cv2.error:  # a header that promises more than there is
        return None


def _sound(picture: Any, frame: Frame) -> Grey:
    if picture is None or picture.size == 0:
        raise CameraError(f"frame {frame.id} ({len(frame.jpeg)} bytes) cannot be decoded; look at the camera's stream")
    if max(picture.shape[:2]) > LONGEST_SIDE:
        raise CameraError(
            f"frame {frame.id} is {picture.shape[1]}x{picture.shape[0]} pixels, more than {LONGEST_SIDE} a side"
        )
    return picture  # type: ignore[no-any-return]
