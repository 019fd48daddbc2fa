"""Pose number n of the corpus, and what the eye makes of it: a record that counts, times and shows."""

from __future__ import annotations

import base64
import random
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import cv2
import msgspec
import numpy as np

from benchmarks.reading import draw, eye, fonts
from benchmarks.reading.optics import Pose
from benchmarks.reading.scenes import SCENES
from benchmarks.reading.settings import BEYOND, SETTINGS
from benchmarks.reading.sheets import Line, screen_fields, sheet, slip_fields
from benchmarks.reading.words import MENUS
from tillrig.vision import DisplayGeometry, FontSpec, Frame, PaperGeometry

# (surface, what the eye knows of its font); each pose is of one stratum and one optics setting, in turn.
STRATA = tuple(
    pair.split(":")
    for pair in (
        "lcd:font known",
        "slip:font known",
        "tft:font unknown",
        "lcd:font known",
        "slip:font unknown",
        "slip:font known",
        "lcd:font unknown",
        "tft:font known",
        "lcd:font learned",
        "slip:font known",
    )
)
OPTICS = (
    *(("typical", "bad", "clean", "typical", "bad", "typical", "clean", "typical", "bad")),
    *(setting.name for setting in BEYOND),
)
# A terminal's own menus, then amounts: every digit in several places.
_AMOUNTS = (("1234.56", "98760.50"), ("7890.12", "4321.98"), ("9087.65", "3070.41"), ("4039.81", "5926.37"))
LESSONS = (*MENUS, *(("消费", "请输入金额:", *(f"{text:>16}" for text in pair)) for pair in _AMOUNTS))
SCREENS_A_POSE = {"lcd": 3, "tft": 2}
_SHOTS = 3
_SLIP_DOTS = 1300
# Dots by which a lens that nobody calibrated may shift a line.
_DRIFT = 12
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


class Plan(msgspec.Struct, frozen=True):
    """Which poses are drawn; pose n is the same in every run."""

    number: int
    surface: str
    knows: str
    optics: str

    @classmethod
    def of(cls, number: int) -> Plan:
        surface, knows = STRATA[number % len(STRATA)]
        if (surface, knows) == ("lcd", "font unknown") and number // len(STRATA) % 2:
            knows = "font other"
        return cls(number, surface, knows, OPTICS[number % len(OPTICS)])


def judge(plan: Plan, *, keep: Any = None, screens: int | None = None) -> Record:
    """Draw the pose, photograph it, let the eye read it. `keep`: a folder for its pictures; `screens` shown a pose."""
    rng = random.Random(plan.number * 7919 + 5)
    try:
        if plan.surface == "slip":
            return _slip(plan, rng, keep)
        return _screens(plan, rng, keep, screens or SCREENS_A_POSE[plan.surface])
    except Exception as problem:
        problem.add_note(f"while reading --pose {plan.number} of the reading benchmark")
        raise


def _screens(plan: Plan, rng: random.Random, keep: Any, count: int) -> Record:
    lcd = plan.surface == "lcd"
    face = rng.choice(fonts.LCD_FACES)
    name = face.name if lcd else rng.choice(sorted(fonts.TFT_FONTS))
    named = _other(face) if plan.knows == "font other" else face
    known = _known(named, None if lcd else fonts.TFT_FONTS[name]) if plan.knows in ("font known", "font other") else ()
    geometry = (
        DisplayGeometry(fonts=known)
        if lcd
        else DisplayGeometry(
            kind="colour",
            width=320,
            height=240,
            rows=draw.TFT_ROWS,
            columns=draw.TFT_COLUMNS,
            cell=(8, draw.TFT_ROW),
            fonts=known,
        )
    )
    pose = Pose(SETTINGS[plan.optics], plan.number, plan.surface, geometry.width, geometry.height)
    scene = SCENES[plan.surface](pose)
    record = Record(plan.number, plan.surface, plan.knows, plan.optics, name)
    if plan.knows == "font learned":
        lessons = [_lesson(pose, scene, face, rows, number) for number, rows in enumerate(LESSONS)]
        known = eye.learn(geometry, pose.corners, pose.told_k1, lessons)
        geometry = DisplayGeometry(fonts=known)
    clock = eye.Clock()
    eye.warm_up(geometry.fonts, plan.surface)
    reader = eye.Screens(geometry, pose.corners, pose.told_k1, plan.surface, clock)
    before = None
    for screen in range(count):
        lines = sheet(screen_fields(rng), rng, lambda text, _: not lcd or face.shows(text), {"left": 16})
        if not lcd and rng.random() < 0.3:
            lines = [msgspec.structs.replace(one, place="chosen") if at == 1 else one for at, one in enumerate(lines)]
        picture = draw.lcd(lines, face) if lcd else draw.tft(lines, fonts.TFT_FONTS[name], rng)
        light = scene.light(picture, before)
        before = picture
        frames = _frames(pose, light, screen, plan, keep)
        _read_screen(record, reader, frames, lines, clock, screen)
    record.times = clock.times
    return record


