"""The cameras as a client sees them: streams, stamps, controls, faults, stalled viewers."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tillrig.simulator.optics import Pose, ScreenCamera, SlipCamera
from tillrig.simulator.optics.camera import Camera
from tillrig.simulator.optics.scene import GREY_PATCH, grey_patch

Connect = Callable[[str], object]


@pytest.fixture
def screen() -> Iterator[ScreenCamera]:
    camera = ScreenCamera(Pose.draw("typical", 7))
    camera.start()
    yield camera
    camera.stop()


@pytest.fixture
def slip() -> Iterator[SlipCamera]:
    camera = SlipCamera(Pose.draw("typical", 7))
    camera.start()
    yield camera
    camera.stop()


def controls(camera: Camera, change: dict[str, object] | None = None) -> dict[str, object]:
    address = camera.url.removesuffix(".mjpg") + "/controls"
    body = None if change is None else json.dumps(change).encode()
    request = urllib.request.Request(address, data=body, method="GET" if body is None else "PUT")
    with urllib.request.urlopen(request, timeout=5) as answer:
        value = json.load(answer)
    assert isinstance(value, dict)
    return value


def patch_level(pose: Pose, frame: NDArray[np.uint8]) -> float:
    points = np.array(grey_patch(pose))
    (x0, y0), (x1, y1) = points.min(axis=0).astype(int) + 8, points.max(axis=0).astype(int) - 7
    return float(frame[y0:y1, x0:x1].mean())


def sharpness(frame: NDArray[np.uint8]) -> float:
    """Steepness of the frame's strongest edges, noise smoothed away."""
    grey = cv2.GaussianBlur(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), (0, 0), 1.5)
    return float(np.percentile(np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0)), 99.5))


def test_parts_carry_type_length_and_monotonic_stamps(screen: ScreenCamera, connect) -> None:
    """Rule: each part has Content-Type, Content-Length and X-Timestamp, CLOCK_MONOTONIC seconds of mid exposure."""
    client = connect(screen.url)
    assert client.status == 200
    assert client.headers["content-type"] == "multipart/x-mixed-replace; boundary=frame"
    stamps = []
    for _ in range(12):
        headers, body = client.part()
        assert headers["content-type"] == "image/jpeg"
        assert body[:2] == b"\xff\xd8" and body[-2:] == b"\xff\xd9"
        stamps.append(float(headers["x-timestamp"]))
        assert 0 < time.monotonic() - stamps[-1] < 1
    steps = np.diff(stamps)
    assert (steps > 0).all()
    assert np.allclose(np.rint(steps * 30), steps * 30, atol=0.01)


def test_frame_sizes_and_single_frames(screen: ScreenCamera, slip: SlipCamera) -> None:
    """Rule: the screen camera gives 1280x720, the slip camera 720x1920 portrait; /NAME.jpg gives one frame."""
    for camera, shape in ((screen, (720, 1280, 3)), (slip, (1920, 720, 3))):
        with urllib.request.urlopen(camera.url.replace(".mjpg", ".jpg"), timeout=5) as answer:
            frame = cv2.imdecode(np.frombuffer(answer.read(), np.uint8), cv2.IMREAD_COLOR)
            assert 0 < time.monotonic() - float(answer.headers["X-Timestamp"]) < 1
        assert frame.shape == shape


def test_what_is_shown_is_seen_in_a_later_frame(screen: ScreenCamera, connect) -> None:
    """Rule: a frame whose mid exposure is after the change shows the change."""
    now = time.monotonic()
    screen.light(True, True, now)
    client = connect(screen.url)
    centre = np.s_[330:390, 600:680]
    bright = client.frame()[1][centre].mean()
    changed = time.monotonic()
    screen.show(128, 64, 1, b"\xff" * 1024, changed)
    for _ in range(40):
        at, frame = client.frame()
        if at > changed + 0.6:
            assert frame[centre].mean() < 0.62 * bright
            return
    pytest.fail("no frame 0.6 s after the change within 40 frames")


def test_a_stalled_viewer_holds_up_nobody(screen: ScreenCamera, connect) -> None:
    """Rule: several viewers; one that reads nothing does not slow the others."""
    stalled = connect(screen.url)
    clients = [connect(screen.url) for _ in range(2)]
    time.sleep(1.0)  # long enough to fill the stalled viewer's buffers
    for client in clients:
        start = client.frame()[0]
        while client.frame()[0] < start + 0.5:
            pass
    assert stalled.status == 200


def test_nobody_looks_nothing_is_rendered(screen: ScreenCamera, connect) -> None:
    """Rule: without a viewer no frame is made."""
    client = connect(screen.url)
    client.part()
    client.close()
    for _ in range(50):
        if screen._viewers == 0:
            break
        time.sleep(0.1)
    assert screen._viewers == 0
    time.sleep(0.1)
    count = screen.last_number
    time.sleep(0.3)
    assert screen.last_number == count


