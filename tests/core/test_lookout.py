"""What a camera saw while something was wrong with it neither accuses nor acquits: the record of its troubles."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tillrig.errors import CameraError
from tillrig.observers.lookout import Lookout
from tillrig.ports.camera import Shot, StreamFault
from tillrig.timeline import Timeline
from tillrig.vision import Frame
from tillrig.vision.watch import Area, CameraWatch

AREA = Area(corners=((200.0, 100.0), (440.0, 100.0), (440.0, 260.0), (200.0, 260.0)))


class FaultyCamera:
    """A camera port of which only faults and health are asked."""

    fps = 30.0

    def __init__(self) -> None:
        self.told: list[StreamFault] = []
        self.silent = False

    def faults(self, since: float) -> tuple[StreamFault, ...]:
        return tuple(one for one in self.told if one.until is None or one.until >= since)

    def check(self) -> None:
        if self.silent:
            raise CameraError("screen: no frames for 2.0 s")

    def latest(self) -> Shot | None:
        return None


class Scene:
    """Frames of a plate with print on it, seen at a time that the test sets."""

    def __init__(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(3)
        small = rng.integers(40, 200, (12, 16), np.uint8)
        self._plate = cv2.resize(small, (640, 360), interpolation=cv2.INTER_NEAREST)
        self._rng = rng
        self.camera, self.timeline = FaultyCamera(), Timeline(tmp_path)
        self.lookout = Lookout("screen", self.camera, CameraWatch(AREA, every=1), self.timeline)  # type: ignore[arg-type]
        self.now = 100.0
        self._number = 0

    def show(self, count: int, spoil: Callable[[np.ndarray], np.ndarray] = lambda plate: plate) -> None:
        for _ in range(count):
            picture = spoil(self._plate).astype(np.float32) + self._rng.normal(0, 2, self._plate.shape)
            frame = Frame.from_array(np.clip(picture, 0, 255).astype(np.uint8), self.now, "screen", self._number)
            self.lookout.watch.feed(frame)
            self.lookout.note(frame)
            self._number, self.now = self._number + 1, self.now + 1.0


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    made = Scene(tmp_path)
    made.show(8)
    return made


def _covered(plate: np.ndarray) -> np.ndarray:
    return np.full_like(plate, 20)


def test_a_sound_camera_vouches_for_what_it_saw(scene: Scene) -> None:
    assert scene.lookout.episodes(101.0, scene.now - 1) == ()
    scene.lookout.check()


def test_a_trouble_in_the_midst_is_told_though_it_has_passed(scene: Scene) -> None:
    """It counts from the last sound frame before it, and for nothing before that or after it ended."""
    began = scene.now
    scene.show(4, _covered)
    with pytest.raises(CameraError, match="screen camera: covered; look at what is before the lens"):
        scene.lookout.check()
    scene.show(6)
    scene.lookout.check()
    (episode,) = scene.lookout.episodes(began - 2, scene.now - 1)
    assert episode.condition == "covered"
    assert began - 1 <= episode.since < began <= (episode.until or 0)
    assert scene.lookout.episodes(began - 5, began - 2) == ()
    assert scene.lookout.episodes(scene.now - 2, scene.now - 1) == ()


def test_the_picture_is_kept_as_evidence(scene: Scene, tmp_path: Path) -> None:
    """The blob is the frame at which the condition was named, and the timeline refers to it."""
    scene.show(4, _covered)
    (episode,) = scene.lookout.episodes(101.0, scene.now)
    digest = episode.picture.removeprefix("sha256:")
    stored = (tmp_path / "blobs" / digest[:2] / digest).read_bytes()
    picture = cv2.imdecode(np.frombuffer(stored, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None and picture.mean() < 30
    (event,) = [one for one in scene.timeline.events(kind="camera") if one.data.get("picture")]
    assert event.data["picture"] == episode.picture


def test_a_fault_in_the_last_frames_is_waited_for(scene: Scene) -> None:
    """Asked at the first doubtful frame, the watch says neither sound nor broken before it knows."""
    scene.show(1, _covered)
    asked_until = scene.now - 1
    found: list[tuple[object, ...]] = []
    thread = threading.Thread(target=lambda: found.append(scene.lookout.episodes(101.0, asked_until)))
    thread.start()
    scene.show(3, _covered)
    thread.join(5)
    assert [one.condition for one in found[0]] == ["covered"]  # type: ignore[attr-defined]


def test_a_damaged_stream_is_told_with_the_last_sound_picture(scene: Scene) -> None:
    """The driver saw what no frame shows. A stream that is merely late is no reason to stop at once."""
    now = time.monotonic()
    scene.camera.told = [StreamFault(104.0, 104.5, "torn stream", "cut in the middle")]
    (episode,) = scene.lookout.episodes(103.0, 105.0)
    assert (episode.condition, bool(episode.picture)) == ("torn stream", True)
    assert scene.lookout.episodes(105.0, 106.0) == ()
    scene.camera.told = [StreamFault(now, None, "no frames", "late")]
    scene.lookout.check()
    scene.camera.told = [StreamFault(now, None, "wrong device", "640x480")]
    with pytest.raises(CameraError, match="wrong device"):
        scene.lookout.check()


def test_a_camera_that_says_nothing_more_is_no_witness(scene: Scene) -> None:
    """No newer frame, and its own check fails: no frames, or what the driver says of the stream since."""
    scene.camera.silent = True
    (episode,) = scene.lookout.episodes(101.0, scene.now + 10)
    assert episode.condition == "no frames"
    scene.camera.told = [StreamFault(scene.now + 11, None, "torn stream", "cut")]
    (episode,) = scene.lookout.episodes(101.0, scene.now + 10)
    assert episode.condition == "torn stream"
