"""The printed width of a hanging slip: between the paper's edges, proved by what is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.vision.frame import Frame
from tillrig.vision.geometry import Corners, Grey, PaperGeometry
from tillrig.vision.slip import SlipReader

Floats = npt.NDArray[np.float64]
# Widths of paper rolls and of the print on them, mm; 8 dots a mm.
_ROLLS = ((57.5, 48.0), (79.5, 72.0))
_LEAST_LINES = 4
_SURE_SHARE, _SURE_CONFIDENCE = 0.7, 0.6
_FILLED = (0.9, 1.02)


@dataclass(frozen=True)
class PaperCandidate:
    """`lines` that were found, `score` share of them read with confidence, `filled` the share of the printed width that
    the widest line takes (a rule takes all of it)."""

    corners: Corners
    lines: int
    score: float
    filled: float
    px_per_dot: float
    length_dots: int
    reasons: tuple[str, ...]

    @property
    def sure(self) -> bool:
        return not self.reasons


def find_paper(grey: Grey, geometry: PaperGeometry) -> list[Corners]:
    """Corners of the printed width on a strip of paper brighter than what lies beside it, its lower edge at the slot;
    empty where no such strip is seen."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 2.0).astype(np.float32)
    slopes = cv2.Sobel(smooth, cv2.CV_32F, 1, 0)
    height, width = grey.shape
    points: tuple[list[tuple[float, float]], list[tuple[float, float]]] = ([], [])
    for line in range(height // 12, height - 8, 8):
        left, right = int(slopes[line, : width // 2].argmax()), width // 2 + int(slopes[line, width // 2 :].argmin())
        if slopes[line, left] > 20 and slopes[line, right] < -20:
            points[0].append((line, left))
            points[1].append((line, right))
    lines = [_upright(side) for side in points]
    if lines[0] is None or lines[1] is None:
        return []
    (line_left, left_rows), (line_right, right_rows) = lines[0], lines[1]
    lowest, bottom = max(left_rows[0], right_rows[0]), min(left_rows[1], right_rows[1])
    if bottom - lowest < height / 5:
        return []
    # A longer slip reaches farther up along the same edges.
    top = 0.015 * height
    paper, print_mm = next(((w, p) for w, p in _ROLLS if abs(p * 8 - geometry.dots) < 16), (0.0, 0.0))
    if not paper:
        return []
    margin = (1 - print_mm / paper) / 2
    corners = []
    for row in (top, bottom):
        a, b = float(line_left(row)), float(line_right(row))
        corners.append(((a + margin * (b - a), row), (b - margin * (b - a), row)))
    (tl, tr), (bl, br) = corners
    return [(tl, tr, br, bl)]


def _upright(points: Sequence[tuple[float, float]]) -> tuple[np.polynomial.Polynomial, tuple[float, float]] | None:
    """A line x(row) through most of the points, and the rows it reaches."""
    if len(points) < 20:
        return None
    found = np.asarray(points, np.float64)
    keep = np.abs(found[:, 1] - np.median(found[:, 1])) < 60
    for _ in range(4):
        if keep.sum() < 20:
            return None
        line = np.polynomial.Polynomial.fit(found[keep, 0], found[keep, 1], 1)
        away = np.abs(found[:, 1] - line(found[:, 0]))
        keep = away < max(2.0, 2.5 * float(np.median(away[keep])))
    rows = found[keep, 0]
    return line, (float(rows.min()), float(rows.max()))


def judge_paper(grey: Grey, geometry: PaperGeometry, corners: Corners, k1: float) -> PaperCandidate:
    """What is printed between `corners`, and whether that proves them."""
    reader = SlipReader(geometry, corners, k1=k1)
    reading = reader.read_slip(Frame.from_array(grey, camera="slip"))
    texts = [line for line in reading.lines if line.height != "rule"]
    sure = [line for line in texts if line.confidence >= _SURE_CONFIDENCE]
    widest = max((line.right - line.left for line in reading.lines), default=0)
    points = np.asarray(corners)
    sides = np.hypot(*(np.roll(points, -1, axis=0) - points).T)
    score = len(sure) / len(texts) if texts else 0.0
    filled = widest / geometry.dots
    reasons = []
    if len(texts) < _LEAST_LINES:
        reasons.append(f"only {len(texts)} lines are printed")
    if score < _SURE_SHARE:
        reasons.append(f"only {score:.0%} of the printed lines can be read there")
    if not _FILLED[0] <= filled <= _FILLED[1]:
        reasons.append(f"the widest line takes {filled:.0%} of the width, where a rule should take all of it")
    return PaperCandidate(
        corners=corners,
        lines=len(texts),
        score=score,
        filled=filled,
        px_per_dot=float((sides[0] + sides[2]) / 2 / geometry.dots),
        length_dots=reader.length_dots,
        reasons=tuple(reasons),
    )
