"""`python -m benchmarks.reading [--poses N] [--grade G]`: sound lines, one-character faults and times, against
pytesseract in the same run."""

# ruff: noqa: B023, T201 - timed calls run at once, and the table goes to the terminal
from __future__ import annotations

import argparse
import random
import statistics
import time
from collections import Counter

from tests.vision.photographs import DISPLAY, PAPER, fields, photographed, screen, slip, slip_photographed
from tillrig.vision import Atlas, PrintAtlas, Readers, ScreenReader, ScreenWatch, SlipReader

SWAPS = {
    **{str(digit): str((digit + 1) % 10) for digit in range(10)},
    "*": "7",
    ".": ",",
    "余": "佘",
    "入": "人",
    "成": "戌",
    "未": "末",
    "请": "清",
}


def faulty(text: str, rng: random.Random) -> str | None:
    """The text with one character changed into one that looks like it or matters, None when it has none."""
    places = [place for place, char in enumerate(text) if char in SWAPS]
    if not places:
        return None
    place = rng.choice(places)
    return text[:place] + SWAPS[text[place]] + text[place + 1 :]


def timed(call, times: dict[str, list[float]], name: str):
    start = time.perf_counter()
    value = call()
    times.setdefault(name, []).append((time.perf_counter() - start) * 1e3)
    return value


def screens(grade: str, poses: int, readers: Readers, times: dict[str, list[float]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for pose in range(poses):
        rng = random.Random(pose)
        shown = fields(rng)
        frames, corners = photographed(screen([text for text, _ in shown], [0], [2]), 5000 + pose, 3, grade)
        reader = ScreenReader(DISPLAY, corners, readers=readers)
        reader.quick_rows(frames[2])  # fits the grid, as a rig does once
        timed(lambda: reader.quick_rows(frames[0]), times, "screen: quick rows")
        timed(lambda: reader.read_screen(frames[0]), times, "screen: blind read")
        timed(lambda: ScreenWatch(DISPLAY, corners).feed(frames[1]), times, "screen: watch, first frame")
        timed(lambda: readers.tesseract.read_line(reader.line_image(frames[0], 2)), times, "pytesseract: one row")
        for row, (text, kind) in enumerate(shown):
            word = timed(
                lambda row=row, text=text, kind=kind: reader.testify_row(frames, row, text, kind),
                times,
                f"screen: testify {kind}",
            )
            found[f"sound {word.answer}"] += 1
            other = faulty(text, rng)
            if other is not None:
                found[f"fault {reader.testify_row(frames, row, other, kind).answer}"] += 1
    return found


def slips(grade: str, poses: int, readers: Readers, times: dict[str, list[float]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for pose in range(poses):
        rng = random.Random(pose)
        lines = [
            ("POS签购单 / POS SALES SLIP", "text", "text"),
            ("测试商户便利店", "text", "text"),
            (f"终端编号(TERMINAL NO):{rng.randrange(10**8):08d}", "text", "digits"),
            (f"990012******{rng.randrange(10**4):04d} /I", "text", "masked_pan"),
            (f"凭证号(VOUCHER NO):{rng.randrange(10**6):06d}", "text", "digits"),
            (f"RMB {rng.randrange(1, 5 * 10**6) / 100:,.2f}", "amount", "amount"),
            (f"ARQC:{rng.randrange(16**16):016X}", "small", "text"),
        ]
        frames, corners = slip_photographed(slip([*[line[:2] for line in lines], ("", "120")]), 6000 + pose, 3, grade)
        reader = SlipReader(PAPER, corners, readers=readers)
        read = timed(lambda: reader.read_slip(frames[0]), times, "slip: blind read, 7 lines")
        if len(read.lines) != len(lines):
            found["lines not found"] += 1
            continue
        for line, (text, _, kind) in zip(read.lines, lines, strict=True):
            word = timed(
                lambda line=line, text=text, kind=kind: reader.testify_line(frames, line, text, kind),
                times,
                f"slip: testify {kind}",
            )
            found[f"sound {word.answer}"] += 1
            other = faulty(text, rng)
            if other is not None:
                found[f"fault {reader.testify_line(frames, line, other, kind).answer}"] += 1
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--poses", type=int, default=10)
    parser.add_argument("--grade", default="typical", choices=("clean", "typical", "bad"))
    arguments = parser.parse_args()
    lcd = Readers(atlas=Atlas(DISPLAY.fonts, DISPLAY.cell))
    paper = Readers(recogniser=lcd.recogniser, print_atlas=PrintAtlas(PAPER), tesseract=lcd.tesseract)
    times: dict[str, list[float]] = {}
    for name, found in (
        ("screen", screens(arguments.grade, arguments.poses, lcd, times)),
        ("slip", slips(arguments.grade, arguments.poses, paper, times)),
    ):
        print(
            name,
            arguments.grade,
            f"{arguments.poses} poses:",
            ", ".join(f"{key} {count}" for key, count in sorted(found.items())),
        )
    unit = statistics.median(times["pytesseract: one row"])
    for name, values in sorted(times.items()):
        middle = statistics.median(values)
        print(f"{name:32} {middle:8.1f} ms   {unit / middle:6.1f} x faster than pytesseract on a row")


if __name__ == "__main__":
    main()
