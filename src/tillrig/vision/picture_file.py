"""A picture file from anywhere, made into bytes that every reader decodes alike; what cannot be one says why."""

from __future__ import annotations

import io
import re
import stat
import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.errors import UsageError

LONGEST_SIDE = 12_000
# Fewer pixels a side hold no text.
_SHORTEST_SIDE = 8
_MOST_BYTES = 200_000_000
# Formats whose 8-bit grey and colour pictures OpenCV decodes as a viewer shows them, camera orientation included. A
# phone's MPO is a JPEG with more pictures behind it.
_PLAIN = {"JPEG", "MPO", "PNG", "BMP"}
_EIGHT_BIT = {"L", "RGB"}
_ORIENTATION = 0x0112
_JPEG_END = b"\xff\xd9"
_SCAN, _BASELINE = 0xDA, (0xC0, 0xC1)
# In coded data FF is followed by 00, another FF, or a restart marker.
_MARKER = re.compile(rb"\xff[^\x00\xff]")
# What libjpeg puts where a picture's data ended too early.
_LOST = 128
_BLOCK = 8
# Coded data of any kind: a decoder that still wants some draws something with it.
_MORE = bytes(range(1, 128)) * 2


def picture_bytes(path: Path) -> bytes:
    """The file's bytes as they are where OpenCV decodes them as a viewer would, else the same picture as PNG.

    16-bit grey is scaled to 8, CMYK and palettes become colours, what is transparent lies on white, and the
    orientation that a camera noted is applied. Raises UsageError, which names file and cause, for what is no picture,
    is cut short, moves, is empty or is too large.
    """
    try:
        found = path.stat()
        size = found.st_size
        if stat.S_ISDIR(found.st_mode):
            raise UsageError(f"{path} is a directory, not a picture")
        if not stat.S_ISREG(found.st_mode):
            raise UsageError(f"{path} is a pipe or a device, not a picture file")
        if size > _MOST_BYTES:
            raise UsageError(f"{path} has {size} bytes, more than {_MOST_BYTES}; give a smaller picture")
        data = path.read_bytes()
    except OSError as problem:
        raise UsageError(f"picture {path} cannot be read: {problem.strerror or problem}") from problem
    if not data:
        raise UsageError(f"{path} is empty; there is no picture in it")
    return _checked(path, data)


def _checked(path: Path, data: bytes) -> bytes:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data)) as picture:
            warnings.simplefilter("ignore")  # a large picture is refused below, with its name
            width, height = picture.size
            if max(width, height) > LONGEST_SIDE:
                raise UsageError(f"{path} is {width}x{height} pixels, more than {LONGEST_SIDE} a side; scale it down")
            if min(width, height) < _SHORTEST_SIDE:
                raise UsageError(f"{path} is {width}x{height} pixels; no text fits on that")
            moving = getattr(picture, "n_frames", 1)
            if moving > 1 and picture.format != "MPO":
                raise UsageError(
                    f"{path} holds {moving} pictures ({picture.format}); which one is meant is not known: give one"
                )
            if not (picture.format == "JPEG" and data.rstrip(b"\0").endswith(_JPEG_END)):
                picture.load()  # a whole JPEG is decoded once, by OpenCV
            if picture.format == "JPEG":
                _check_markers(path, data)
            plain = picture.format in _PLAIN and picture.mode in _EIGHT_BIT
            if plain and (picture.format != "PNG" or picture.getexif().get(_ORIENTATION, 1) == 1):
                return data
            return _as_png(picture)
    except UsageError:
        raise
    except Image.DecompressionBombError as problem:
        raise UsageError(f"{path} is more than {LONGEST_SIDE} pixels a side; scale it down") from problem
    except UnidentifiedImageError as problem:
        raise UsageError(f"{path} is not a picture that can be decoded: it has no known format") from problem
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, IndexError, TypeError) as problem:
        # Pillow's decoders raise all of these for broken files.
        raise UsageError(f"{path} is not a picture that can be decoded: {str(problem) or 'it is broken'}") from problem


def _check_markers(path: Path, data: bytes) -> None:
    """Raise UsageError where a marker stands in the coded data of a JPEG of one scan that belongs elsewhere, as where
    a stream was cut and goes on with another picture, or where restarts are missing."""
    at, one_scan = 2, False
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != _SCAN:
        if data[at + 1] == 0xFF:  # filling
            at += 1
            continue
        one_scan |= data[at + 1] in _BASELINE and at + 9 < len(data) and data[at + 9] <= 3
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    for restarts, marker in enumerate(_MARKER.finditer(data, at + 4) if one_scan else ()):
        kind = data[marker.start() + 1]
        if kind == _JPEG_END[1]:
            return
        if kind != 0xD0 + restarts % 8:
            raise UsageError(f"{path} is damaged: a marker {kind:02x} stands in its data, at byte {marker.start()}")


def cut_off(data: bytes, grey: npt.NDArray[Any]) -> bool:
    """Whether a JPEG that has its end, decoded to `grey` (height x width), lacks data before it: then its last block,
    in some corner when it was turned, is what decoders put there, and with more data it is another."""
    end = data.rfind(_JPEG_END)
    if end < 0 or not data.startswith(b"\xff\xd8"):
        return False
    sides = (slice(None, _BLOCK), slice(-_BLOCK, None))
    if not any((grey[down, across] == _LOST).all() for down in sides for across in sides):
        return False
    longer = cv2.imdecode(np.frombuffer(data[:end] + _MORE + data[end:], np.uint8), cv2.IMREAD_GRAYSCALE)
    return longer is not None and not np.array_equal(longer, grey)


def _as_png(picture: Any) -> bytes:
    from PIL import Image, ImageOps

    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I") or upright.mode == "F":
        pixels = _eight_bits(np.asarray(upright))
    else:
        if upright.mode in ("PA", "LA", "RGBA", "P") and (upright.mode != "P" or "transparency" in upright.info):
            upright = upright.convert("RGBA")
            upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright)
        pixels = np.asarray(upright.convert("L" if upright.mode in ("1", "L") else "RGB"))[..., ::-1]
        if pixels.ndim == 2:
            pixels = pixels[:, ::-1]
    return bytes(cv2.imencode(".png", np.ascontiguousarray(pixels), [cv2.IMWRITE_PNG_COMPRESSION, 1])[1])


def _eight_bits(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Deep grey by its own scale: 16 bits where the values need more than 8."""
    values = values.astype(np.float64)
    top = 65535.0 if values.max(initial=0) > 255 else 255.0
    return np.clip(values * (255.0 / top) + 0.5, 0, 255).astype(np.uint8)
