"""A lab's own labelled frames: a folder of pictures with `truth.jsonl` beside them.

One JSON object a line: {"images": ["a.jpg", "b.jpg"], "kind": "screen" | "slip", "profile": "classic", "corners":
[[x, y] x 4], "k1": 0.0, "lines": [{"row": 0, "text": "12.34", "type": "amount"}]}. `images` are exposures of the same
sight at rest: one is read blind, from two on testimony is asked too. `row` (0 = top) is for screens; a slip's lines
stand in their order, rules left out. `profile` is a name or a file of the folder; `type` one of words.TYPES. Masked
card numbers only.
"""

from __future__ import annotations

import difflib
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.reading import eye
from benchmarks.reading.faults import faults
from benchmarks.reading.judging import Record, Told, bare, judge_blind, judge_fault, judge_sound
from benchmarks.reading.sheets import Line
from benchmarks.reading.words import TYPES, Field
from tillrig.errors import UsageError
from tillrig.profiles.load import load_profile, read_profile
from tillrig.vision import Frame, checked_corners, display_geometry, paper_geometry

TRUTH = "truth.jsonl"
_VALUES = {
    "amount": r"(?<![\d.,])-?(?:\d{1,3}(?:,\d{3})+|\d+)\.\d{2}(?![\d.,])",
    "date": r"\d{4}[/-]\d{2}[/-]\d{2}(?: ?\d{2}:\d{2}(?::\d{2})?)?|\d{4}/\d{2}|\d{2}/\d{2}",
    "time": r"\d{2}:\d{2}(?::\d{2})?",
    "PAN": r"\d{6}\*+\d{4}",
    **dict.fromkeys(("voucher", "reference", "number"), r"\d+"),
}
_FULL_PAN = re.compile(r"(?<!\d)(?!9900)\d{16,19}(?!\d)")
# Likeness from which a line that was read is the slip's line of that truth.
_ALIKE = 0.3


class LineTruth(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    type: str = "text"
    row: int = -1


class Truth(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    corners: list[list[float]]
    lines: list[LineTruth]
    images: list[str] = []
    image: str = ""
    profile: str = "classic"
    k1: float = 0.0


def judge_folder(folder: Path) -> Record:
    """All sights of a folder as one record. UsageError names file, line and what to mend."""
    path = folder / TRUTH
    if not path.is_file():
        raise UsageError(f"{folder} has no {TRUTH}: one JSON object a line with images, kind, corners and lines")
    record = Record(0, "lab", folder.name, "lab", "")
    clock = eye.Clock()
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if line.strip():
            where = f"{path}, line {number}"
            _judge(record, _checked(line, where), folder, where, clock)
    if not record.lines:
        raise UsageError(f"{path} labels no line of text")
    record.times = clock.times
    return record


def _checked(line: bytes, where: str) -> Truth:
    try:
        truth = msgspec.json.decode(line, type=Truth)
    except msgspec.DecodeError as problem:
        raise UsageError(f"{where}: {problem}") from problem
    if truth.kind not in ("screen", "slip"):
        raise UsageError(f"{where}: kind {truth.kind!r} is not screen or slip")
    if not truth.images:
        truth.images = [truth.image] if truth.image else []
    if not truth.images:
        raise UsageError(f"{where}: neither image nor images names a picture")
    for item in truth.lines:
        if item.type not in TYPES:
            raise UsageError(f"{where}: type {item.type!r} is not one of {', '.join(TYPES)}")
        if _FULL_PAN.search(item.text):
            raise UsageError(
                f"{where}: a text looks like a full card number; frames with one do not belong in a corpus"
            )
        if truth.kind == "screen" and item.row < 0:
            raise UsageError(f"{where}: {item.text!r} of a screen needs its row (0 is the top one)")
    return truth


def _judge(record: Record, truth: Truth, folder: Path, where: str, clock: eye.Clock) -> None:
    corners = checked_corners(truth.corners, f"{where}: corners")
    frames = [Frame.from_file(folder / image, number) for number, image in enumerate(truth.images)]
    own = folder / truth.profile
    profile = read_profile(own) if own.is_file() else load_profile(truth.profile, folder)
    lines = [_line(item, where) for item in truth.lines]
    if truth.kind == "screen":
        screens = eye.Screens(display_geometry(profile), corners, truth.k1, "lcd", clock)
        found = screens.blind(frames[0])
        for item, line in zip(truth.lines, lines, strict=True):
            if item.row >= len(found):
                raise UsageError(f"{where}: the profile's display has {len(found)} rows, there is no row {item.row}")
            _told(record, line, found[item.row], frames, screens, item.row)
        return
    slips = eye.Slips(paper_geometry(profile), corners, truth.k1, clock)
    for line, read in zip(lines, _aligned(lines, slips.blind(frames[0])), strict=True):
        _told(record, line, read, frames, slips, read.line if read else None)


def _line(item: LineTruth, where: str) -> Line:
    value = grammar = ""
    if item.type != "text":
        found = re.findall(_VALUES[item.type], item.text)
        if not found:
            raise UsageError(f"{where}: {item.text!r} holds no {item.type}")
        value = found[-1]
        grammar = rf"(?<!\d)\d{{{len(value)}}}(?!\d)" if value.isdigit() else _VALUES[item.type]
    field = Field(item.text, item.type, value, grammar)
    return Line(field, item.text, tuple(faults(field, random.Random(item.text))))


def _told(record: Record, line: Line, read: eye.Read | None, frames: list[Frame], reader: Any, place: Any) -> None:
    told = Told(line.field.type)
    record.lines.append(told)
    if read is None:
        told.blind = "refused"
        return
    judge_blind(record, told, line, read, frames[0], lambda: reader.crop(frames[0], place))
    if len(frames) < 2:
        return
    word = reader.again(frames, place, line.shown, line.field.kind)
    judge_sound(record, told, line, word, frames[0], lambda: reader.crop(frames[0], place))
    for other in line.others:
        said = reader.again(frames, place, other.text, line.field.kind)
        judge_fault(record, told, line, other, said, frames[0], lambda: reader.crop(frames[0], place))


def _aligned(lines: Sequence[Line], found: Sequence[eye.Read]) -> list[eye.Read | None]:
    """For each line of the truth the one that was read in its place: in order, most alike in all."""
    alike = [[_likeness(line.shown, read.raw) for read in found] for line in lines]
    best = [[0.0] * (len(found) + 1) for _ in range(len(lines) + 1)]
    for one in range(len(lines) - 1, -1, -1):
        for other in range(len(found) - 1, -1, -1):
            paired = alike[one][other] + best[one + 1][other + 1] if alike[one][other] >= _ALIKE else 0.0
            best[one][other] = max(best[one + 1][other], best[one][other + 1], paired)
    pairs: list[eye.Read | None] = []
    other = 0
    for one in range(len(lines)):
        while other < len(found) and best[one][other] == best[one][other + 1]:
            other += 1
        taken = other < len(found) and best[one][other] > best[one + 1][other]
        pairs.append(found[other] if taken else None)
        other += taken
    return pairs


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, bare(one), bare(other), autojunk=False).ratio()
