"""Where text stands in a photograph: RapidOCR's detection network (DB), through onnxruntime directly, because the
package's own loader may fetch models."""

from __future__ import annotations

import os
from functools import lru_cache
from importlib import resources
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.errors import UsageError

Picture = npt.NDArray[np.uint8]
Box = npt.NDArray[np.float64]
# Probability from which a pixel is text, and from which, on average, an area is; the network marks a core of each
# line, which is grown back by this share of its area by its outline.
_PIXEL, _AREA, _GROWN = 0.3, 0.5, 1.6
_SMALLEST = 4
_MOST = 600


def find_text(picture: Picture, side: int) -> list[Box]:
    """Boxes (4, 2) of lines and words in pixels of the BGR `picture`, clockwise from top-left as the line runs; the
    network sees it with its longer side at `side` pixels."""
    scale = side / max(picture.shape[:2])
    width, height = (max(32, round(length * scale / 32) * 32) for length in (picture.shape[1], picture.shape[0]))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(picture, (width, height), interpolation=how)
    plane = (small.astype(np.float32) / 127.5 - 1.0).transpose(2, 0, 1)[None]
    session = _session()
    (out,) = session.run(None, {session.get_inputs()[0].name: np.ascontiguousarray(plane)})
    shares = out[0, 0]
    factor = np.array([picture.shape[1] / width, picture.shape[0] / height])
    return [box * factor for box in _boxes(np.asarray(shares, np.float32))]


def _boxes(shares: npt.NDArray[np.float32]) -> list[Box]:
    mask = cv2.dilate((shares > _PIXEL).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in contours[:_MOST]:
        (x, y), (across, down), angle = cv2.minAreaRect(contour)
        if min(across, down) < _SMALLEST or _mean(shares, contour) < _AREA:
            continue
        grown = _GROWN * across * down / (2 * (across + down))
        corners = cv2.boxPoints(((x, y), (across + 2 * grown, down + 2 * grown), angle))
        found.append(_ordered(np.asarray(corners, np.float64)))
    return found


def _mean(shares: npt.NDArray[np.float32], contour: Any) -> float:
    x, y, width, height = cv2.boundingRect(contour)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [contour - [x, y]], 1)
    return float(shares[y : y + height, x : x + width][mask > 0].mean())


def _ordered(corners: Box) -> Box:
    """Clockwise from the corner that is top-left for somebody who sees the picture upright."""
    middle = corners.mean(axis=0)
    angle = np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0])
    corners = corners[np.argsort(angle)]
    return np.roll(corners, -int(corners.sum(axis=1).argmin()), axis=0)


@lru_cache(maxsize=1)
def _session() -> Any:
    # onnxruntime looks up a telemetry host unless this is set before the import.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    models = resources.files("rapidocr") / "models"
    found = sorted(item.name for item in models.iterdir() if item.name.endswith(".onnx") and "_det_" in item.name)
    if not found:
        raise UsageError("the installed rapidocr has no detection model in its wheel; install rapidocr 3.8 or later")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    with resources.as_file(models / found[-1]) as path:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
