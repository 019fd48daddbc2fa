"""The slip camera's picture: where dots land, how they smear, curl, fade and miss."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tillrig.simulator.optics import Pose, SlipCamera
from tillrig.simulator.optics.grades import GRADES
from tillrig.simulator.optics.paper import LINES_PER_SECOND, Burn, Paper
from tillrig.simulator.optics.slip import SlipRenderer


def hung(pose: Pose, dots: NDArray[np.bool_]) -> Paper:
    paper = Paper(pose, 0, since=0.0)
    paper.advance(dots, 100.0)
    return paper


def darkness(pose: Pose, dots: NDArray[np.bool_], at: float = 200.0, exposure_s: float = 0.002) -> NDArray[np.float64]:
    """What the dots take from blank paper, per pixel."""
    renderer = SlipRenderer(pose)
    blank = renderer.compose(hung(pose, np.zeros_like(dots)), at, exposure_s).astype(float)
    return np.asarray((blank - renderer.compose(hung(pose, dots), at, exposure_s)).clip(2, None).sum(axis=2) - 6)


def centre(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    y, x = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]]
    return np.array([(x * picture).sum(), (y * picture).sum()]) / picture.sum()


@pytest.mark.parametrize("grade", GRADES)
@pytest.mark.parametrize(("line", "column"), [(60, 40), (60, 340), (700, 40), (1000, 340)])
def test_a_dot_lands_where_its_line_and_column_say(grade: str, line: int, column: int) -> None:
    """Rule: paper moves up, text reads upright, the newest line stands at the slot; curl moves it no further."""
    pose = Pose.draw(grade, 11)
    dots = np.zeros((1200, 384), bool)
    dots[line - 4 : line + 4, column - 4 : column + 4] = True
    found = centre(darkness(pose, dots))
    expected = pose.slip.project([((column - 192) * 1.3, (line - 1200) * 1.3)])[0]
    assert np.linalg.norm(found - expected) <= 0.35 + GRADES[grade].curl_dots * 1.3 * 1.25


def test_curl_is_the_grades() -> None:
    """Rule: curl moves paper points by up to 0 / 1.5 / 3 dots."""
    for grade, numbers in GRADES.items():
        renderer = SlipRenderer(Pose.draw(grade, 3))
        across, up = np.meshgrid(np.linspace(-192, 192, 33, dtype=np.float32), np.arange(0, 1300, 10, dtype=np.float32))
        moved_x, moved_y = renderer._curled(across, up)
        shift = max(float(np.abs(moved_x - across).max()), float(np.abs(moved_y - up).max()))
        assert 0.6 * numbers.curl_dots <= shift <= numbers.curl_dots + 1e-3


@pytest.mark.parametrize(("exposure_ms", "smear_dots"), [(2.0, 0.96), (4.0, 1.92), (16.0, 7.68)])
def test_moving_paper_smears_by_the_exposure(exposure_ms: float, smear_dots: float) -> None:
    """Rule: at 60 mm/s (8 dots/mm) an exposure of 1/60 s smears 8 dots; at rest nothing smears."""
    pose = Pose.draw("clean", 4)
    dots = np.zeros((900, 384), bool)
    dots[400:402, 100:300] = True

    def width(at: float) -> float:
        profile = darkness(pose, dots, at, exposure_ms / 1e3)[:, 340:380].sum(axis=1)
        place = np.arange(len(profile))
        mean = (profile * place).sum() / profile.sum()
        return float((profile * (place - mean) ** 2).sum() / profile.sum())

    moving, still = width(100.0 - 0.3), width(200.0)
    assert np.sqrt(max(moving - still, 0) * 12) / 1.3 == pytest.approx(smear_dots, abs=0.35)


def test_rolling_shutter_stretches_moving_paper() -> None:
    """Rule: rows read later see paper that has moved further up: its picture is shorter while it rises."""
    pose = Pose.draw("typical", 4)
    out = 1100 - int(0.2 * LINES_PER_SECOND)  # lines out of the slot 0.2 s before the end
    dots = np.zeros((1100, 384), bool)
    dots[100:104] = dots[900:904] = True

    def apart(lines: NDArray[np.bool_], at: float) -> float:
        seen = darkness(pose, lines, at)
        middle = int(pose.slip.project([(0.0, (500 - out) * 1.3)])[0][1])
        return float(centre(seen[middle:])[1] + middle - centre(seen[:middle])[1])

    still, moving = apart(dots[:out], 200.0), apart(dots, 100.0 - 0.2)
    gained = still / 1920 * GRADES["typical"].readout_s * LINES_PER_SECOND * 1.3
    assert moving - still == pytest.approx(-gained, rel=0.25)


def test_torn_end_stands_at_the_top_of_a_short_slip() -> None:
    """Rule: the paper's end is torn: above it the desk, its edge toothed."""
    pose = Pose.draw("clean", 9)
    renderer = SlipRenderer(pose)
    empty = renderer.compose(None, 200.0, 0.002).astype(float)
    frame = renderer.compose(hung(pose, np.zeros((400, 384), bool)), 200.0, 0.002).astype(float)
    paper = np.abs(frame - empty).sum(axis=2) > 25
    left, right = (int(v) for v in pose.slip.project([(-230, -400), (230, -400)])[:, 0])
    tops = np.array([np.flatnonzero(paper[:, x])[0] for x in range(left, right)])
    expected = pose.slip.project([(0.0, -(400 + 18) * 1.3)])[0][1]
    assert abs(tops.mean() - expected) < 14
    detail = tops - cv2.blur(tops.astype(np.float32)[None], (41, 1))[0]
    assert 0.8 < detail[40:-40].std() < 5
    assert not paper[: tops.min() - 2].any()


