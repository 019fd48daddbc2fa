"""A pose holds its grade's geometry: tilts, calibration error, everything inside the frame."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from tillrig.simulator.optics import Pose
from tillrig.simulator.optics.grades import GRADES
from tillrig.simulator.optics.pose import active_area, slip_window
from tillrig.simulator.optics.scene import bezel_edge, grey_patch
from tillrig.simulator.optics.slip import slip_patch


@pytest.mark.parametrize("grade", GRADES)
def test_display_paper_and_witnesses_stay_inside_the_frame_on_200_poses(grade: str) -> None:
    """Rule: nothing that is read or checked may fall outside the picture, whatever is drawn."""
    for seed in range(200):
        pose = Pose.draw(grade, seed)
        for corners, width, height in (
            (pose.screen_corners, 1280, 720),
            (pose.true_screen_corners, 1280, 720),
            (grey_patch(pose), 1280, 720),
            (bezel_edge(pose), 1280, 720),
            (pose.slip_corners, 720, 1920),
            (pose.true_slip_corners, 720, 1920),
            (slip_patch(pose), 720, 1920),
        ):
            points = np.array(corners)
            assert points.min() >= 1
            assert (points < (width - 1, height - 1)).all()


@pytest.mark.parametrize("grade", GRADES)
def test_corners_run_clockwise_from_top_left(grade: str) -> None:
    """Rule: corners are top-left, top-right, bottom-right, bottom-left."""
    for seed in range(200):
        pose = Pose.draw(grade, seed)
        for corners in (pose.screen_corners, pose.slip_corners):
            (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
            assert ax < bx and dx < cx and ay < dy and by < cy
            area = sum(p[0] * q[1] - q[0] * p[1] for p, q in itertools.pairwise([*corners, corners[0]]))
            assert area > 0  # clockwise with y downwards


@pytest.mark.parametrize("grade", GRADES)
@pytest.mark.parametrize("which", ["screen", "slip"])
def test_tilts_recovered_from_the_corners_are_the_grades(grade: str, which: str) -> None:
    """Rule: each axis is tilted by the grade's range (clean 3-6, typical 5-11, bad 10-15 degrees)."""
    low, high = GRADES[grade].tilt_deg
    for seed in range(40):
        pose = Pose.draw(grade, seed)
        view = pose.screen if which == "screen" else pose.slip
        plane = active_area(128, 64) if which == "screen" else slip_window(pose.slip_dots)
        flat = np.column_stack([np.array(plane), np.zeros(4)])
        true = np.array(pose.true_screen_corners if which == "screen" else pose.true_slip_corners)
        lens = np.array([view.k1, 0.0, 0.0, 0.0])
        found, turn, _ = cv2.solvePnP(flat, true, view.camera_matrix, lens, flags=cv2.SOLVEPNP_IPPE)
        assert found
        rotation = cv2.Rodrigues(turn)[0]
        total = np.degrees(np.arccos(np.clip(rotation[2, 2], -1, 1)))
        assert np.hypot(low, low) - 0.3 <= total <= np.hypot(high, high) + 0.3
        for tilt in (view.tilt_x_deg, view.tilt_y_deg):
            assert low - 1e-3 <= abs(tilt) <= high + 1e-3
        assert total == pytest.approx(np.hypot(view.tilt_x_deg, view.tilt_y_deg), abs=0.3)


@pytest.mark.parametrize("grade", GRADES)
def test_calibration_error_is_the_grades(grade: str) -> None:
    """Rule: calibrated corners miss the true ones by the grade's pixels (standard deviation of a coordinate)."""
    errors = [
        np.array(p.screen_corners + p.slip_corners) - np.array(p.true_screen_corners + p.true_slip_corners)
        for p in (Pose.draw(grade, seed) for seed in range(200))
    ]
    assert np.std(errors) == pytest.approx(GRADES[grade].calibration_px, rel=0.08)


def test_scale_is_five_pixels_a_display_dot_and_1_3_a_printer_dot() -> None:
    """Rule: the display fills half the frame's width; a printer dot is 1.3 px, nowhere below what can be read (1.1)."""
    for grade, seed in itertools.product(GRADES, range(30)):
        pose = Pose.draw(grade, seed)
        a, b, c, d = np.array(pose.true_screen_corners)
        assert (np.linalg.norm(b - a) + np.linalg.norm(c - d)) / 256 == pytest.approx(5.0, rel=0.06)
        a, b, c, d = np.array(pose.true_slip_corners)
        assert (np.linalg.norm(b - a) + np.linalg.norm(c - d)) / 768 == pytest.approx(1.3, rel=0.04)
        heights = np.arange(0, pose.slip_dots, 50) * -1.3
        rows = pose.slip.project([(0.0, y) for y in heights])
        assert (np.linalg.norm(np.diff(rows, axis=0), axis=1) / 50).min() > 1.1


def test_same_seed_same_pose_and_json_round_trip() -> None:
    """Rule: a pose is its grade and seed, and survives being written to a file."""
    poses = [Pose.draw(g, s) for g in GRADES for s in range(5)]
    assert poses == [Pose.draw(g, s) for g in GRADES for s in range(5)]
    assert len({p.to_json() for p in poses}) == len(poses)
    assert [Pose.from_json(p.to_json()) for p in poses] == poses
    assert "typical seed 3" in Pose.draw("typical", 3).describe()


def test_unknown_grade_names_the_known_ones() -> None:
    """Rule: a wrong word is answered with the right ones."""
    with pytest.raises(ValueError, match="clean, typical, bad"):
        Pose.draw("good", 1)


def test_pixels_and_plane_are_inverse() -> None:
    """Rule: what the warp reads at a pixel is what the projection puts there, radial term included."""
    pose = Pose.draw("bad", 5)
    map_x, map_y = pose.screen.plane_maps(300, 200, 500, 300)
    picks = [(0, 0), (10, 400), (299, 499), (150, 250)]
    seen = pose.screen.project([(float(map_x[p]), float(map_y[p])) for p in picks])
    assert seen == pytest.approx(np.array([(300 + x, 200 + y) for y, x in picks], float), abs=0.01)