def _known(face: fonts.Face, outline: fonts.Source | None) -> tuple[FontSpec, ...]:
    """What a profile would name: a dot font as BDF, an outline font in each size that the display uses."""
    if outline is None:
        return (FontSpec(str(face.bdf()), face.height),)
    return tuple(FontSpec(str(outline.path), size, outline.index) for size in draw.TFT_SIZES)


def _other(face: fonts.Face) -> fonts.Face:
    """The font that a wrong profile names."""
    return fonts.LCD_FACES[(fonts.LCD_FACES.index(face) + 1) % len(fonts.LCD_FACES)]


def _lesson(pose: Pose, scene: Any, face: fonts.Face, rows: Sequence[str], number: int) -> tuple[list[Frame], Any]:
    """One known screen as `tillrig learn` would show it, in the pose at hand."""
    light = scene.light(np.vstack([face.line(text, 128) for text in (*rows, "", "", "")][:4]))
    shots = range(1000 + 2 * number, 1002 + 2 * number)
    return [Frame(shot / 30, pose.expose(light, shot), "lesson", shot) for shot in shots], rows


def _read_screen(
    record: Record, reader: eye.Screens, frames: list[Frame], lines: Sequence[Line], clock: eye.Clock, screen: int
) -> None:
    blind = reader.blind(frames[0])
    for extra in blind[len(lines) :]:
        _invented(record, extra, frames[0])
    shown = [(row, line) for row, line in enumerate(lines) if line.shown]
    words = reader.testify(frames[1:], [(row, line.shown, line.field.kind) for row, line in shown])
    for (row, line), word in zip(shown, words, strict=True):
        told = Told(line.field.type)
        judge_blind(record, told, line, blind[row], frames[0], lambda row=row: reader.crop(frames[0], row))
        judge_sound(record, told, line, word, frames[1], lambda row=row: reader.crop(frames[1], row))
        for other in line.others:
            said = reader.again(frames[1:], row, other.text, line.field.kind)
            judge_fault(record, told, line, other, said, frames[1], lambda row=row: reader.crop(frames[1], row))
        record.lines.append(told)
    if screen == 0 and record.number % 4 == 0:
        eye.by_tesseract(reader.crop(frames[1]), 6, clock, "pytesseract: the rectified screen")


def _slip(plan: Plan, rng: random.Random, keep: Any) -> Record:
    text, small = rng.choice(fonts.SLIP_FACES)
    lines = sheet(
        slip_fields(rng), rng, lambda shown, place: (small if place == "small" else text).shows(shown), _WIDTHS
    )
    # A slip has many lines: one fault each is enough.
    lines = [
        msgspec.structs.replace(one, others=tuple(rng.sample(one.others, min(1, len(one.others))))) for one in lines
    ]
    dots, places = draw.slip(lines, text, small, rng)
    window = min(_SLIP_DOTS, max(len(dots) + 60, 700))
    pose = Pose(SETTINGS[plan.optics], plan.number, "slip", 384, window)
    light = SCENES["slip"](pose).light(dots)
    frames = _frames(pose, light, 0, plan, keep)
    known = tuple(FontSpec(str(face.bdf()), face.height) for face in (text, small))
    record = Record(plan.number, "slip", plan.knows, plan.optics, text.name)
    clock = eye.Clock()
    geometry = PaperGeometry(fonts=known if plan.knows == "font known" else ())
    eye.warm_up(geometry.fonts, "slip")
    reader = eye.Slips(geometry, pose.corners, pose.told_k1, clock)
    found = reader.blind(frames[0])
    stretch = reader.length / window
    free = list(found)
    rows = [((top + window - len(dots)) * stretch, (bottom + window - len(dots)) * stretch) for top, bottom in places]
    for line, (first, last) in zip(lines, _seen_rows(rows, found), strict=True):
        one = max(free, key=lambda read: min(read.bottom, last) - max(read.top, first), default=None)
        if one is not None and min(one.bottom, last) - max(one.top, first) < 0.4 * (last - first):
            one = None
        if one is not None:
            free.remove(one)
        if line.place == "rule" or first < 0:
            continue
        record.lines.append(_slip_line(record, reader, frames, line, one))
    for extra in free:
        _invented(record, extra, frames[0])
    if plan.number % 4 == 1 and found:
        eye.by_tesseract(reader.crop(frames[1], found[-1].line), 7, clock, "pytesseract: a slip's rectified line")
    record.times = clock.times
    return record


