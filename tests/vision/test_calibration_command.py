"""`tillrig calibrate` on a camera that shows photographs: stores when sure, refuses when not, and checks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.vision.calibration_pictures import KNOWN
from tests.vision.photographs import frame_of, photographed, screen
from tillrig import rigs
from tillrig.cli.calibrate import calibrate
from tillrig.ports.camera import Shot
from tillrig.rigs import CameraView, load_rig
from tillrig.rigs.calibration import calibration_file, calibration_folder
from tillrig.simulator.optics.pose import Pose

RIG = """name: bench
profile: classic
instruments:
  screen: {driver: opencv, device: /dev/video0, size: [1280, 720]}
roles: {}
"""
MENU = [word for row in KNOWN[0].texts for word in ("--show", row)]
POSE = Pose.draw("typical", 7000)


class Photographs:
    """A camera port that gives the same pictures again and again, each with a number of its own."""

    def __init__(self, jpegs: list[bytes]) -> None:
        self._jpegs = itertools.cycle(jpegs)
        self._index = 0

    def latest(self) -> Shot | None:
        return None

    def after(self, index: int, deadline: float) -> Shot:
        del index, deadline
        self._index += 1
        return Shot(self._index, self._index / 30, next(self._jpegs))


@pytest.fixture(scope="module")
def menu() -> list[bytes]:
    frames, _ = photographed(screen(list(KNOWN[0].texts)), seed=POSE.seed, count=3)
    return [frame.jpeg for frame in frames]


class Bench:
    """A rig file in a folder of its own, and the command run on it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = folder / "bench.yaml"
        self.path.write_text(RIG)
        self.camera = Photographs([b""])
        monkeypatch.setattr(rigs, "open_rig", self._open)

    def _open(self, rig: rigs.Rig) -> Bench:
        options = rig.instruments["screen"].options
        view = CameraView(**{name: getattr(options, name) for name in CameraView.__struct_fields__})
        self._opened = SimpleNamespace(
            rig=rig, profile="classic", cameras={"screen": self.camera}, views={"screen": view}
        )
        return self

    def __enter__(self) -> SimpleNamespace:
        return self._opened

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, jpegs: list[bytes], *words: str, answer: str = "") -> Result:
        self.camera = Photographs(jpegs)
        return CliRunner().invoke(calibrate, ["--rig", str(self.path), "--wait", "1", *words], input=answer)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    yield Bench(tmp_path, monkeypatch)


def test_corners_score_and_reference_are_stored_and_checked(bench: Bench, menu: list[bytes]) -> None:
    """A sure one is stored with the pictures of its steps; in tune until the camera is moved, defocused or covered."""
    done = bench.run(menu, *MENU)
    assert done.exit_code == 0, done.output
    corners = load_rig(bench.path).instruments["screen"].options.corners
    assert float(np.abs(np.asarray(corners) - np.asarray(POSE.true_screen_corners)).max()) < 2.0
    text = calibration_file(bench.path).read_text()
    assert all(f"{key}:" in text for key in ("distortion_k1", "score", "date", "reference", "residual_px", "contrast"))
    for step, name in enumerate(("corners", "rectified", "dots", "score"), 1):
        picture = calibration_folder(bench.path) / f"screen-step{step}-{name}.png"
        assert str(picture) in done.output and cv2.imread(str(picture)) is not None
    greys = [cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for jpeg in menu]
    moved = np.array([[1, 0, 3.0], [0, 1, 2.0]])
    for change, code, says in (
        (lambda grey: grey, 0, "in tune"),
        (lambda grey: cv2.warpAffine(grey, moved, (1280, 720), borderMode=cv2.BORDER_REPLICATE), 20, "moved"),
        (lambda grey: cv2.GaussianBlur(grey, (0, 0), 6), 20, "focus"),
        (lambda grey: (grey * 0.6).astype(np.uint8), 20, "light"),
        (
            lambda grey: (grey * 0.02).astype(np.uint8) + np.random.default_rng(1).integers(0, 3, grey.shape, np.uint8),
            20,
            "black",
        ),
    ):
        said = bench.run([frame_of(change(grey), POSE, n).jpeg for n, grey in enumerate(greys)], "--check")
        assert (said.exit_code, says in said.output) == (code, True), said.output


def test_what_is_not_sure_is_refused_unless_somebody_says_so(bench: Bench, menu: list[bytes]) -> None:
    """Another text than the one that is said to be shown: exit code 21 or 20, and nothing is stored."""
    for words in (("--show", KNOWN[3].texts[0], "--show", KNOWN[3].texts[1]), ("--show", "^欢迎使用", "--yes")):
        done = bench.run(menu, *words)
        assert done.exit_code in (20, 21), done.output
        assert not calibration_file(bench.path).exists()
    assert "step" in done.output


def test_bad_input_has_its_exit_code_and_leaves_what_was_stored(bench: Bench, menu: list[bytes]) -> None:
    """Covered, frozen, no such camera, crossed corners, never calibrated: told apart, nothing half-written."""
    black = np.zeros((720, 1280, 3), np.uint8)
    dark = [frame_of(black + n, POSE, n).jpeg for n in range(3)]
    assert bench.run(menu, "--check").exit_code == 30
    old = "screen: {corners: [[320, 199], [958, 190], [955, 533], [330, 520]]}\n"
    calibration_file(bench.path).write_text(old)
    for jpegs, words, code, says in (
        (dark, MENU, 20, "black"),
        (menu[:1], MENU, 20, "frozen"),
        ([b"\xff\xd8nothing"] * 3 + [b"\xff\xd8other"], MENU, 20, "decoded"),
        (menu, ("--camera", "slop"), 30, "slop"),
        (menu, ("--check",), 30, "calibrate again"),
    ):
        done = bench.run(jpegs, *words)
        assert (done.exit_code, says in done.output) == (code, True), done.output
        assert calibration_file(bench.path).read_text() == old
    calibration_file(bench.path).write_text("screen: {corners: [[0, 0], [9, 9], [9, 0], [0, 9]]}\n")
    done = bench.run(menu, *MENU)
    assert done.exit_code == 30 and "screen.corners" in done.output


def test_ctrl_c_leaves_what_was_stored(bench: Bench, menu: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted between the last picture and the file: exit code 130, the old corners hold."""
    assert bench.run(menu, *MENU).exit_code == 0
    before = calibration_file(bench.path).read_text()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tillrig.rigs.calibrating.store_calibration", interrupted)
    done = bench.run(menu, *MENU)
    assert done.exit_code == 130 and "still holds" in done.output
    assert calibration_file(bench.path).read_text() == before
    assert load_rig(bench.path).instruments["screen"].options.corners is not None


def test_a_wait_that_is_no_number_would_have_no_bound() -> None:
    """A range of numbers lets it through."""
    done = CliRunner().invoke(calibrate, ["--rig", "no/such.yaml", "--wait", "nan"])
    assert done.exit_code == 2 and "--wait" in done.output
