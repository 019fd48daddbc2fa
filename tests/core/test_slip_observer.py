"""Paper that does not come to rest in time is no fault of the camera; a camera without frames is."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest

from tillrig.drivers.frame_ring import RingCamera
from tillrig.errors import CameraError
from tillrig.judge.findings import PASSING_BY, missing
from tillrig.observers.slip import SlipObserver
from tillrig.verdicts import Verdict


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


@pytest.mark.parametrize(
    ("point", "words", "verdict"),
    [
        ("slip.merchant", {"slip": "clears_rig"}, Verdict.FAIL),
        ("slip.merchant", {"slip": "clears_rig", PASSING_BY: "none"}, Verdict.INCONCLUSIVE),
        ("screen.ask_pin", {"screen": "clears_rig", PASSING_BY: "none"}, Verdict.INCONCLUSIVE),
        ("host.sale", {"host": "clears_rig", PASSING_BY: "none"}, Verdict.FAIL),
        ("slip.merchant", {"slip": "blames_rig", PASSING_BY: "none"}, Verdict.RIG_ERROR),
    ],
)
def test_who_looked_too_seldom_misses_nothing(point: str, words: dict[str, str], verdict: Verdict) -> None:
    """A slip is announced by a screen: a busy computer that overlooked it accuses nobody. The host's word stands."""
    assert missing("SLIP-COPIES", point, "it", words).verdict is verdict  # type: ignore[arg-type]