@pytest.mark.parametrize("grade", GRADES)
def test_faint_bands_and_dead_columns(grade: str) -> None:
    """Rule: faint bands take 0 / 15 / 40 %; a dot column is dead on none / half / half of the slips."""
    numbers = GRADES[grade]
    pose = Pose.draw(grade, 21)
    burns = [Burn(pose, slip) for slip in range(300)]
    assert burns[0].strength(0, 900).min() == pytest.approx(1 - numbers.faint_bands, abs=0.01)
    assert burns[0].strength(0, 900).max() == pytest.approx(1)
    dead = [b for b in burns if b.dead_column is not None]
    assert len(dead) / 300 == pytest.approx(numbers.dead_column_share, abs=0.1)
    for burn in dead[:5]:
        tone = burn.tone(np.ones((40, 384), bool), 0)
        assert tone[:, burn.dead_column].max() < 30
        assert np.delete(tone, [burn.dead_column or 0], axis=1).min() > 60


def test_slot_shadow_darkens_the_paper_above_the_slot() -> None:
    """Rule: the slot shades the newest lines."""
    pose = Pose.draw("clean", 2)
    frame = SlipRenderer(pose).compose(hung(pose, np.zeros((900, 384), bool)), 200.0, 0.002).astype(float)
    near, far = (pose.slip.project([(0.0, -v * 1.3)])[0].astype(int) for v in (10, 300))
    assert frame[near[1], near[0]].mean() < 0.88 * frame[far[1], far[0]].mean()


def test_paper_longer_than_the_window_shows_its_newest_lines() -> None:
    """Rule: what is longer than the window leaves at the top; the lines at the slot stay true."""
    pose = Pose.draw("clean", 2)
    rng = np.random.default_rng(1)
    tail = rng.random((300, 384)) < 0.3
    short, long = Paper(pose, 0, 0.0), Paper(pose, 0, 0.0)
    short.advance(tail, 100.0)
    for chunk in np.array_split(np.zeros((6000, 384), bool), 60):
        long.advance(chunk, long.settled_since(1e9) + 1)
    long.advance(tail, 1000.0)
    assert long.printed == 6300
    assert np.array_equal(long.lines(6000, 6300) > 128, short.lines(0, 300) > 128)
    assert long.position(2000.0) == 6300


def test_lines_leave_at_60_mm_a_second_and_never_run_back() -> None:
    """Rule: lines told of in one call left the head one after the other, the last at the time given."""
    paper = Paper(Pose.draw("clean", 1), 0, since=0.0)
    paper.advance(np.zeros((48, 384), bool), 10.0)
    paper.advance(np.zeros((24, 384), bool), 10.05)
    times = np.linspace(9.8, 10.1, 301)
    positions = paper.position(times)
    assert (np.diff(positions) >= 0).all()
    assert paper.position(9.95) == pytest.approx(24)
    assert paper.position(10.025) == pytest.approx(60)
    assert paper.moving(9.99, 10.01) and not paper.moving(10.06, 10.2)


def test_taking_the_slip_clears_the_view_and_the_next_one_starts_new() -> None:
    """Rule: a taken slip is out of view from that instant; the next is another slip."""
    camera = SlipCamera(Pose.draw("typical", 5))
    later = camera._paper.since + 1000
    empty = camera.compose(later).whole()
    assert not camera.hanging
    camera.advance([b"\xff" * 48] * 200, later + 10)
    assert camera.hanging
    printed = camera.compose(later + 11).whole()
    camera.take(later + 12)
    assert not camera.hanging
    before = camera.compose(later + 11.5).whole()
    after = camera.compose(later + 12.5).whole()
    assert not np.array_equal(printed, empty)
    assert np.array_equal(before, printed)
    assert np.array_equal(after, empty)


def test_a_dot_line_of_another_length_is_refused() -> None:
    """Rule: the printer has 384 dots."""
    with pytest.raises(ValueError, match="48 bytes, got 47"):
        SlipCamera(Pose.draw("clean", 1)).advance([bytes(47)], 1.0)


@pytest.mark.parametrize("grade", GRADES)
def test_the_first_line_may_leave_at_any_moment_of_an_exposure(grade: str) -> None:
    """Every moment of the first ones of a slip gives a picture, also when its lowest row saw only the slot."""
    pose = Pose.draw(grade, 3)
    renderer, paper = SlipRenderer(pose), Paper(pose, 0, since=0.0)
    paper.advance(np.ones((40, 384), bool), 100.0)
    start = 100.0 - 40 / LINES_PER_SECOND
    for at in np.linspace(start - 0.02, start + 0.02, 81):
        assert renderer.compose(paper, float(at), 0.004).shape == (1920, 720, 3)
