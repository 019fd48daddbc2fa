"""The display is found in the picture of a known screen, to a part of a dot; what is not it is refused."""

from __future__ import annotations

from itertools import product

import cv2
import numpy as np
import pytest

from tests.poses import POSES
from tests.vision.calibration_pictures import KNOWN, picture, with_plate
from tests.vision.photographs import DISPLAY, PAPER, frame_of, slip, slip_photographed
from tillrig.errors import CameraError, UsageError
from tillrig.simulator.optics.pose import Pose
from tillrig.vision import DisplayGeometry, Frame
from tillrig.vision.calibration import find_display, known_screen, mean_picture
from tillrig.vision.calibration.paper_window import find_paper, judge_paper
from tillrig.vision.calibration.shown import draw
from tillrig.vision.calibration.target import find_target
from tillrig.vision.calibration.tune import compare
from tillrig.vision.calibration.window import find_windows

DRAWN = [one for screen in KNOWN if (one := draw(screen, DISPLAY)) is not None]
# Corner error in dots (5 px each) of a full screen and of a half-filled one; measured: docs/calibration.md.
FULL, PART = 0.4, 0.8


@pytest.mark.parametrize(("grade", "pose"), list(product(("clean", "typical", "bad"), range(POSES // 2))))
def test_a_full_screen_gives_corners_and_lens_term(grade: str, pose: int) -> None:
    """Nothing is known of the place beforehand; the text tells it, and which screen it is."""
    grey, true, k1 = picture(KNOWN[0], 5100 + pose, grade)
    best = find_display(grey, DISPLAY, DRAWN)[0]
    assert best.sure, best.reasons
    assert best.screen.kind == "menu"
    assert float(np.abs(np.asarray(best.corners) - true).max()) < FULL * best.px_per_dot
    assert abs(best.k1 - k1) < 0.012


@pytest.mark.parametrize(("grade", "pose"), list(product(("clean", "typical"), range(POSES // 2))))
def test_a_half_filled_screen_gives_corners_and_says_how_far_they_may_be_off(grade: str, pose: int) -> None:
    """What the terminal shows after power-on fills the upper half; the window's edges hold the lower one."""
    grey, true, _ = picture(KNOWN[1], 5200 + pose, grade)
    best = find_display(grey, DISPLAY, DRAWN)[0]
    off = float(np.abs(np.asarray(best.corners) - true).max())
    assert best.sure and best.screen.kind == "ask_operator", best.reasons
    assert off < PART * best.px_per_dot and off < 3 * best.doubt_px
    full = find_display(picture(KNOWN[0], 5200 + pose, grade)[0], DISPLAY, DRAWN[:1])[0]
    assert full.doubt_px < 0.6 * best.doubt_px


@pytest.mark.parametrize("grade", ["clean", "typical", "bad"])
def test_a_text_that_nobody_knows_is_not_sure(grade: str) -> None:
    """Of a screen that is none of the known ones no place is sure."""
    grey, _, _ = picture(["收单机构", "卡片余额查询", "1234.56", "请按任意键返回"], 5300, grade)
    assert not any(one.sure for one in find_display(grey, DISPLAY, DRAWN))


def test_one_character_of_the_text_is_another_one() -> None:
    """密码 where 编号 is shown: most of the text fits, and still it is not sure."""
    grey, _, _ = picture(KNOWN[1], 5400, "typical")
    found = find_display(grey, DISPLAY, [one for one in DRAWN if one.screen.kind == "ask_password"])
    assert not found[0].sure
    assert any("another" in reason or "only to" in reason for reason in found[0].reasons)


def test_a_blank_display_and_a_covered_camera_give_nothing() -> None:
    """Without text no place; without light no candidate at all."""
    grey, _, _ = picture(["", "", "", ""], 5500, "clean", 2)
    assert not any(one.sure for one in find_display(grey, DISPLAY, DRAWN))
    assert find_display(np.full((720, 1280), 6, np.uint8), DISPLAY, DRAWN) == ()


def test_stored_corners_help_where_no_window_is_seen() -> None:
    """A frame around the display that is as bright as its glass: the corners of the last time are the start."""
    grey, true, _ = picture(KNOWN[0], 5600, "clean")
    hull = cv2.boundingRect(np.round(true).astype(np.int32))
    x, y, w, h = hull
    flat = np.full_like(grey, int(np.percentile(grey[y : y + h, x : x + w], 80)))
    flat[y - 2 : y + h + 2, x - 2 : x + w + 2] = grey[y - 2 : y + h + 2, x - 2 : x + w + 2]
    start = tuple((float(a) + 4, float(b) - 3) for a, b in true)
    best = find_display(flat, DISPLAY, DRAWN[:1], start=start)[0]  # type: ignore[arg-type]
    assert float(np.abs(np.asarray(best.corners) - true).max()) < FULL * best.px_per_dot


def test_a_display_in_a_brighter_frame_is_found_without_a_window() -> None:
    """A white housing: no edge falls from bright to dark, but the area has four sides and shows the text."""
    grey, true, _ = picture(KNOWN[0], 5610, "clean")
    (x, y), (right, low) = np.floor(true.min(axis=0) - 12).astype(int), np.ceil(true.max(axis=0) + 12).astype(int)
    white = np.full_like(grey, 250)
    inner = white[y:low, x:right]
    inner[:] = int(np.percentile(grey[y:low, x:right], 80))
    mask = np.zeros_like(grey)
    cv2.fillConvexPoly(mask, np.round(true).astype(np.int32), 255)
    inner[mask[y:low, x:right] > 0] = grey[y:low, x:right][mask[y:low, x:right] > 0]
    assert not find_windows(white, 2.0)
    best = find_display(white, DISPLAY, DRAWN[:1])[0]
    assert not best.windowed and float(np.abs(np.asarray(best.corners) - true).max()) < FULL * best.px_per_dot


def test_what_lies_within_a_window_comes_after_it() -> None:
    """Between an inverse row and the frame there is a smaller area with sides as sharp."""
    grey, true, _ = picture(KNOWN[4], 5907, "typical", 2)
    assert float(np.abs(find_windows(grey, 2.0)[0].corners - true).max()) < 25


def test_a_display_without_fonts_and_texts_that_no_font_draws_are_refused() -> None:
    """Clear errors instead of a search that cannot succeed."""
    with pytest.raises(UsageError, match="no font"):
        find_display(np.zeros((720, 1280), np.uint8), DisplayGeometry(), KNOWN)
    with pytest.raises(UsageError, match="can draw none"):
        find_display(np.zeros((720, 1280), np.uint8), DISPLAY, [known_screen(["☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃"], DISPLAY)])


def test_frames_between_which_the_screen_changes_are_not_averaged() -> None:
    """A mean of two screens shows neither."""
    pose = Pose.draw("typical", 5700)
    one, other = picture(KNOWN[0], 5700, "typical", 2)[0], picture(KNOWN[1], 5700, "typical", 2)[0]
    frames = [frame_of(picture, pose, number) for number, picture in enumerate((one, one, other))]
    with pytest.raises(CameraError, match="changed"):
        mean_picture(frames)
    assert mean_picture(frames[:2]).shape == (720, 1280)
    with pytest.raises(CameraError, match="size"):
        mean_picture([frames[0], Frame.from_array(np.zeros((10, 10), np.uint8))])


def test_the_window_of_the_display_is_the_first_candidate() -> None:
    """Its edges are followed to a part of a pixel, whatever the grade."""
    for grade in ("clean", "typical", "bad"):
        grey, true, _ = picture(KNOWN[0], 5800, grade, 2)
        window = find_windows(grey, 2.0)[0]
        assert window.roughness < 0.6
        # 14 plane units of bare glass lie around the dots.
        outside = np.abs(window.corners - true).max()
        assert 5 < outside < 25


MARKERS = {3: (-19.0, -15.5), 4: (73.0, -15.5), 7: (73.0, 37.5), 8: (-19.0, 37.5)}


@pytest.mark.parametrize("grade", ["clean", "typical", "bad"])
def test_a_printed_target_gives_the_corners(grade: str) -> None:
    """Four markers of 10 mm around a dot matrix of 64 x 32 mm, none of which tells anything of the display's text."""
    errors = []
    for seed in range(POSES):
        pose = Pose.draw(grade, 5900 + seed)
        grey, true, _ = picture(["", "", "", ""], 5900 + seed, grade, 1)
        fit = find_target(with_plate(grey, pose, MARKERS, 10), MARKERS, 10, (64, 32))
        errors.append(float(np.abs(np.asarray(fit.corners) - true).max()))
        assert len(fit.markers) >= 3
    assert max(errors) < 1.5, errors


def test_a_target_measured_wrongly_or_out_of_view_is_refused() -> None:
    """A plate whose markers stand elsewhere than declared, and one that is not there."""
    pose = Pose.draw("typical", 5950)
    grey = with_plate(picture(["", "", "", ""], 5950, "typical", 1)[0], pose, MARKERS, 10)
    wrong = MARKERS | {4: (66.0, -10.0)}
    with pytest.raises(CameraError, match="beside the places declared"):
        find_target(grey, wrong, 10, (64, 32))
    with pytest.raises(CameraError, match="at least 3"):
        find_target(picture(KNOWN[0], 5950, "typical", 1)[0], MARKERS, 10, (64, 32))
    with pytest.raises(UsageError, match="dictionary"):
        find_target(grey, MARKERS, 10, (64, 32), dictionary="9X9")


@pytest.mark.parametrize("grade", ["clean", "typical", "bad"])
def test_a_camera_out_of_tune_is_told_by_what_is_wrong(grade: str) -> None:
    """Moved by two pixels, defocused, darker, covered; and the same place with another screen is in tune."""
    then, true, _ = picture(KNOWN[0], 6000, grade)
    now, _, _ = picture(KNOWN[4], 6000, grade)
    corners = tuple((float(x), float(y)) for x, y in true)

    def tuned(grey: np.ndarray) -> str:
        return " ".join(compare(grey, then, corners, 5.0).faults)  # type: ignore[arg-type]

    assert tuned(now) == ""
    moved = cv2.warpAffine(now, np.array([[1, 0, 2.0], [0, 1, -1.5]]), (1280, 720), borderMode=cv2.BORDER_REPLICATE)
    turned = cv2.warpAffine(
        now, cv2.getRotationMatrix2D((640, 360), 0.6, 1.0), (1280, 720), borderMode=cv2.BORDER_REPLICATE
    )
    assert "moved" in tuned(moved) and "moved" in tuned(turned)
    assert "focus" in tuned(cv2.GaussianBlur(now, (0, 0), 5.0))
    assert "light" in tuned((now * 0.7).astype(np.uint8))
    assert "covered" in tuned((now * 0.03).astype(np.uint8))
    assert "view" in tuned(np.ascontiguousarray(now[::-1])) or "moved" in tuned(np.ascontiguousarray(now[::-1]))
    with pytest.raises(CameraError, match="640x360"):
        compare(now[::2, ::2], then, corners, 5.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("grade", ["typical", "bad"])
def test_a_slip_camera_is_in_tune_with_paper_and_without(grade: str) -> None:
    """What hangs there is left out of the comparison; a camera that was bumped or lost its light is told."""
    lines = [("POS签购单/POS SALES SLIP", "text"), ("-" * 32, "text"), ("凭证号 VOUCHER NO:000123", "text")] * 4
    pose = Pose.draw(grade, 6100)
    with_paper, _ = slip_photographed(slip([*lines, ("", "120")]), seed=6100, count=2, grade=grade)
    without, corners = slip_photographed(np.zeros((1, 384), np.bool_), seed=6100, count=2, grade=grade)
    then, now = mean_picture(with_paper), mean_picture(without)
    places = tuple((float(x), float(y)) for x, y in corners)

    def tuned(grey: np.ndarray) -> str:
        return " ".join(compare(grey, then, places, 1.3, (0.14, 0.0)).faults)  # type: ignore[arg-type]

    assert tuned(now) == "" and tuned(then) == "", pose.describe()
    assert "light" in tuned((now * 0.7).astype(np.uint8))
    assert "covered" in tuned((now * 0.03).astype(np.uint8))


@pytest.mark.parametrize("grade", ["clean", "typical"])
def test_the_printed_width_is_found_between_the_papers_edges(grade: str) -> None:
    """Without declared corners; what is printed there proves it, and an empty slot gives nothing."""
    lines = [("POS签购单/POS SALES SLIP", "text"), ("-" * 32, "text"), ("凭证号 VOUCHER NO:000123", "text")] * 4
    frames, _ = slip_photographed(slip([*lines, ("", "120")]), seed=6200, count=2, grade=grade)
    pose = Pose.draw(grade, 6200)
    found = find_paper(mean_picture(frames), PAPER)
    assert len(found) == 1
    # The printed width at the slot: within two dots of 1.3 px on either side.
    (left, row), (right, _) = found[0][3], found[0][2]
    true = np.asarray(pose.true_slip_corners)
    assert abs(left - true[3][0]) < 6 and abs(right - true[2][0]) < 6 and abs(row - true[3][1]) < 60
    best = judge_paper(mean_picture(frames), PAPER, found[0], 0.0)
    # A torn edge may count as a line that nobody can read.
    assert best.sure and round(best.score * best.lines) == 8, best
    empty, _ = slip_photographed(np.zeros((1, 384), np.bool_), seed=6200, count=2, grade=grade)
    assert not any(
        judge_paper(mean_picture(empty), PAPER, place, 0.0).sure for place in find_paper(mean_picture(empty), PAPER)
    )
