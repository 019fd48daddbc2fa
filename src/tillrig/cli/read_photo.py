"""Answers for photographs: lines, amounts, and expected fields by the rules of `kind: photo`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tillrig.cli.read_entry import Entry, Expectation
    from tillrig.vision import Frame, Readers
    from tillrig.vision.photo import PhotoReading


def photo_answer(frames: Sequence[Frame], entry: Entry, readers: Readers) -> dict[str, Any]:
    """Of several pictures of one thing the amounts are those that every one gives."""
    from tillrig.vision.photo import read_photo

    readings = [read_photo(frame, readers) for frame in frames]
    first = readings[0]
    common = [amount for amount in first.amounts if all(_gives(other, amount.fen) for other in readings[1:])]
    answer: dict[str, Any] = {
        "lines": [_line(line) for line in first.lines],
        "amounts": [
            {
                "text": amount.text,
                "fen": amount.fen,
                "box": _box(amount.box),
                "polygon": [list(point) for point in amount.box],
                "confidence": amount.confidence,
            }
            for amount in common
        ],
    }
    if entry.asks:
        answer["expect"] = [_word(one, first, [amount.fen for amount in common]) for one in entry.expect]
    return answer


def _gives(reading: PhotoReading, fen: int) -> bool:
    return any(amount.fen == fen for amount in reading.amounts)


def _word(one: Expectation, reading: PhotoReading, amounts: Sequence[int]) -> dict[str, Any]:
    """MATCH where a proven amount or a vouched line holds it; without a layout nobody knows where else it should
    stand, so a photo never accuses."""
    from tillrig.vision.fields import find
    from tillrig.vision.grammar import fen_of
    from tillrig.vision.readers.base import bare

    if one.kind == "amount" and fen_of(one.text) in amounts:
        return _told(one, "MATCH", one.text, "")
    lines = [line for line in reading.lines if line.vouched]
    places = find([line.text for line in lines], one.text, one.kind)
    if one.kind == "text" and places and places[0].distance == 0 and not any(char.isdigit() for char in one.text):
        return _told(one, "MATCH", one.text, "")
    near = find([line.text for line in reading.lines], one.text, one.kind)
    seen = bare(near[0].text) if near else ""
    return _told(one, "UNREADABLE", seen, "no proven amount or line of the photograph says it")


def _told(one: Expectation, verdict: str, seen: str, reason: str) -> dict[str, Any]:
    return {"name": one.name, "verdict": verdict, "seen": seen, "reason": reason}


def _line(line: Any) -> dict[str, Any]:
    told = {
        "text": line.text,
        "confidence": line.confidence,
        "box": _box(line.box),
        "polygon": [list(point) for point in line.box],
    }
    return told if line.vouched else {**told, "doubtful": True}


def _box(points: Sequence[Sequence[float]]) -> list[float]:
    across, down = [point[0] for point in points], [point[1] for point in points]
    return [min(across), min(down), max(across), max(down)]