def _seen_rows(rows: list[tuple[float, float]], found: Sequence[eye.Read]) -> list[tuple[float, float]]:
    """Where the printed rows [first, last) are seen: a lens that nobody calibrated shifts them by some dots, smoothly
    along the slip, which the lines that are found show."""
    middles = np.array([(read.top + read.bottom) / 2 for read in found])
    pairs = []
    for middle in ((first + last) / 2 for first, last in rows if len(middles)):
        nearest = float(middles[np.abs(middles - middle).argmin()])
        if abs(nearest - middle) < _DRIFT:
            pairs.append((middle, nearest))
    if len(pairs) < 6:
        return rows
    at, seen = np.array(pairs).T
    weight = np.ones(len(at))
    for _ in range(3):
        curve = np.polyfit(at, seen - at, 3, w=weight)
        weight = 1 / (1 + np.abs(seen - at - np.polyval(curve, at)))
    return [(first + float(np.polyval(curve, first)), last + float(np.polyval(curve, last))) for first, last in rows]


_WIDTHS = {"text": 32, "small": 48, "amount": 32, "centre": 32}


def _slip_line(record: Record, reader: eye.Slips, frames: list[Frame], line: Line, one: eye.Read | None) -> Told:
    told = Told(line.field.type)
    if one is None:  # the line was not found: nothing is said of it
        told.blind = "refused" if line.well_formed else ""
        told.sound = "UNREADABLE" if line.well_formed else ""
        told.faults = [(other.fault, "UNREADABLE") for other in line.others]
        return told
    judge_blind(record, told, line, one, frames[0], lambda: reader.crop(frames[0], one.line))
    word = reader.again(frames[1:], one.line, line.shown, line.field.kind)
    judge_sound(record, told, line, word, frames[1], lambda: reader.crop(frames[1], one.line))
    for other in line.others:
        said = reader.again(frames[1:], one.line, other.text, line.field.kind)
        judge_fault(record, told, line, other, said, frames[1], lambda: reader.crop(frames[1], one.line))
    return told


def judge_blind(record: Record, told: Told, line: Line, read: eye.Read, frame: Frame, crop: Any) -> None:
    if not line.well_formed:
        return
    told.blind = judged(line, read.text)
    if told.blind == "wrong" or (told.blind == "refused" and record.optics in _GOOD):
        said = f"{read.raw!r} at confidence {read.confidence:.2f}"
        _case(record, f"blind {told.blind}", line, "", said, frame, crop)


def judged(line: Line, text: str | None) -> str:
    """A blind reading against what is shown: a typed value counts wherever its grammar finds it on the line."""
    if text is None or not text.strip():
        return "refused"
    if same(text, line.shown):
        return "right"
    if not line.value:
        return "wrong"
    values = re.findall(line.field.grammar, bare(text))
    if len(values) != 1:
        return "refused"
    return "right" if values[0] == bare(line.value) else "wrong"


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


def _invented(record: Record, read: eye.Read, frame: Frame) -> None:
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


def _frames(pose: Pose, light: np.ndarray, screen: int, plan: Plan, keep: Any) -> list[Frame]:
    frames = []
    for shot in range(_SHOTS):
        number = screen * _SHOTS + shot
        jpeg = pose.expose(light, number)
        frames.append(Frame(number / 30, jpeg, plan.surface, number))
        if keep is not None:
            (keep / f"{plan.number}-{plan.surface}-{plan.optics}-{screen}-{shot}.jpg").write_bytes(jpeg)
    return frames


def bare(text: str) -> str:
    """Without spaces, full-width forms folded, and the spellings that count as one word alike."""
    return "".join(unicodedata.normalize("NFKC", text).replace("帐", "账").split())


def same(one: str, other: str) -> bool:
    return bare(one) == bare(other)
