"""Ink on paper, and the lines it stands in."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import Grey, Ink, PaperGeometry

# Ink (0..1) from which a dot counts as burnt: half of faint print on a bad day.
_BURNT = 0.42
_SHEARS = np.arange(-10.0, 10.5, 1.0)
_SPECK = 6
_RULE_HEIGHT = 6
_RULE_SHARE = 0.6
# Dots of blank paper that must part two strokes for them to be two lines.
_LEADING = 2


@dataclass(frozen=True)
class Band:
    """One line: rows [top, bottom), columns [left, right) of its ink in dots, and its height class."""

    top: int
    bottom: int
    left: int
    right: int
    height: str


def paper_ink(dots: Ink) -> Ink:
    """Ink 0..1 of each dot (linear light in, rows x columns), light, curl shading and print density divided out."""
    blurred = cv2.GaussianBlur(dots, (0, 0), 0.7)
    ground = cv2.dilate(
        cv2.resize(blurred, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), np.ones((9, 9), np.uint8)
    )
    ground = cv2.resize(
        cv2.GaussianBlur(ground, (0, 0), 4), (dots.shape[1], dots.shape[0]), interpolation=cv2.INTER_LINEAR
    )
    depth = 1.0 - dots / np.maximum(ground, 1e-3)
    dark = depth[depth > 0.3]
    full = float(np.percentile(dark, 75)) if dark.size > 50 else 1.0
    return np.asarray(np.clip(depth / max(full, 0.3), 0.0, 1.2), dtype=np.float32)


def skew_of(ink: Ink) -> float:
    """Dots by which lines sink from the left edge to the right, from -10 to 10."""
    burnt = (ink > _BURNT).astype(np.float32)
    if burnt.sum() < 50:
        return 0.0
    strips = np.array_split(np.arange(ink.shape[1]), 12)
    profiles = [burnt[:, strip].sum(axis=1) for strip in strips]
    middle = (len(strips) - 1) / 2

    def sharpness(shear: float) -> float:
        total = np.zeros(ink.shape[0])
        for number, profile in enumerate(profiles):
            total += np.roll(profile, -round(shear * (number - middle) / len(strips)))
        return float((total**2).sum())

    scores = [sharpness(float(shear)) for shear in _SHEARS]
    best = max(scores)
    # Of equals, the least: rounding makes small shears alike.
    return float(
        min((abs(shear), shear) for shear, score in zip(_SHEARS, scores, strict=True) if score >= best * 0.9999)[1]
    )


def unskew(picture: Grey | Ink, skew: float, scale: float = 1.0) -> npt.NDArray[np.generic]:
    """The picture sheared so that lines which sank by `skew` dots over the width lie level."""
    if not skew:
        return np.asarray(picture)
    height, width = picture.shape[:2]
    matrix = np.array([[1, 0, 0], [skew * scale / width, 1, -skew * scale / 2]], np.float32)
    return np.asarray(
        cv2.warpAffine(
            picture,
            matrix,
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )


def find_lines(ink: Ink, geometry: PaperGeometry) -> tuple[Band, ...]:
    """Lines from top to bottom, by projection on level ink; what reaches over both margins is the paper's edge or the
    slot, and ends the paper."""
    margin = (ink.shape[1] - geometry.dots) // 2
    edges = [
        band
        for band in _all_lines(ink, geometry)
        if margin and band.left <= margin // 4 and band.right >= ink.shape[1] - margin // 4
    ]
    middle = ink.shape[0] * 0.97
    first = max((band.bottom for band in edges if band.bottom < middle), default=0)
    last = min((band.top for band in edges if band.top >= middle), default=ink.shape[0])
    return tuple(band for band in _all_lines(ink[:last], geometry) if band.top >= first and band not in edges)


def _all_lines(ink: Ink, geometry: PaperGeometry) -> tuple[Band, ...]:
    burnt = ink > _BURNT
    profile = burnt.sum(axis=1)
    runs = _runs(profile >= 1)
    merged: list[list[int]] = []
    for top, bottom in runs:
        close = merged and top - merged[-1][1] < _LEADING
        if close and bottom - merged[-1][0] <= geometry.text_height * 1.3:
            merged[-1][1] = bottom
        else:
            merged.append([top, bottom])
    bands = []
    for top, bottom in _joined(merged, profile, geometry):
        for first, last in _split(profile, top, bottom, geometry):
            band = _band(burnt, first, last, geometry)
            if band is not None:
                bands.append(band)
    return tuple(bands)


def _runs(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _joined(runs: list[list[int]], profile: npt.NDArray[np.intp], geometry: PaperGeometry) -> list[tuple[int, int]]:
    """Specks and stray strokes (the dots of i, a comma's tail) joined to the line they belong to."""
    lines: list[list[int]] = []
    for top, bottom in runs:
        small = profile[top:bottom].sum() < 3 * _SPECK and bottom - top <= 5
        if lines and small and top - lines[-1][1] <= 3 and bottom - lines[-1][0] <= geometry.amount_height:
            lines[-1][1] = bottom
        else:
            lines.append([top, bottom])
    return [(top, bottom) for top, bottom in lines]


def _split(profile: npt.NDArray[np.intp], top: int, bottom: int, geometry: PaperGeometry) -> list[tuple[int, int]]:
    """Lines that touch are parted at the emptiest row, unless they are one double-height line."""
    height = bottom - top
    if height <= geometry.text_height * 1.25:
        return [(top, bottom)]
    low = top + geometry.small_height // 2
    high = bottom - geometry.small_height // 2
    cut = low + int(np.argmin(profile[low:high]))
    shallow = profile[cut] > 0.18 * np.median(profile[top:bottom])
    if shallow and height <= geometry.amount_height * 1.15:
        return [(top, bottom)]
    return _split(profile, top, cut, geometry) + _split(profile, cut + 1, bottom, geometry)


def _band(burnt: npt.NDArray[np.bool_], top: int, bottom: int, geometry: PaperGeometry) -> Band | None:
    part = burnt[top:bottom]
    if part.sum() < _SPECK:
        return None
    columns = np.flatnonzero(part.sum(axis=0))
    left, right = int(columns[0]), int(columns[-1]) + 1
    height = bottom - top
    if height <= _RULE_HEIGHT:
        wide = right - left >= _RULE_SHARE * geometry.dots
        if not wide:
            return None
        return Band(top, bottom, left, right, "rule")
    if height < geometry.small_height // 2 - 1:
        return None
    kind = "amount" if height > geometry.text_height * 1.25 else "small" if height <= geometry.small_height else "text"
    return Band(top, bottom, left, right, kind)
