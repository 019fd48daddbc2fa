"""What the pixels of an amount must show: as many marks as characters, a point that is a mark of its own, and no ink
beside that nobody read."""

from __future__ import annotations

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import Grey

_INK = 0.45
_TRACE = 0.25
# A point is at most so high, a digit at least so high, in heights of the amount's digits.
_POINT, _DIGIT = 0.42, 0.72


class Mark(msgspec.Struct, frozen=True):
    """A connected stroke or an upright stack of strokes: columns [left, right), rows [top, bottom)."""

    left: int
    right: int
    top: int
    bottom: int


def ink_of(even: Grey) -> npt.NDArray[np.float32]:
    """0 ground .. 1 ink of an evened line."""
    return np.clip((235.0 - even.astype(np.float32)) / 205.0, 0, 1).astype(np.float32)


def marks(even: Grey, level: float = _INK) -> list[Mark]:
    """Marks from left to right; strokes that stand over one another are one mark."""
    bits = (ink_of(even) > level).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(bits, connectivity=8)
    parts = []
    for number in range(1, count):
        x, y, width, height, area = (int(value) for value in stats[number])
        if area >= 6:
            parts.append(Mark(x, x + width, y, y + height))
    parts.sort(key=lambda mark: mark.left)
    merged: list[Mark] = []
    for part in parts:
        over = merged and min(part.right, merged[-1].right) - part.left
        narrower = min(part.right - part.left, merged[-1].right - merged[-1].left) if merged else 0
        if merged and over > 0.5 * narrower:
            last = merged[-1]
            merged[-1] = Mark(
                min(last.left, part.left),
                max(last.right, part.right),
                min(last.top, part.top),
                max(last.bottom, part.bottom),
            )
        else:
            merged.append(part)
    return merged


def objection(even: Grey, text: str, left: int, right: int) -> str:
    """Why the pixels do not bear out the amount `text`, which was read between columns `left` and `right` of the
    evened line; "" when they do."""
    found = marks(even)
    inside = [mark for mark in found if mark.right > left and mark.left < right]
    if len(inside) < 3:
        return "hardly any mark stands out there"
    height = float(
        np.median([mark.bottom - mark.top for mark in inside if mark.bottom - mark.top > 0.25 * even.shape[0]] or [0])
    )
    if height < 0.25 * even.shape[0]:
        return "no mark there is as high as a digit"
    base = float(np.median([mark.bottom for mark in inside if mark.bottom - mark.top >= _DIGIT * height] or [0]))
    # A minus is a mark of its own; what hardly shows is a speck.
    inside = [mark for mark in inside if _seen(mark, height, base)]
    wanted = list(text)
    if len(inside) != len(wanted):
        return f"{len(inside)} marks stand there, not {len(wanted)}"
    for char, mark in zip(wanted, inside, strict=True):
        tall = mark.bottom - mark.top
        low = mark.top > base - 0.6 * height
        if char in ".," and not (tall <= _POINT * height + (0.2 * height if char == "," else 0) and low):
            return f"the mark at {char!r} is no point"
        if char.isdigit() and tall < _DIGIT * height:
            return f"the mark at {char!r} is no digit"
    return _beside(even, inside, height)


def _seen(mark: Mark, height: float, base: float) -> bool:
    tall, wide = mark.bottom - mark.top, mark.right - mark.left
    return max(tall, wide) >= 0.08 * height and mark.top < base + 0.4 * height


def _beside(even: Grey, inside: list[Mark], height: float) -> str:
    """Whether faint ink, as high as a digit, stands where one more character would."""
    ink = ink_of(even)
    top, bottom = min(mark.top for mark in inside), max(mark.bottom for mark in inside)
    reach, near = round(0.75 * height), round(0.06 * height)
    for start, stop in (
        (max(0, inside[0].left - reach), max(0, inside[0].left - near - 1)),
        (inside[-1].right + near + 1, min(ink.shape[1], inside[-1].right + reach)),
    ):
        part = ink[top:bottom, start:stop]
        if part.size and float((part > _TRACE).sum()) > 0.04 * height * height:
            return "there is ink beside it that was not read"
    return ""
