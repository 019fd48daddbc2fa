"""Single pictures: deterministic, described, and refused with a reason."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tillrig.simulator.optics import Pose
from tillrig.simulator.optics.still import main, render_screen, render_slip


def test_same_seed_same_picture_other_frame_other_noise(checkers: NDArray[np.bool_]) -> None:
    """Rule: a corpus can be made again to the bit."""
    pose = Pose.draw("typical", 7)
    first = render_screen(checkers, pose)
    assert first.shape == (720, 1280, 3) and first.dtype == np.uint8
    assert np.array_equal(first, render_screen(np.packbits(checkers).tobytes(), pose))
    assert not np.array_equal(first, render_screen(checkers, pose, frame=1))
    assert not np.array_equal(first, render_screen(checkers, Pose.draw("typical", 8)))


def test_dots_can_be_read_back_through_the_true_corners(checkers: NDArray[np.bool_]) -> None:
    """Rule: rectified by its corners, the picture is the framebuffer again."""
    pose = Pose.draw("typical", 7)
    picture = cv2.cvtColor(render_screen(checkers, pose), cv2.COLOR_BGR2GRAY)
    target = np.array([[0, 0], [512, 0], [512, 256], [0, 256]], np.float32)
    turn = cv2.getPerspectiveTransform(np.array(pose.screen_corners, np.float32), target)
    flat = cv2.warpPerspective(picture, turn, (512, 256)).astype(float)
    cells = flat.reshape(64, 4, 128, 4).mean(axis=(1, 3))
    local = cv2.blur(cells.astype(np.float32), (33, 33))
    assert np.mean((cells < local) == checkers) > 0.97


def test_the_ghost_of_the_screen_before_can_be_asked_for(checkers: NDArray[np.bool_]) -> None:
    """Rule: `before` leaves the grade's ghost, decayed by `after_s`."""
    pose = Pose.draw("bad", 7)
    blank = np.zeros((64, 128), bool)
    plain = render_screen(blank, pose).astype(float)
    at_once = render_screen(blank, pose, before=checkers).astype(float)
    late = render_screen(blank, pose, before=checkers, after_s=1.5).astype(float)
    assert (plain - at_once).mean() > 5 * abs((plain - late).mean())


def test_command_line_writes_picture_and_corners(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], checkers: NDArray[np.bool_]
) -> None:
    """Rule: one picture, one JSON line with the calibrated corners."""
    source, out = tmp_path / "in.png", tmp_path / "out.jpg"
    cv2.imwrite(str(source), np.where(checkers, 0, 255).astype(np.uint8))
    assert main(["--kind", "screen", "--grade", "bad", "--seed", "5", str(source), str(out)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["corners"] == Pose.draw("bad", 5).screen_corners
    assert cv2.imread(str(out)).shape == (720, 1280, 3)
    lines = tmp_path / "slip.pbm"
    lines.write_bytes(b"P4\n384 100\n" + b"\xaa" * 4800)
    assert main(["--kind", "slip", "--seed", "5", str(lines), str(out)]) == 0
    assert json.loads(capsys.readouterr().out)["corners"] == Pose.draw("typical", 5).slip_corners
    assert cv2.imread(str(out)).shape == (1920, 720, 3)


@pytest.mark.parametrize("content", [b"no picture", b"P4\n100 10\n" + b"\x00" * 130])
def test_unusable_input_exits_2_with_a_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    """Rule: bad input is named, no picture is left."""
    source, out = tmp_path / "in.pbm", tmp_path / "out.jpg"
    source.write_bytes(content)
    assert main(["--kind", "slip", str(source), str(out)]) == 2
    assert capsys.readouterr().err.strip()
    assert not out.exists()


def test_a_slip_must_be_384_dots_wide() -> None:
    """Rule: 58 mm paper has 384 dots."""
    with pytest.raises(ValueError, match="384"):
        render_slip(np.zeros((10, 380), bool), Pose.draw("clean", 1))
