"""Pose number n of the corpus: drawn, photographed and given to the eye."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from benchmarks.reading import draw, eye, fonts
from benchmarks.reading.judging import Record, Told, judge_blind, judge_extra, judge_fault, judge_sound
from benchmarks.reading.optics import Pose
from benchmarks.reading.scenes import SCENES
from benchmarks.reading.settings import BEYOND, SETTINGS
from benchmarks.reading.sheets import Line, as_it_should_be, number_fields, screen_fields, sheet, slip_fields
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
SCREENS_A_POSE = {"lcd": 3, "tft": 2, "slip": 1}
# Then as many that are sound and hold figures: what must not be read wrong, in numbers.
NUMBERS_A_POSE = {"lcd": 14, "tft": 8, "slip": 2}
_SHOTS = 3
_SLIP_DOTS = 1300
# Dots by which a lens that nobody calibrated may shift a line.
_DRIFT = 12


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


def judge(plan: Plan, *, keep: Any = None, screens: int | None = None, numbers: int | None = None) -> Record:
    """Draw the pose, photograph it, let the eye read it. `keep`: a folder for its pictures; `screens` (or slips) shown
    a pose with faults, `numbers` without."""
    rng = random.Random(plan.number * 7919 + 5)
    screens = SCREENS_A_POSE[plan.surface] if screens is None else screens
    numbers = NUMBERS_A_POSE[plan.surface] if numbers is None else numbers
    try:
        return (_slips if plan.surface == "slip" else _screens)(plan, rng, keep, screens, numbers)
    except Exception as problem:
        problem.add_note(f"while reading --pose {plan.number} of the reading benchmark")
        raise


def _screens(plan: Plan, rng: random.Random, keep: Any, count: int, numbers: int) -> Record:
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
    for screen in range(count + numbers):
        if screen < count:
            lines = sheet(screen_fields(rng), rng, lambda text, _: not lcd or face.shows(text), {"left": 16})
        else:
            lines = as_it_should_be(number_fields(rng))
        if not lcd and screen < count and rng.random() < 0.3:
            lines = [msgspec.structs.replace(one, place="chosen") if at == 1 else one for at, one in enumerate(lines)]
        picture = draw.lcd(lines, face) if lcd else draw.tft(lines, fonts.TFT_FONTS[name], rng)
        light = scene.light(picture, before)
        before = picture
        frames = _frames(pose, light, screen, plan, keep if screen < count else None)
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
        judge_extra(record, extra, frames[0])
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


def _slips(plan: Plan, rng: random.Random, keep: Any, count: int, numbers: int) -> Record:
    text, small = rng.choice(fonts.SLIP_FACES)
    record = Record(plan.number, "slip", plan.knows, plan.optics, text.name)
    clock = eye.Clock()
    pose, scene, reader = None, None, None
    for slip in range(count + numbers):
        if slip < count:
            lines = sheet(
                slip_fields(rng), rng, lambda shown, place: (small if place == "small" else text).shows(shown), _WIDTHS
            )
            # A slip has many lines: one fault each is enough.
            lines = [
                msgspec.structs.replace(one, others=tuple(rng.sample(one.others, min(1, len(one.others)))))
                for one in lines
            ]
        else:
            lines = as_it_should_be(slip_fields(rng))
        dots, places = draw.slip(lines, text, small, rng)
        if pose is None or scene is None or reader is None:
            window = min(_SLIP_DOTS, max(len(dots) + 60, 700))
            pose = Pose(SETTINGS[plan.optics], plan.number, "slip", 384, window)
            scene = SCENES["slip"](pose)
            known = tuple(FontSpec(str(face.bdf()), face.height) for face in (text, small))
            geometry = PaperGeometry(fonts=known if plan.knows == "font known" else ())
            eye.warm_up(geometry.fonts, "slip")
            reader = eye.Slips(geometry, pose.corners, pose.told_k1, clock)
        frames = _frames(pose, scene.light(dots), slip, plan, keep if slip < count else None)
        rows = [(top + window - len(dots), bottom + window - len(dots)) for top, bottom in places]
        _read_slip(record, reader, frames, lines, rows, window)
        if slip == 0 and plan.number % 4 == 1 and (found := reader.blind(frames[0])):
            eye.by_tesseract(reader.crop(frames[1], found[-1].line), 7, clock, "pytesseract: a slip's rectified line")
    record.times = clock.times
    return record


def _read_slip(
    record: Record,
    reader: eye.Slips,
    frames: list[Frame],
    lines: Sequence[Line],
    places: Sequence[tuple[float, float]],
    window: float,
) -> None:
    """`places`: rows [first, last) of each line in a window of `window` rows."""
    found = reader.blind(frames[0])
    stretch = reader.length / window
    free = list(found)
    rows = [(first * stretch, last * stretch) for first, last in places]
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
        judge_extra(record, extra, frames[0])


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


def _frames(pose: Pose, light: np.ndarray, screen: int, plan: Plan, keep: Any) -> list[Frame]:
    frames = []
    for shot in range(_SHOTS):
        number = screen * _SHOTS + shot
        jpeg = pose.expose(light, number)
        frames.append(Frame(number / 30, jpeg, plan.surface, number))
        if keep is not None:
            (keep / f"{plan.number}-{plan.surface}-{plan.optics}-{screen}-{shot}.jpg").write_bytes(jpeg)
    return frames
