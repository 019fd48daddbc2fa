"""A picture that was damaged on its way, or comes from another camera, is told by the driver and given to nobody."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from tillrig.drivers.frame_ring import FrameRing
from tillrig.drivers.jpeg import JpegError, checked_size


def _jpeg(seed: int, *flags: int) -> bytes:
    picture = cv2.resize(np.random.default_rng(seed).integers(0, 255, (60, 80, 3), np.uint8), (640, 480))
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80, *flags])[1].tobytes())


@pytest.mark.parametrize("flags", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_RST_INTERVAL, 4)])
def test_a_sound_picture_tells_its_size(flags: tuple[int, ...]) -> None:
    """Of one scan or several, with restart markers or without, with a thumbnail before or padding after it."""
    whole = _jpeg(1, *flags)
    assert checked_size(whole) == (640, 480)
    assert checked_size(whole + b"\0" * 12) == (640, 480)
    thumbnail = _jpeg(2)[:4000]
    inside = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2) + thumbnail
    assert checked_size(whole[:2] + inside + whole[2:]) == (640, 480)


def test_garbage_in_the_middle_is_seen() -> None:
    """A third overwritten with noise: in each of 100 pictures a stray marker tells."""
    for seed in range(100):
        whole, noise = _jpeg(seed % 10), np.random.default_rng(seed)
        third = len(whole) // 3
        with pytest.raises(JpegError, match="stray"):
            checked_size(whole[:third] + noise.bytes(third) + whole[2 * third :])


def test_what_is_cut_has_no_end() -> None:
    """In the data, in the header, and where another picture begins in its midst."""
    whole = _jpeg(3)
    for broken in (whole[: len(whole) // 2], whole[:30], b"\xff\xd8", whole[: len(whole) // 2] + whole):
        with pytest.raises(JpegError):
            checked_size(broken)


def test_faults_of_a_stream_are_kept_with_their_times() -> None:
    """One run of failures is one fault; the next good frame ends it; another kind is another."""
    ring = FrameRing("screen", 30.0)
    began = time.monotonic()
    ring.push(began, b"jpeg")
    assert ring.faults(began) == ()
    ring.fail("cut", "torn stream")
    ring.fail("cut again", "torn stream")
    ring.fail("refused")
    torn, silent = ring.faults(began)
    assert (torn.kind, silent.kind, silent.until) == ("torn stream", "no frames", None)
    assert began <= torn.at <= (torn.until or 0) <= silent.at
    ring.push(time.monotonic(), b"jpeg")
    assert all(one.until is not None for one in ring.faults(began))
    assert ring.faults(time.monotonic() + 1) == ()
