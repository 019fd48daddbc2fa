"""What the eye said, judged against what was shown: records that count, time and show."""

from __future__ import annotations

import base64
import re
import unicodedata
from typing import Any

import cv2
import msgspec

from benchmarks.reading import eye
from benchmarks.reading.sheets import Line
from tillrig.vision import Frame

_CROPS = 8
_GOOD = ("clean", "typical")


class Told(msgspec.Struct):
    """One line: `blind` right, refused or wrong ("" where what is shown obeys no grammar); `sound` and `faults` in
    testimony's words."""

    type: str
    blind: str = ""
    sound: str = ""
    faults: list[tuple[str, str]] = []


class Case(msgspec.Struct):
    """Something to look at: a reading that is wrong or was refused in good light."""

    what: str
    shown: str
    asked: str
    said: str
    type: str
    picture: str = ""  # PNG of the line, base64
    frame: str = ""  # JPEG of the whole frame, base64


class Record(msgspec.Struct):
    """All of one pose."""

    number: int
    surface: str
    knows: str
    optics: str
    font: str
    lines: list[Told] = []
    times: dict[str, list[float]] = {}
    cases: list[Case] = []
    invented: int = 0

    @property
    def wrong(self) -> int:
        lines = sum((one.blind == "wrong") + (one.sound == "MISMATCH") for one in self.lines)
        return lines + sum(word == "MATCH" for one in self.lines for _, word in one.faults) + self.invented


def judge_blind(record: Record, told: Told, line: Line, read: eye.Read, frame: Frame, crop: Any) -> None:
    if not line.well_formed:
        return
    told.blind = judged(line, read.text)
    if told.blind == "wrong" or (told.blind == "refused" and record.optics in _GOOD):
        said = f"{read.raw!r} at confidence {read.confidence:.2f}"
        _case(record, f"blind {told.blind}", line, "", said, frame, crop)


def judged(line: Line, text: str | None) -> str:
    """A blind reading that is vouched for (None: none is) against what is shown: a typed value counts wherever its
    grammar finds it on the line, and must be found once."""
    if text is None or not text.strip():
        return "refused"
    if same(text, line.shown):
        return "right"
    if not line.value:
        return "wrong"
    values = re.findall(line.field.grammar, bare(text))
    return "right" if values == [bare(line.value)] else "wrong"


def judge_sound(record: Record, told: Told, line: Line, word: Any, frame: Frame, crop: Any) -> None:
    if not line.well_formed:
        return
    told.sound = str(word.answer)
    if told.sound == "MISMATCH":
        _case(record, "false alarm", line, line.shown, f"saw {word.seen!r}: {word.reason}", frame, crop)


def judge_fault(record: Record, told: Told, line: Line, other: Any, word: Any, frame: Frame, crop: Any) -> None:
    told.faults.append((other.fault, str(word.answer)))
    if word.answer == "MATCH":
        said = f"MATCH, margin {word.margin:.1f} {word.reason}".strip()
        _case(record, f"{other.fault} fault called MATCH", line, other.text, said, frame, crop)


def judge_extra(record: Record, read: eye.Read, frame: Frame) -> None:
    """A vouched text where nothing is shown."""
    if read.text and read.text.strip("-—_. "):
        record.invented += 1
        record.cases.append(
            Case("blind wrong", "", "", f"{read.text!r} read where nothing stands", "text", "", _small(frame))
        )


def _case(record: Record, what: str, line: Line, asked: str, said: str, frame: Frame, crop: Any) -> None:
    if len(record.cases) < _CROPS or what != "blind refused":
        picture = base64.b64encode(crop()).decode() if len(record.cases) < 2 * _CROPS else ""
        # The whole frame is kept once a pose.
        whole = "" if any(case.frame for case in record.cases) or what == "blind refused" else _small(frame)
        record.cases.append(Case(what, line.shown, asked, said, line.field.type, picture, whole))


def _small(frame: Frame) -> str:
    picture = frame.image()
    scale = 480 / max(picture.shape[:2])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return base64.b64encode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 70])[1].tobytes()).decode()


def bare(text: str) -> str:
    """Without spaces, full-width forms folded, and the spellings that count as one word alike."""
    return "".join(unicodedata.normalize("NFKC", text).replace("帐", "账").split())


def same(one: str, other: str) -> bool:
    return bare(one) == bare(other)
