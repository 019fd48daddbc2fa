"""A drawn line found in a picture, and the picture bent back onto it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import FontSpec, Ink
from tillrig.vision.readers.print_model import PAD, SCALE, Drawn

# Pixels around the picture that the line may lie off, pixels by which curl may bend it, pixels of line looked at at
# once.
_REACH = 12
_BEND = 5
_SEGMENT = 90
# Ink of a pixel from which it counts as burnt when nothing should stand there.
BURNT = 0.6


def too_wide(drawn: Drawn, ink: Ink) -> bool:
    """Whether the drawn line is longer than its picture, so that it cannot be what is printed there."""
    return bool(drawn.picture.shape[1] > ink.shape[1] + 2 * PAD * SCALE * 4)


def levelled(ink: Ink, drawn: Drawn, spec: FontSpec) -> tuple[Ink, float, int]:
    """The picture bent back onto the drawn line, where (dots) the line's first column lies in it, and how many burnt
    pixels stand beside the line."""
    model = drawn.picture
    height, width = model.shape
    room = cv2.copyMakeBorder(
        ink, *_room(ink.shape[0], height), *_room(ink.shape[1], width), cv2.BORDER_CONSTANT, value=0
    )
    pads = _room(ink.shape[0], height)[0], _room(ink.shape[1], width)[0]
    coarse = cv2.resize(room, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    found = cv2.matchTemplate(coarse, drawn.small[: coarse.shape[0], : coarse.shape[1]], cv2.TM_CCOEFF_NORMED)
    _, _, _, (left, top) = cv2.minMaxLoc(found)
    left, top = 2 * left, 2 * top
    across, down = _bends(room, drawn, left, top)
    x = np.arange(width, dtype=np.float32)
    map_x = np.broadcast_to((x + left + across).astype(np.float32), (height, width))
    map_y = np.arange(height, dtype=np.float32)[:, None] + (top + down).astype(np.float32)[None]
    level = cv2.remap(room, np.ascontiguousarray(map_x), map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)
    begin = float(left + across[min(width - 1, PAD * SCALE)])
    # Below its cell a line has room for tails, and the next line may begin there.
    rows = slice(max(0, top + PAD * SCALE), max(0, top + (PAD + spec.size * drawn.down) * SCALE))
    beside = np.concatenate([room[rows, : max(0, left + 2)].ravel(), room[rows, left + width - 2 :].ravel()])
    return np.asarray(level, np.float32), (begin - pads[1]) / SCALE + PAD, int((beside > BURNT).sum())


def _bends(room: Ink, drawn: Drawn, left: int, top: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """By how many pixels each column of the line lies right of and below its place: a smooth curve through what its
    parts say."""
    model = drawn.picture
    height, width = model.shape
    count = max(1, round(width / _SEGMENT))
    edges = np.linspace(0, width, count + 1).astype(int)
    found = []
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = model[:, first:last]
        weight = float(part.var()) * part.size
        if weight < 8.0:
            continue
        window = _cut(room, left + first - _BEND, top - _BEND, last - first + 2 * _BEND, height + 2 * _BEND)
        like = cv2.matchTemplate(window, np.ascontiguousarray(part), cv2.TM_CCOEFF_NORMED)
        _, best, _, (dx, dy) = cv2.minMaxLoc(like)
        if best < 0.3:
            continue
        x = dx + _peak(like[dy, max(0, dx - 1) : dx + 2]) - _BEND
        y = dy + _peak(like[max(0, dy - 1) : dy + 2, dx]) - _BEND
        found.append(((first + last) / 2, x, y, weight * best**4))
    if not found:
        return np.zeros(width), np.zeros(width)
    at, x, y, weights = (np.array(values) for values in zip(*found, strict=True))
    along = (np.arange(width) - width / 2) / 400.0
    return _curve((at - width / 2) / 400.0, x, weights, along), _curve((at - width / 2) / 400.0, y, weights, along)


def _curve(
    at: npt.NDArray[np.float64], value: npt.NDArray[np.float64], weight: npt.NDArray[np.float64],
    along: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:  # fmt: skip
    """A cubic through the points, its bends held small; one stray point is left out."""
    stiff = np.diag([1e-6, 0.02, 0.06, 0.3])
    weight = weight / weight.sum()
    for _ in range(3):
        basis = np.vander(at, 4, increasing=True)
        normal = basis.T @ (basis * weight[:, None]) + stiff
        terms = np.linalg.solve(normal, basis.T @ (weight * value))
        off = np.abs(basis @ terms - value)
        weight = weight * np.where(off > 2.0, 0.1, 1.0)
    return np.asarray(np.vander(along, 4, increasing=True) @ terms)


def _peak(three: npt.NDArray[np.float32]) -> float:
    """Where between its neighbours the middle of three values peaks."""
    if len(three) != 3:
        return 0.0
    before, here, after = (float(value) for value in three)
    bend = before - 2 * here + after
    return float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < 0 else 0.0


def _room(have: int, need: int) -> tuple[int, int]:
    short = max(0, need - have)
    return _REACH + short // 2, _REACH + short - short // 2


def _cut(picture: Ink, x: int, y: int, width: int, height: int) -> Ink:
    left, top = max(0, -x), max(0, -y)
    right, bottom = max(0, x + width - picture.shape[1]), max(0, y + height - picture.shape[0])
    part = picture[max(0, y) : max(0, y + height), max(0, x) : max(0, x + width)]
    if left or top or right or bottom:
        part = cv2.copyMakeBorder(part, top, bottom, left, right, cv2.BORDER_CONSTANT, value=0)
    return part


def likeness_of(seen: Ink, model: Ink) -> float:
    """Correlation, -1 to 1, of two pictures of one size; 0 where one of them is even."""
    ours, theirs = model - model.mean(), seen - seen.mean()
    norm = float(np.sqrt(np.square(ours).sum() * np.square(theirs).sum()))
    return float((ours * theirs).sum()) / norm if norm > 0 else 0.0