def test_controls_read_back(screen: ScreenCamera) -> None:
    """Rule: exposure and focus are set, locked and read back; under an automatic mode a value is not taken."""
    assert controls(screen)["auto_exposure"] is True
    assert controls(screen, {"exposure_ms": 9.0})["exposure_ms"] == 4.0
    locked = controls(screen, {"auto_exposure": False, "auto_focus": False, "exposure_ms": 2.0, "focus": 30})
    assert locked == {"exposure_ms": 2.0, "focus": 30, "auto_exposure": False, "auto_focus": False}
    assert controls(screen) == locked
    assert controls(screen, {"auto_focus": True})["focus"] == screen.pose.best_focus


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"exposure_ms": 500}, "0.1 to 33.3"),
        ({"focus": 2.5}, "whole number"),
        ({"auto_focus": 1}, "true or false"),
        ({"gain": 3}, "unknown control 'gain'"),
        (["focus"], "JSON object"),
    ],
)
def test_bad_controls_are_refused_and_change_nothing(screen: ScreenCamera, change, told: str) -> None:
    """Rule: a wrong control is answered 400 with what would be right."""
    before = controls(screen)
    with pytest.raises(urllib.error.HTTPError) as refused:
        controls(screen, change)
    assert refused.value.code == 400
    assert told in json.load(refused.value)["error"]
    assert controls(screen) == before


def test_locked_exposure_sets_the_light_and_focus_the_sharpness(screen: ScreenCamera, connect) -> None:
    """Rule: half the exposure is half the light of the grey patch; focus away from the best blurs the bezel's edge."""
    client = connect(screen.url)
    usual = patch_level(screen.pose, client.frame()[1])
    controls(screen, {"auto_exposure": False, "exposure_ms": 2.0})
    for _ in range(4):
        frame = client.frame()[1]
    assert patch_level(screen.pose, frame) == pytest.approx(usual / 2, rel=0.08)
    sharp = sharpness(frame)
    controls(screen, {"auto_focus": False, "focus": screen.pose.best_focus - 60})
    for _ in range(12):
        frame = client.frame()[1]
    assert sharpness(frame) < 0.7 * sharp


def test_automatic_exposure_hunts_on_the_bad_grade_until_locked() -> None:
    """Rule: one stop in one second with automatic exposure; none when locked."""
    pose = Pose.draw("bad", 3)
    camera = ScreenCamera(pose)

    def levels() -> list[float]:
        jpegs = [camera.photograph(100 + i / 10) for i in range(0, 20)]
        frames = [cv2.imdecode(np.frombuffer(j, np.uint8), cv2.IMREAD_COLOR) for j in jpegs]
        return [patch_level(pose, f) for f in frames]

    hunting = levels()
    assert max(hunting) / min(hunting) == pytest.approx(2.0, rel=0.12)
    camera.set_controls({"auto_exposure": False})
    assert np.std(levels()) < 6  # flicker of 7 % on a patch of about 100


def test_dead_camera_cuts_and_refuses_then_comes_back_on_its_port(screen: ScreenCamera, connect) -> None:
    """Rule: dead closes connections and refuses new ones; mended, it answers at the same address."""
    client = connect(screen.url)
    client.part()
    screen.fault("dead")
    with pytest.raises((AssertionError, OSError, KeyError)):
        for _ in range(200):
            client.part()
    with pytest.raises(OSError):
        connect(screen.url)
    screen.fault(None)
    assert connect(screen.url).frame()[1].shape == (720, 1280, 3)


def test_frozen_camera_repeats_its_frame_under_new_stamps(screen: ScreenCamera, connect) -> None:
    """Rule: frozen looks alive: stamps go on, the picture does not."""
    client = connect(screen.url)
    assert client.part()[1] != client.part()[1]  # alive: noise differs
    screen.fault("frozen")
    parts = [client.part() for _ in range(8)][3:]
    assert len({body for _, body in parts}) == 1
    assert len({headers["x-timestamp"] for headers, _ in parts}) == len(parts)


def test_black_covered_and_defocused(screen: ScreenCamera, connect) -> None:
    """Rule: each fault is told by a witness: no light, little light, no edge."""
    client = connect(screen.url)
    good = client.frame()[1]
    assert patch_level(screen.pose, good) == pytest.approx(GREY_PATCH, rel=0.2)
    found = {}
    for kind in ("black", "covered", "defocused"):
        screen.fault(kind)
        for _ in range(20):
            found[kind] = client.frame()[1]
            if not np.allclose(found[kind].mean(), good.mean(), rtol=0.01) or kind == "defocused":
                break
        time.sleep(0.3)
        for _ in range(8):
            found[kind] = client.frame()[1]
    assert found["black"].mean() < 6
    assert found["black"].mean() < found["covered"].mean() < 30
    assert sharpness(found["defocused"]) < 0.4 * sharpness(good)
    with pytest.raises(ValueError, match="unknown camera fault"):
        screen.fault("melted")


def test_stop_is_prompt_with_viewers_connected(connect) -> None:
    """Rule: stop ends both threads and all connections at once, and may be called twice."""
    camera = SlipCamera(Pose.draw("clean", 1))
    camera.start()
    connect(camera.url).part()
    start = time.monotonic()
    camera.stop()
    camera.stop()
    assert time.monotonic() - start < 1.5
    assert not [t for t in threading.enumerate() if t.name.startswith("slip-")]
    with pytest.raises(OSError):
        connect(camera.url)


def test_a_taken_port_is_an_error(screen: ScreenCamera) -> None:
    """Rule: the port named is the port used, or an OSError."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(OSError):
            ScreenCamera(Pose.draw("clean", 1), port=other.getsockname()[1]).start()


def test_unknown_paths_answer_404(screen: ScreenCamera) -> None:
    """Rule: a wrong address says which ones there are."""
    with pytest.raises(urllib.error.HTTPError) as missing:
        urllib.request.urlopen(screen.url.replace("screen", "slip"), timeout=5)
    assert missing.value.code == 404
    assert "/screen.mjpg" in json.load(missing.value)["error"]
