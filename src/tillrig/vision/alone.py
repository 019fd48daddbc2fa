"""A recogniser has a language model inside: in 曰期 it reads 日期. Shown one character by itself it has nothing to
guess from, and sees the shape."""

from __future__ import annotations

import itertools

import cv2
import msgspec
import numpy as np

from tillrig.vision.geometry import Grey
from tillrig.vision.readers.base import CharReading, LineImage, bare
from tillrig.vision.readers.glyphs import is_wide
from tillrig.vision.readers.recogniser import NETWORK_HEIGHT, STEP_PX, Recogniser
from tillrig.vision.witness import Vote, Witness

# Pixels of ground left around a character.
_ROOM = 6
# Grey value below which a pixel is ink when the characters are parted.
_INK = 160
# Confidence of a lone character below which it may be its likeness (docs/vision.md).
_SURE = 0.99
# A lone character is looked at three times, so much narrower and wider: a guess does not stand that.
_LOOKS = (1.0, 0.9, 1.12)


def doubted(witness: Witness, recogniser: Recogniser, line: LineImage) -> Witness:
    """The recogniser's word for a text, taken back where one of its Chinese characters, seen alone, is another."""
    reason = guessed(recogniser, line) if witness.vote is Vote.FOR else ""
    return msgspec.structs.replace(witness, vote=Vote.SILENT, strong=False, reason=reason) if reason else witness


def guessed(recogniser: Recogniser, line: LineImage) -> str:
    """Which Chinese character of a line may be a guess from its neighbours; "" when each, seen alone, is the same."""
    if not any(is_wide(char) for char in bare(recogniser.read_line(line).text)):
        return ""
    for char, crop in lone_characters(recogniser, line.grey):
        for stretch in _LOOKS if is_wide(char) else ():
            alone = recogniser.read_crop(np.asarray(cv2.resize(crop, None, fx=stretch, fy=1.0), np.uint8))
            if bare(alone.text) != bare(char):
                return f"seen alone, {char!r} may be {alone.text!r}" if alone.text else f"{char!r} may be a guess"
            if alone.confidence < _SURE:
                return f"seen alone, {char!r} is not sure"
    return ""


def lone_characters(recogniser: Recogniser, crop: Grey) -> list[tuple[str, Grey]]:
    """Each character that is read on a line's crop, with its own part of it."""
    chars = [char for char in recogniser.read_crop(crop).chars if not char.char.isspace()]
    if not chars:
        return []
    width = max(1, round(crop.shape[1] * NETWORK_HEIGHT / crop.shape[0]))
    level = np.asarray(cv2.resize(crop, (width, NETWORK_HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
    edges = _edges(chars, level)
    return [
        (char.char, _tight(level[:, first:last]))
        for char, (first, last) in zip(chars, itertools.pairwise(edges), strict=True)
    ]


def _edges(chars: list[CharReading], crop: Grey) -> list[int]:
    """Between neighbours the column with the least ink, in the middle half of the way from one to the other."""
    dark = 255.0 - cv2.blur(crop, (3, 1)).astype(np.float32).mean(axis=0)
    middles = [(char.column + 0.5) * STEP_PX for char in chars]
    edges = [0]
    for here, there in itertools.pairwise(middles):
        first = min(len(dark) - 1, max(edges[-1] + 1, round(here + (there - here) / 4)))
        last = min(len(dark), max(first + 1, round(there - (there - here) / 4) + 1))
        part = dark[first:last] + 0.05 * np.abs(np.arange(first, last) - (here + there) / 2)
        edges.append(first + int(part.argmin()))
    return [*edges, max(len(dark), edges[-1] + 1)]


def _tight(part: Grey) -> Grey:
    columns = np.flatnonzero((part < _INK).any(axis=0))
    if len(columns):
        part = part[:, columns[0] : columns[-1] + 1]
    return np.asarray(cv2.copyMakeBorder(part, 0, 0, _ROOM, _ROOM, cv2.BORDER_CONSTANT, value=255), np.uint8)
