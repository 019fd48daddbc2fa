"""What lies around the display or the paper, as small tiles of a reference picture, found again in each frame.

A tile is matched by normalised correlation, so neither light nor contrast matters to where it is found; how much of
its coarse and of its fine structure is left then tells light and focus apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import Corners, Grey, checked_corners

Floats = npt.NDArray[np.float32]

#: Half size of a tile and how far around its place it is looked for, pixels of the halved picture.
HALF, REACH = 12, 10
#: Tiles kept, and the fewest that say anything.
TILES, LEAST = 8, 3
#: A tile needs this contrast (grey levels), and this likeness to be called found again.
CONTRAST, LIKE = 4.0, 0.6
#: And this likeness and place in each frame of the reference.
STEADY_LIKE, STEADY_PX = 0.85, 0.8
# Share of the strongest corner that any tile's must have.
_WEAKEST = 0.01
_APART, _WIDE = 24, 90
_SMOOTH, _COARSE = 1.0, 3.0


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """Things beside the display or the paper that never change, in camera pixels from top-left clockwise: a grey
    `patch`, and what has sharp `edges` (a dark frame, printed markers). Both are optional."""

    patch: Corners | None = None
    edges: tuple[Corners, ...] = ()


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """Where the content changes: display or paper between `corners` (camera pixels), and so much more of its width
    and height on each side."""

    corners: Corners
    beside: float = 0.05
    above: float = 0.10
    below: float = 0.10

    @classmethod
    def screen(cls, corners: Sequence[Sequence[float]]) -> Area:
        """A display: its bare glass is lit with it."""
        return cls(corners=checked_corners(corners))

    @classmethod
    def paper(cls, corners: Sequence[Sequence[float]]) -> Area:
        """Paper is wider than the print, and hangs beyond the window."""
        return cls(corners=checked_corners(corners), beside=0.125, above=0.2, below=0.004)

    def polygon(self, grown: float = 1.0) -> npt.NDArray[np.float64]:
        """Four points in pixels of the halved picture."""
        points = np.asarray(self.corners, np.float64) / 2
        across = (points[1] - points[0] + points[2] - points[3]) / 2 * self.beside * grown
        down = (points[3] - points[0] + points[2] - points[1]) / 2
        up, low = down * self.above * grown, down * self.below * grown
        return np.asarray(points + np.array([-across - up, across - up, across + low, -across + low]))


class Tile(msgspec.Struct):
    """One piece of the reference: its middle, and its picture, coarse and fine part."""

    x: int
    y: int
    picture: Floats
    coarse: Floats
    fine: Floats


class Found(msgspec.Struct, frozen=True):
    """One tile in one frame: its shift in camera pixels, likeness -1..1, light (share of its brightness that is left)
    and sharpness (share of its fine structure, against that of its coarse one)."""

    shift: tuple[float, float]
    likeness: float
    light: float
    sharpness: float

    @property
    def seen(self) -> bool:
        return self.likeness >= LIKE

    @property
    def distance(self) -> float:
        return float(np.hypot(*self.shift))


class Surroundings:
    """Made from some sound frames, halved: their mean is the reference, and a tile that is not found again at its
    place in each of them is none."""

    def __init__(self, frames: Sequence[Grey], area: Area, marks: Marks) -> None:
        reference = np.asarray(np.mean(np.stack(frames), axis=0, dtype=np.float32), np.float32)
        smooth = cv2.GaussianBlur(reference, (0, 0), _SMOOTH)
        self._mask = _outside(reference.shape, area)
        tiles = (_tile(smooth, x, y) for x, y in _places(smooth, self._mask, marks))
        self.tiles = tuple(tile for tile in tiles if all(_steady(tile, frame) for frame in frames))[:TILES]
        self.relief = _relief(smooth, self._mask)
        self._spectrum = _spectrum(smooth, self._mask)
        self._broad = _broad(reference)
        self._broad_mask = _broad(self._mask.astype(np.float32)) > 250
        self._patch = _inside(marks.patch, reference.shape) if marks.patch is not None else None
        self._patch_level = self._level(reference)

    def find(self, half: Grey) -> tuple[Found, ...]:
        """Each tile in a frame of the same size."""
        return tuple(found for tile in self.tiles if (found := _find(tile, half)) is not None)

    def patch(self, half: Grey) -> float | None:
        """Light of the grey patch as a share of the reference's; None without one."""
        return None if self._patch_level is None else float(half[self._patch].mean()) / max(1.0, self._patch_level)

    def flatness(self, half: Grey) -> float:
        """How strong the edges of the surroundings are, as a share of the reference's."""
        smooth = cv2.GaussianBlur(half.astype(np.float32), (0, 0), _SMOOTH)
        return _relief(smooth, self._mask) / max(1e-3, self.relief)

    def broad_likeness(self, half: Grey) -> float:
        """Correlation of what is left of the surroundings when every detail is gone; 0 where they are even."""
        now, then = _broad(half.astype(np.float32))[self._broad_mask], self._broad[self._broad_mask]
        now, then = now - now.mean(), then - then.mean()
        if float(now.std()) < 1.5:
            return 0.0
        return float((now * then).mean() / max(1e-6, float(now.std()) * float(then.std())))

    def far_shift(self, half: Grey) -> tuple[float, float, float]:
        """Where the whole surroundings have gone, by phase correlation: shift in camera pixels, and how clearly
        (peak over the strongest of the rest)."""
        smooth = cv2.GaussianBlur(half.astype(np.float32), (0, 0), _SMOOTH)
        cross = self._spectrum.conj() * _spectrum(smooth, np.ones_like(self._mask))
        surface = np.fft.irfft2(cross / np.maximum(np.abs(cross), 1e-6))
        surface = cv2.GaussianBlur(surface.astype(np.float32), (0, 0), 1.0)
        y, x = np.unravel_index(int(surface.argmax()), surface.shape)
        peak = float(surface[y, x])
        rolled = np.roll(surface, (-int(y) + 6, -int(x) + 6), (0, 1))
        rolled[:13, :13] = 0
        height, width = surface.shape
        dx, dy = (x - width if x > width // 2 else x), (y - height if y > height // 2 else y)
        return 4.0 * float(dx), 4.0 * float(dy), peak / max(1e-9, float(rolled.max()))

    def _level(self, reference: Floats) -> float | None:
        return None if self._patch is None else float(reference[self._patch].mean())


def _broad(picture: Floats) -> Floats:
    size = (picture.shape[1] // 16, picture.shape[0] // 16)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


def _outside(shape: tuple[int, ...], area: Area) -> npt.NDArray[np.uint8]:
    mask = np.full(shape[:2], 255, np.uint8)
    cv2.fillConvexPoly(mask, np.rint(area.polygon()).astype(np.int32), 0)
    return mask


def _inside(quad: Corners, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The middle of a quadrilateral, well away from its edges."""
    points = np.asarray(quad, np.float64) / 2
    middle, (low_x, low_y), (high_x, high_y) = points.mean(axis=0), points.min(axis=0), points.max(axis=0)
    x, y = max(1.0, 0.2 * (high_x - low_x)), max(1.0, 0.2 * (high_y - low_y))
    rows = slice(max(0, int(middle[1] - y)), min(shape[0], int(middle[1] + y) + 1))
    return rows, slice(max(0, int(middle[0] - x)), min(shape[1], int(middle[0] + x) + 1))


def _places(smooth: Floats, mask: npt.NDArray[np.uint8], marks: Marks) -> list[tuple[int, int]]:
    """Middles of the tiles: at the marks that are declared first, then at the strongest corners nearest the area."""
    size = 2 * HALF + 1
    # A tile must lie outside the area and inside the frame, with some room to be looked for.
    free = cv2.erode(mask, np.ones((size, size), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    free[: HALF + 3], free[-HALF - 3 :], free[:, : HALF + 3], free[:, -HALF - 3 :] = 0, 0, 0, 0
    strength = cv2.cornerMinEigenVal(smooth, 9)
    strength = cv2.blur(strength, (9, 9))
    strength[free == 0] = 0
    near = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    weight = strength / (1.0 + near / (0.25 * smooth.shape[1]))
    quads = [*([marks.patch] if marks.patch else []), *marks.edges]
    declared = np.zeros_like(mask)
    for quad in quads:
        cv2.fillConvexPoly(declared, np.rint(np.asarray(quad, np.float64) / 2).astype(np.int32), 255)
    if quads:
        around = cv2.morphologyEx(declared, cv2.MORPH_GRADIENT, np.ones((17, 17), np.uint8))
        weight = np.where(around > 0, weight * 8, weight)
    places: list[tuple[int, int]] = []
    strength[strength < _WEAKEST * float(strength.max())] = 0
    weight[strength == 0] = 0
    while len(places) < 2 * TILES:
        y, x = (int(v) for v in np.unravel_index(int(weight.argmax()), weight.shape))
        if weight[y, x] <= 0:
            break
        part = smooth[y - HALF : y + HALF + 1, x - HALF : x + HALF + 1]
        if float(part.std()) >= CONTRAST:
            places.append((x, y))
        weight[max(0, y - _APART) : y + _APART + 1, max(0, x - _APART) : x + _APART + 1] = 0
        # A hand hides what stands together.
        weight[max(0, y - _WIDE) : y + _WIDE + 1, max(0, x - _WIDE) : x + _WIDE + 1] *= 0.4
    return places


def _tile(smooth: Floats, x: int, y: int) -> Tile:
    picture = np.ascontiguousarray(smooth[y - HALF : y + HALF + 1, x - HALF : x + HALF + 1])
    coarse, fine = _parts(picture)
    return Tile(x, y, picture, coarse, fine)


def _parts(picture: Floats) -> tuple[Floats, Floats]:
    coarse = cv2.GaussianBlur(picture, (0, 0), _COARSE)
    return np.asarray(coarse - coarse.mean(), np.float32), np.asarray(picture - coarse, np.float32)


def _steady(tile: Tile, half: Grey) -> bool:
    found = _find(tile, half)
    return found is not None and found.likeness >= STEADY_LIKE and found.distance <= STEADY_PX


def _find(tile: Tile, half: Grey) -> Found | None:
    top, left = max(0, tile.y - HALF - REACH), max(0, tile.x - HALF - REACH)
    window = half[top : tile.y + HALF + REACH + 1, left : tile.x + HALF + REACH + 1]
    if min(window.shape) < 2 * HALF + 1:
        return None
    search = cv2.GaussianBlur(window.astype(np.float32), (0, 0), _SMOOTH)
    scores = cv2.matchTemplate(search, tile.picture, cv2.TM_CCOEFF_NORMED)
    y, x = (int(v) for v in np.unravel_index(int(scores.argmax()), scores.shape))
    likeness = float(scores[y, x])
    inner = 0 < y < scores.shape[0] - 1 and 0 < x < scores.shape[1] - 1
    if not inner or not np.isfinite(likeness):
        return Found((0.0, 0.0), -1.0, 0.0, 0.0)  # the likeliest place lies beyond what is searched
    dx = x + _vertex(scores[y, x - 1 : x + 2]) + left - (tile.x - HALF)
    dy = y + _vertex(scores[y - 1 : y + 2, x]) + top - (tile.y - HALF)
    coarse, fine = _parts(search[y : y + 2 * HALF + 1, x : x + 2 * HALF + 1])
    sharpness = _share(fine, tile.fine) / max(_share(coarse, tile.coarse), 0.02)
    light = float(search[y : y + 2 * HALF + 1, x : x + 2 * HALF + 1].mean()) / max(1.0, float(tile.picture.mean()))
    return Found((2 * float(dx), 2 * float(dy)), likeness, light, sharpness)


def _share(now: Floats, then: Floats) -> float:
    """How much of `then` is in `now`; noise of `now` averages out."""
    return float((now * then).sum()) / max(1e-6, float((then * then).sum()))


def _vertex(three: Floats) -> float:
    low, mid, high = (float(value) for value in three)
    bend = low - 2 * mid + high
    return 0.0 if bend >= 0 else float(np.clip(0.5 * (low - high) / bend, -0.5, 0.5))


def _relief(smooth: Floats, mask: npt.NDArray[np.uint8]) -> float:
    """Strength of the strongest edges outside the area."""
    small = smooth[::2, ::2]
    steps = cv2.magnitude(cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1))
    values = steps[mask[::2, ::2] > 0]
    return float(np.percentile(values, 99)) if values.size else 0.0


def _spectrum(smooth: Floats, mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.complex128]:
    """Of the quartered picture's fine structure, the area left out, faded out at the borders."""
    small = cv2.resize(smooth, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    small = small - cv2.GaussianBlur(small, (0, 0), 6.0)
    inside = cv2.resize(mask, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_NEAREST).astype(np.float32)
    soft = cv2.GaussianBlur(inside / 255 if inside.max() > 1 else inside, (0, 0), 3.0)
    window = cv2.createHanningWindow((small.shape[1], small.shape[0]), cv2.CV_32F)
    return np.asarray(np.fft.rfft2(small * soft * np.sqrt(window)))
