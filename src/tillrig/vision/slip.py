"""The slip reader: paper rectified, levelled, parted into lines and slips; each line read and testified."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import cv2
import msgspec
import numpy as np

from tillrig.vision.dead import Columns, PrintHead, dead_columns
from tillrig.vision.frame import Frame
from tillrig.vision.geometry import Corners, Grey, PaperGeometry, Point, checked_corners
from tillrig.vision.ink import LINEAR, SATURATED
from tillrig.vision.matching import match_bands
from tillrig.vision.paper import Band, find_lines, paper_ink, skew_of, unskew
from tillrig.vision.print_witness import BESIDE, PRINT_STRONG
from tillrig.vision.readers.base import LineImage
from tillrig.vision.readers.print_atlas import PrintAtlas, PrintFit
from tillrig.vision.readers.recogniser import CHAR_PX, NETWORK_HEIGHT
from tillrig.vision.rectify import Rectifier
from tillrig.vision.slip_line import SlipLine, SlipReading
from tillrig.vision.slip_picture import (
    MARGIN,
    SCALE,
    Sheet,
    nearest,
    parted,
    print_ink,
    print_left,
    stretched,
)
from tillrig.vision.testimony import Readers, Testimony, testify

_PAD = 3
# Grey levels by which a dot of moved paper differs, and the share of such dots that noise never reaches.
_REST_STEP = 6.0
_REST_SHARE = 0.002
# Levelled frames that are kept.
_KEPT = 6
# Likeness of a drawn line from which, with margins beyond doubt, a hint is what is printed.
_PROVEN = 0.85


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
        self._head = PrintHead()
        self._sheets: OrderedDict[str, tuple[bytes, Sheet]] = OrderedDict()

    @property
    def corners(self) -> Corners:
        """Of the paper window, camera pixels."""
        return self._rectifier.corners

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

    def read_slip(
        self, frames: Frame | Sequence[Frame], hints: Sequence[str] = (), newest_only: bool = False
    ) -> SlipReading:
        """Every line in view, from the newest of the frames. Rules are not read, only named.

        `hints`: texts that are expected, in their order, with their spaces. A line is found for each by where its ink
        stands; where the dots prove the hint beyond doubt against every other character, that is the line's text,
        and every other line is read blind. With `newest_only` the lines of older slips in view are left unread ("").
        """
        given = [Frame.of(frame, "slip") for frame in ([frames] if not isinstance(frames, Sequence) else frames)]
        frame = given[-1]
        sheet = self._sheet(frame)
        parts = parted(sheet.bands, self.geometry.gap)
        lines: list[SlipLine] = []
        slips = []
        for number, bands in enumerate(parts):
            wanted = not newest_only or number == len(parts) - 1
            slip = self._read_part(bands, sheet, frame, hints, wanted, len(lines))
            lines.extend(slip)
            slips.append(slip)
        return SlipReading(lines=tuple(lines), slips=tuple(slips), frames=tuple(one.id for one in given))

    def line_images(self, frame: Frame) -> tuple[LineImage, ...]:
        """The crops of every line in view, unread."""
        frame = Frame.of(frame, "slip")
        sheet = self._sheet(frame)
        return tuple(self._image(band, sheet, frame) for band in sheet.bands)

    def line_image(self, frame: Frame, line: SlipLine) -> LineImage:
        """The crop of one line as another frame of the resting paper shows it, told what the slip's other lines say of
        the print head."""
        frame = Frame.of(frame, "slip")
        sheet = self._sheet(frame)
        band = nearest(sheet.bands, line)
        if band is None:  # such as a faint line that falls apart in this frame
            band = Band(line.top, line.bottom, line.left + MARGIN, line.right + MARGIN, line.height)
        return self._told(self._image(band, sheet, frame), band, Columns(line.dead, line.alive))

    def testify_line(self, frames: Sequence[Frame], line: SlipLine, expected: str, kind: str = "text") -> Testimony:
        """What the distinct frames, taken at rest, say about `expected` standing where `line` was found."""
        return testify([self.line_image(frame, line) for frame in frames], expected, kind, self.readers)

    def crop(self, frame: Frame, line: SlipLine | None = None) -> bytes:
        """The levelled paper, or one line of it, as PNG."""
        picture = self._sheet(Frame.of(frame, "slip")).picture
        if line is not None:
            top, bottom = (MARGIN + line.top - 4) * SCALE, (MARGIN + line.bottom + 4) * SCALE
            picture = picture[max(0, top) : bottom]
        return bytes(cv2.imencode(".png", picture)[1])

    # -- inside

    def _sheet(self, frame: Any) -> Sheet:
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
        sheet = Sheet(picture, ink, find_lines(inner, self.geometry), skew, (grey.shape[1], grey.shape[0]))
        self._sheets[frame.id] = (frame.jpeg, sheet)
        while len(self._sheets) > _KEPT:
            self._sheets.popitem(last=False)
        return sheet

    def _read_part(
        self, bands: Sequence[Band], sheet: Sheet, frame: Frame, hints: Sequence[str], wanted: bool, first: int
    ) -> tuple[SlipLine, ...]:
        """The lines of one slip; their dead columns are known once they all are read."""
        atlas = self.readers.print_atlas
        images = [self._image(band, sheet, frame) for band in bands]
        texts = [("", 0.0)] * len(bands)
        fits: list[PrintFit | None] = [None] * len(bands)
        if wanted and atlas is not None and hints:
            spaced = [_spaced(hint) for hint in hints]
            places = match_bands(sheet.ink[MARGIN:], bands, spaced, atlas)
            for number, place in enumerate(places):
                image = images[number]
                if place is not None and image.print is not None:
                    fits[number] = atlas.fit(image.print, spaced[place], image.height)
            fits = self._with_rules(bands, images, fits)
            for number, (image, dead) in enumerate(zip(images, self._dead(bands, fits), strict=True)):
                fit = fits[number]
                if fit is not None and dead.dead and image.print is not None:
                    told = self._told(image, bands[number], dead)
                    fit = atlas.fit(image.print, fit.text, image.height, told.dead)
                if fit is not None and _proven(fit):
                    texts[number] = (fit.text, min(1.0, fit.likeness))
        for number, band in enumerate(bands):
            if band.height == "rule":
                texts[number] = ("-" * self._rule_length(band), 1.0)
            elif wanted and not texts[number][0]:
                reading = self.readers.recogniser.read_line(images[number])
                texts[number] = (reading.text, reading.confidence)
                if atlas is not None and fits[number] is None and atlas.can_show(reading.text, band.height):
                    fits[number] = atlas.fit(images[number].print, reading.text, band.height)  # type: ignore[arg-type]
        ruled = self._with_rules(bands, images, fits)
        dead_of = self._dead(bands, ruled, remember=True) if wanted else (Columns(),) * len(bands)
        return tuple(
            self._line(first + number, band, images[number], *texts[number], dead_of[number])
            for number, band in enumerate(bands)
        )

    def _with_rules(
        self, bands: Sequence[Band], images: Sequence[LineImage], fits: Sequence[PrintFit | None]
    ) -> list[PrintFit | None]:
        """Rules reach over the whole width: they tell of dead columns where few lines have ink."""
        atlas = self.readers.print_atlas
        return [
            atlas.fit(image.print, "-" * self._rule_length(band), "rule")
            if atlas is not None and band.height == "rule" and image.print is not None
            else fit
            for band, image, fit in zip(bands, images, fits, strict=True)
        ]

    def _dead(
        self, bands: Sequence[Band], fits: Sequence[PrintFit | None], *, remember: bool = False
    ) -> tuple[Columns, ...]:
        lefts, tops = [print_left(band) for band in bands], [band.top for band in bands]
        return dead_columns(fits, lefts, tops, self.geometry.dots, self._head, remember=remember)

    def _told(self, image: LineImage, band: Band, told: Columns) -> LineImage:
        left = print_left(band)
        dead, alive = (tuple(place - left for place in places) for places in (told.dead, told.alive))
        return msgspec.structs.replace(image, dead=dead, alive=alive)

    def _line(
        self, number: int, band: Band, image: LineImage, text: str, confidence: float, columns: Columns
    ) -> SlipLine:
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
            frame=image.frame,
            dead=columns.dead,
            alive=columns.alive,
        )

    def _rule_length(self, band: Band) -> int:
        return max(1, round((band.right - band.left) / (self.geometry.text_height / 2)))

    def _image(self, band: Band, sheet: Sheet, frame: Frame) -> LineImage:
        if band not in sheet.images:
            sheet.images[band] = self._crop_of(band, sheet, frame)
        return sheet.images[band]

    def _crop_of(self, band: Band, sheet: Sheet, frame: Frame) -> LineImage:
        top, bottom = max(0, (band.top + MARGIN - _PAD) * SCALE), (band.bottom + MARGIN + _PAD) * SCALE
        left, right = max(0, (band.left - _PAD - 1) * SCALE), (band.right + _PAD + 1) * SCALE
        crop = sheet.picture[top:bottom, left:right]
        clipped = float((crop >= SATURATED).mean()) if crop.size else 0.0
        return LineImage(
            frame.id,
            self._sized(stretched(crop), band),
            None,
            self._box(band, sheet),
            False,
            clipped,
            print_ink(sheet.picture, band, sheet.bands),
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

    def _box(self, band: Band, sheet: Sheet) -> tuple[Point, ...]:
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


def _spaced(text: str) -> str:
    return text.strip()  # runs of spaces are columns


def _proven(fit: PrintFit) -> bool:
    sure = fit.likeness >= _PROVEN and fit.margin >= PRINT_STRONG[fit.height] and fit.beyond < BESIDE
    return sure and not any(cell.twins for cell in fit.cells)
