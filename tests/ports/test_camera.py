"""The contract of a camera: every frame once, in order, with its time; and a camera that gives none is told in time."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.ports.port_fakes import FakeCamera, eventually, jpeg
from tillrig.drivers.manual import ManualCamera
from tillrig.drivers.mjpeg import MjpegCamera
from tillrig.drivers.mjpeg import Options as MjpegOptions
from tillrig.drivers.opencv import OpencvCamera
from tillrig.drivers.opencv import Options as OpencvOptions
from tillrig.drivers.technician import Technician
from tillrig.errors import CameraError
from tillrig.ports.camera import Camera, Shot


def soon(seconds: float = 5.0) -> float:
    return time.monotonic() + seconds


class CameraContract:
    """Subclasses give `camera`, which delivers frames without end."""

    def test_is_a_camera_port(self, camera: Camera) -> None:
        """The driver offers everything that the protocol names."""
        assert isinstance(camera, Camera)
        assert camera.fps > 0

    def test_after_gives_every_frame_once_in_order(self, camera: Camera) -> None:
        """Numbers rise by one, times do not fall."""
        shots = [camera.after(-1, soon())]
        for _ in range(4):
            shots.append(camera.after(shots[-1].index, soon()))
        assert [shot.index for shot in shots] == list(range(shots[0].index, shots[0].index + 5))
        assert all(earlier.at <= later.at for earlier, later in itertools.pairwise(shots))

    def test_frames_are_jpegs_taken_in_the_past(self, camera: Camera) -> None:
        """Complete, decodable, and not from the future."""
        shot = camera.after(-1, soon())
        assert cv2.imdecode(np.frombuffer(shot.jpeg, np.uint8), cv2.IMREAD_COLOR) is not None
        assert 0 <= time.monotonic() - shot.at < 5

    def test_latest_and_ring_agree(self, camera: Camera) -> None:
        """The ring is oldest first, and its last is the latest or older by what came in between."""
        first = camera.after(-1, soon())
        camera.after(first.index, soon())
        ring, latest = camera.ring(), camera.latest()
        assert latest is not None
        assert [shot.index for shot in ring] == list(range(ring[0].index, ring[-1].index + 1))
        assert ring[-1].index <= latest.index

    def test_listeners_get_frames_until_they_leave(self, camera: Camera) -> None:
        """Every frame, in order."""
        came: list[Shot] = []
        leave = camera.subscribe(came.append)
        index = -1
        while len(came) < 3:
            index = camera.after(index, soon()).index
        leave()
        assert [shot.index for shot in came[:3]] == list(range(came[0].index, came[0].index + 3))

    def test_check_finds_a_sound_camera_sound(self, camera: Camera) -> None:
        """Also at once after opening."""
        camera.check()


class TestMjpeg(CameraContract):
    """Motion JPEG over HTTP."""

    @pytest.fixture
    def camera(self, http_camera: FakeCamera) -> Iterator[MjpegCamera]:
        options = MjpegOptions(url=http_camera.url, controls=http_camera.controls_url, fps=50, keep_s=1, timeout_ms=400)
        made = MjpegCamera("screen", options)
        yield made
        made.close()

    def test_pictures_are_kept_byte_for_byte(self, camera: Camera, http_camera: FakeCamera) -> None:
        """What the camera encoded is the evidence; nothing encodes it again."""
        shot = camera.after(3, soon())
        assert http_camera.sent[shot.index] == shot.jpeg

    def test_the_cameras_own_time_is_believed(self, http_camera: FakeCamera) -> None:
        """X-Timestamp is the middle of the exposure, on the monotonic clock."""
        http_camera.stamps = lambda: time.monotonic() - 0.25
        made = MjpegCamera("screen", MjpegOptions(url=http_camera.url, fps=50))
        shot = made.after(-1, soon())
        assert 0.25 <= time.monotonic() - shot.at < 1.0
        made.close()

    def test_parts_without_a_length_are_read_too(self, http_camera: FakeCamera) -> None:
        """Many cheap cameras give none."""
        http_camera.lengths = False
        made = MjpegCamera("screen", MjpegOptions(url=http_camera.url, fps=50))
        shot = made.after(3, soon())
        assert shot.jpeg == http_camera.sent[shot.index]
        made.close()

    def test_the_ring_keeps_some_seconds(self, camera: Camera) -> None:
        """keep_s x fps frames, no more."""
        camera.after(80, soon())
        assert len(camera.ring()) == 50

    def test_a_slow_reader_gets_the_newest_frame(self, camera: Camera) -> None:
        """Frames wait in the ring, not in the socket: the latest is never old."""
        camera.after(-1, soon())
        time.sleep(0.5)
        latest = camera.latest()
        assert latest is not None
        assert time.monotonic() - latest.at < 0.2

    def test_a_camera_that_is_not_there_is_told_at_opening(self) -> None:
        """Nobody listens on the port."""
        with pytest.raises(CameraError, match=r"screen: http://127\.0\.0\.1:9/screen\.mjpg does not answer"):
            MjpegCamera("screen", MjpegOptions(url="http://127.0.0.1:9/screen.mjpg"))

    def test_a_camera_that_refuses_is_told_at_opening(self, http_camera: FakeCamera) -> None:
        """The answer's status and reason are passed on."""
        http_camera.refuse = True
        with pytest.raises(CameraError, match="503 camera is off"):
            MjpegCamera("screen", MjpegOptions(url=http_camera.url))

    def test_something_that_is_no_stream_is_told_at_opening(self, http_camera: FakeCamera) -> None:
        """A web page is no camera."""
        with pytest.raises(CameraError, match="instead of multipart"):
            MjpegCamera("screen", MjpegOptions(url=http_camera.controls_url))

    def test_a_stalled_camera_ends_the_wait_before_the_deadline(self, camera: Camera, http_camera: FakeCamera) -> None:
        """Whoever waits a minute for a frame hears of the stall after two seconds, with what was last seen."""
        last = camera.after(-1, soon())
        http_camera.frozen.set()
        began = time.monotonic()
        with pytest.raises(CameraError, match=r"screen: no frame after .*the last one, number \d+, came \d\.\d s ago"):
            camera.after(last.index + 1000, soon(60))
        assert time.monotonic() - began < 4
        with pytest.raises(CameraError, match="stalled"):
            camera.check()

    def test_a_deadline_is_kept(self, camera: Camera) -> None:
        """Frames come, but not the one that is waited for."""
        began = time.monotonic()
        with pytest.raises(CameraError, match="no frame after number 1000000"):
            camera.after(1_000_000, began + 0.3)
        assert time.monotonic() - began < 0.6

    def test_a_camera_that_broke_off_is_taken_up_again(self, camera: Camera, http_camera: FakeCamera) -> None:
        """A dropped connection costs some frames, not the run."""
        last = camera.after(-1, soon())
        http_camera.drop()
        assert eventually(lambda: (latest := camera.latest()) is not None and latest.index > last.index + 20)
        camera.check()

    def test_a_dead_camera_fails_its_check(self, camera: Camera, http_camera: FakeCamera) -> None:
        """Within a second or so, saying why."""
        camera.after(-1, soon())
        http_camera.stop()
        assert eventually(lambda: _check(camera) is not None)
        assert eventually(lambda: "does not answer" in (_check(camera) or ""))

    def test_a_bad_part_is_told_and_never_passed_on(self, camera: Camera, http_camera: FakeCamera) -> None:
        """A part that is no JPEG is no frame."""
        camera.after(-1, soon())
        http_camera.bad_parts = 10**6
        assert eventually(lambda: "no JPEG" in (_check(camera) or ""))
        http_camera.bad_parts = 0
        assert eventually(lambda: _check(camera) is None)
        assert all(shot.jpeg.startswith(b"\xff\xd8") for shot in camera.ring())

    def test_close_ends_a_wait_under_way(self, camera: MjpegCamera, http_camera: FakeCamera) -> None:
        """A session that ends does not wait for a camera that will not speak."""
        http_camera.frozen.set()
        failed: list[str] = []

        def wait() -> None:
            try:
                camera.after(10**9, soon(60))
            except CameraError as error:
                failed.append(str(error))

        thread = threading.Thread(target=wait)
        thread.start()
        camera.close()
        thread.join(3)
        assert failed and "closed" in failed[0]


