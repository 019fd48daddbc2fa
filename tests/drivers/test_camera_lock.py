"""Exposure and focus count as locked only when the device reads them back."""

from __future__ import annotations

import time

import pytest

from tests.ports.port_fakes import FakeCamera
from tillrig.drivers.frame_ring import lock_as_declared, locked, require_read_back
from tillrig.drivers.mjpeg import MjpegCamera, Options
from tillrig.drivers.mjpeg_stream import exposure_time
from tillrig.errors import CameraError
from tillrig.ports.camera import CameraControls


@pytest.fixture
def camera(http_camera: FakeCamera) -> MjpegCamera:
    return MjpegCamera("screen", Options(url=http_camera.url, controls=http_camera.controls_url, fps=50))


def test_what_was_set_is_read_back(camera: MjpegCamera, http_camera: FakeCamera) -> None:
    """Only what is named is changed."""
    found = camera.lock(CameraControls(exposure_ms=4.0, auto_exposure=False))
    assert found == CameraControls(exposure_ms=4.0, focus=3.0, auto_exposure=False, auto_focus=True)
    camera.close()


@pytest.mark.parametrize(
    ("deaf", "told"),
    [
        ("exposure_ms", "exposure_ms was set to 4.0 and reads back 16.0"),
        ("auto_exposure", "auto_exposure was set to False and reads back True"),
    ],
)
def test_a_device_that_does_not_obey_is_told(
    camera: MjpegCamera, http_camera: FakeCamera, deaf: str, told: str
) -> None:
    """A camera left on automatic changes the picture in mid-run."""
    http_camera.deaf.add(deaf)
    view = Options(url=http_camera.url, exposure_ms=4.0)
    with pytest.raises(CameraError, match=told):
        lock_as_declared("screen", view, camera.lock)
    camera.close()


def test_a_camera_that_cannot_be_locked_is_closed_again(camera: MjpegCamera, http_camera: FakeCamera) -> None:
    """Nobody else would close it: its driver has not given it away yet."""
    http_camera.deaf.add("exposure_ms")
    with pytest.raises(CameraError, match="the picture is not locked"):
        locked(camera, Options(url=http_camera.url, exposure_ms=4.0))
    with pytest.raises(CameraError, match="the camera is closed"):
        camera.check()


def test_nothing_declared_locks_nothing(camera: MjpegCamera, http_camera: FakeCamera) -> None:
    """A rig file without exposure leaves the device as it is."""
    lock_as_declared("screen", Options(url=http_camera.url), camera.lock)
    assert http_camera.controls["auto_exposure"] is True
    camera.close()


def test_devices_may_round() -> None:
    """V4L2 counts in 100 us."""
    require_read_back("screen", CameraControls(exposure_ms=4.04), CameraControls(exposure_ms=4.0))
    with pytest.raises(CameraError, match="reads back None"):
        require_read_back("screen", CameraControls(focus=10.0), CameraControls())


def test_a_camera_without_controls_says_so(http_camera: FakeCamera) -> None:
    """Rather than pretending to have locked it."""
    camera = MjpegCamera("screen", Options(url=http_camera.url))
    with pytest.raises(CameraError, match="no controls address"):
        camera.lock(CameraControls(exposure_ms=4.0))
    camera.close()


def test_time_stamps_of_three_clocks_are_understood() -> None:
    """This machine's monotonic clock, the time of day, and a clock that says nothing to us."""
    arrived = time.monotonic()
    assert exposure_time(arrived - 0.04, arrived) == arrived - 0.04
    assert exposure_time(time.time() - 0.04, arrived) == pytest.approx(arrived - 0.04, abs=0.01)
    assert exposure_time(12345678.0, arrived) == arrived
    assert exposure_time(None, arrived) == arrived
