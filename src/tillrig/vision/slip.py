"""The slip reader: paper rectified, levelled, parted into lines and slips; each line read and testified."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import msgspec
import numpy as np

from tillrig.vision.frame import Frame
from tillrig.vision.geometry import Grey, Ink, PaperGeometry, Point, checked_corners
from tillrig.vision.ink import LINEAR, SATURATED
from tillrig.vision.paper import Band, find_lines, paper_ink, skew_of, unskew
from tillrig.vision.readers.base import LineImage
from tillrig.vision.readers.print_atlas import PrintAtlas
from tillrig.vision.readers.recogniser import CHAR_PX, NETWORK_HEIGHT
from tillrig.vision.rectify import Rectifier
from tillrig.vision.testimony import Readers, Testimony, testify

SCALE = 2
# Dots left and right of the print that are looked at: paper sways.
MARGIN = 8
_PAD = 3
_REST_STEP = 6.0
_REST_SHARE = 0.002


class SlipLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line, read blind. `height`: "text", "small", "amount" or "rule"; `top`, `bottom`, `left`, `right` in dots
    of the rectified paper; `box` four camera points from top-left clockwise."""

    index: int
    text: str
    confidence: float
    height: str
    top: int
    bottom: int
    left: int
    right: int
    box: tuple[Point, ...]
    frame: str


class SlipReading(msgspec.Struct, frozen=True, kw_only=True):
    """All lines in view, oldest (topmost) first; `slips` the same, parted where the paper is blank for the geometry's
    gap."""

    lines: tuple[SlipLine, ...]
    slips: tuple[tuple[SlipLine, ...], ...]
    frames: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The lines' texts."""
        return tuple(line.text for line in self.lines)


@dataclass(frozen=True)
class _Sheet:
    picture: Grey
    ink: Ink
    bands: tuple[Band, ...]
    skew: float
    size: tuple[int, int]


class SlipReader:
    """Reads the paper window within `corners` (camera pixels): as wide as the printer's dots, its lower edge at the
    slot."""

    def __init__(
        self,
        geometry: PaperGeometry,
        corners: Sequence[Sequence[float]],
        *,
        k1: float = 0.0,
        readers: Readers | None = None,
        length_dots: int | None = None,
    ) -> None:
        self.geometry = geometry
        self.readers = readers or Readers(print_atlas=PrintAtlas(geometry) if geometry.fonts else None)
        points = np.asarray(checked_corners(corners))
        sides = np.hypot(*(np.roll(points, -1, axis=0) - points).T)
        self.length_dots = length_dots or max(8, round(geometry.dots * (sides[1] + sides[3]) / (sides[0] + sides[2])))
        self._rectifier = Rectifier(corners, geometry.dots, self.length_dots, SCALE, k1=k1, margin=MARGIN)
        self._sheets: OrderedDict[str, tuple[bytes, _Sheet]] = OrderedDict()

    def at_rest(self, first: Frame, second: Frame) -> bool:
        """Whether the paper stood still between two frames: hardly a dot differs beyond the sensor's noise."""
        pair = [
            cv2.resize(self._rectifier(frame.grey(2), 2), None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA).astype(
                np.float32
            )
            for frame in map(Frame.of, (first, second))
        ]
        step = cv2.blur(pair[1] - pair[0], (3, 3))
        step -= np.median(step, axis=1, keepdims=True)
        return bool((np.abs(step) > _REST_STEP).mean() < _REST_SHARE)

    def read_slip(self, frames: Frame | Sequence[Frame]) -> SlipReading:
        """Every line in view, blind, from the newest of the frames. Rules are not read, only named."""
        given = [Frame.of(frame, "slip") for frame in ([frames] if not isinstance(frames, Sequence) else frames)]
        frame = given[-1]
        sheet = self._sheet(frame)
        lines = tuple(self._read(number, band, sheet, frame) for number, band in enumerate(sheet.bands))
        return SlipReading(lines=lines, slips=_parted(lines, self.geometry.gap), frames=tuple(one.id for one in given))

    def line_images(self, frame: Frame) -> tuple[LineImage, ...]:
        """The crops of every line in view, unread."""
        frame = Frame.of(frame, "slip")
        sheet = self._sheet(frame)
        return tuple(self._image(band, sheet, frame) for band in sheet.bands)

    def testify_line(self, frames: Sequence[Frame], line: SlipLine, expected: str, kind: str = "text") -> Testimony:
        """What the distinct frames, taken at rest, say about `expected` standing where `line` was found."""
        images = []
        for given in frames:
            frame = Frame.of(given, "slip")
            sheet = self._sheet(frame)
            band = _nearest(sheet.bands, line)
            if band is not None:
                images.append(self._image(band, sheet, frame))
        if not images:
            images = [
                self._image(
                    Band(line.top, line.bottom, line.left, line.right, line.height),
                    self._sheet(Frame.of(frames[0], "slip")),
                    Frame.of(frames[0], "slip"),
                )
            ]
        return testify(images, expected, kind, self.readers)

    def testify_lines(
        self, frames: Sequence[Frame], expectations: Sequence[tuple[SlipLine, str, str]]
    ) -> tuple[Testimony, ...]:
        """One testimony for each (line, expected, kind)."""
        return tuple(self.testify_line(frames, line, expected, kind) for line, expected, kind in expectations)

    def crop(self, frame: Frame, line: SlipLine | None = None) -> bytes:
        """The levelled paper, or one line of it, as PNG."""
        picture = self._sheet(Frame.of(frame, "slip")).picture
        if line is not None:
            top, bottom = (MARGIN + line.top - 4) * SCALE, (MARGIN + line.bottom + 4) * SCALE
            picture = picture[max(0, top) : bottom]
        return bytes(cv2.imencode(".png", picture)[1])

    # -- inside

    def _sheet(self, frame: Any) -> _Sheet:
        hit = self._sheets.get(frame.id)
        if hit is not None and hit[0] is frame.jpeg:
            return hit[1]
        grey = frame.grey()
        picture = self._rectifier(grey)
        small = cv2.resize(cv2.LUT(picture, LINEAR), None, fx=1 / SCALE, fy=1 / SCALE, interpolation=cv2.INTER_AREA)
        ink = paper_ink(np.asarray(small, np.float32))
        skew = skew_of(ink)
        if skew:
            picture = np.asarray(unskew(picture, skew, SCALE), np.uint8)
            ink = np.asarray(unskew(ink, skew), np.float32)
        inner = ink[MARGIN:-MARGIN]
        sheet = _Sheet(picture, ink, find_lines(inner, self.geometry), skew, (grey.shape[1], grey.shape[0]))
        self._sheets[frame.id] = (frame.jpeg, sheet)
        while len(self._sheets) > 6:
            self._sheets.popitem(last=False)
        return sheet

    def _read(self, number: int, band: Band, sheet: _Sheet, frame: Frame) -> SlipLine:
        image = self._image(band, sheet, frame)
        if band.height == "rule":
            text, confidence = "-" * self._rule_length(band), 1.0
        else:
            reading = self.readers.recogniser.read_line(image)
            text, confidence = reading.text, reading.confidence
        return SlipLine(
            index=number,
            text=text,
            confidence=round(confidence, 4),
            height=band.height,
            top=band.top,
            bottom=band.bottom,
            left=band.left - MARGIN,
            right=band.right - MARGIN,
            box=image.box,
            frame=frame.id,
        )

    def _rule_length(self, band: Band) -> int:
        return max(1, round((band.right - band.left) / (self.geometry.text_height / 2)))

    def _image(self, band: Band, sheet: _Sheet, frame: Frame) -> LineImage:
        top, bottom = max(0, (band.top + MARGIN - _PAD) * SCALE), (band.bottom + MARGIN + _PAD) * SCALE
        left, right = max(0, (band.left - _PAD - 1) * SCALE), (band.right + _PAD + 1) * SCALE
        crop = sheet.picture[top:bottom, left:right]
        clipped = float((crop >= SATURATED).mean()) if crop.size else 0.0
        return LineImage(
            frame.id,
            self._sized(_stretched(crop), band),
            None,
            self._box(band, sheet),
            False,
            clipped,
            _print_ink(sheet.picture, band),
            band.height,
        )

    def _sized(self, crop: Grey, band: Band) -> Grey:
        """At the network's height, and as wide that a half-width character has its pixels."""
        char = {"small": self.geometry.small_height, "amount": self.geometry.text_height}.get(
            band.height, self.geometry.text_height
        ) / 2
        width = max(16, round(crop.shape[1] / SCALE * CHAR_PX / char))
        how = cv2.INTER_AREA if crop.shape[0] > NETWORK_HEIGHT else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(crop, (width, NETWORK_HEIGHT), interpolation=how), np.uint8)

    def _box(self, band: Band, sheet: _Sheet) -> tuple[Point, ...]:
        width = self.geometry.dots + 2 * MARGIN

        def seen(x: float, y: float) -> tuple[float, float]:
            return x - MARGIN, y + sheet.skew * (x / width - 0.5)

        points = [
            seen(band.left, band.top),
            seen(band.right, band.top),
            seen(band.right, band.bottom),
            seen(band.left, band.bottom),
        ]
        return self._rectifier.to_camera(points, sheet.size)


