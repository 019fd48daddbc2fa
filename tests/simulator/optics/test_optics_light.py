"""Light, blur, noise and compression measured in rendered frames are the grade's numbers."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tillrig.simulator.optics import Pose
from tillrig.simulator.optics import screen as screen_module
from tillrig.simulator.optics.grades import GRADES
from tillrig.simulator.optics.pose import ACTIVE_WIDTH
from tillrig.simulator.optics.scene import HALF_HEIGHT, HALF_WIDTH
from tillrig.simulator.optics.screen import ScreenRenderer
from tillrig.simulator.optics.sensor import FLICKER_STEPS, Sensor

BLANK = np.zeros((64, 128), np.float32)


def plane_of(level: float, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = np.full((2 * HALF_HEIGHT, 2 * HALF_WIDTH, 3), level, np.uint8)
    monkeypatch.setattr(screen_module, "draw_scene", lambda pose, backlight: scene)


def light_of(grade: str, seed: int, level: float, monkeypatch: pytest.MonkeyPatch) -> NDArray[np.float64]:
    plane_of(level, monkeypatch)
    monkeypatch.setattr(screen_module, "IDLE_DARKNESS", 0.0)
    return ScreenRenderer(Pose.draw(grade, seed)).compose(BLANK, True).astype(float)


@pytest.mark.parametrize("grade", GRADES)
def test_gradient_and_glare(grade: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule: light falls by 5 / 15 / 35 % across the frame; glare adds 0 / 0.10 / 0.30 of white in its middle."""
    numbers = GRADES[grade]
    glare = light_of(grade, 3, 0, monkeypatch)
    lit = light_of(grade, 3, 150, monkeypatch)[..., 1] - glare[..., 1]
    corners = [lit[y, x] for y in (0, -1) for x in (0, -1)]
    assert 1 - min(corners) / max(corners) == pytest.approx(numbers.gradient, abs=0.015)
    assert glare.max() == pytest.approx(255 * numbers.glare_strength, abs=1.5)