class TestOpencvOnHttp(CameraContract):
    """The same stream through OpenCV."""

    @pytest.fixture
    def camera(self, http_camera: FakeCamera) -> Iterator[OpencvCamera]:
        made = OpencvCamera("screen", OpencvOptions(url=http_camera.url, size=(64, 48), fps=50), Path())
        yield made
        made.close()

    def test_a_camera_that_broke_off_is_taken_up_again(self, camera: Camera, http_camera: FakeCamera) -> None:
        """As with any network camera."""
        last = camera.after(-1, soon())
        http_camera.drop()
        assert eventually(lambda: (latest := camera.latest()) is not None and latest.index > last.index + 20, 10)


class TestOpencvOnFile(CameraContract):
    """A recorded video, played at its own rate."""

    @pytest.fixture
    def video(self, tmp_path: Path) -> Path:
        path = tmp_path / "screen.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
        for shade in range(60):
            writer.write(np.full((48, 64, 3), 4 * shade, np.uint8))
        writer.release()
        return path

    @pytest.fixture
    def camera(self, video: Path) -> Iterator[OpencvCamera]:
        made = OpencvCamera("screen", OpencvOptions(file=str(video), fps=25), Path())
        yield made
        made.close()

    def test_it_is_played_at_its_own_rate(self, camera: Camera) -> None:
        """25 frames a second."""
        first = camera.after(-1, soon())
        last = camera.after(first.index + 19, soon())
        assert 0.6 < last.at - first.at < 1.5

    def test_the_end_of_the_video_is_told(self, camera: Camera) -> None:
        """Not taken for a frozen screen."""
        with pytest.raises(CameraError, match="has ended"):
            camera.after(10_000, soon(30))

    def test_another_size_than_declared_is_told(self, video: Path) -> None:
        """The corners in the rig file would mean other places."""
        made = OpencvCamera("screen", OpencvOptions(file=str(video), size=(1280, 720)), Path())
        with pytest.raises(CameraError, match=r"frames are \(64, 48\) px, the rig file says \(1280, 720\)"):
            made.after(-1, soon(10))
        made.close()

    def test_a_missing_file_or_device_is_told_at_opening(self, tmp_path: Path) -> None:
        """With the cameras that are here."""
        with pytest.raises(CameraError, match="there is no video file"):
            OpencvCamera("screen", OpencvOptions(file="none.avi"), tmp_path)
        with pytest.raises(CameraError, match=r"there is no camera /dev/video99 .*cameras here"):
            OpencvCamera("screen", OpencvOptions(device="/dev/video99"), tmp_path)


class TestManualCamera(CameraContract):
    """A technician with a camera of his own."""

    @pytest.fixture
    def camera(self, tmp_path: Path) -> ManualCamera:
        (tmp_path / "picture.jpg").write_bytes(jpeg(128))
        return ManualCamera("screen", Technician(ask=lambda _: "picture.jpg", attended=True), tmp_path)

    def test_a_path_that_leads_nowhere_is_told(self, tmp_path: Path) -> None:
        """And so is a file that is no JPEG."""
        with pytest.raises(CameraError, match="cannot be read"):
            ManualCamera("screen", Technician(ask=lambda _: "none.jpg", attended=True), tmp_path).after(-1, soon())
        (tmp_path / "notes.txt").write_text("not a picture")
        with pytest.raises(CameraError, match="no JPEG"):
            ManualCamera("screen", Technician(ask=lambda _: "notes.txt", attended=True), tmp_path).after(-1, soon())


def _check(camera: Camera) -> str | None:
    try:
        camera.check()
    except CameraError as error:
        return str(error)
    return None
