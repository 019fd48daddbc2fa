"""A display's light taken apart: what a clear dot shows and what ink takes away, both smooth, and the dots' own blur.

The light of a dot is modelled as clear - span x (ink of the dot and, blurred, of its neighbours). Given the bits, clear
and span are a least-squares fit; given those, the bits are a threshold. Several first guesses compete.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import Ink

Bits = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
# Dots between the knots of the clear surface and of the span; what bends them and what parts the span from its mean
# costs so much.
_CLEAR_STEP, _SPAN_STEP = 16, 128
_CLEAR_STIFF, _SPAN_STIFF, _SPAN_PULL = 2.0, 4.0, 500.0
# Residual (share of the span) up to which the first guess is taken without a rival.
_GOOD = 0.11
# Share of the noise in Wiener's inverse of the blur.
_NOISE = 0.03
# Blur of what the fit leaves over, in dots: the clear surface follows it.
_FOLLOW = 4.0
# Moire: so many bands of waves at most, each so many steps to either side of one of so many times the mean power.
_WAVES, _BAND, _STANDS_OUT = 3, 2, 25.0
_ROUNDS, _SHARPENED = 8, 7
_LEAST_BITS = 6
# Of the first guesses, so many are followed to the end: those that explain most after so many rounds.
_FOLLOWED, _TRIED = 4, 2
# Dots of an area that may be turned over.
_SOLID = 60
# A webcam's grey values are light by a tone curve, an industrial camera's are light itself: that which explains the
# dots better is believed.
TONES = (1.0, 1 / 2.2)


@dataclass(frozen=True)
class Separation:
    """`ink` per dot with the blur undone, `soft` with it, `bits` its threshold, `clear` and `span` in the light's own
    unit, `spread` the share that a dot gives to either neighbour (across, down), `residual` rms of what is not
    explained, as a share of the span. All are of the dots' light raised to the power `tone`."""

    ink: Ink
    soft: Ink
    bits: Bits
    clear: Ink
    span: Ink
    spread: tuple[float, float]
    residual: float
    tone: float = 1.0

    def contrast(self) -> Ink:
        """What ink takes away, in the unit in which the dots were given."""
        dark = np.maximum(self.clear - self.span, 0.0)
        return np.asarray(np.power(np.maximum(self.clear, 0.0), 1 / self.tone) - np.power(dark, 1 / self.tone))


def separate(dots: Ink, first: Bits, cell: int = 16) -> Separation | None:
    """Take the light of dots (rows x columns) apart, beginning with the guess `first`; rows of text are `cell` dots
    high. None when nothing is shown that could be told from the ground."""
    lights = [(tone, dots if tone == 1.0 else np.power(dots, tone)) for tone in TONES]
    best: tuple[Bits, float, float, Ink] | None = None
    starts = [(first, tone, light) for tone, light in lights]
    for more in (False, True):
        if more and best is not None and best[1] <= _GOOD:
            break
        for bits, tone, light in _most_telling(lights, cell) if more else starts:
            tried = _settled(light, bits)
            if tried is not None and (best is None or tried[1] < best[1]):
                best = *tried, tone, light
    if best is None:
        return None
    bits, left, tone, light = best
    if left > _GOOD:
        bits = _turned(light, bits, left, cell)
    return _sharpened(light, bits, tone)


def _most_telling(lights: list[tuple[float, Ink]], cell: int) -> list[tuple[Bits, float, Ink]]:
    """The first guesses that explain most after some rounds, with their tone and light."""
    told = []
    for tone, light in lights:
        for bits in _guesses(light, cell):
            tried = _settled(light, bits, _TRIED)
            if tried is not None:
                told.append((tried[1], tried[0], tone, light))
    return [one[1:] for one in sorted(told, key=lambda one: one[0])[:_FOLLOWED]]


def spread_out(bits: Bits, spread: tuple[float, float]) -> Ink:
    """Ink of dots as their blur spreads it."""
    across, down = (np.array([one, 1 - 2 * one, one], np.float32) for one in spread)
    return np.asarray(cv2.sepFilter2D(bits.astype(np.float32), -1, across, down, borderType=cv2.BORDER_REPLICATE))


def _settled(dots: Ink, bits: Bits, rounds: int = _ROUNDS) -> tuple[Bits, float] | None:
    """Bits at which fit and threshold agree, and the residual."""
    for _ in range(rounds):
        if not _LEAST_BITS <= int(bits.sum()) <= bits.size - _LEAST_BITS:
            return None
        clear, span = _surfaces(dots, bits.astype(np.float32))
        now = (clear - dots) > span / 2
        if (now == bits).all():
            break
        bits = now
    usual = float(np.median(span))
    if usual <= 0:
        return None
    left = dots - clear + span * bits
    return bits, float(np.sqrt(np.square(left).mean())) / usual


