"""Light, glare, blur and moire are taken apart from the ink of a small display; what is blank stays blank."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarks.reading import fonts
from tillrig.vision.geometry import Ink
from tillrig.vision.ink import ink_map
from tillrig.vision.light import spread_out

ROWS, COLUMNS = 64, 128
SPREAD = (0.16, 0.14)


def _shown(*texts: str, inverse: int = -1) -> Ink:
    bands = [fonts.SONG16.line(text, COLUMNS) for text in texts]
    return np.vstack([~band if number == inverse else band for number, band in enumerate(bands)]).astype(np.float32)


def _light(bits: Ink, seed: int, contrast: float = 0.3, glare: float = 0.3, moire: float = 0.03) -> Ink:
    """Linear light of the dots under a gradient, a spot of glare, stripes and noise."""
    random = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(COLUMNS) / COLUMNS, np.arange(ROWS) / COLUMNS)
    at = random.uniform(0.2, 0.8), random.uniform(0.1, 0.4)
    spot = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / 0.02)
    wave = 1 + moire * np.sin(2 * np.pi * (x * COLUMNS / 7.3 + y * COLUMNS / 11.0) + random.uniform(0, 6))
    clear = 0.5 * (0.8 + 0.3 * x)
    seen = clear * (1 - contrast * spread_out(bits > 0.5, SPREAD)) * wave + glare * spot
    return (seen + random.normal(0, 0.006, bits.shape)).astype(np.float32)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("inverse", [-1, 0])
def test_dots_are_told_under_glare_blur_and_moire(seed: int, inverse: int) -> None:
    bits = _shown("余额查询", "请输入金额:", "      8960.53", "", inverse=inverse)
    seen = ink_map(_light(bits, seed), np.zeros(bits.shape, np.bool_), cell=16)
    assert int(((seen.ink > 0.5) != (bits > 0.5)).sum()) <= 0.002 * bits.size


def test_the_blur_is_measured_and_undone() -> None:
    bits = _shown("余额查询", "请输入金额:", "      8960.53", "8888888888888888")
    seen = ink_map(_light(bits, 1, contrast=0.6, glare=0.0, moire=0.0), np.zeros(bits.shape, np.bool_), cell=16)
    assert seen.parts is not None
    assert seen.parts.spread == pytest.approx(SPREAD, abs=0.03)
    assert float(np.square(seen.ink - bits).mean()) < 0.5 * float(np.square(seen.parts.soft - bits).mean())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("moire", [0.0, 0.03])
def test_a_blank_display_has_no_ink(seed: int, moire: float) -> None:
    blank = np.zeros((ROWS, COLUMNS), np.float32)
    assert not ink_map(_light(blank, seed, moire=moire), blank > 0, cell=16).ink.any()


@pytest.mark.parametrize("tone", [1.0, 1 / 2.2])
def test_either_tone_of_a_camera_is_believed(tone: float) -> None:
    """Glare of a linear camera, whose grey values were taken for a webcam's, does not hide dots."""
    bits = _shown("余额查询", "请输入金额:", "      8960.53", "8888888888888888")
    light = _light(bits, 2, contrast=0.5, glare=0.4, moire=0.0)
    seen = ink_map(np.power(light, 1 / tone).astype(np.float32), np.zeros(bits.shape, np.bool_), cell=16)
    assert cv2.absdiff((seen.ink > 0.5).astype(np.uint8), (bits > 0.5).astype(np.uint8)).sum() == 0


@pytest.mark.parametrize("seed", range(4))
def test_dim_text_is_told_in_little_light_and_noise_is_not(seed: int) -> None:
    """A twentieth of the light: text stands out by less than noise does in full light."""
    bits = _shown("余额查询", "", "      8960.53", "")
    random, clipped = np.random.default_rng(seed), np.zeros(bits.shape, np.bool_)
    noise = random.normal(0, 0.0006, bits.shape).astype(np.float32)
    for shown, wrong in ((bits, 0.01), (np.zeros_like(bits), 0.0)):
        seen = ink_map(0.05 * _light(shown, seed, contrast=0.4, glare=0.05, moire=0.0) + noise, clipped, cell=16)
        assert int(((seen.ink > 0.5) != (shown > 0.5)).sum()) <= wrong * bits.size
