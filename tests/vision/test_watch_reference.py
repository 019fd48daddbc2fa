"""The frame of the calibration as the watch's reference: what happened before the first frame is noticed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.poses import POSES
from tests.vision.watched import GRADES, MENU, ONE, SLIP, Picture, Studio, blurred, moved
from tillrig.errors import RigFileError
from tillrig.rigs.calibrating import stored_entry
from tillrig.rigs.calibration import Calibration, calibration_file, store_calibration
from tillrig.rigs.reference import carry_calibration, reference_frame
from tillrig.vision import Frame, RigCondition
from tillrig.vision.calibration import mean_picture

DRAWN = [(grade, 3600 + seed) for grade in GRADES for seed in range(POSES)]


def then(studio: Studio) -> Frame:
    """As `tillrig calibrate` keeps it: the mean of eight frames, without loss."""
    light = studio.display(MENU) if studio.kind == "screen" else studio.paper(SLIP)
    return Frame.from_array(mean_picture([studio.shoot(light) for _ in range(8)]))


def now(studio: Studio) -> Picture:
    """Another screen; another slip or none."""
    return studio.display(ONE) if studio.kind == "screen" else studio.paper(None)


@pytest.mark.parametrize("kind", ["screen", "slip"])
@pytest.mark.parametrize(("grade", "seed"), DRAWN)
def test_a_camera_in_tune_is_sound_from_the_first_frame_on(kind: str, grade: str, seed: int) -> None:
    """Another screen, a slip that hangs there or not, light ten percent weaker: nothing is amiss."""
    studio = Studio(kind, grade, seed)
    watch = studio.watch(reference=then(studio))
    light = now(studio)
    for scene in (light, (light * 0.9).astype(np.uint8), light):
        for _ in range(3):
            assert watch.feed(studio.shoot(scene)) is None, watch.detail
    assert watch.displaced is not None and watch.displaced < 0.8 and watch.sound_at is not None


@pytest.mark.parametrize("kind", ["screen", "slip"])
@pytest.mark.parametrize(("grade", "seed"), DRAWN)
def test_a_camera_that_was_moved_before_the_first_frame_is_named(kind: str, grade: str, seed: int) -> None:
    """By three pixels, by thirty; out of focus since. Without the reference nobody would know."""
    studio = Studio(kind, grade, seed)
    reference, light = then(studio), now(studio)
    for spoil, condition in (
        (moved(2.4, -1.8), RigCondition.MOVED),
        (moved(27, 14), RigCondition.MOVED),
        (blurred(9), RigCondition.BLURRED),
    ):
        watch = studio.watch(reference=reference)
        said = [watch.feed(studio.shoot(spoil(light))) for _ in range(3)]
        assert said[-1] is condition, (watch.condition, watch.detail)
        assert watch.sound_at is None
    blind = studio.watch()
    assert [blind.feed(studio.shoot(moved(27, 14)(light))) for _ in range(7)] == [None] * 7


def test_frames_of_another_size_than_at_calibration_are_another_device() -> None:
    studio = Studio("screen", "clean", 3650)
    watch = studio.watch(reference=then(studio))
    assert watch.feed(Frame.from_array(np.full((480, 640), 90, np.uint8))) is RigCondition.WRONG_DEVICE


def test_the_reference_lies_beside_the_rig_file(tmp_path: Path) -> None:
    """None before a calibration and of another pose; one that is gone or broken is told by name."""
    rig = tmp_path / "mine.yaml"
    opened = SimpleNamespace(rig=SimpleNamespace(path=rig, simulate=None))
    assert reference_frame(opened, "screen") is None  # type: ignore[arg-type]
    corners = ((1.0, 1.0), (60.0, 1.0), (60.0, 40.0), (1.0, 40.0))
    png = Frame.from_array(np.arange(80 * 60, dtype=np.uint8).reshape(60, 80)).jpeg
    stored = store_calibration(rig, "screen", Calibration(corners=corners), png)
    found = reference_frame(opened, "screen")  # type: ignore[arg-type]
    assert found is not None and found.grey().shape == (60, 80)
    assert reference_frame(opened, "slip") is None  # type: ignore[arg-type]
    (frame,) = (tmp_path / "mine.calibration").glob("screen-*.png")
    frame.write_bytes(png[:40])
    with pytest.raises(RigFileError, match="reference frame of screen"):
        reference_frame(opened, "screen")  # type: ignore[arg-type]
    frame.unlink()
    with pytest.raises(RigFileError, match="is not there"):
        reference_frame(opened, "screen")  # type: ignore[arg-type]
    store_calibration(rig, "screen", Calibration(corners=corners, pose="typical seed 3"), png)
    assert stored.is_file() and reference_frame(opened, "screen") is None  # type: ignore[arg-type]


def test_a_calibration_goes_with_the_bench_that_stands(tmp_path: Path) -> None:
    """`tillrig run` starts a simulated bench once; the suites open its own description. Another pose's stays behind."""
    rig = SimpleNamespace(path=tmp_path / "mine.yaml", simulate=SimpleNamespace(grade="typical", seed=3))
    standing = tmp_path / "bench" / "rig.yaml"
    standing.parent.mkdir()
    carry_calibration(rig, standing)  # type: ignore[arg-type]
    assert not calibration_file(standing).exists()
    corners = ((1.0, 1.0), (60.0, 1.0), (60.0, 40.0), (1.0, 40.0))
    png = Frame.from_array(np.full((60, 80), 90, np.uint8)).jpeg
    store_calibration(rig.path, "screen", Calibration(corners=corners, pose="typical seed 3", by="text"), png)
    store_calibration(rig.path, "slip", Calibration(corners=corners, pose="typical seed 4"), png)
    carry_calibration(rig, standing)  # type: ignore[arg-type]
    opened = SimpleNamespace(rig=SimpleNamespace(path=standing, simulate=None))
    found = reference_frame(opened, "screen")  # type: ignore[arg-type]
    assert found is not None and found.grey().shape == (60, 80)
    assert reference_frame(opened, "slip") is None  # type: ignore[arg-type]
    assert stored_entry(opened, "screen").corners == corners  # type: ignore[arg-type]
