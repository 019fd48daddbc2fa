"""One character of a font as a camera may leave it, in the frame that the reader of figures cuts."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from shapes import BELOW, FIGURES, HIGH, LETTERS, Ink, Shapes

ROWS, COLUMNS, TOP, FOOT = 32, 24, 4, 28
OTHER = len(FIGURES)
_MIDDLE = 3 * HIGH  # of the strip on which a character and its neighbours are laid


def sample(shapes: Sequence[Shapes], dotted: Sequence[Shapes], random: np.random.Generator) -> tuple[Ink, int]:
    """A crop (ROWS x COLUMNS, ink 0..1) and its class. Fonts of dots are few and what terminals show, so they come more
    often."""
    pool = dotted if random.random() < 0.3 else shapes
    font = pool[int(random.integers(len(pool)))]
    kind = random.random()
    label = int(random.integers(len(FIGURES))) if kind < 0.8 else OTHER
    char = FIGURES[label] if label < OTHER else LETTERS[int(random.integers(len(LETTERS)))]
    if char not in font.glyphs:
        return sample(shapes, dotted, random)
    pitch = float(np.median([font.glyphs[digit].shape[1] for digit in "023456789"])) * random.uniform(1.05, 1.4)
    cut_wrong = kind > 0.92
    strip = _laid(font, char, pitch, cut_wrong, random)
    ink = _dotted(font, strip, random)
    crop = _framed(ink, max(font.glyphs[char].shape[1], 2 * pitch if cut_wrong else pitch), random)
    return _seen(crop, random), label


def _laid(font: Shapes, char: str, pitch: float, cut_wrong: bool, random: np.random.Generator) -> Ink:
    """The character between neighbours; or, as a wrong cut shows, two figures in one, or half of one."""
    around = "0123456789.,:-*"
    left, right = (
        font.glyphs[around[int(random.integers(len(around)))]] if random.random() < 0.8 else None for _ in range(2)
    )
    strip = np.zeros((HIGH + BELOW, 2 * _MIDDLE), np.float32)
    own = font.glyphs[char]
    if cut_wrong:
        for way in (-1, 1):
            _lay(strip, font.glyphs["0123456789"[int(random.integers(10))]], _MIDDLE + way * pitch / 2)
        if random.random() < 0.3:
            strip[:, :_MIDDLE] = 0
    else:
        _lay(strip, own, _MIDDLE)
    apart = max(own.shape[1], pitch) / 2 + pitch / 2
    for way, other in ((-1, left), (1, right)):
        if other is not None:
            _lay(strip, other, _MIDDLE + way * max(apart, (own.shape[1] + other.shape[1]) / 2 + 2))
    return strip


def _lay(strip: Ink, ink: Ink, at: float) -> None:
    first = min(max(0, round(at - ink.shape[1] / 2)), strip.shape[1] - ink.shape[1])
    part = strip[: ink.shape[0], first : first + ink.shape[1]]
    np.maximum(part, ink, out=part)


def _dotted(font: Shapes, strip: Ink, random: np.random.Generator) -> Ink:
    """Few or many dots a digit's height, with or without grey between them, some of them dead."""
    high = font.dots if font.dots else int(random.integers(8, 30))
    if not font.dots and random.random() >= 0.5:
        scale = (FOOT - TOP) / HIGH
        return np.asarray(cv2.resize(strip, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    scale = high / HIGH
    wide = scale if font.dots else scale * random.uniform(0.85, 1.15)
    small = cv2.resize(strip, None, fx=wide, fy=scale, interpolation=cv2.INTER_AREA)
    if font.dots or random.random() < 0.5:
        small = (small > random.uniform(0.3, 0.6)).astype(np.float32)
    if random.random() < 0.1:
        small = cv2.dilate(small, np.ones((1, 2), np.uint8))
    if random.random() < 0.12:
        small[:, int(random.integers(small.shape[1]))] = 0
    if random.random() < 0.12:
        small[int(random.integers(small.shape[0])), :] = 0
    small = small + random.normal(0, random.uniform(0, 0.15), small.shape).astype(np.float32)
    up = (FOOT - TOP) / high
    return np.asarray(cv2.resize(small, None, fx=up, fy=up, interpolation=cv2.INTER_LINEAR))


def _framed(ink: Ink, wide: float, random: np.random.Generator) -> Ink:
    """Cut out of its line: the frame is measured, and not exactly."""
    across, down = random.uniform(0.8, 1.25), random.uniform(0.88, 1.1)
    lean = random.normal(0, 0.05)
    right, below = random.normal(0, 0.9), random.normal(0, 0.9)
    middle = ink.shape[1] / 2 - 0.5
    matrix = np.array(
        [
            [across, lean, COLUMNS / 2 - 0.5 + right - across * middle - lean * 12],
            [0, down, TOP + below + (1 - down) * 6],
        ],
        np.float32,
    )
    crop = cv2.warpAffine(ink, matrix, (COLUMNS, ROWS), flags=cv2.INTER_LINEAR, borderValue=0)
    half = wide * (FOOT - TOP) / HIGH * across / 2 + 0.8
    first = max(0, round(COLUMNS / 2 + right - half + random.normal(0, 0.8)))
    last = min(COLUMNS, round(COLUMNS / 2 + right + half + random.normal(0, 0.8)))
    crop[:, :first], crop[:, last:] = 0, 0
    return crop


def _seen(crop: Ink, random: np.random.Generator) -> Ink:
    """Blurred, pale, noisy, under light that falls off."""
    if random.random() < 0.7:
        crop = cv2.GaussianBlur(crop, (0, 0), random.uniform(0.3, 2.0))
    crop = crop * random.uniform(0.55, 1.15) + random.normal(0, random.uniform(0, 0.1), crop.shape)
    if random.random() < 0.15:
        crop = crop + np.linspace(0, random.uniform(-0.25, 0.25), ROWS)[:, None]
    return np.clip(crop, 0, 1).astype(np.float32)
