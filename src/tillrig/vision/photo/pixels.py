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
    return np.asarray(np.clip((235.0 - even.astype(np.float32)) / 205.0, 0, 1), np.float32)


def marks(ink: npt.NDArray[np.float32], level: float) -> list[Mark]:
    """Marks from left to right; strokes that stand over one another are one mark."""
    bits = (ink > level).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(bits, connectivity=8)
    parts = []
    for number in range(1, count):
        x, y, width, height, area = (int(value) for value in stats[number])
        if area >= 6:
            parts.append(Mark(x, x + width, y, y + height))
    parts.sort(key=lambda mark: mark.left)
    merged: list[Mark] = []
    for part in parts:
        over, narrower = 0, 0
        if merged:
            over = min(part.right, merged[-1].right) - part.left
            narrower = min(part.right - part.left, merged[-1].right - merged[-1].left)
        if over > 0.5 * narrower:
            merged[-1] = _joined(merged[-1], part)
        else:
            merged.append(part)
    return merged


def _joined(one: Mark, two: Mark) -> Mark:
    return Mark(min(one.left, two.left), max(one.right, two.right), min(one.top, two.top), max(one.bottom, two.bottom))


def objection(even: Grey, text: str, before: bool, after: bool) -> str:
    """Why the pixels of an evened line do not bear out the amount `text`; "" when they do, with sharp marks or with
    hairline gaps closed. `before`, `after`: something else was read on that side, so marks may stand there."""
    sharp = ink_of(even)
    closed = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 1.3), np.float32)
    why = ""
    for ink, level in ((sharp, _INK), (closed, 0.36), (sharp, 0.62)):
        now = _objection(ink, level, text, before, after)
        if not now:
            return ""
        why = why or now
    return why


def _objection(ink: npt.NDArray[np.float32], level: float, text: str, before: bool, after: bool) -> str:
    found = marks(ink, level)
    tall = [mark for mark in found if mark.bottom - mark.top > 0.25 * ink.shape[0]]
    if len(tall) < 2:
        return "hardly any mark stands out there"
    height = float(np.median([mark.bottom - mark.top for mark in tall]))
    base = float(np.median([mark.bottom for mark in tall]))
    seen = [mark for mark in found if _seen(mark, height, base)]
    pattern = _pattern(seen, height, base)
    wanted = "".join("d" if char.isdigit() else char for char in text)
    if "," in wanted:  # a short comma looks like a point
        wanted, pattern = wanted.replace(",", "."), pattern.replace(",", ".")
    if before and after:
        good = wanted in pattern
    elif before:
        good = pattern.endswith(wanted)
    elif after:
        good = pattern.startswith(wanted)
    else:
        good = pattern == wanted
    if not good:
        return f"the marks there are {pattern}, not {wanted}"
    return _beside(ink, seen, height, not before, not after)


def _pattern(seen: list[Mark], height: float, base: float) -> str:
    """What the marks are by size and place alone: d a digit, . a point, a comma that reaches below the line, - a dash,
    ? neither; digits that touch count by their width."""
    widths = [mark.right - mark.left for mark in seen if mark.bottom - mark.top >= _DIGIT * height]
    single = [width for width in widths if width <= 0.85 * height]
    usual = float(np.median(single)) if single else 0.55 * height
    out = ""
    for mark in seen:
        tall, wide = mark.bottom - mark.top, mark.right - mark.left
        if tall >= _DIGIT * height:
            many = 1 if wide <= 1.45 * max(usual, 0.4 * height) else round(wide / (1.12 * max(usual, 0.4 * height)))
            out += "d" * many
        elif tall <= _POINT * height and wide <= 0.5 * height and mark.top > base - 0.5 * height:
            out += "."
        elif mark.bottom > base + 0.1 * height and wide <= 0.5 * height and mark.top > base - 0.4 * height:
            out += ","
        elif tall <= 0.3 * height and wide > tall:
            out += "-"
        else:
            out += "?"
    return out


def _seen(mark: Mark, height: float, base: float) -> bool:
    """Whether a mark is more than a speck."""
    tall, wide = mark.bottom - mark.top, mark.right - mark.left
    return min(tall, wide) >= 0.06 * height and max(tall, wide) >= 0.1 * height and mark.top < base + 0.4 * height


def _beside(ink: npt.NDArray[np.float32], inside: list[Mark], height: float, left: bool, right: bool) -> str:
    """Whether faint ink, as high as a digit, stands where one more character would, on the sides to be looked at."""
    top, bottom = min(mark.top for mark in inside), max(mark.bottom for mark in inside)
    reach, near = round(0.6 * height), round(0.08 * height)
    first, last = inside[0].left, inside[-1].right
    spans = [(max(0, first - reach), max(0, first - near - 1))] if left else []
    spans += [(last + near + 1, min(ink.shape[1], last + reach))] if right else []
    for start, stop in spans:
        part = ink[top:bottom, start:stop] > _TRACE
        rows = int(part.any(axis=1).sum()) if part.size else 0
        if part.sum() > 0.05 * height * height and rows > 0.4 * height:
            return "there is ink beside it that was not read"
    return ""
