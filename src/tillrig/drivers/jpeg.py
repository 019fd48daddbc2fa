"""The outside of a JPEG, read without decoding it: its size, and whether its data was damaged on the way."""

from __future__ import annotations

import re

#: In the coded data FF is followed by 00, or is a restart marker; only the end of image ends it.
_STRAY = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_SOS, _EOI = 0xDA, 0xD9
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_ONE_SCAN = {0xC0, 0xC1}
#: What may follow the end of image: padding, line ends.
_AFTER = 64


class JpegError(ValueError):
    """The bytes are no whole JPEG; the text says where."""


def checked_size(jpeg: bytes) -> tuple[int, int]:
    """Width and height as its header says. Raises JpegError when a segment is cut, or when a stray marker stands in
    the coded data of a picture of one scan, as garbage nearly always brings; some 0.1 ms a picture.
    """
    at, size, one_scan = 2, (0, 0), False
    while True:
        if at + 4 > len(jpeg) or jpeg[at] != 0xFF:
            raise JpegError(f"byte {at}: a segment should begin here")
        marker, length = jpeg[at + 1], int.from_bytes(jpeg[at + 2 : at + 4])
        if marker == 0xFF:
            at += 1
            continue
        if marker in _FRAMES:
            if at + 9 > len(jpeg):
                raise JpegError(f"byte {at}: the frame's header is cut off")
            size = (int.from_bytes(jpeg[at + 7 : at + 9]), int.from_bytes(jpeg[at + 5 : at + 7]))
            one_scan = marker in _ONE_SCAN and jpeg[at + 9] <= 3
        if length < 2:
            raise JpegError(f"byte {at}: a segment of {length} bytes")
        at += 2 + length
        if marker == _SOS:
            break
    if size == (0, 0):
        raise JpegError("it says no size")
    if one_scan:
        stray = _STRAY.search(jpeg, at)
        if stray is None:
            raise JpegError("it has no end")
        if jpeg[stray.start() + 1] != _EOI or len(jpeg) - stray.start() > _AFTER:
            raise JpegError(f"byte {stray.start()}: stray {stray.group().hex(' ')} in the coded data")
    return size
