"""Independent looks at one line of a photograph: other crops, scales, contrasts and sharpness of the same pixels."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import Grey

Box = npt.NDArray[np.float64]
# Height of a line's flat picture in pixels, and of the text in it before the margins.
LINE_HEIGHT = 64
_NETWORK = 48


def cut(grey: Grey, box: Box, beside: float = 0.0, above: float = 0.0) -> Grey:
    """The line within `box` laid flat, `LINE_HEIGHT` pixels high, with `beside` and `above` heights more around it."""
    across, down = sides(box)
    unit_x, unit_y = (box[1] - box[0] + box[2] - box[3]) / 2, (box[3] - box[0] + box[2] - box[1]) / 2
    unit_x, unit_y = unit_x / max(across, 1.0), unit_y / max(down, 1.0)
    wider = np.array(
        [
            box[0] - unit_x * beside * down - unit_y * above * down,
            box[1] + unit_x * beside * down - unit_y * above * down,
            box[2] + unit_x * beside * down + unit_y * above * down,
            box[3] - unit_x * beside * down + unit_y * above * down,
        ]
    )
    height = round(LINE_HEIGHT * (1 + 2 * above))
    width = max(16, round((across + 2 * beside * down) / max(down, 1.0) * LINE_HEIGHT))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(wider.astype(np.float32), target)
    shrunk = down > 1.5 * LINE_HEIGHT
    source = cv2.GaussianBlur(grey, (0, 0), 0.4 * down / LINE_HEIGHT) if shrunk else grey
    flat = cv2.warpPerspective(source, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(flat, np.uint8)


def sides(box: Box) -> tuple[float, float]:
    """Length and height of a box in pixels."""
    lengths = np.hypot(*(np.roll(box, -1, axis=0) - box).T)
    return float(lengths[0] + lengths[2]) / 2, float(lengths[1] + lengths[3]) / 2


def evened(line: Grey) -> Grey:
    """Light, shadow and faintness divided out; ink dark on a clear ground whatever the polarity was."""
    values = line.astype(np.float32) + 1
    if light_on_dark(line):
        values = 256 - values + 1
    ground = cv2.dilate(cv2.GaussianBlur(values, (0, 0), 1.5), np.ones((line.shape[0] // 2, line.shape[0]), np.uint8))
    ground = cv2.GaussianBlur(ground, (0, 0), line.shape[0] / 4)
    depth = 1 - values / np.maximum(ground, 1)
    full = max(float(np.percentile(depth, 96)), 0.03)
    clear = float(np.percentile(depth, 30))
    return np.asarray(np.clip(235 - 205 * (depth - clear) / max(full - clear, 0.03), 0, 255), np.uint8)


def light_on_dark(line: Grey) -> bool:
    """Whether the text is the lighter part: of a line split by brightness, the rarer side is the ink."""
    smooth = cv2.GaussianBlur(line, (0, 0), 1.5).astype(np.float32)
    flat = smooth - cv2.GaussianBlur(smooth, (0, 0), line.shape[0] * 0.8)
    low, high = float(flat.min()), float(flat.max())
    eight = ((flat - low) * (255.0 / max(high - low, 1.0))).astype(np.uint8)
    cut_at, _ = cv2.threshold(eight, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return float((eight > cut_at).mean()) < 0.42


def looks(line: Grey) -> Iterator[tuple[str, Grey]]:
    """Named pictures for the recogniser. The last ones are worse on purpose: a reading that a little blur or another
    width overturns was not certain."""
    even = evened(line)
    yield "even", _network(even, 1.0)
    yield "wide", _network(even, 1.3)
    yield "plain", _network(_inked_dark(line), 1.0)
    framed = cv2.copyMakeBorder(even, 8, 8, 14, 14, cv2.BORDER_CONSTANT, value=235)
    yield "framed", _network(framed, 1.1)
    yield "blurred", _network(np.asarray(cv2.GaussianBlur(even, (0, 0), 1.6), np.uint8), 1.15)
    heavy = cv2.erode(even, np.ones((3, 3), np.uint8))
    yield "heavy", _network(np.asarray(heavy, np.uint8), 1.15)


def _inked_dark(line: Grey) -> Grey:
    return np.asarray(255 - line, np.uint8) if light_on_dark(line) else line


def _network(line: Grey, wider: float) -> Grey:
    width = max(16, round(line.shape[1] * _NETWORK / line.shape[0] * wider))
    return np.asarray(cv2.resize(line, (width, _NETWORK), interpolation=cv2.INTER_AREA), np.uint8)
