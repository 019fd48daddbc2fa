"""Which dot is which: the grid fit finds dots, but a calibration that is a dot off gives it the neighbour's. The
terminal's own glyphs tell."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import Grey, Ink
from tillrig.vision.ink import LINEAR
from tillrig.vision.light import Separation, unblurred
from tillrig.vision.readers.atlas import Atlas
from tillrig.vision.row import inverse_run

Floats = npt.NDArray[np.float64]
# Dots by which the rows are tried elsewhere, to either side.
_REACH, _STEP = 1.5, 0.5
# Squared error a dot of a column that tells nothing more when it grows.
_FOREIGN = 0.12
# The glyphs must fit better by this much to be believed.
_BETTER = 0.85
# What a dot of displacement costs, as a share of the errors without any: a calibration is seldom far off.
_PULL = 0.02
_FINEST, _MOST_BENT = 0.25, 0.75


def displacement(
    rectified: Grey, scale: int, margin: int, parts: Separation, atlas: Atlas, turned: Sequence[tuple[int, int]]
) -> tuple[Floats, float] | None:
    """By how much the text lies beside the grid of `rectified` (`scale` pixels a dot, `margin` dots around): dots (4
    corners x 2, from top-left clockwise), and the lens's bulge, in dots by which it draws the middle of the upper
    side inwards. `turned`: of each row, the half-width columns shown light on dark. None when the
    glyphs fit nowhere better than here."""
    shifts = np.arange(-_REACH, _REACH + _STEP / 2, _STEP)
    light = cv2.LUT(rectified, LINEAR)
    table = np.zeros((len(turned), parts.bits.shape[1] // atlas.cell[0], len(shifts), len(shifts)))
    for (y, down), (x, across) in itertools.product(enumerate(shifts), repeat=2):
        ink = _ink_at(light, scale, margin, parts, float(down), float(across))
        for row, run in enumerate(turned):
            table[row, :, y, x] = atlas.misfit(upright(ink, row, atlas.cell, run))
    table = np.minimum(table, _FOREIGN * atlas.cell[0] * atlas.cell[1])
    return _best(table, parts.bits.shape[0] / parts.bits.shape[1])


def told_bits(ink: Ink, atlas: Atlas) -> npt.NDArray[np.bool_]:
    """The dots of the glyphs that the ink of a display looks like; its own where it looks like none."""
    bits = ink > 0.5
    width, height = atlas.cell
    for row in range(len(ink) // height):
        first, last = inverse_run(ink[row * height : (row + 1) * height], width)
        part = atlas.drawn(upright(ink, row, atlas.cell, (first, last)))
        part[:, first * width : last * width] ^= True
        bits[row * height : (row + 1) * height, : part.shape[1]] = part
    return np.asarray(bits)


def upright(ink: Ink, row: int, cell: tuple[int, int], run: tuple[int, int]) -> Ink:
    """A row of the ink of all dots, its columns `run` [first, last) turned over, within 0 and 1."""
    part = np.array(ink[row * cell[1] : (row + 1) * cell[1]], np.float32)
    turned = slice(run[0] * cell[0], run[1] * cell[0])
    part[:, turned] = 1.0 - part[:, turned]
    return np.clip(part, 0.0, 1.0)


def _ink_at(light: Ink, scale: int, margin: int, parts: Separation, down: float, across: float) -> Ink:
    """Ink of the dots of a grid that lies so many dots lower and further right."""
    rows, columns = parts.bits.shape
    top, left = (round((margin + one) * scale) for one in (down, across))
    window = light[top : top + rows * scale, left : left + columns * scale]
    dots = cv2.resize(window, (columns, rows), interpolation=cv2.INTER_AREA)
    if parts.tone != 1.0:
        dots = np.power(dots, parts.tone)
    return unblurred((parts.clear - dots) / parts.span, parts.spread)


def _best(table: Floats, aspect: float) -> tuple[Floats, float] | None:
    """Displacement of the corners, and bulge, at which the columns' errors (row, column, down, across) are least in
    all. `aspect`: the display's height as a share of its width."""
    rows, columns, count, _ = table.shape
    v, u = np.meshgrid((np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns, indexing="ij")
    weights = np.stack([(1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v], axis=-1)
    bulge = bulged(2 * u - 1, 2 * v - 1, aspect)
    row, column = np.indices((rows, columns))

    middle = count // 2
    here = float(table[:, :, middle, middle].sum())

    def cost(corners: Floats, bent: float) -> float:
        at = np.clip((weights @ corners + bent * bulge + _REACH) / _STEP, 0, count - 1 - 1e-6)
        x, y = at[..., 0], at[..., 1]
        x0, y0 = x.astype(int), y.astype(int)
        fx, fy = x - x0, y - y0
        pull = float(np.square(corners).sum()) / 4 + 4 * bent**2
        return here * _PULL * pull + float(
            (
                table[row, column, y0, x0] * (1 - fx) * (1 - fy)
                + table[row, column, y0, x0 + 1] * fx * (1 - fy)
                + table[row, column, y0 + 1, x0] * (1 - fx) * fy
                + table[row, column, y0 + 1, x0 + 1] * fx * fy
            ).sum()
        )

    totals = table.sum(axis=(0, 1))
    y, x = np.unravel_index(int(totals.argmin()), totals.shape)
    starts = np.zeros((4, 2)), np.tile(np.array([x, y]) * _STEP - _REACH, (4, 1))
    best, at, bent = min(((cost(start, 0.0), start, 0.0) for start in starts), key=lambda one: one[0])
    sides = ((0, 1, 2, 3), (0, 3), (1, 2), (0, 1), (2, 3), (0,), (1,), (2,), (3,))
    step = 2 * _STEP
    while step >= _FINEST:
        improved = False
        for sign in (step, -step):
            if abs(bent + sign) <= _MOST_BENT and (value := cost(at, bent + sign)) < best - 1e-9:
                best, bent, improved = value, bent + sign, True
        for side, way, sign in itertools.product(sides, (0, 1), (step, -step)):
            tried = at.copy()
            tried[list(side), way] += sign
            if np.abs(tried).max() <= _REACH and (value := cost(tried, bent)) < best - 1e-9:
                best, at, improved = value, tried, True
        if not improved:
            step /= 2
    return (at, bent) if best < _BETTER * here and max(np.abs(at).max(), abs(bent)) >= _FINEST else None


def bulged(x: Floats, y: Floats, aspect: float) -> Floats:
    """Displacement, in dots, by a lens whose bulge is 1, at places -1 to 1 across and down: none in the corners."""
    share = 1 - x**2 + (1 - y**2) * aspect**2
    return np.stack([-x * share / aspect, -y * share], axis=-1)
