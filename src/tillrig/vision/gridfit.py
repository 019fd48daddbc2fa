"""Fit the dot grid to what is shown: corners to a fraction of a pixel, and the lens term, from any screen with text
on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import Corners, DisplayGeometry, Grey, Ink
from tillrig.vision.ink import LINEAR, InkMap, ink_map
from tillrig.vision.light import spread_out, unblurred
from tillrig.vision.rectify import KNOT_DOTS, Points, between, knots, project

Light = Callable[[npt.NDArray[np.float64]], Ink]
Bits = npt.NDArray[np.bool_]
# From the ink of all dots the bits that are shown.
Told = Callable[[Ink], Bits]
_STEP_PX = 0.5
_STEP_K1 = 0.01
_LEAST_INKED = 60
# The blur between neighbouring dots that an in-focus camera leaves, in dots.
_SPREAD = 0.32
# How far from the calibration the truth may well lie: where little text is shown, the fit stays near.
_PRIOR_PX = 1.5
_PRIOR_K1 = 0.015
_PRIOR_WEIGHT = 40.0
# Round at which the light is taken apart again, now that the dots are nearly in place.
_LIGHT_AGAIN = 2
# Residual from which the start is poor; steps (camera pixels) of the search from there, and how often each is gone
# through.
_BLURRED = 0.08
# A step of fewer camera pixels is the last.
_STILL_PX = 0.05
_SEARCH, _SEARCHES = (1.0, 0.5), 4
_FURTHEST_PX = 9.0
_LARGEST_K1 = 0.12


@dataclass(frozen=True)
class GridFit:
    """`residual`: rms difference of the ink to a two-valued picture, 0 is perfect; `inked`: dark dots that carried
    the fit."""

    corners: Corners
    k1: float
    residual: float
    inked: int


def fit_grid(
    grey: Grey,
    geometry: DisplayGeometry,
    corners: Sequence[Sequence[float]],
    k1: float = 0.0,
    rounds: int = 5,
    told: Told | None = None,
) -> GridFit | None:
    """Corners and `k1` at which the dots are most nearly either clear or dark. None when too little is shown to say.

    Gauss-Newton on the nine parameters; the reference is the thresholded picture itself, so no text need be known, or
    what `told` makes of it.
    """
    smooth = cv2.blur(cv2.LUT(grey, LINEAR), (3, 3))
    across, down = (knots(count, KNOT_DOTS) for count in (geometry.width, geometry.height))
    grid: Points = np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)
    size = (geometry.width, geometry.height)
    frame_size = (grey.shape[1], grey.shape[0])
    start = np.asarray(corners, np.float64)

    def light(parameters: npt.NDArray[np.float64]) -> Ink:
        seen = project(grid, size, start + parameters[:8].reshape(4, 2), float(parameters[8]), frame_size)
        field = between(seen, geometry.height, geometry.width, KNOT_DOTS)
        return np.asarray(cv2.remap(smooth, field, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))

    clear = np.zeros((geometry.height, geometry.width), np.bool_)
    best: tuple[float, npt.NDArray[np.float64], int] | None = None
    parameters = np.zeros(9)
    parameters[8] = k1
    now: InkMap | None = None
    first = ink_map(light(parameters), clear, cell=geometry.row_height)
    if geometry.row_height and first.parts is None:  # noise hides what is shown
        smooth = cv2.blur(cv2.LUT(grey, LINEAR), (5, 5))
        first = ink_map(light(parameters), clear, cell=geometry.row_height)
    if told is None and first.parts is not None and first.parts.residual > _BLURRED:
        parameters = _searched(light, parameters, first)
    else:
        now = first
    for number in range(rounds):
        dots = light(parameters)
        if now is None or (number and now.parts is None) or number == _LIGHT_AGAIN:
            now = ink_map(dots, clear, cell=geometry.row_height)
        if now.contrast <= 0 or not now.ink.any():
            break
        ink, bits, expected = _two_valued(dots, now, told)
        inked = int(min(bits.sum(), bits.size - bits.sum()))
        if inked < _LEAST_INKED:
            break
        residual = np.clip(ink - expected, -0.6, 0.6)
        score = float(np.sqrt(np.square(residual).mean()))
        if best is None or score < best[0]:
            best = (score, parameters.copy(), inked)
        if number == rounds - 1:
            break
        away = parameters.copy()
        away[8] -= k1
        step = _step(light, parameters, away, dots, now, residual)
        parameters = parameters + step
        if number >= _LIGHT_AGAIN and np.abs(step[:8]).max() < _STILL_PX:
            break
        if np.abs(parameters[:8]).max() > _FURTHEST_PX or abs(parameters[8]) > _LARGEST_K1:
            break
    if best is None:
        return None
    fitted = start + best[1][:8].reshape(4, 2)
    return GridFit(tuple((float(x), float(y)) for x, y in fitted), float(best[1][8]), best[0], best[2])  # type: ignore[arg-type]


def _searched(light: Light, start: npt.NDArray[np.float64], first: InkMap) -> npt.NDArray[np.float64]:
    """From a poor start: corners and lens term moved one by one, and together, while dots become more two-valued."""
    assert first.parts is not None
    parts = first.parts

    def cost(parameters: npt.NDArray[np.float64]) -> float:
        ink = (parts.clear - np.power(light(parameters), parts.tone)) / parts.span
        return float(np.minimum(np.square(ink), np.square(1 - ink)).clip(0, 0.25).mean())

    ways = [np.tile([1.0, 0.0], 4), np.tile([0.0, 1.0], 4), *np.eye(8)]
    moves = [np.append(way, 0.0) for way in ways] + [np.append(np.zeros(8), 0.03)]
    best, at = cost(start), start
    for step in _SEARCH:
        for _ in range(_SEARCHES):
            before = best
            for move in moves:
                for way in (step, -step):
                    tried = at + way * move
                    if np.abs(tried[:8]).max() > _FURTHEST_PX or abs(tried[8]) > _LARGEST_K1:
                        continue
                    value = cost(tried)
                    if value < best:
                        best, at = value, tried
                        break
            if before - best < 0.01 * best:
                break
    return at


def _two_valued(dots: Ink, now: InkMap, told: Told | None) -> tuple[Ink, Bits, Ink]:
    """Ink by the light's surfaces, its bits, and the ink that these would show."""
    if now.parts is None:
        bits = now.ink > 0.5
        return now.ink, bits, _spread(bits.astype(np.float32))
    ink = (now.parts.clear - np.power(dots, now.parts.tone)) / now.parts.span
    sharp = unblurred(ink, now.parts.spread)
    bits = sharp > 0.5 if told is None else told(sharp)
    return ink, bits, spread_out(bits, now.parts.spread)


