"""Paper that does not come to rest in time is no fault of the camera; a camera without frames is."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest

from tillrig.drivers.frame_ring import RingCamera
from tillrig.errors import CameraError
from tillrig.observers.slip import SlipObserver


class Filmed(RingCamera):
    """A camera whose frames are pushed by hand."""

    def push(self, number: int) -> None:
        self._frames.push(time.monotonic(), b"frame %d" % number)


MOVING = SimpleNamespace(at_rest=lambda before, after: False)


def test_paper_that_still_moves_at_the_deadline_is_not_blamed_on_the_camera() -> None:
    """The deadline comes between two frames: None, though no newer frame had come."""
    camera, stop = Filmed("slip", 30.0, 4.0), threading.Event()

    def film() -> None:
        number = 0
        while not stop.wait(0.02):
            camera.push(number := number + 1)

    thread = threading.Thread(target=film)
    camera.push(0)
    thread.start()
    try:
        observer = SlipObserver(camera, MOVING, timeline=None)  # type: ignore[arg-type]
        assert [observer.at_rest(0.0, time.monotonic() + 0.05) for _ in range(5)] == [None] * 5
    finally:
        stop.set()
        thread.join()


def test_a_camera_without_frames_is_named() -> None:
    """The seeded fault: no frame comes at all."""
    camera = Filmed("slip", 30.0, 4.0)
    camera.push(0)
    observer = SlipObserver(camera, MOVING, timeline=None)  # type: ignore[arg-type]
    with pytest.raises(CameraError, match="slip"):
        observer.at_rest(0.0, time.monotonic() + 60)
