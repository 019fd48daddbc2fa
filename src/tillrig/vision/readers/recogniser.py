"""RapidOCR's recognition network (PP-OCR, CTC) on known line crops, through onnxruntime directly."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.errors import UsageError
from tillrig.vision.geometry import Grey, Ink
from tillrig.vision.readers.base import CharReading, LineImage, LineReading, bare, fold
from tillrig.vision.readers.glyphs import gb2312

LogProbs = npt.NDArray[np.float32]
NETWORK_HEIGHT = 48
# Pixels of a half-width character at that height: fewer, and the network merges repeated digits; more costs time.
CHAR_PX = 18
# Pixels of a time step, at that height.
STEP_PX = 8
_FLOOR = -30.0
# The network was trained on lines padded with grey on the right.
_TAIL = 16


def crop_of_dots(ink: Ink, cell: int, around: int = 0, interpolation: int = cv2.INTER_LINEAR) -> Grey:
    """Ink of a display's dots as a recogniser takes it: dark on light, a half-width character being `cell` dots wide,
    with `around` clear dots on either side."""
    dark = np.clip(255.0 - 225.0 * np.pad(ink, ((0, 0), (around, around))), 0, 255).astype(np.uint8)
    size = max(16, round(dark.shape[1] * CHAR_PX / cell)), NETWORK_HEIGHT
    return np.asarray(cv2.resize(dark, size, interpolation=interpolation), np.uint8)


class Recogniser:
    """Time falls with a crop's width; a half-width character needs 18 px at the network's height of 48, or repeated
    digits merge."""

    name = "rapidocr"

    def __init__(self, threads: int = 1) -> None:
        self._session, classes = _session(threads)
        shown = {fold(char) for char in gb2312()} | set("¥￥×")
        # A Chinese terminal has no € and no kana: a network that may say so says it of a blurred 0. Class 0 is the
        # CTC blank.
        kept = [not char or char == " " or fold(char) in shown for char in classes]
        self._classes = np.flatnonzero(kept)
        self._chars = tuple(itertools.compress(classes, kept))
        self._index: dict[str, list[int]] = {}
        for number, char in enumerate(self._chars):
            self._index.setdefault(fold(char) or char, []).append(number)
        self._space = self._index.get(" ", [])
        self._lock = threading.Lock()

    def read_line(self, line: LineImage, alphabet: str | None = None) -> LineReading:
        return self.read_crop(line.grey, alphabet)

    def read_crop(self, crop: Grey, alphabet: str | None = None) -> LineReading:
        """Blind reading of an upright crop; spaces as the network sees them, which is unreliably."""
        return self._greedy(self.log_probs(crop), alphabet)

    def score(self, line: LineImage, expected: str) -> float:
        return self.judge(line.grey, expected)[1]

    def judge(self, crop: Grey, expected: str, alphabet: str | None = None) -> tuple[LineReading, float]:
        """Blind reading and the CTC log-likelihood margin of `expected` against the best other text, from one pass."""
        return self.judged(self.log_probs(crop), expected, alphabet)

    def judged(self, log: LogProbs, expected: str, alphabet: str | None = None) -> tuple[LineReading, float]:
        """`judge` on what the network said before."""
        reading = self._greedy(log, alphabet)
        wanted = bare(expected)
        seen = bare(reading.text)
        ours = self.likelihood(log, wanted)
        if seen != wanted:
            return reading, ours - self.likelihood(log, seen)
        return reading, min(30.0, _lead(reading))

    def log_probs(self, crop: Grey) -> LogProbs:
        """(time steps, classes) log-probabilities; equal crops are looked up."""
        return _cached_all(self, [crop])[0]

    def log_probs_of(self, crops: Sequence[Grey]) -> list[LogProbs]:
        """`log_probs` of several crops, in one pass of the network."""
        return _cached_all(self, crops)

    def run(self, crops: Sequence[Grey]) -> list[LogProbs]:
        """One array of log-probabilities a crop. Narrower crops are padded, as the network was trained."""
        planes = [_plane(crop) for crop in crops]
        widest = max(plane.shape[1] for plane in planes)
        batch = np.zeros((len(planes), 3, NETWORK_HEIGHT, widest), np.float32)
        for number, plane in enumerate(planes):
            batch[number, :, :, : plane.shape[1]] = plane
        with self._lock:
            (out,) = self._session.run(None, {self._session.get_inputs()[0].name: batch})
        share = np.take(out, self._classes, axis=2)
        share /= np.maximum(share.sum(axis=2, keepdims=True), 1e-6)
        np.log(np.maximum(share, 1e-13, out=share), out=share)
        return list(share)

    def likelihood(self, log: LogProbs, text: str) -> float:
        """CTC log-likelihood of a folded text without spaces; equivalent spellings are summed, a space counts as no
        character."""
        blank = np.logaddexp.reduce(log[:, [0, *self._space]], axis=1)
        columns = []
        for char in text:
            numbers = self._index.get(char)
            if not numbers:
                return _FLOOR * max(1, len(text))
            columns.append(np.logaddexp.reduce(log[:, numbers], axis=1) if len(numbers) > 1 else log[:, numbers[0]])
        return ctc_likelihood(blank, columns, text)

    def _greedy(self, log: LogProbs, alphabet: str | None) -> LineReading:
        if alphabet is not None:
            allowed = [0, *self._space, *(number for char in fold(alphabet) for number in self._index.get(char, []))]
            narrowed = np.full_like(log, -60.0)
            narrowed[:, allowed] = log[:, allowed]
            log = narrowed - np.logaddexp.reduce(narrowed, axis=1, keepdims=True)
        best = log.argmax(axis=1)
        top = log[np.arange(len(log)), best]
        for place in np.flatnonzero(best).tolist():  # a colon of either width is a colon
            same = self._index[fold(self._chars[best[place]]) or self._chars[best[place]]]
            if len(same) > 1:
                top[place] = np.logaddexp.reduce(log[place, same])
        chars: list[CharReading] = []
        before = 0
        for step, number in enumerate(best.tolist()):
            if number and number != before:
                chars.append(
                    CharReading(fold(self._chars[number]) or self._chars[number], float(np.exp(top[step])), step)
                )
            elif number and chars:
                chars[-1] = CharReading(
                    chars[-1].char, max(chars[-1].confidence, float(np.exp(top[step]))), chars[-1].column
                )
            before = number
        text = "".join(char.char for char in chars).strip()
        return LineReading(
            text, min((char.confidence for char in chars if char.char != " "), default=0.0), tuple(chars)
        )


def _lead(reading: LineReading) -> float:
    """Margin against the best other text, which differs in one character: the smallest gap, at a character's own peak,
    to its rivals there."""
    return min((_logit(char.confidence) for char in reading.chars if char.char != " "), default=0.0)


def _logit(probability: float) -> float:
    return float(np.log(max(probability, 1e-9)) - np.log(max(1.0 - probability, 1e-9)))


def ctc_likelihood(blank: npt.NDArray[np.float32], columns: list[npt.NDArray[np.float32]], text: str) -> float:
    """Forward algorithm in the log domain over the states blank, c1, blank, c2 … blank."""
    if not columns:
        return float(blank.sum())
    steps, count = len(blank), len(columns)
    states = 2 * count + 1
    emit = np.empty((steps, states), np.float64)
    emit[:, 0::2] = blank[:, None]
    emit[:, 1::2] = np.stack(columns, axis=1)
    skip = np.zeros(states, np.bool_)
    skip[3::2] = [text[i] != text[i - 1] for i in range(1, count)]
    alpha = np.full(states, -np.inf)
    alpha[:2] = emit[0, :2]
    for step in range(1, steps):
        moved = np.concatenate(([-np.inf], alpha[:-1]))
        jumped = np.where(skip, np.concatenate(([-np.inf, -np.inf], alpha[:-2])), -np.inf)
        alpha = np.logaddexp(np.logaddexp(alpha, moved), jumped) + emit[step]
    return float(np.logaddexp(alpha[-1], alpha[-2]))


@lru_cache(maxsize=4)
def _session(threads: int) -> tuple[Any, tuple[str, ...]]:
    # onnxruntime looks up a telemetry host unless this is set before the import.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    models = resources.files("rapidocr") / "models"
    found = sorted(item.name for item in models.iterdir() if item.name.endswith(".onnx") and "_rec_" in item.name)
    if not found:
        raise UsageError("the installed rapidocr has no recognition model in its wheel; install rapidocr 3.8 or later")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    with resources.as_file(models / found[-1]) as path:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    listed = session.get_modelmeta().custom_metadata_map["character"].splitlines()
    # Class 0 is the CTC blank; the last class is the space.
    return session, ("", *listed, " ")


def _plane(crop: Grey) -> npt.NDArray[np.float32]:
    if crop.ndim != 2 or min(crop.shape) < 4:
        raise UsageError(f"a line crop must be grey and at least 4x4 pixels, got shape {crop.shape}")
    width = max(16, round(crop.shape[1] * NETWORK_HEIGHT / crop.shape[0]))
    how = cv2.INTER_AREA if crop.shape[0] > NETWORK_HEIGHT else cv2.INTER_CUBIC
    small = cv2.resize(crop, (width, NETWORK_HEIGHT), interpolation=how)
    plane = np.zeros((NETWORK_HEIGHT, width + _TAIL), np.float32)
    plane[:, :width] = (small.astype(np.float32) / 127.5) - 1.0
    return plane


def _cached_all(reader: Recogniser, crops: Sequence[Grey]) -> list[LogProbs]:
    keys = [(id(reader), crop.shape, hash(crop.tobytes())) for crop in crops]
    missing = {key: crop for key, crop in zip(keys, crops, strict=True) if key not in _recent}
    if missing:
        _recent.update(zip(missing, reader.run(list(missing.values())), strict=True))
    found = [_recent[key] for key in keys]
    while len(_recent) > _REMEMBERED:
        _recent.pop(next(iter(_recent)))
    return found


_REMEMBERED = 32
_recent: dict[tuple[int, tuple[int, ...], int], LogProbs] = {}