def _spread(bits: Ink) -> Ink:
    return np.asarray(cv2.GaussianBlur(bits, (3, 3), _SPREAD, borderType=cv2.BORDER_REPLICATE))


def _step(
    light: Light,
    parameters: npt.NDArray[np.float64],
    away: npt.NDArray[np.float64],
    dots: Ink,
    now: InkMap,
    residual: Ink,
) -> npt.NDArray[np.float64]:
    scale = np.array([_STEP_PX] * 8 + [_STEP_K1])
    columns = []
    for number in range(9):
        moved = parameters.copy()
        moved[number] += scale[number]
        columns.append(((dots - light(moved)) / now.span).ravel())
    jacobian = np.stack(columns, axis=1).astype(np.float64)
    # k1 and the corners trade against each other where text fills only a part of the screen, so the calibration has
    # its weight.
    trust = _PRIOR_WEIGHT * float(np.square(residual).mean()) * (scale / np.array([_PRIOR_PX] * 8 + [_PRIOR_K1])) ** 2
    normal = jacobian.T @ jacobian
    normal += np.diag(0.02 * np.diag(normal) + trust)
    step = np.linalg.solve(normal, -(jacobian.T @ residual.ravel().astype(np.float64)) - trust * (away / scale))
    return np.asarray(np.clip(step, -4, 4) * scale)
