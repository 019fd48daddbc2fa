"""What `tillrig.vision` makes of the corpus, through its public names only: one place to change when those change.

`Screens` and `Slip` give for every line a blind reading that the eye vouches for (or none) and testimonies.
"""

from __future__ import annotations

import os
import resource
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np

from tillrig.errors import ProfileError
from tillrig.vision import (
    Atlas,
    ColourAtlas,
    DisplayGeometry,
    FontSpec,
    Frame,
    PaperGeometry,
    PrintAtlas,
    Readers,
    Recogniser,
    ScreenReader,
    SlipReader,
)
from tillrig.vision.learning import Harvest, TextRow, write_learned
from tillrig.vision.sheet_reading import read_display, read_paper

Corners = Sequence[Sequence[float]]
Times = dict[str, list[float]]


class Read(msgspec.Struct, frozen=True):
    """One line read blind. `text` is None when the eye does not vouch for it, `raw` what it read then; `top`, `bottom`
    in dots; `line` is the eye's own."""

    text: str | None
    raw: str
    confidence: float
    top: float = 0.0
    bottom: float = 0.0
    line: Any = None


class Clock:
    """Processor milliseconds of named steps, child processes with them: what a step costs one core, however busy the
    machine is."""

    def __init__(self) -> None:
        self.times: Times = {}

    def __call__(self, step: str, call: Any, *given: Any) -> Any:
        start = _spent()
        value = call(*given)
        self.times.setdefault(step, []).append(round((_spent() - start) * 1e3, 2))
        return value


def _spent() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


@lru_cache(maxsize=1)
def recogniser() -> Recogniser:
    return Recogniser()


@lru_cache(maxsize=8)
def _readers(fonts: tuple[FontSpec, ...], surface: str) -> Readers:
    if not fonts:
        return Readers(recogniser=recogniser())
    if surface == "slip":
        return Readers(recogniser=recogniser(), print_atlas=PrintAtlas(PaperGeometry(fonts=fonts)))
    if surface == "tft":
        return Readers(recogniser=recogniser(), colour_atlas=ColourAtlas(fonts))
    return Readers(recogniser=recogniser(), atlas=Atlas(fonts))


def warm_up(fonts: tuple[FontSpec, ...], surface: str) -> None:
    """Load networks and glyphs, so that the first pose's times are not theirs."""
    readers = _readers(fonts, surface)
    if readers.print_atlas is not None:
        for height in ("text", "small"):
            readers.print_atlas.can_show("0", height)


class Screens:
    """A display read by its rows."""

    def __init__(self, geometry: DisplayGeometry, corners: Corners, k1: float, surface: str, clock: Clock) -> None:
        self._reader = ScreenReader(geometry, corners, k1=k1, readers=_readers(geometry.fonts, surface))
        self._clock = clock

    def blind(self, frame: Frame) -> list[Read]:
        """Every row, by its number; a blank one is vouched for when there is ink elsewhere."""
        rows = self._clock("rectify a frame and read a screen blind", self._reader.read_screen, frame).rows
        if self._reader.readers.atlas is not None:
            self._clock("read its rows at a glance, by the dots", self._reader.quick_rows, frame)
        sheet = self._clock("vouch for a screen's lines", read_display, self._reader, [frame])
        lines = iter(sheet.lines)
        found = []
        for row in rows:
            line = row if row.blank else next(lines)
            vouched = row.blank or line.vouched
            found.append(Read(line.text if vouched else None, line.text, round(line.confidence, 3)))
        return found

    def testify(self, frames: Sequence[Frame], told: Sequence[tuple[int, str, str]]) -> list[Any]:
        """One testimony for each (row, text, kind), on frames not looked at before."""
        return list(self._clock("testify a screen on two frames", self._reader.testify_screen, frames, told))

    def again(self, frames: Sequence[Frame], row: int, text: str, kind: str) -> Any:
        return self._clock("testify a row", self._reader.testify_row, frames, row, text, kind)

    def crop(self, frame: Frame, row: int | None = None) -> bytes:
        return self._reader.crop(frame, row)


class Slips:
    """Paper read by its lines."""

    def __init__(self, geometry: PaperGeometry, corners: Corners, k1: float, clock: Clock) -> None:
        self._reader = SlipReader(geometry, corners, k1=k1, readers=_readers(geometry.fonts, "slip"))
        self._clock = clock

    @property
    def length(self) -> float:
        """Dots that the reader takes the paper window to be long."""
        return float(self._reader.length_dots)

    def blind(self, frame: Frame) -> list[Read]:
        lines = self._clock("read a slip blind", self._reader.read_slip, frame).lines
        sheet = self._clock("vouch for a slip's lines", read_paper, self._reader, [frame])
        return [
            Read(one.text if one.vouched else None, one.text, round(one.confidence, 3), line.top, line.bottom, line)
            for line, one in zip((line for line in lines if line.text), sheet.lines, strict=True)
        ]

    def again(self, frames: Sequence[Frame], line: Any, text: str, kind: str) -> Any:
        return self._clock("testify a slip's line", self._reader.testify_line, frames, line, text, kind)

    def crop(self, frame: Frame, line: Any = None) -> bytes:
        return self._reader.crop(frame, line)


def by_tesseract(crop: bytes, page_mode: int, clock: Clock, step: str) -> str:
    """What pytesseract reads of a rectified crop, as a user would call it; timed as `step`."""
    import pytesseract

    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    picture = cv2.imdecode(np.frombuffer(crop, np.uint8), cv2.IMREAD_GRAYSCALE)
    return str(clock(step, lambda: pytesseract.image_to_string(picture, "chi_sim+eng", f"--psm {page_mode}")))


def learn(
    geometry: DisplayGeometry, corners: Corners, k1: float, lessons: Sequence[tuple[Sequence[Frame], Sequence[str]]]
) -> tuple[FontSpec, ...]:
    """The font that `tillrig learn` would harvest from screens of known rows, each in distinct frames; none where
    nothing could be learned."""
    harvest = Harvest(geometry)
    for frames, rows in lessons:
        reader = ScreenReader(geometry, corners, k1=k1, readers=_readers((), "lcd"))
        for number, text in enumerate(rows):
            if text:
                column = len(text) - len(text.lstrip())
                harvest.add(reader, frames, TextRow(number, column, text.strip()))
    if not harvest.glyphs():
        return ()
    path = write_learned(Path(tempfile.mkdtemp(prefix="learned-")), harvest, "benchmark", "")
    fonts = (FontSpec(str(path), geometry.cell[1], kind="learned"),)
    try:
        Atlas(fonts)
    except ProfileError:  # too little of it was seen clearly, such as no Latin character
        return ()
    return fonts
