"""Glyphs harvested from screens whose text is known: the mean ink of each character at the dot grid."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import msgspec
import numpy as np

from tillrig.errors import EvidenceError, ProfileError, UsageError
from tillrig.vision.frame import Frame
from tillrig.vision.geometry import DisplayGeometry, Ink
from tillrig.vision.readers.glyphs import is_wide
from tillrig.vision.readers.learned import DIGITS, sheet_of
from tillrig.vision.screen import ScreenReader
from tillrig.whole_files import write_whole

# A digit must have been seen in so many places; any character in so many frames.
DIGIT_PLACES, LEAST_FRAMES = 3, 2
# Dots of a learned glyph that are neither clear nor dark, and dots in which two places of one character may differ.
_UNCLEAR, _MOST_UNCLEAR, _MOST_APART = (0.35, 0.65), 0.06, 2
# Dots of ink outside the text's own cells from which the row holds more than the text.
_BESIDE = 3.0


class TextRow(msgspec.Struct, frozen=True):
    """What stands in a row, beginning in half-width column `column`."""

    row: int
    column: int
    text: str


@dataclass
class Harvest:
    """Takes rows of known text; `glyphs` is what was learned, `problems` why a character was not."""

    geometry: DisplayGeometry
    places: dict[str, list[Ink]] = field(default_factory=lambda: defaultdict(list))
    problems: dict[str, str] = field(default_factory=dict)
    refused_rows: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.geometry.kind == "colour":
            raise ProfileError(
                "glyphs cannot be learned from a colour display: its text is drawn smooth, in shades that no dot grid "
                "keeps; name the font's file in the profile, under display.fonts"
            )

    def add(self, reader: ScreenReader, frames: Sequence[Frame], known: TextRow) -> bool:
        """Take the characters of one row, averaged over distinct frames. False, and nothing taken, when the ink does
        not lie where the text must."""
        distinct = list({frame.sha256: frame for frame in frames}.values())
        if len(distinct) < LEAST_FRAMES:
            return False
        inks = [line.ink for frame in distinct if (line := reader.line_image(frame, known.row)).ink is not None]
        ink = np.asarray(np.mean(np.stack(inks), axis=0), np.float32)
        cells = list(self._cells(known))
        outside = np.ones(ink.shape, np.bool_)
        for _, left, right in cells:
            outside[:, left:right] = False
        if not cells or cells[-1][2] > ink.shape[1] or float((ink > 0.5)[outside].sum()) >= _BESIDE:
            self.refused_rows.append(known.text)
            return False
        for char, left, right in cells:
            if char not in " \u3000":
                self.places[char].append(ink[:, left:right])
        return True

    def _cells(self, known: TextRow) -> list[tuple[str, int, int]]:
        width, cells, column = self.geometry.cell[0], [], known.column
        for char in known.text:
            span = 2 if is_wide(char) else 1
            cells.append((char, column * width, (column + span) * width))
            column += span
        return cells

    def glyphs(self) -> dict[str, Ink]:
        """The characters that were seen clearly, and alike wherever they stood; `problems` tells of the others. Two
        characters that look the same are both left out."""
        found: dict[str, Ink] = {}
        self.problems.clear()
        for char, seen in sorted(self.places.items()):
            mean = np.asarray(np.mean(np.stack(seen), axis=0), np.float32)
            bits = mean > 0.5
            apart = max(int(((one > 0.5) != bits).sum()) for one in seen)
            unclear = float(((mean > _UNCLEAR[0]) & (mean < _UNCLEAR[1])).mean())
            if char in DIGITS and len(seen) < DIGIT_PLACES:
                self.problems[char] = f"seen in {len(seen)} places, a digit needs {DIGIT_PLACES}"
            elif apart > _MOST_APART:
                self.problems[char] = f"looks different in {apart} dots from place to place"
            elif unclear > _MOST_UNCLEAR:
                self.problems[char] = f"{unclear:.0%} of its dots are neither clear nor dark"
            elif not bits.any():
                self.problems[char] = "shows no ink"
            else:
                found[char] = mean
        for one, other in _twins(found):
            self.problems[one], self.problems[other] = f"looks like {other!r}", f"looks like {one!r}"
        return {char: ink for char, ink in found.items() if char not in self.problems}

    @property
    def missing_digits(self) -> str:
        """Digits that were not learned: without all ten no amount is read with this font."""
        found = self.glyphs()
        return "".join(digit for digit in DIGITS if digit not in found)


def _twins(glyphs: dict[str, Ink]) -> list[tuple[str, str]]:
    pairs = []
    chars = list(glyphs)
    for number, one in enumerate(chars):
        for other in chars[number + 1 :]:
            if glyphs[one].shape == glyphs[other].shape and not ((glyphs[one] > 0.5) != (glyphs[other] > 0.5)).any():
                pairs.append((one, other))
    return pairs


def write_learned(folder: Path, harvest: Harvest, rig: str, date: str) -> Path:
    """Write the sheet and, when it lies on the disk, the JSON file that names it; returns the latter. The former font
    stands until then. Raises UsageError when nothing was learned, EvidenceError when it cannot be stored."""
    glyphs = harvest.glyphs()
    if not glyphs:
        raise UsageError("no character was learned: no known text was seen at rest on the display")
    size = harvest.geometry.cell[1]
    places = {char: len(harvest.places[char]) for char in glyphs}
    _, sheet = sheet_of(glyphs, places, "", rig, date)
    picture = bytes(cv2.imencode(".png", sheet)[1])
    name = f"learned-{size}-{hashlib.sha256(picture).hexdigest()[:10]}.png"
    text, _ = sheet_of(glyphs, places, name, rig, date)
    path = folder / f"learned-{size}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise EvidenceError(
            f"the learned font cannot be stored in {folder}: {problem.strerror or problem}"
        ) from problem
    write_whole(folder / name, picture)
    write_whole(path, text)
    for old in folder.glob(f"learned-{size}-*.png"):
        if old.name != name:
            old.unlink(missing_ok=True)
    return path
