"""The screen reader: rows by the profile's grid, read blind, read quickly, and testified."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import cv2
import msgspec
import numpy as np

from tillrig.errors import UsageError
from tillrig.vision import colour_row
from tillrig.vision.alignment import Alignment, Taken
from tillrig.vision.colour_reading import read_row
from tillrig.vision.frame import Frame
from tillrig.vision.geometry import Corners, DisplayGeometry, Grey, Point
from tillrig.vision.gridfit import fit_grid
from tillrig.vision.ink import InkMap, dots_of, ink_map
from tillrig.vision.readers.atlas import Atlas, reading_of
from tillrig.vision.readers.base import LineImage, LineReading, bare
from tillrig.vision.readers.colour_atlas import ColourAtlas
from tillrig.vision.readers.glyphs import is_wide
from tillrig.vision.readers.recogniser import CHAR_PX, NETWORK_HEIGHT, crop_of_dots
from tillrig.vision.rectify import Rectifier
from tillrig.vision.row import Row, RowReading, ScreenReading, inverse_run
from tillrig.vision.testimony import Readers, Testimony, testify
from tillrig.vision.witness import SATURATED, fits, testified

SCALE = 4
MARGIN = 2
# Dots of ink that a row must have to hold text: the decimal point alone has four.
_BLANK_ROW = 2.5
# Mean squared error a dot up to which the atlas, reading with confidence, outweighs the recogniser.
_ATLAS_SURE = 0.065
# A row is the one that was read before when no 2x2 block of its dots differs by so much ink (one dot makes 0.25, the
# sensor's noise seldom 0.12), and that reading was so sure of each character that a fading ghost did not sway it.
_SAME_DOTS, _SURE_BEFORE = 0.15, 0.8
# Confidence at most of what the dots alone say where a recogniser sees well and reads something else.
_UNSURE = 0.8
# Of a learned font: confidence from which the recogniser alone may say what a label's character is, on a line with so
# many figures, which the dots bear out.
_LABEL_SURE, _FIGURES = 0.9, 3
# Confidence from which two readings that differ contradict each other.
_SURE_BOTH = 0.5
# Confidence from which what a recogniser reads in a row of a dim display is text.
_PLAIN_SURE = 0.5


class ScreenReader:
    """Reads one display. `corners` of its dot matrix in camera pixels; they are refined on the text shown unless
    `fit` is False."""

    def __init__(
        self,
        geometry: DisplayGeometry,
        corners: Sequence[Sequence[float]],
        *,
        k1: float = 0.0,
        readers: Readers | None = None,
        fit: bool = True,
    ) -> None:
        self.geometry = geometry
        self._colour = geometry.kind == "colour"
        in_cells = not self._colour and geometry.cell[1] == 2 * geometry.cell[0]
        self._cells = geometry.cell[0] if in_cells else 0
        self.readers = readers or screen_readers(geometry)
        self._given = Rectifier(corners, geometry.width, geometry.height, SCALE, k1=k1, margin=MARGIN)
        self._rectifier = self._given
        # Smooth text has no two-valued dots to fit a grid to; its rows are fitted one by one.
        self._fit_wanted = fit and not self._colour
        self._fine = Rectifier(
            corners, geometry.width, geometry.height, colour_row.SCALE, k1=k1, margin=colour_row.MARGIN
        )
        self._fit_score = float("inf")
        self._fit_inked = 0
        atlas = self.readers.atlas
        self._alignment = Alignment(geometry, atlas) if fit and atlas is not None else None
        self._read_before: dict[int, tuple[Row, LineReading]] = {}
        self._inks: dict[str, InkMap] = {}
        self._rows: OrderedDict[str, tuple[bytes, tuple[Row, ...], tuple[int, int]]] = OrderedDict()

    @property
    def corners(self) -> Corners:
        """As refined so far."""
        return self._rectifier.corners

    @property
    def k1(self) -> float:
        """Lens term as refined so far."""
        return self._rectifier.k1

    def quick_rows(self, frame: Frame) -> tuple[RowReading, ...]:
        """All rows by the atlas alone: which screen is shown, what a key did. Without a font the recogniser reads."""
        rows, size = self._seen(frame)
        if self.readers.atlas is None:
            return self.read_screen(frame).rows
        return tuple(
            self._reading(number, row, frame, size, self._quick_reading(number, row), "atlas")
            for number, row in enumerate(rows)
        )

    def read_screen(self, frames: Frame | Sequence[Frame]) -> ScreenReading:
        """Every row, blind; of several distinct frames the reading with the highest confidence stands for each row.
        Where two are sure of different texts, none is: its confidence is 0 and its reader ""."""
        given = [Frame.of(frame) for frame in ([frames] if not isinstance(frames, Sequence) else frames)]
        best: dict[int, RowReading] = {}
        for frame in given:
            rows, size = self._seen(frame)
            for number, row in enumerate(rows):
                reading, reader = self._blind(row, frame, size, number)
                now = self._reading(number, row, frame, size, reading, reader)
                best[number] = now if number not in best else _surer(best[number], now)
        return ScreenReading(
            rows=tuple(best[number] for number in sorted(best)), frames=tuple(frame.id for frame in given)
        )

    def testify_row(self, frames: Sequence[Frame], row: int, expected: str, kind: str = "text") -> Testimony:
        """What the distinct settled `frames` say about `expected` standing in `row` (0 = top); "" expects a blank
        row. The same picture given again is one frame. Raises UsageError on a row that the display does not have."""
        if not 0 <= row < self.geometry.rows:
            raise UsageError(f"row {row} of a display with rows 0 to {self.geometry.rows - 1}")
        lines = []
        for frame in {frame.jpeg: frame for frame in frames}.values():
            rows, size = self._seen(frame)
            lines.append(self._line(rows[row], frame, size, row))
        return testify(lines, expected, kind, self.readers)

    def testify_screen(
        self, frames: Sequence[Frame], expectations: Sequence[tuple[int, str, str]]
    ) -> tuple[Testimony, ...]:
        """One testimony for each (row, expected, kind)."""
        return tuple(self.testify_row(frames, row, expected, kind) for row, expected, kind in expectations)

    def crop(self, frame: Frame, row: int | None = None) -> bytes:
        """The rectified screen, or one row of it, as PNG."""
        picture = self._rectifier(frame.grey())
        if row is not None:
            height = self.geometry.cell[1] * SCALE
            top = MARGIN * SCALE + row * height
            picture = picture[max(0, top - MARGIN * SCALE) : top + height + MARGIN * SCALE]
        return bytes(cv2.imencode(".png", picture)[1])

    def line_image(self, frame: Frame, row: int) -> LineImage:
        """The row as readers take it."""
        rows, size = self._seen(frame)
        return self._line(rows[row], Frame.of(frame), size, row)

    def ink_of(self, frame: Frame) -> InkMap:
        """Ink of every dot of the display (rows x columns)."""
        self._seen(frame)
        return self._inks[frame.id]

    # -- inside

    def _seen(self, frame: Any) -> tuple[tuple[Row, ...], tuple[int, int]]:
        frame = Frame.of(frame)
        hit = self._rows.get(frame.id)
        if hit is not None and hit[0] is frame.jpeg:
            return hit[1], hit[2]
        grey = frame.grey()
        if self._fit_wanted:
            self._refine(grey)
        taken = self._taken(grey, self._rectifier)
        if self._alignment is not None:
            aligned, taken = self._alignment(grey, self._rectifier, taken, lambda at: self._taken(grey, at))
            self._fit_wanted = self._fit_wanted and aligned is self._rectifier
            self._rectifier = aligned
        ink, rows = taken.ink, taken.rows
        if self._colour:
            smooth = colour_row.smooth_rows(self._fine(grey), len(rows), self.geometry.cell[1])
            rows = tuple(
                msgspec.structs.replace(row, print=one.ink, blank=one.blank)
                for row, one in zip(rows, smooth, strict=True)
            )
        size = (grey.shape[1], grey.shape[0])
        self._rows[frame.id], self._inks[frame.id] = (frame.jpeg, rows, size), ink
        while len(self._rows) > 12:
            del self._inks[self._rows.popitem(last=False)[0]]
        return rows, size

    def _taken(self, grey: Grey, rectifier: Rectifier) -> Taken:
        rectified = rectifier(grey)
        ink = ink_map(*dots_of(rectified, SCALE, MARGIN), cell=self.geometry.row_height)
        dim = rectified if ink.dim else None
        return Taken(rectified, ink, tuple(self._row(ink, number, dim) for number in range(self.geometry.rows)))

    def _refine(self, grey: Grey) -> None:
        """Fit the grid once on a screen with text, and again when one with half as much ink more comes along."""
        if self._fit_inked and self._fit_score < 0.2:
            self._fit_wanted = False
            return
        fit = fit_grid(grey, self.geometry, self._given.corners, self._given.k1)
        if fit is None or fit.inked < 1.5 * self._fit_inked:
            return
        self._fit_inked, self._fit_score = fit.inked, fit.residual
        self._rectifier = self._rectifier.at(fit.corners, fit.k1)

    def _row(self, seen: InkMap, number: int, dim: Grey | None) -> Row:
        width, height = self.geometry.cell
        part = np.array(seen.ink[number * height : (number + 1) * height], dtype=np.float32)
        saturated = float(seen.saturated[number * height : (number + 1) * height].mean())
        first, last = inverse_run(part, width)
        soft = np.array(seen.soft[number * height : (number + 1) * height], dtype=np.float32)
        for one in (part, soft):
            one[:, first * width : last * width] = 1.0 - one[:, first * width : last * width]
        part, soft = np.clip(part, 0.0, 1.0), np.clip(soft, 0.0, 1.0)
        blank = float((part > 0.5).sum()) < _BLANK_ROW
        inverse = last > first
        plain = None if dim is None else self._plain(dim, number, inverse)
        # Where light is clipped, text may be lost in it.
        shows = bool(seen.ink.any()) and float(seen.saturated.mean()) <= SATURATED
        return Row(part, soft, inverse, blank, saturated, shows, plain, turned=(first, last))

    def _plain(self, rectified: Grey, number: int, inverse: bool) -> Grey:
        """A row of the picture itself under even light, upright and dark on light, as wide as the display."""
        height = self.geometry.cell[1] * SCALE
        top = MARGIN * SCALE + number * height
        part = rectified[top - SCALE : top + height + SCALE].astype(np.float32)
        flat = part / np.maximum(cv2.GaussianBlur(part, (0, 0), 5.0 * SCALE), 1.0)
        flat = cv2.GaussianBlur(2.0 - flat if inverse else flat, (0, 0), 0.4 * SCALE)
        low, high = (float(value) for value in np.percentile(flat, (1, 80)))
        even = np.clip((flat - low) / max(high - low, 1e-3) * 200 + 30, 0, 255).astype(np.uint8)
        size = self.geometry.columns * CHAR_PX, NETWORK_HEIGHT
        return np.asarray(cv2.resize(even, size, interpolation=cv2.INTER_AREA), np.uint8)

    def _quick_reading(self, number: int, row: Row) -> LineReading:
        """A row that shows the very dots that were read before is not read again: of four rows, a key changes one."""
        before = self._read_before.get(number)
        if (
            before is not None
            and before[1].confidence >= _SURE_BEFORE
            and (before[0].blank, before[0].inverse) == (row.blank, row.inverse)
            and float(np.abs(cv2.blur(row.ink - before[0].ink, (2, 2))).max()) < _SAME_DOTS
        ):
            return before[1]
        reading = self._atlas_reading(row)
        self._read_before[number] = row, reading
        return reading

    def _atlas_reading(self, row: Row) -> LineReading:
        if row.blank or self.readers.atlas is None:
            return LineReading("", 1.0 if row.blank else 0.0)
        return reading_of(self.readers.atlas.read(row.ink))

    def _blind(  # noqa: PLR0911 - a return for each who may be believed
        self, row: Row, frame: Frame, size: tuple[int, int], number: int
    ) -> tuple[LineReading, str]:
        if row.blank:
            return LineReading("", 1.0), "ink"
        line = self._line(row, frame, size, number)
        if self._colour:
            return read_row(self.readers.recogniser, self.readers.colour_atlas, line)
        network = self.readers.recogniser.read_line(line)
        if self.readers.atlas is None:
            return network, self.readers.recogniser.name
        placed = self.readers.atlas.read(row.ink)
        dots = reading_of(placed)
        if bare(dots.text) == bare(network.text) and (fits(placed) or not self.readers.atlas.partial):
            return LineReading(dots.text, max(dots.confidence, network.confidence), dots.chars), "atlas+rapidocr"
        if self.readers.atlas.partial and (text := self._in_part(self.readers.atlas, row, network)):
            return LineReading(text, network.confidence, network.chars), "atlas+rapidocr"
        if placed.error < _ATLAS_SURE and dots.confidence > 0.5:
            sure = (
                dots.confidence if _blind_spot(bare(dots.text), bare(network.text)) else min(dots.confidence, _UNSURE)
            )
            return LineReading(dots.text, sure, dots.chars), "atlas"
        return LineReading(network.text, network.confidence * 0.9, network.chars), self.readers.recogniser.name

    def _in_part(self, atlas: Atlas, row: Row, network: LineReading) -> str:
        """What the recogniser read, where the dots of a learned font bear out all that was learned, and every figure;
        "" else."""
        placed = atlas.place(row.ink, network.text, gaps=True)
        if placed is None or not fits(placed) or not testified(placed):
            return ""
        seen = [char for char in network.chars if char.char not in " \u3000"]
        unsure = [seen[number].confidence < _LABEL_SURE for number in placed.open if number < len(seen)]
        figures = sum(char.char.isdigit() for char in seen)
        if placed.open and (any(unsure) or figures < _FIGURES):
            return ""
        return placed.text.replace("\u3000", "  ")

    def _line(self, row: Row, frame: Frame, size: tuple[int, int], number: int) -> LineImage:
        if row.print is not None:
            grey = colour_row.crop_of(row.print)
        else:
            grey = self._of_ink(row) if row.plain is None else row.plain
        return LineImage(
            frame.id,
            grey,
            row.ink,
            self._box(number, row, size),
            row.inverse,
            row.saturated,
            blank=row.blank,
            shows=row.shows and not (row.blank and self._hidden(row)),
            print=row.print,
            cell=self._cells,
        )

    def _of_ink(self, row: Row) -> Grey:
        columns = np.flatnonzero((row.ink > 0.5).sum(axis=0))
        left, right = (max(0, int(columns[0]) - 2), int(columns[-1]) + 3) if len(columns) else (0, self.geometry.width)
        return crop_of_dots(row.soft[:, left:right], self.geometry.cell[0])

    def _hidden(self, row: Row) -> bool:
        """Whether a dim display's row, blank by its ink, may hold text all the same."""
        if row.plain is None:
            return False
        told = self.readers.recogniser.read_crop(row.plain)
        return bool(told.text) and told.confidence >= _PLAIN_SURE

    def _box(self, number: int, row: Row, size: tuple[int, int]) -> tuple[Point, ...]:
        """Around the row's text; around the whole row when it is blank or inverse."""
        height = self.geometry.cell[1]
        top, bottom, left, right = (
            number * height,
            (number + 1) * height,
            0,
            self.geometry.columns * self.geometry.cell[0],
        )
        columns = np.flatnonzero((row.ink > 0.5).sum(axis=0))
        if len(columns) and not row.blank and not row.inverse:
            left, right = max(0, int(columns[0]) - 1), min(self.geometry.width, int(columns[-1]) + 2)
        return self._rectifier.to_camera([(left, top), (right, top), (right, bottom), (left, bottom)], size)

    def _reading(
        self, number: int, row: Row, frame: Frame, size: tuple[int, int], reading: LineReading, reader: str
    ) -> RowReading:
        inked = np.flatnonzero((row.ink > 0.5).sum(axis=0))
        return RowReading(
            row=number,
            text="" if row.blank else reading.text.strip(),
            confidence=round(reading.confidence, 4),
            blank=row.blank,
            inverse=row.inverse,
            column=int(inked[0]) // self.geometry.cell[0] if len(inked) and not row.blank else -1,
            box=self._box(number, row, size),
            frame=frame.id,
            reader=reader,
        )


def _surer(one: RowReading, other: RowReading) -> RowReading:
    """The surer of two readings of a row; where both are sure and say different things, a reading that nobody gave."""
    low, high = sorted((one, other), key=lambda reading: reading.confidence)
    if not (low.reader and high.reader) or (low.confidence >= _SURE_BOTH and bare(low.text) != bare(high.text)):
        return msgspec.structs.replace(high, confidence=0.0, reader="")
    return high


def screen_readers(geometry: DisplayGeometry) -> Readers:
    """The readers for a display whose fonts are those of its geometry. Raises ProfileError."""
    if not geometry.fonts:
        return Readers()
    if geometry.kind == "colour":
        return Readers(colour_atlas=ColourAtlas(geometry.fonts))
    return Readers(atlas=Atlas(geometry.fonts, geometry.cell))


def _blind_spot(dots: str, network: str) -> bool:
    """Whether a recogniser that reads `network` for `dots` may well err: similar Chinese characters, rows of stars."""
    if dots and not dots.strip("*"):
        return True
    pairs = [(one, other) for one, other in zip(dots, network, strict=False) if one != other]
    return len(dots) == len(network) and all(is_wide(one) and is_wide(other) for one, other in pairs)
