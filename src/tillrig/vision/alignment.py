"""Keeps a display's grid on the dots that were meant: where its rows make no glyphs, it is moved to where they do."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tillrig.vision.geometry import DisplayGeometry, Grey
from tillrig.vision.glyphfit import displacement, told_bits
from tillrig.vision.gridfit import fit_grid
from tillrig.vision.ink import InkMap
from tillrig.vision.readers.atlas import Atlas, Placed
from tillrig.vision.rectify import Rectifier
from tillrig.vision.row import Row
from tillrig.vision.witness import SATURATED

# Mean squared error a dot of a row above which the grid may lie a dot beside, and what it must fall to.
_MISFIT, _BETTER = 0.05, 0.9
# How often that is looked into (a profile that names another font never fits), in how many steps, and how much worse
# than what was left a row must be for the next time.
_ATTEMPTS, _STEPS, _WORSE = 6, 3, 1.2


class Taken(msgspec.Struct, frozen=True):
    """A rectified picture, the ink of its dots, and its rows."""

    rectified: Grey
    ink: InkMap
    rows: tuple[Row, ...]


class Alignment:
    """For one display in one pose; it remembers what it could not mend."""

    def __init__(self, geometry: DisplayGeometry, atlas: Atlas) -> None:
        self._geometry, self._atlas = geometry, atlas
        self._attempts, self._left = _ATTEMPTS, 0.0

    def __call__(
        self, grey: Grey, rectifier: Rectifier, taken: Taken, take: Callable[[Rectifier], Taken]
    ) -> tuple[Rectifier, Taken]:
        """The rectifier, and what is `taken` with it, at which the dots make glyphs; those given where no other is
        better."""
        best = self._misfit(taken)
        if not self._attempts or not self._beside(taken) or best < _WORSE * self._left:
            return rectifier, taken
        self._attempts -= 1
        for _ in range(_STEPS):
            tried = self._moved(grey, rectifier, taken)
            if tried is None:
                break
            now = take(tried)
            error = self._misfit(now)
            if error > _BETTER * best:
                break
            best, rectifier, taken = error, tried, now
            if not self._beside(taken):
                break
        self._left = best
        return rectifier, taken

    def _moved(self, grey: Grey, rectifier: Rectifier, taken: Taken) -> Rectifier | None:
        parts, atlas = taken.ink.parts, self._atlas
        if parts is None:
            return None
        turned = [row.turned for row in taken.rows]
        found = displacement(taken.rectified, int(rectifier.scale), rectifier.margin, parts, atlas, turned)
        size = (grey.shape[1], grey.shape[0])
        start = (rectifier.corners, rectifier.k1) if found is None else rectifier.moved(*found, size)
        fit = fit_grid(grey, self._geometry, *start, told=lambda seen: told_bits(seen, atlas))
        return None if fit is None else rectifier.at(fit.corners, fit.k1)

    def _beside(self, taken: Taken) -> bool:
        """Whether the dots make no glyphs, so that they may be the neighbours of those that were meant."""
        if taken.ink.parts is None:
            return False
        return any(placed.error > _MISFIT or placed.strange for placed in self._placed(taken))

    def _misfit(self, taken: Taken) -> float:
        return max((placed.error for placed in self._placed(taken)), default=0.0)

    def _placed(self, taken: Taken) -> list[Placed]:
        inked = [row for row in taken.rows if not row.blank and row.saturated <= SATURATED]
        return [self._atlas.read(row.ink) for row in inked]
