"""What calibrating found lies beside the rig file: as a whole or not at all, and every mistake in it is named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tillrig.errors import EvidenceError, RigFileError
from tillrig.rigs import load_rig
from tillrig.rigs.calibration import Calibration, calibration_file, calibration_folder, store_calibration
from tillrig.rigs.load import calibrated

RIG = """name: bench
profile: classic
instruments:
  screen: {driver: opencv, device: /dev/video0, size: [1280, 720]%s}
  slip: {driver: opencv, device: /dev/video1, size: [720, 1920]}
roles: {}
"""
CORNERS = ((320.0, 200.0), (958.0, 190.0), (955.0, 533.0), (330.0, 520.0))


@pytest.fixture
def rig_file(tmp_path: Path) -> Path:
    path = tmp_path / "bench.yaml"
    path.write_text(RIG % "")
    return path


def test_what_is_stored_overrides_the_rig_file_and_leaves_the_rest(rig_file: Path) -> None:
    """Corners and lens term of one camera; the other camera's entry and its comment stay, the old reference goes."""
    beside = calibration_file(rig_file)
    beside.write_text("slip: {px_per_dot: 1.3}  # measured with a ruler\n")
    for shift in (0.0, 1.0):
        corners = tuple((x + shift, y) for x, y in CORNERS)
        store_calibration(rig_file, "screen", Calibration(corners=corners, distortion_k1=-0.01), b"%f" % shift)  # type: ignore[arg-type]
    rig = load_rig(rig_file)
    assert rig.instruments["screen"].options.corners[0] == (321.0, 200.0)
    assert rig.instruments["screen"].options.distortion_k1 == -0.01
    assert rig.instruments["slip"].options.px_per_dot == 1.3
    assert "measured with a ruler" in beside.read_text()
    assert [path.read_bytes() for path in calibration_folder(rig_file).iterdir()] == [b"1.000000"]


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("screen: {corners: [[0, 0], [9, 9], [9, 0], [0, 9]]}", "1:10: screen.corners", "crossed"),
        ("screen:\n  corners: [[0, 0], [9, 0], [18, 0], [27, 0]]", "2:3: screen.corners", "flat"),
        ("screen: {corners: [[0, 0], [9, 0], [9, 9]]}", "1:10: screen.corners", "length 4"),
        ("screen: {corner: 1}", "1:10: screen.corner", "unknown key"),
        ("screen: {residual_px: -1}", "1:10: screen.residual_px", ">= 0"),
        ("scren: {}", "1:1: scren", "no camera"),
        ("- 1", "1:1:", "mapping"),
    ],
)
def test_every_mistake_is_named_with_file_line_and_key(rig_file: Path, text: str, place: str, says: str) -> None:
    """Nothing is opened before the file is sound."""
    calibration_file(rig_file).write_text(text + "\n")
    with pytest.raises(RigFileError, match=says) as caught:
        load_rig(rig_file)
    assert f"bench.calibration.yaml:{place}" in str(caught.value)


def test_crossed_corners_in_the_rig_file_itself_are_named(rig_file: Path) -> None:
    """Also where no calibration lies beside it."""
    rig_file.write_text(RIG % ", corners: [[0, 0], [9, 9], [9, 0], [0, 9]]")
    with pytest.raises(RigFileError, match=r"bench.yaml:4:\d+: instruments.screen.corners: .*crossed"):
        load_rig(rig_file)


def test_what_was_found_on_another_pose_of_a_simulated_camera_does_not_hold(rig_file: Path) -> None:
    """A simulated rig's cameras stand where its seed puts them; a physical rig has no pose."""
    store_calibration(rig_file, "screen", Calibration(corners=CORNERS, pose="typical seed 1"), b"x")
    rig = load_rig(rig_file)
    assert rig.instruments["screen"].options.corners is None
    assert calibrated(rig, "typical seed 2").instruments["screen"].options.corners is None
    assert calibrated(rig, "typical seed 1").instruments["screen"].options.corners == CORNERS


def test_a_broken_file_is_not_replaced(rig_file: Path) -> None:
    """What somebody wrote by hand and got wrong is his to mend."""
    calibration_file(rig_file).write_text("screen: [1\n")
    with pytest.raises(RigFileError, match="not replaced"):
        store_calibration(rig_file, "screen", Calibration(corners=CORNERS), b"x")
    assert calibration_file(rig_file).read_text() == "screen: [1\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(rig_file: Path) -> None:
    """And nothing is left behind in it."""
    rig_file.parent.chmod(0o500)
    try:
        with pytest.raises(EvidenceError, match="cannot be stored"):
            store_calibration(rig_file, "screen", Calibration(corners=CORNERS), b"x")
    finally:
        rig_file.parent.chmod(0o700)


def test_a_place_that_is_no_folder_is_named(rig_file: Path) -> None:
    """A file stands where the folder of the pictures should be; that stops root as well."""
    calibration_folder(rig_file).write_text("")
    with pytest.raises(EvidenceError, match="cannot be stored"):
        store_calibration(rig_file, "screen", Calibration(corners=CORNERS), b"x")


_ENDLESS = """
import itertools, sys
from pathlib import Path
from tillrig.rigs.calibration import Calibration, store_calibration
for number in itertools.count():
    corners = tuple((x + number % 7, y) for x, y in ((320.0, 200.0), (958.0, 190.0), (955.0, 533.0), (330.0, 520.0)))
    store_calibration(Path(sys.argv[1]), "screen", Calibration(corners=corners), b"frame %d" % (number % 7) * 5000)
    print(number, flush=True)
"""


def test_killed_at_any_time_it_leaves_a_calibration_that_holds(rig_file: Path) -> None:
    """kill -9 while it stores: the file is whole, and the frame that it names is there and whole."""
    for stores in (1, 2, 3, 5, 8, 13):
        process = subprocess.Popen([sys.executable, "-c", _ENDLESS, str(rig_file)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        for _ in range(stores):
            process.stdout.readline()
        process.kill()
        process.wait()
        process.stdout.close()
        corners = load_rig(rig_file).instruments["screen"].options.corners
        assert [y for _, y in corners] == [y for _, y in CORNERS]
        named = next(line for line in calibration_file(rig_file).read_text().splitlines() if "reference:" in line)
        frame = rig_file.parent / named.split("reference:")[1].strip()
        assert len(frame.read_bytes()) == len(b"frame 0" * 5000)