@pytest.mark.parametrize("grade", GRADES)
def test_glare_spot_is_as_wide_as_the_grade_says(grade: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule: the spot's sigma is 5 to 14 % of the frame's width."""
    spot = light_of(grade, 4, 0, monkeypatch)[..., 1]
    if not GRADES[grade].glare_strength:
        assert spot.max() == 0
        return
    row = spot[np.unravel_index(spot.argmax(), spot.shape)[0]]
    half_width = np.count_nonzero(row > row.max() / 2) / 2.355
    assert 0.045 * 1280 <= half_width <= 0.145 * 1280


@pytest.mark.parametrize("grade", GRADES)
def test_lens_blur(grade: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule: an edge is spread by a Gaussian of 0.8 / 1.3 / 2.0 px."""
    scene = np.zeros((2 * HALF_HEIGHT, 2 * HALF_WIDTH, 3), np.uint8)
    scene[:, HALF_WIDTH:] = 200
    monkeypatch.setattr(screen_module, "draw_scene", lambda pose, backlight: scene)
    pose = Pose.draw(grade, 2)
    frame = ScreenRenderer(pose).compose(BLANK, True).astype(float)[..., 1]
    x, y = pose.screen.project([(0.0, -300.0)])[0]
    edge = np.diff(frame[round(y), round(x) - 12 : round(x) + 13])
    edge = np.clip(edge, 0.3, None) - 0.3  # the light's slope is no part of the edge
    place = np.arange(len(edge))
    mean = (edge * place).sum() / edge.sum()
    spread = np.sqrt((edge * (place - mean) ** 2).sum() / edge.sum())
    sampling = np.sqrt(1 / 12 + 1 / 6)  # the difference's and the interpolation's own width
    assert np.sqrt(spread**2 - sampling**2) == pytest.approx(GRADES[grade].blur_sigma_px, rel=0.12)


@pytest.mark.parametrize("grade", GRADES)
@pytest.mark.parametrize("level", [30, 220])
def test_noise(grade: str, level: int) -> None:
    """Rule: noise is read noise plus shot noise that grows with the root of the light."""
    numbers = GRADES[grade]
    sensor = Sensor(numbers, 320, 180, 1, 0.0)
    picture = np.full((180, 320, 3), level, np.uint8)
    sensor.settle(picture)
    frames = np.stack([sensor.read(picture).copy() for _ in range(24)]).astype(float)
    expected = np.sqrt(numbers.read_noise**2 + numbers.shot_noise**2 * level / 255)
    assert frames.std() == pytest.approx(expected, rel=0.04)
    assert frames.mean() == pytest.approx(level, abs=0.1)


def test_noise_differs_from_frame_to_frame_and_repeats_by_seed() -> None:
    """Rule: distinct frames are distinct witnesses; the same seed gives the same frames."""
    picture = np.full((180, 320, 3), 100, np.uint8)

    def frames(seed: int) -> list[bytes]:
        sensor = Sensor(GRADES["typical"], 320, 180, seed, 0.0)
        sensor.settle(picture)
        return [sensor.read(picture).tobytes() for _ in range(40)]

    first = frames(1)
    assert len(set(first)) == 40
    assert first == frames(1)
    assert first != frames(2)


@pytest.mark.parametrize("grade", GRADES)
def test_flicker_bands(grade: str) -> None:
    """Rule: lamp flicker of 1 / 3 / 7 %; bands across the frame wherever the shutter rolls."""
    numbers = GRADES[grade]
    sensor = Sensor(numbers, 64, 720, 1, 0.0)
    picture = np.full((720, 64, 3), 180, np.uint8)
    frames = np.stack([sensor.expose(picture, 1.0, step) for step in range(FLICKER_STEPS)]).astype(float)
    assert (frames.max() - frames.min()) / 2 / 180 == pytest.approx(numbers.flicker, abs=0.004)
    inside_one = np.ptp(frames[3].mean(axis=(1, 2))) / 2 / 180
    assert inside_one == pytest.approx(numbers.flicker if numbers.readout_s else 0, abs=0.004)


@pytest.mark.parametrize("grade", GRADES)
def test_moire(grade: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule: moiré of 0 / 2 / 5 % over the display, nowhere else."""
    pose = Pose.draw(grade, 6)
    glare = light_of(grade, 6, 0, monkeypatch)
    lit = light_of(grade, 6, 170, monkeypatch) - glare
    level = screen_module.light_field(1280, 720, GRADES[grade], pose.screen_light)[..., None] * 170
    clipped = lit + glare >= 254
    ratio = np.where(clipped, 1.0, lit / level) - 1
    x0, y0 = np.array(pose.true_screen_corners).min(axis=0).astype(int) + 40
    x1, y1 = np.array(pose.true_screen_corners).max(axis=0).astype(int) - 40
    amplitude = np.percentile(np.abs(ratio[y0:y1, x0:x1]), 99)
    assert amplitude == pytest.approx(GRADES[grade].moire, abs=0.007)
    assert np.abs(ratio[:60]).max() < 0.012


@pytest.mark.parametrize("grade", GRADES)
def test_display_contrast(grade: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule: the display keeps 1.0 / 0.75 / 0.5 of its contrast."""
    glare = light_of(grade, 8, 0, monkeypatch)
    monkeypatch.undo()
    renderer = ScreenRenderer(Pose.draw(grade, 8))
    clear = renderer.compose(BLANK, True) - glare
    dark = renderer.compose(BLANK + 1, True) - glare
    corners = np.array(Pose.draw(grade, 8).true_screen_corners)
    (x0, y0), (x1, y1) = corners.min(axis=0).astype(int) + 30, corners.max(axis=0).astype(int) - 30
    window = np.s_[y0:y1, x0:x1, 2]
    unclipped = (clear + glare)[window] < 250
    taken = (1 - dark[window] / np.maximum(clear[window], 1))[unclipped].mean()
    filled = (5 / 6) ** 2 + (1 - (5 / 6) ** 2) * screen_module.GAP_DARKNESS
    best = screen_module.INK_SHARE * filled
    assert taken / best == pytest.approx(GRADES[grade].contrast, abs=0.04)


def test_dot_gap_shows_as_a_grid_of_128_columns() -> None:
    """Rule: the display's pixel grid is visible: along a dark row the light swings once a dot."""
    pose = Pose.draw("clean", 2)
    frame = ScreenRenderer(pose).compose(BLANK + 1, True).astype(float)[..., 1]
    points = pose.screen.project([(x, 2.0) for x in np.linspace(-ACTIVE_WIDTH / 2, ACTIVE_WIDTH / 2, 1280, False)])
    line = np.array([frame[round(y), round(x)] for x, y in points])
    spectrum = np.abs(np.fft.rfft(line - line.mean()))
    assert 20 + int(spectrum[20:600].argmax()) == 128


@pytest.mark.parametrize(("grade", "first"), [("clean", 6), ("typical", 6), ("bad", 10)])
def test_jpeg_quality(grade: str, first: int) -> None:
    """Rule: JPEG quality 80 / 80 / 70, told by the first quantiser (16 scaled by the standard's rule)."""
    data = Sensor(GRADES[grade], 64, 64, 1, 0.0).jpeg(np.zeros((64, 64, 3), np.uint8))
    assert Image.open(io.BytesIO(data)).quantization[0][0] == first  # type: ignore[attr-defined]
