"""The display's glass in time: ghost, fade, memory, rolling shutter."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from tillrig.simulator.optics import Pose, ScreenCamera
from tillrig.simulator.optics.glass import FADE_TAU_S, Glass
from tillrig.simulator.optics.grades import GRADES

LATER = time.monotonic() + 1000  # cameras made below never saw a later event


def lit_glass(grade: str) -> Glass:
    glass = Glass(GRADES[grade], 128, 64, since=0.0)
    glass.light(True, True, 1.0)
    return glass


def packed(dots: NDArray[np.bool_]) -> bytes:
    return np.packbits(dots).tobytes()


@pytest.mark.parametrize("grade", GRADES)
def test_ghost_of_the_last_screen_decays(grade: str, checkers: NDArray[np.bool_]) -> None:
    """Rule: 0 / 5 / 15 % of the last screen remains at the change and decays with 120 / 300 ms."""
    numbers = GRADES[grade]
    glass = lit_glass(grade)
    glass.show(128, 64, 1, packed(checkers), 2.0)
    glass.show(128, 64, 1, bytes(1024), 10.0)
    old = checkers.astype(float)
    for age in (0.0, 0.05, 0.12, 0.3, 0.6):
        left = glass.during(10.0 + age, 10.0 + age)[-1].darkness(10.0 + age)
        share = float((left * old).sum() / old.sum())
        expected = numbers.ghost * np.exp(-age / numbers.ghost_tau_s) if numbers.ghost else 0.0
        assert share == pytest.approx(expected, abs=1e-4)
    assert glass.during(14.0, 14.0)[-1].settled(14.0)


def test_power_off_fades_to_blank_and_memory_survives_sleep_only(checkers: NDArray[np.bool_]) -> None:
    """Rule: a sleeping controller keeps its picture, a cut supply loses it; the glass blanks in either case."""
    glass = lit_glass("typical")
    glass.show(128, 64, 1, packed(checkers), 2.0)
    glass.light(False, False, 5.0)
    fading = glass.during(5.0 + FADE_TAU_S, 5.0 + FADE_TAU_S)[-1].darkness(5.0 + FADE_TAU_S)
    assert fading[checkers].mean() == pytest.approx(np.exp(-1), abs=0.01)
    assert glass.during(8.0, 8.0)[-1].darkness(8.0).max() < 0.001
    glass.light(True, True, 9.0)
    assert (glass.during(9.5, 9.5)[-1].darkness(9.5) > 0.9).sum() == checkers.sum()
    glass.wipe(10.0)
    glass.light(True, True, 12.0)
    assert glass.during(13.0, 13.0)[-1].darkness(13.0).max() < 0.001


def test_nothing_shows_without_power(checkers: NDArray[np.bool_]) -> None:
    """Rule: a framebuffer sent to an unpowered display is not seen before power comes."""
    glass = Glass(GRADES["clean"], 128, 64, since=0.0)
    glass.show(128, 64, 1, packed(checkers), 1.0)
    assert glass.during(2.0, 2.0)[-1].darkness(2.0).max() == 0
    glass.light(False, True, 3.0)
    assert glass.during(4.0, 4.0)[-1].darkness(4.0)[checkers].min() == 1


@pytest.mark.parametrize(
    ("width", "height", "bits", "size"), [(128, 64, 1, 1000), (64, 128, 1, 1024), (128, 64, 8, 8192)]
)
def test_a_framebuffer_that_does_not_fit_is_refused(width: int, height: int, bits: int, size: int) -> None:
    """Rule: the glass says what it is and what came."""
    with pytest.raises(ValueError, match="128x64 at 1 bit"):
        lit_glass("clean").show(width, height, bits, bytes(size), 1.0)


def test_backlight_off_dims_the_display_and_leaves_the_bezel(checkers: NDArray[np.bool_]) -> None:
    """Rule: the lamp lights the glass, room light the rest."""
    camera = ScreenCamera(Pose.draw("clean", 1))
    camera.light(True, True, LATER + 10.0)
    camera.show(128, 64, 1, packed(checkers), LATER + 10.0)
    bright = camera.compose(LATER + 20.0).whole()
    camera.light(False, True, LATER + 30.0)
    dim = camera.compose(LATER + 40.0).whole()
    middle = np.s_[330:390, 600:680]
    assert dim[middle].mean() < 0.55 * bright[middle].mean()
    assert np.array_equal(dim[:60], bright[:60])


@pytest.mark.parametrize("grade", ["typical", "bad"])
def test_rolling_shutter_shows_the_old_screen_above_and_the_new_below(grade: str) -> None:
    """Rule: a change in mid frame is seen by the rows read after it."""
    camera = ScreenCamera(Pose.draw(grade, 1))
    camera.set_controls({"auto_exposure": False, "exposure_ms": 0.5})
    camera.light(True, True, LATER + 10.0)
    camera.show(128, 64, 1, b"\xff" * 1024, LATER + 10.0)
    full = camera.compose(LATER + 20.0).whole()
    camera.show(128, 64, 1, bytes(1024), LATER + 30.0)
    changing = camera.compose(LATER + 30.0)
    torn = changing.whole()
    late = camera.compose(LATER + 50.0).whole()
    assert changing.patch_key is None
    upper, lower = np.s_[220:320, 500:780], np.s_[400:480, 500:780]
    assert torn[upper].mean() == pytest.approx(full[upper].mean(), abs=1)
    span = late[lower].mean() - full[lower].mean()
    gone = (torn[lower].mean() - full[lower].mean()) / span
    assert gone == pytest.approx(1 - GRADES[grade].ghost, abs=0.03)


def test_a_clean_camera_shows_a_change_in_one_frame() -> None:
    """Rule: no rolling shutter on the clean grade: all rows mix alike."""
    camera = ScreenCamera(Pose.draw("clean", 1))
    camera.light(True, True, LATER + 10.0)
    camera.show(128, 64, 1, b"\xff" * 1024, LATER + 10.0)
    full = camera.compose(LATER + 20.0).whole()
    camera.show(128, 64, 1, bytes(1024), LATER + 30.0)
    half = camera.compose(LATER + 30.0).whole()
    blank = camera.compose(LATER + 50.0).whole()
    span = blank[220:480, 400:880].astype(float) - full[220:480, 400:880]
    share = (half[220:480, 400:880].astype(float) - full[220:480, 400:880])[span > 100] / span[span > 100]
    assert share.mean() == pytest.approx(0.5, abs=0.02)
    assert share.std() < 0.02