def _turned(dots: Ink, bits: Bits, left: float, cell: int) -> Bits:
    """Bits with those solid areas turned over, row by row, where the light is then explained better: under glare a
    blank area may have been taken for an inverse one."""
    for dark in (True, False):
        solid = cv2.morphologyEx((bits == dark).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
        for top in range(0, len(bits), cell):
            _, parts, boxes, _ = cv2.connectedComponentsWithStats(solid[top : top + cell], connectivity=4)
            for number in range(1, len(boxes)):
                if boxes[number, cv2.CC_STAT_AREA] < _SOLID:
                    continue
                tried = bits.copy()
                tried[top : top + cell][parts == number] = not dark
                found = _settled(dots, tried)
                if found is not None and found[1] < left:
                    bits, left = found
    return bits


def _sharpened(dots: Ink, bits: Bits, tone: float) -> Separation | None:
    spread = (0.0, 0.0)
    clear, span = _surfaces(dots, bits.astype(np.float32))
    for number in range(_SHARPENED):
        before = bits
        ink = (clear - dots) / np.maximum(span, 1e-5)
        spread = _spread(ink, bits)
        clear, span = _surfaces(dots, spread_out(bits, spread))
        if float(span.min()) <= 0:
            return None
        left = dots - clear + span * spread_out(bits, spread)
        clear = clear + cv2.GaussianBlur(left, (0, 0), _FOLLOW, borderType=cv2.BORDER_REFLECT)
        clear = clear + _stripes(dots - clear + span * spread_out(bits, spread))
        sharp = unblurred((clear - dots) / span, spread)
        bits = sharp > 0.5
        if not _LEAST_BITS <= int(bits.sum()) <= bits.size - _LEAST_BITS:
            return None
        if number and (bits == before).all():
            break
    soft = (clear - dots) / span
    left = soft - spread_out(bits, spread)
    return Separation(sharp, soft, bits, clear, span, spread, float(np.sqrt(np.square(left).mean())), tone)


def _stripes(left: Ink) -> Ink:
    """Moire in what the fit leaves over: the waves around its strongest, where that stands out."""
    rows, columns = left.shape
    waves = np.fft.rfft2(left - left.mean())
    power = np.square(np.abs(waves))
    kept = np.zeros(waves.shape, np.bool_)
    for _ in range(_WAVES):
        down, across = np.unravel_index(int(np.where(kept, 0.0, power).argmax()), power.shape)
        if power[down, across] < _STANDS_OUT * float(power.mean()):
            break
        beside = np.abs((np.arange(rows) - down + rows // 2) % rows - rows // 2) <= _BAND
        kept |= beside[:, None] & (np.abs(np.arange(waves.shape[1]) - across) <= _BAND)[None]
    return np.asarray(np.fft.irfft2(np.where(kept, waves, 0.0), s=(rows, columns)), np.float32)


def _surfaces(dots: Ink, ink: Ink) -> tuple[Ink, Ink]:
    """Clear surface and span, least squares. A surface is the outer product of hats down and hats across, so that its
    sums over the dots are taken one way at a time."""
    clear = _hats(*dots.shape, _CLEAR_STEP)
    span = _hats(*dots.shape, _SPAN_STEP)
    count = span.stiff.shape[0]
    # Every surface of the span is, times the ink, one column of what is taken from the clear light.
    planes = span.planes * ink
    across = -np.stack([clear.weighed(plane) for plane in planes], axis=1)
    flat = planes.reshape(count, -1)
    apart = np.eye(count) - 1.0 / count
    normal = np.block(
        [
            [clear.normal + _CLEAR_STIFF * clear.stiff, across],
            [across.T, flat @ flat.T + _SPAN_STIFF * span.stiff + _SPAN_PULL * apart],
        ]
    ).astype(np.float64)
    normal += 1e-4 * np.eye(len(normal))
    found = np.linalg.solve(normal, np.concatenate([clear.weighed(dots), -flat @ dots.ravel()])).astype(np.float32)
    return clear.surface(found[:-count]), span.surface(found[-count:])


@dataclass(frozen=True)
class _Hats:
    """Surfaces that are linear between knots: `down` (rows x knots) and `across` (columns x knots), what bending costs,
    their normal matrix."""

    down: Ink
    across: Ink
    stiff: Floats
    normal: Floats

    @cached_property
    def planes(self) -> Ink:
        """Every knot's surface (knots x rows x columns)."""
        planes = np.einsum("ri,cj->ijrc", self.down, self.across)
        return np.asarray(planes.reshape(-1, len(self.down), len(self.across)))

    def weighed(self, plane: Ink) -> Ink:
        """Sum of the plane under every knot's surface."""
        return np.asarray(self.down.T @ plane @ self.across, np.float32).ravel()

    def surface(self, knots: Ink) -> Ink:
        """The surface of these heights at the knots."""
        return np.asarray(self.down @ knots.reshape(self.down.shape[1], -1) @ self.across.T)


@lru_cache(maxsize=8)
def _hats(rows: int, columns: int, step: int) -> _Hats:
    """Hats whose knots are `step` dots apart."""

    def line(count: int) -> Floats:
        knots = np.linspace(0, count - 1, max(2, round(count / step) + 1))
        away = np.abs(np.arange(count)[:, None] - knots[None]) / (knots[1] - knots[0])
        return np.asarray(np.clip(1 - away, 0, None))

    down, across = line(rows), line(columns)
    numbers = np.arange(down.shape[1] * across.shape[1]).reshape(down.shape[1], across.shape[1])
    bends = []
    for way in (numbers, numbers.T):
        for one, two, three in zip(way[:-2].ravel(), way[1:-1].ravel(), way[2:].ravel(), strict=True):
            bend = np.zeros(numbers.size)
            bend[[one, two, three]] = 1, -2, 1
            bends.append(bend)
    stiff = np.array(bends).T @ np.array(bends) if bends else np.zeros((numbers.size, numbers.size))
    normal = np.asarray(np.kron(down.T @ down, across.T @ across), np.float64)
    return _Hats(down.astype(np.float32), across.astype(np.float32), stiff, normal)


def _spread(ink: npt.NDArray[np.floating], bits: Bits) -> tuple[float, float]:
    """Share of a dot's ink that either neighbour shows, across and down."""
    field = np.pad(bits.astype(np.float32), 1, mode="edge")
    beside = field[1:-1, :-2] + field[1:-1, 2:]
    above = field[:-2, 1:-1] + field[2:, 1:-1]
    terms = np.stack([np.ones(ink.size), field[1:-1, 1:-1].ravel(), beside.ravel(), above.ravel()], axis=1)
    _, own, across, down = np.linalg.lstsq(terms.T @ terms, terms.T @ ink.ravel(), rcond=None)[0]
    total = max(own + 2 * across + 2 * down, 1e-6)
    across, down = float(np.clip(across / total, 0, 0.2)), float(np.clip(down / total, 0, 0.2))
    return min(across / (1 - 2 * down), 0.24), min(down / (1 - 2 * across), 0.24)


def unblurred(ink: Ink, spread: tuple[float, float]) -> Ink:
    """Wiener's inverse of the blur, over a picture mirrored at its edges: what a cosine transform is made of."""
    rows, columns = ink.shape
    even = cv2.copyMakeBorder(ink, 0, rows % 2, 0, columns % 2, cv2.BORDER_REPLICATE).astype(np.float32)
    sharp = cv2.idct(cv2.dct(even) * _undone(even.shape[0], even.shape[1], *spread))
    return np.asarray(sharp[:rows, :columns], np.float32)


def _undone(rows: int, columns: int, aside: float, above: float) -> Ink:
    """What each cosine wave is multiplied by."""
    across = 1 - 2 * aside + 2 * aside * np.cos(np.pi * np.arange(columns) / columns)
    down = 1 - 2 * above + 2 * above * np.cos(np.pi * np.arange(rows) / rows)
    passed = down[:, None] * across[None]
    return np.asarray(passed * (1 + _NOISE) / (passed * passed + _NOISE), np.float32)


def _guesses(dots: Ink, cell: int) -> Iterator[Bits]:
    """First guesses of the bits, that glare and stripes mislead in different ways."""
    for sigma in (4.0, 7.0):
        fine = dots - cv2.GaussianBlur(dots, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        limit = 0.4 * float(np.percentile(np.abs(fine), 99))
        upright, inverse = fine < -limit, fine <= limit
        yield upright
        likely = []
        for top in range(0, len(dots), cell):
            part = fine[top + 1 : top + cell - 1]
            # Strokes are fewer than ground, so that they stand out: light strokes are those of an inverse row.
            light, dark = (float(np.square(np.clip(one - limit / 2, 0, None)).sum()) for one in (part, -part))
            if light > dark:
                likely.append(top)
        # A row of noise alone looks like either, so each is tried by itself.
        for tops in ([likely] if len(likely) > 1 else []) + [[top] for top in range(0, len(dots), cell)]:
            bits = upright.copy()
            for top in tops:
                bits[top : top + cell] = inverse[top : top + cell]
            yield bits
    for sigma in (7.0, 25.0):
        even = dots / np.maximum(cv2.GaussianBlur(dots, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), 1e-4)
        low, high = np.percentile(even, (0.5, 99.5))
        eight = np.clip((even - low) * (255 / max(float(high - low), 1e-6)), 0, 255).astype(np.uint8)
        cut, _ = cv2.threshold(eight, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
        yield np.asarray(eight <= cut)
