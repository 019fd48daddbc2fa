"""Cameras that are bumped, in the dark, blinded, torn or exchanged, and sound again afterwards."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tillrig.simulator.optics import Pose, ScreenCamera, SlipCamera
from tillrig.simulator.optics.camera import Camera
from tillrig.simulator.optics.slip import slip_marks


def _seen(camera: Camera, at: float) -> NDArray[np.uint8]:
    picture = cv2.imdecode(np.frombuffer(camera.photograph(at), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return np.asarray(picture, np.uint8)


def _shift(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> tuple[int, int]:
    """Whole pixels by which the middle of a screen frame, or the lid of a slip frame, has gone."""
    top, bottom = (1860, 1902) if len(before) == 1920 else (60, 660)
    part = before[top:bottom, 60:-60]
    found = cv2.matchTemplate(after[top - 16 : bottom + 16], part, cv2.TM_CCOEFF_NORMED)
    y, x = np.unravel_index(int(found.argmax()), found.shape)
    return int(x) - 60, int(y) - 16


@pytest.fixture(params=[ScreenCamera, SlipCamera])
def camera(request: pytest.FixtureRequest) -> Camera:
    made: Camera = request.param(Pose.draw("typical", 11))
    made.set_controls({"auto_exposure": False})
    return made


def test_a_bump_shifts_the_whole_picture_by_so_many_pixels(camera: Camera) -> None:
    """In another direction each time; mended, the camera stands where it stood."""
    before = _seen(camera, 10.0)
    ways = []
    for px in (4.0, 12.0):
        camera.fault("moved", px)
        shift = _shift(before, _seen(camera, 10.0))
        assert np.hypot(*shift) == pytest.approx(px, abs=2.0)
        ways.append(np.arctan2(shift[1], shift[0]))
    assert abs(ways[0] - ways[1]) > 0.5
    camera.fault(None)
    assert _shift(before, _seen(camera, 10.0)) == (0, 0)


def test_dark_leaves_an_eighth_of_the_light_and_a_lamp_clips_the_middle(camera: Camera) -> None:
    before = _seen(camera, 10.0)
    camera.fault("dark")
    assert _seen(camera, 10.0).mean() == pytest.approx(0.12 * before.mean(), rel=0.15)
    camera.fault("saturated")
    height, width = before.shape
    middle = _seen(camera, 10.0)[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3]
    assert (middle >= 250).mean() > 0.9


def test_another_device_shows_another_scene_or_another_size(camera: Camera) -> None:
    before = _seen(camera, 10.0)
    camera.fault("wrong")
    other = _seen(camera, 10.0)
    assert other.shape == before.shape
    assert abs(np.corrcoef(other.ravel(), before.ravel())[0, 1]) < 0.5
    camera.fault("wrong", 640)
    assert _seen(camera, 10.0).shape == (480, 640)


def test_markers_stand_inside_the_slip_frame_and_are_found() -> None:
    """On the lid, below the slot, in every grade; a detector reads their numbers."""
    for grade in ("clean", "typical", "bad"):
        for seed in range(4):
            pose = Pose.draw(grade, seed)
            corners = np.array(slip_marks(pose))
            assert corners[..., 0].min() > 0 and corners[..., 0].max() < 720 and corners[..., 1].max() < 1919
            picture = _seen(SlipCamera(pose), 10.0)
            detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50))
            _, found, _ = detector.detectMarkers(cv2.resize(picture[1700:], None, fx=3, fy=3))
            assert found is not None and set(found.ravel().tolist()) <= {0, 1, 2, 3}
            assert grade == "bad" or len(found) >= 3
