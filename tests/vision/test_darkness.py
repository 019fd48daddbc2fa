"""A glass without a picture is told from one with little on it, lit or not, through each camera."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest

from tests.vision.photographs import DISPLAY, frame_of, screen
from tillrig.observers.darkness import Darkness
from tillrig.simulator.optics.pose import Pose
from tillrig.simulator.optics.screen import ScreenRenderer
from tillrig.simulator.optics.sensor import Sensor
from tillrig.vision import Frame

EMPTY = np.zeros((64, 128), np.bool_)
SHOWN = {
    "title": screen(["消费", "", "", ""]),
    "welcome": screen(["TILLRIG", "", "    欢迎使用", ""], inverse=[0]),
    "menu": screen(["1 消费  2 撤销", "3 退货  4 预授权", "5 扫码  6 打印", "7 管理  8 其它"]),
}


@lru_cache(maxsize=4)
def renderer(grade: str, seed: int) -> ScreenRenderer:
    return ScreenRenderer(Pose.draw(grade, seed))


def looks(dots: np.ndarray, grade: str, seed: int, *, lit: bool, count: int = 3) -> tuple[list[Frame], Darkness]:
    pose = Pose.draw(grade, seed)
    view = pose.screen
    light = renderer(grade, seed).compose(dots.astype(np.float32), backlight=lit)
    sensor = Sensor(pose.numbers, 1280, 720, pose.seed, pose.screen_light.flicker_phase)
    frames = []
    for number in range(count):
        picture = sensor.expose(light, 1.0, sensor.flicker_step(number / 30.09))
        frames.append(frame_of(sensor.read(picture).copy(), pose, number))
    half_diagonal = float(np.hypot(640, 360))
    return frames, Darkness(DISPLAY, pose.screen_corners, view.k1 * (half_diagonal / view.focal_px) ** 2)


@pytest.mark.parametrize("seed", range(100, 102))
@pytest.mark.parametrize("lit", [True, False], ids=["lit", "unlit"])
@pytest.mark.parametrize("grade", ["clean", "typical"])
def test_a_glass_without_a_picture_is_dark(grade: str, lit: bool, seed: int) -> None:
    frames, dark = looks(EMPTY, grade, seed, lit=lit)
    assert [dark(frame) for frame in frames] == [False, True, True], "one frame alone is no proof"


@pytest.mark.parametrize("seed", range(100, 102))
@pytest.mark.parametrize("lit", [True, False], ids=["lit", "unlit"])
@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize("grade", ["clean", "typical", "bad"])
def test_a_picture_is_never_called_dark(grade: str, name: str, lit: bool, seed: int) -> None:
    """Not even a title alone on an unlit glass through a bad camera: that would accuse a terminal of going out."""
    frames, dark = looks(SHOWN[name], grade, seed, lit=lit)
    assert not any(dark(frame) for frame in frames)


def test_a_change_is_dark_for_one_frame_at_most() -> None:
    first, dark = looks(SHOWN["menu"], "typical", 100, lit=True)
    second, _ = looks(SHOWN["title"], "typical", 100, lit=True)
    answers = [dark(frame) for frame in [*first, *second, *first]]
    assert not any(one and two for one, two in pairwise(answers))
