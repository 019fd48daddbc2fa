"""Corners and lens term to a part of a pixel: known dots and the window's edges, fitted together."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.vision.calibration.shown import Drawn
from tillrig.vision.calibration.window import Window
from tillrig.vision.geometry import Corners, DisplayGeometry, Grey, Ink
from tillrig.vision.ink import LINEAR
from tillrig.vision.rectify import project

Floats = npt.NDArray[np.float64]
# Nine parameters of the view (corners, k1), four margins of the window around the dots.
_VIEW, _ALL = 9, 13
_STEPS = np.array([0.4] * 8 + [0.004] + [0.1] * 4)
# Blur of dots and picture, in dots, round by round: wide first, so that a start a dot off is drawn in.
_COARSE = (1.4, 1.2, 1.0, 0.8, 0.7)
_FINE = (0.4,) * 6
# What a lens without fault may bend, and how far an edge point may lie from its side (px).
_PRIOR_K1 = 0.03
_EDGE_PX = 0.35
# The dots are not drawn quite as modelled: below this their fit is no better known.
_LEAST_NOISE = 0.25
# Left and right margin of a window, and upper and lower, differ by so many dots as a rule.
_UNEVEN = 0.7
_LARGEST_K1 = 0.15
_CELL = 8
# Reach, in dots, over which the clear light is taken to be even.
_NEAR, _FAR = 5.0, 16.0
_ROBUST = 0.45


@dataclass(frozen=True)
class Fit:
    """`error` mean squared difference a dot between picture and known text, `residual` rms px by which single cells lie
    beside the grid, `edge_px` rms px of the window's edges (None where they were left out), `contrast` dark against
    clear as a share of the light, `shift` px by which the corners moved from the start."""

    drawn: Drawn
    corners: Corners
    k1: float
    error: float
    residual: float
    edge_px: float | None
    contrast: float
    shift: float
    doubt: float
    worst_cell: float


def fit_known(
    grey: Grey,
    geometry: DisplayGeometry,
    drawn: Drawn,
    start: Floats,
    *,
    k1: float = 0.0,
    window: Window | None = None,
    coarse: bool = True,
) -> Fit | None:
    """Refine `start` (4, 2) on the dots of `drawn`. None where the picture shows no contrast there, or the fit runs
    away."""
    problem = _Problem(grey, geometry, drawn, start, k1, window)
    if coarse:
        problem.draw_in(start if window is None else window.corners)
    values = problem.begin()
    best: tuple[float, Floats] | None = None
    for blur in _FINE:
        values = values + problem.step(values, blur)
        if not np.isfinite(values).all() or abs(values[8]) > _LARGEST_K1 or not _convex(problem.corners(values)):
            return None
        error = problem.error(values)
        if best is None or error < best[0]:
            best = (error, values.copy())
    if best is None or not np.isfinite(best[0]):
        return None
    return problem.report(*best)


class _Problem:
    def __init__(
        self, grey: Grey, geometry: DisplayGeometry, drawn: Drawn, start: Floats, k1: float, window: Window | None
    ) -> None:
        self._light = cv2.LUT(grey, LINEAR)
        self._geometry, self._drawn, self._start, self._k1 = geometry, drawn, start, k1
        self._window = window
        self._size = (geometry.width, geometry.height)
        self._frame = (grey.shape[1], grey.shape[0])
        x, y = np.meshgrid(np.arange(geometry.width) + 0.5, np.arange(geometry.height) + 0.5)
        self._grid = np.stack([x.ravel(), y.ravel()], axis=1)
        sides = np.hypot(*(np.roll(start, -1, axis=0) - start).T)
        self._px = float((sides[0] + sides[2]) / 2 / geometry.width)
        self._blurred: dict[float, Ink] = {}
        self._spread = np.full(_ALL, np.inf)
        self._known = drawn.known.astype(np.float32)

    def begin(self) -> Floats:
        values = np.zeros(_ALL)
        values[8] = self._k1
        if self._window is not None:
            # The margins as they come out at the start, in dots: left, top, right, bottom.
            values[9:] = self._margins(values)
        return values

    def corners(self, values: Floats) -> Floats:
        return np.asarray(self._start + values[:8].reshape(4, 2))

    # -- what the camera should see

    def _points(self, values: Floats, dots: Floats) -> Floats:
        return project(dots, self._size, self.corners(values), float(values[8]), self._frame)

    def _picture(self, blur: float) -> Ink:
        # Half the blur stands for what a dot's own area averages.
        sigma = max(0.5, blur * self._px)
        if sigma not in self._blurred:
            self._blurred = {sigma: cv2.GaussianBlur(self._light, (0, 0), sigma)}
        return self._blurred[sigma]

    def dots(self, values: Floats, blur: float) -> Ink:
        field = self._points(values, self._grid).astype(np.float32)
        field = field.reshape(self._geometry.height, self._geometry.width, 2)
        return np.asarray(
            cv2.remap(self._picture(blur), field, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        )

    def model(self, blur: float) -> Ink:
        """The known text as blurred as the picture, 0 clear … 1 dark."""
        spread = float(np.hypot(blur, 0.42))
        return np.asarray(
            cv2.GaussianBlur(self._drawn.dark.astype(np.float32), (0, 0), spread, borderType=cv2.BORDER_REPLICATE)
        )

    def surfaces(self, dots: Ink, model: Ink) -> tuple[Ink, Ink]:
        """Clear light, varying slowly, and the span of dark against clear, a fixed share of it."""
        weight = self._known * np.square(np.clip(1.0 - 1.6 * model, 0.02, 1.0))
        near, far = (_smooth(weight, sigma) for sigma in (_NEAR, _FAR))
        whole = float((weight * dots).sum()) / max(float(weight.sum()), 1e-6)
        wide = (_smooth(weight * dots, _FAR) + 0.01 * whole) / (far + 0.01)
        clear = (_smooth(weight * dots, _NEAR) + 0.05 * wide) / (near + 0.05)
        clear = np.maximum(clear, 1e-4)
        centred = (model - float(model[self._drawn.known].mean())) * self._known
        share = float(((1.0 - dots / clear) * centred).sum()) / max(float((model * centred).sum()), 1e-6)
        return np.asarray(clear, np.float32), np.asarray(max(share, 0.02) * clear, np.float32)

    def _residual(self, values: Floats, blur: float) -> tuple[Ink, Ink]:
        dots, model = self.dots(values, blur), self.model(blur)
        clear, span = self.surfaces(dots, model)
        return np.asarray((clear - dots) / span - model), span

    # -- fitting

    def draw_in(self, quad: Floats) -> None:
        """Move the start so that the text fits, as a rectangle within the plane of `quad`: four values are fitted,
        which wide blur draws in from a dot and more away."""
        unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
        to_frame = cv2.getPerspectiveTransform(unit, quad.astype(np.float32))
        inside = cv2.perspectiveTransform(self._start[None], np.linalg.inv(to_frame))[0]
        box = np.array(
            [
                *(inside[[0, 3], 0].mean(), inside[[0, 1], 1].mean()),
                *(inside[[1, 2], 0].mean(), inside[[2, 3], 1].mean()),
            ]
        )
        step = np.array([0.5 / self._geometry.width, 0.5 / self._geometry.height] * 2)
        values = np.zeros(_ALL)
        values[8] = self._k1

        def place(box: Floats) -> None:
            left, top, right, bottom = box
            plane = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
            self._start = cv2.perspectiveTransform(plane[None], to_frame)[0]

        known = self._drawn.known
        for blur in _COARSE:
            place(box)
            residual, _ = self._residual(values, blur)
            slopes = self._slopes(blur)
            corner_moves = self._displacement(values)
            columns = []
            before = self._start.copy()
            for number in range(4):
                moved = box.copy()
                moved[number] += step[number]
                place(moved)
                share = ((self._start - before).ravel() / _STEPS[:8])[:, None, None]
                move = (corner_moves[:8] * share).sum(axis=0).reshape(*known.shape, 2)
                columns.append((move[:, :, 0] * slopes[0] + move[:, :, 1] * slopes[1])[known])
            jacobian = np.stack(columns, axis=1).astype(np.float64)
            normal = jacobian.T @ jacobian
            normal += np.diag(0.02 * np.diag(normal) + 1e-6)
            shift = np.linalg.solve(normal, -jacobian.T @ np.clip(residual[known], -0.5, 0.5).astype(np.float64))
            box = box + np.clip(shift, -3, 3) * step
        place(box)

    def _displacement(self, values: Floats) -> Floats:
        """How each parameter's step moves the picture under the dots, in dots: (parameters, dots, 2)."""
        here = self._points(values, self._grid)
        half = 0.25
        across, down = (
            (self._points(values, self._grid + way) - self._points(values, self._grid - way)) / (2 * half)
            for way in (np.array([half, 0.0]), np.array([0.0, half]))
        )
        turn = across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0]
        moves = []
        for number in range(_VIEW):
            moved = values.copy()
            moved[number] += _STEPS[number]
            px = self._points(moved, self._grid) - here
            x = (px[:, 0] * down[:, 1] - px[:, 1] * down[:, 0]) / turn
            y = (across[:, 0] * px[:, 1] - across[:, 1] * px[:, 0]) / turn
            moves.append(np.stack([x, y], axis=1))
        return np.asarray(moves)

    def _slopes(self, blur: float) -> tuple[Ink, Ink]:
        model = self.model(blur)
        return (
            np.asarray(cv2.Sobel(model, cv2.CV_32F, 1, 0, ksize=1, scale=0.5, borderType=cv2.BORDER_REPLICATE)),
            np.asarray(cv2.Sobel(model, cv2.CV_32F, 0, 1, ksize=1, scale=0.5, borderType=cv2.BORDER_REPLICATE)),
        )

    def step(self, values: Floats, blur: float) -> Floats:
        residual, _ = self._residual(values, blur)
        known = self._drawn.known
        weight = np.where(np.abs(residual) > _ROBUST, _ROBUST / np.maximum(np.abs(residual), 1e-6), 1.0)[known]
        slope_x, slope_y = (part[known].astype(np.float64) for part in self._slopes(blur))
        moves = self._displacement(values)[:, known.ravel()]
        jacobian = (moves[:, :, 0] * slope_x + moves[:, :, 1] * slope_y).T
        noise = max(float(np.sqrt(np.mean(np.square(residual[known]) * weight))), _LEAST_NOISE)
        normal = np.zeros((_ALL, _ALL))
        normal[:_VIEW, :_VIEW] = (jacobian * weight[:, None]).T @ jacobian / noise**2
        right = np.zeros(_ALL)
        right[:_VIEW] = -(jacobian * weight[:, None]).T @ residual[known].astype(np.float64) / noise**2
        # Neighbouring dots of a blurred picture say the same again.
        repeat = 1.0 / (1.0 + (2.5 * blur) ** 2)
        normal, right = normal * repeat, right * repeat
        if self._window is not None:
            edge_normal, edge_right = self._edge_step(values)
            normal, right = normal + edge_normal, right + edge_right
            for one, other in ((9, 11), (10, 12)):
                apart = np.zeros(_ALL)
                apart[one], apart[other] = _STEPS[one] / _UNEVEN, -_STEPS[other] / _UNEVEN
                normal += np.outer(apart, apart)
                right -= apart * (values[one] - values[other]) / _UNEVEN
        else:
            normal[9:, 9:] += np.eye(4)
        normal[8, 8] += (_STEPS[8] / _PRIOR_K1) ** 2
        right[8] -= (values[8] - self._k1) * _STEPS[8] / _PRIOR_K1**2
        move = np.linalg.solve(normal + np.diag(1e-3 * np.diag(normal) + 1e-9), right)
        self._spread = np.sqrt(np.maximum(np.diag(np.linalg.inv(normal + 1e-9 * np.eye(_ALL))), 0)) * _STEPS
        return np.asarray(np.clip(move, -6, 6) * _STEPS)

    def _edge_residual(self, values: Floats) -> Floats:
        """Distance (px) of each edge point from the window that the margins put around the dots."""
        assert self._window is not None
        left, top, right, bottom = values[9:]
        width, height = self._size
        box = np.array(
            [[-left, -top], [width + right, -top], [width + right, height + bottom], [-left, height + bottom]]
        )
        parts = []
        for side, edge in enumerate(self._window.edges):
            a, b = box[side], box[(side + 1) % 4]
            seen = self._points(values, a + np.linspace(-0.05, 1.05, 45)[:, None] * (b - a))
            along = np.array([-edge.normals[0][1], edge.normals[0][0]])
            order = np.argsort(seen @ along)
            across = np.interp(edge.points @ along, (seen @ along)[order], (seen @ edge.normals[0])[order])
            parts.append(edge.points @ edge.normals[0] - across)
        return np.concatenate(parts)

    def _edge_step(self, values: Floats) -> tuple[Floats, Floats]:
        base = self._edge_residual(values)
        columns = []
        for number in range(_ALL):
            moved = values.copy()
            moved[number] += _STEPS[number]
            columns.append(self._edge_residual(moved) - base)
        jacobian = np.stack(columns, axis=1)
        scale = max(_EDGE_PX, 1.5 * float(np.median(np.abs(base))))
        weight = 1.0 / (scale**2 * np.maximum(1.0, np.abs(base) / (2 * scale)))
        # Samples lie closer than the blur of the lens: a third of them are news.
        weight = weight / 3
        return (jacobian * weight[:, None]).T @ jacobian, -(jacobian * weight[:, None]).T @ base

    def _margins(self, values: Floats) -> Floats:
        assert self._window is not None
        source = np.array([[0, 0], [self._size[0], 0], [*self._size], [0, self._size[1]]], np.float32)
        matrix = cv2.getPerspectiveTransform(self.corners(values).astype(np.float32), source)
        box = cv2.perspectiveTransform(self._window.corners[None], matrix)[0]
        return np.array(
            [
                -(box[0, 0] + box[3, 0]) / 2,
                -(box[0, 1] + box[1, 1]) / 2,
                (box[1, 0] + box[2, 0]) / 2 - self._size[0],
                (box[2, 1] + box[3, 1]) / 2 - self._size[1],
            ]
        )

    # -- how good it is

    def error(self, values: Floats) -> float:
        residual, _ = self._residual(values, _FINE[0])
        return float(np.square(np.clip(residual, -1, 1))[self._drawn.known].mean())

    def report(self, error: float, values: Floats) -> Fit:
        dots, model = self.dots(values, _FINE[0]), self.model(_FINE[0])
        clear, span = self.surfaces(dots, model)
        known = self._drawn.known
        corners = self.corners(values)
        edge = float(np.sqrt(np.square(self._edge_residual(values)).mean())) if self._window is not None else None
        return Fit(
            drawn=self._drawn,
            corners=tuple((float(x), float(y)) for x, y in corners),  # type: ignore[arg-type]
            k1=float(values[8]),
            error=error,
            residual=self._beside(values),
            edge_px=edge,
            contrast=float(np.median(span[known])) / max(float(np.median(clear[known])), 1e-4),
            shift=float(np.abs(corners - self._start).max()),
            doubt=float(self._spread[:8].max()),
            worst_cell=self._worst_cell(values),
        )

    def _worst_cell(self, values: Floats) -> float:
        residual, _ = self._residual(values, _FINE[0])
        wide, high = 2 * self._geometry.cell[0], self._geometry.cell[1]
        squared = np.square(np.clip(residual, -1, 1)) * self._known
        worst = 0.0
        for top in range(0, residual.shape[0] - high + 1, high):
            for left in range(0, residual.shape[1] - wide + 1, wide // 2):
                part = (slice(top, top + high), slice(left, left + wide))
                if self._known[part].mean() > 0.9:
                    worst = max(worst, float(squared[part].mean()))
        return worst

    def _beside(self, values: Floats) -> float:
        """Rms px by which the text's single cells lie beside the fitted grid."""
        blur = 0.5
        residual, _ = self._residual(values, blur)
        moves = [slope / self._px for slope in self._slopes(blur)]
        found = []
        height, width = residual.shape
        for top in range(0, height - _CELL + 1, _CELL * 2):
            for left in range(0, width - _CELL + 1, _CELL * 2):
                part = (slice(top, top + 2 * _CELL), slice(left, left + 2 * _CELL))
                if self._drawn.known[part].mean() < 0.9 or self._drawn.dark[part].sum() < 2 * _CELL:
                    continue
                jacobian = np.stack([move[part].ravel() for move in moves], axis=1).astype(np.float64)
                normal = jacobian.T @ jacobian + 1e-6 * np.eye(2)
                found.append(np.linalg.solve(normal, -jacobian.T @ residual[part].ravel().astype(np.float64)))
        return float(np.sqrt(np.square(np.asarray(found)).sum(axis=1).mean())) if found else 0.0


def _smooth(values: Ink, sigma: float) -> Ink:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT))


def _convex(corners: Floats) -> bool:
    sides = np.roll(corners, -1, axis=0) - corners
    turns = sides[:, 0] * np.roll(sides[:, 1], -1) - sides[:, 1] * np.roll(sides[:, 0], -1)
    return bool((turns > 1.0).all())