def _stretched(crop: Grey) -> Grey:
    """Grey levels spread between the line's own ink and ground; never binarised."""
    low, high = np.percentile(crop, (1, 90)).tolist() if crop.size else (0.0, 255.0)
    if high - low < 10:
        return crop
    return np.clip((crop.astype(np.float32) - low) * (225.0 / (high - low)) + 25, 0, 255).astype(np.uint8)


def _print_ink(picture: Grey, band: Band) -> Ink:
    """Ink of the line with some dots around it, at two pixels a dot: 0 ground, about 1 burnt."""
    around = 7
    top = max(0, (band.top + MARGIN - around) * SCALE)
    left = max(0, (band.left - around) * SCALE)
    part = picture[top : (band.bottom + MARGIN + around) * SCALE, left : (band.right + around) * SCALE].astype(
        np.float32
    )
    coarse = cv2.resize(part, None, fx=0.125, fy=0.25, interpolation=cv2.INTER_AREA)
    ground = cv2.dilate(coarse, np.ones((5, 9), np.uint8))
    ground = cv2.resize(
        cv2.GaussianBlur(ground, (0, 0), 2), (part.shape[1], part.shape[0]), interpolation=cv2.INTER_LINEAR
    )
    depth = 1.0 - part / np.maximum(ground, 1.0)
    return np.asarray(depth / max(float(np.percentile(depth, 97)), 0.1), np.float32)


def _nearest(bands: Sequence[Band], line: SlipLine) -> Band | None:
    """The band that covers most of the line's rows."""
    best, most = None, 0
    for band in bands:
        shared = min(band.bottom, line.bottom) - max(band.top, line.top)
        if shared > most:
            best, most = band, shared
    return best if best is not None and most >= 0.5 * (line.bottom - line.top) else None


def _parted(lines: Sequence[SlipLine], gap: int) -> tuple[tuple[SlipLine, ...], ...]:
    slips: list[list[SlipLine]] = []
    for line in lines:
        if not slips or line.top - slips[-1][-1].bottom >= gap:
            slips.append([])
        slips[-1].append(line)
    return tuple(tuple(slip) for slip in slips)
