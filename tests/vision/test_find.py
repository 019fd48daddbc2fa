"""Display and paper are found in the picture itself, or it is said that they are not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.vision.photographs import DISPLAY, PAPER, photographed, screen, slip, slip_photographed
from tillrig.errors import UsageError
from tillrig.simulator.optics.pose import Pose
from tillrig.vision import Frame, Readers
from tillrig.vision.find_paper import find_paper
from tillrig.vision.find_screen import find_screen

SHOWN = screen(["消费", "请输入金额:", "1234.56", "990012******1234"], inverse=[0], right=[2])


@pytest.mark.parametrize("seed", [1, 2])
def test_a_lit_display_is_found_to_half_a_dot(readers: Readers, seed: int) -> None:
    """Bezel, keys and labels have four sides too."""
    frames, _ = photographed(SHOWN, seed=seed, count=1)
    found = np.asarray(find_screen(frames[0], DISPLAY, readers))
    assert np.abs(found - Pose.draw("typical", seed).true_screen_corners).max() < 2.5


def test_what_shows_no_text_of_the_profile_is_refused(readers: Readers) -> None:
    """A bright empty pane and a photograph's grain are no display."""
    picture = np.full((720, 1280), 60, np.uint8)
    cv2.rectangle(picture, (300, 200), (940, 520), 190, -1)
    cv2.rectangle(picture, (360, 260), (700, 300), 70, -1)
    with pytest.raises(UsageError, match="give its corners"):
        find_screen(Frame.from_array(picture, camera="pane"), DISPLAY, readers)


def test_paper_is_found_by_its_edges_and_its_print(paper_readers: Readers) -> None:
    """The corners hold the printed width; a blank sheet is refused."""
    lines = [
        ("凭证号(VOUCHER NO):000123", "text"),
        ("", "8"),
        ("商户名称:天天超市", "text"),
        ("RMB 12.34", "amount"),
        ("", "120"),
    ]
    papers, edges = slip_photographed(slip(lines), seed=901, count=1)
    found = np.asarray(find_paper(papers[0], PAPER, paper_readers))
    right = np.asarray(edges)
    assert np.abs(found[2:, 0] - right[2:, 0]).max() < 6
    assert np.hypot(*(found[2] - found[3])) == pytest.approx(np.hypot(*(right[2] - right[3])), rel=0.05)
    blank = np.full((900, 700), 60, np.uint8)
    cv2.rectangle(blank, (100, 100), (600, 880), 220, -1)
    with pytest.raises(UsageError, match="give its corners"):
        find_paper(Frame.from_array(blank, camera="sheet"), PAPER, paper_readers)
