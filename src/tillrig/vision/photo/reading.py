"""Lines and amounts of a photograph. A stock recogniser turns a faint amount into another plausible one with full
confidence, so an amount is given only when every look agrees, two recognisers do, and the pixels bear it out."""

from __future__ import annotations

import re
from collections.abc import Sequence

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from tillrig.vision.figure_witness import FIGURES_ALONE
from tillrig.vision.figures import figures_read
from tillrig.vision.frame import Frame
from tillrig.vision.geometry import Grey, Point
from tillrig.vision.photo.detect import find_text
from tillrig.vision.photo.looks import Box, cut, evened, looks, sides
from tillrig.vision.photo.pixels import objection
from tillrig.vision.readers.base import LineImage, LineReading, fold
from tillrig.vision.readers.recogniser import STEP_PX
from tillrig.vision.testimony import Readers

# Longer side at which text is looked for; a second, larger look where the first finds only small print.
_SIDE, _LARGE_SIDE, _SMALL_PRINT = 1280, 1920, 18.0
_UPSCALED_BELOW = 900
# Share of a character by which an unread neighbour is looked for.
_BESIDE = 0.6
_LEAST_HEIGHT = 9.0
# What may follow an amount although it is a letter: a currency, or a tax code that ends the line (no unit of measure).
_FOLLOWS = r"(?:RMB|CNY|USD|HKD|MYR|EUR|GBP|\s(?:[CEFNTX]|SR|ZR|TX)\s*$)"
_AMOUNT = re.compile(
    r"(?<![\d.,/*#%-])(?<!\d:)(-?(?:[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d{0,7}|0)\.\d{2})(?![\d.,:/*%-])"
    rf"(?:(?=\s?{_FOLLOWS})|(?!\s?[A-Za-z%]))"
)
# Letters that a digit beside an amount is easily taken for.
_LIKE_DIGITS = "OoIlSBZDGgqQbUA|!()[]{}/\\"
_CURRENCY = re.compile(r"(?<![A-Za-z])(?:RMB|CNY|USD|HKD|SGD|NTD)\s*$")
_VOUCHED = 0.9


class Amount(msgspec.Struct, frozen=True):
    """`text` as printed, `fen` hundredths, `box` four points of the upright picture."""

    text: str
    fen: int
    box: tuple[Point, ...]
    confidence: float


class PhotoLine(msgspec.Struct, frozen=True):
    """A line, from top to bottom; `vouched`: two recognisers or all looks agree."""

    text: str
    confidence: float
    box: tuple[Point, ...]
    vouched: bool


class Refused(msgspec.Struct, frozen=True):
    """What looks like an amount and is not given, with the reason."""

    text: str
    reason: str


class PhotoReading(msgspec.Struct, frozen=True):
    lines: tuple[PhotoLine, ...]
    amounts: tuple[Amount, ...]
    refused: tuple[Refused, ...]


class _Line(msgspec.Struct, frozen=True):
    box: Box
    reading: LineReading


def read_photo(frame: Frame, readers: Readers) -> PhotoReading:
    """Every line of an upright, sideways or upside-down photograph, and the amounts that are certain."""
    picture = np.asarray(frame.image(), np.uint8)
    picture, back = _sized(picture)
    boxes, turned = _upright(picture, readers)
    picture = turned.picture
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    lines = [_Line(box, _first_look(grey, box, readers)) for box in boxes]

    def original(points: npt.NDArray[np.float64]) -> tuple[Point, ...]:
        seen = turned.back(points) * back
        return tuple((round(float(x), 1), round(float(y), 1)) for x, y in seen)

    amounts: list[Amount] = []
    refused: list[Refused] = []
    told = []
    for line in lines:
        found = list(_AMOUNT.finditer(fold(line.reading.text)))
        sure = 0
        for match in found:
            word = _judged(grey, line, match, readers)
            if isinstance(word, str):
                refused.append(Refused(match[1], word))
                continue
            sure += 1
            box, confidence = word
            fen = int(match[1].replace(",", "").replace(".", ""))
            amounts.append(Amount(match[1], fen, original(box), confidence))
        vouched = (
            sure == len(found) and line.reading.confidence >= _VOUCHED and not _loose_number(line.reading.text, found)
        )
        told.append(PhotoLine(line.reading.text, round(line.reading.confidence, 4), original(line.box), vouched))
    return PhotoReading(tuple(line for line in told if line.text), tuple(amounts), tuple(refused))


def _loose_number(text: str, found: Sequence[re.Match[str]]) -> bool:
    """Whether a line holds digits besides its proven amounts: one look does not vouch for them."""
    rest = fold(text)
    for match in found:
        rest = rest.replace(match[1], " ", 1)
    return any(char.isdigit() for char in rest)


# -- the picture, upright


class _Turned(msgspec.Struct, frozen=True):
    """The picture turned by `quarters` clockwise; `back` leads to the picture as given."""

    picture: npt.NDArray[np.uint8]
    quarters: int

    def back(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        height, width = self.picture.shape[:2]
        x, y = points[:, 0], points[:, 1]
        turned = {0: (x, y), 1: (y, width - x), 2: (width - x, height - y), 3: (height - y, x)}[self.quarters]
        return np.stack(turned, axis=1)


def _sized(picture: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], float]:
    """The picture at a size in which text is neither tiny nor huge, and the factor back."""
    longest = max(picture.shape[:2])
    scale = 4000 / longest if longest > 4000 else 2.0 if longest < _UPSCALED_BELOW else 1.0
    if scale == 1.0:
        return picture, 1.0
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=how), np.uint8), 1 / scale


def _upright(picture: npt.NDArray[np.uint8], readers: Readers) -> tuple[list[Box], _Turned]:
    """Boxes of the picture turned so that its lines run from left to right and stand on their feet."""
    boxes = _found(picture)
    quarters = 0
    upright = sum(_is_tall(box) for box in boxes)
    if upright * 2 > len(boxes):
        picture = np.ascontiguousarray(np.rot90(picture, -1))
        quarters, boxes = 1, _found(picture)
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    longest = sorted(boxes, key=lambda box: -sides(box)[0])[:4]
    ours = sum(_first_look(grey, box, readers).confidence for box in longest)
    theirs = sum(_first_look(grey, np.roll(box, 2, axis=0), readers).confidence for box in longest)
    # 16.00 upside down is 00.91: a few numbers do not say where up is.
    if len(longest) >= 3 and theirs > ours + 0.25 * len(longest):
        picture = np.ascontiguousarray(np.rot90(picture, 2))
        quarters, boxes = quarters + 2, _found(picture)
    boxes.sort(key=lambda box: (float(box[:, 1].mean()), float(box[:, 0].mean())))
    return boxes, _Turned(picture, quarters)


def _found(picture: npt.NDArray[np.uint8]) -> list[Box]:
    boxes = find_text(picture, _SIDE)
    heights = [sides(box)[1] * _SIDE / max(picture.shape[:2]) for box in boxes]
    if heights and float(np.median(heights)) < _SMALL_PRINT and max(picture.shape[:2]) > _SIDE:
        larger = find_text(picture, _LARGE_SIDE)
        if len(larger) >= len(boxes):
            return larger
    return boxes


def _is_tall(box: Box) -> bool:
    width, height = np.ptp(box[:, 0]), np.ptp(box[:, 1])
    return bool(height > 1.5 * width)


# -- a line


def _first_look(grey: Grey, box: Box, readers: Readers) -> LineReading:
    if sides(box)[1] < 4:
        return LineReading("", 0.0)
    _, picture = next(looks(cut(grey, box, beside=0.1)))
    return readers.recogniser.read_crop(picture)


def _judged(grey: Grey, line: _Line, match: re.Match[str], readers: Readers) -> tuple[Box, float] | str:
    """The amount's own box and confidence, or why it is not certain. A neighbour that is no part of a number (RMB, $)
    may be half in the crop and disturb; then the crop ends where the neighbour does."""
    if sides(line.box)[1] < _LEAST_HEIGHT:
        return "the print is too small"
    places = _places(line, match)
    if places is None:
        return "its place on the line is not known"
    box = _part(line.box, *places.own)
    why = ""
    for around in dict.fromkeys((places.wide, places.clear)):
        word = _certain(cut(grey, _part(line.box, *around)), match[1], around == places.wide, places, readers)
        if isinstance(word, float):
            return box, word
        why = word
    return why


class _Places(msgspec.Struct, frozen=True):
    """Pixels along a line: the amount's `own`, with its surroundings (`wide`), and as far as neighbours that are no
    part of a number, `before` and `after` it, leave it `clear`."""

    own: tuple[float, float]
    wide: tuple[float, float]
    clear: tuple[float, float]
    before: bool
    after: bool


def _certain(crop: Grey, text: str, wide: bool, places: _Places, readers: Readers) -> float | str:
    """The confidence of the amount `text` in its crop, or why it is not certain."""
    least, around = 1.0, ("", "")
    for name, picture in looks(crop):
        reading = readers.recogniser.read_crop(picture)
        own = _sole(reading.text, text, closed=name != "even")
        if own is None:
            return f"another look ({name}) reads {reading.text!r}"
        if name == "even":
            around = own
        digits = [char.confidence for char in reading.chars if char.char in "0123456789.,-"]
        least = min(least, min(digits, default=0.0))
    if least < 0.5:
        return f"a look gives a character no more than {least:.2f}"
    if around[0][-1:] in _LIKE_DIGITS and around[0]:
        return f"what stands before it, {around[0]!r}, may be a digit"
    even = evened(crop)
    before, after = bool(around[0]) or (wide and places.before), bool(around[1]) or (wide and places.after)
    return objection(even, text, before, after) or _second_reader(even, text, readers) or round(least, 4)


def _is_other(char: str) -> bool:
    """Whether a character beside an amount is certainly no part of a number."""
    return bool(char) and not char.isdigit() and char not in _LIKE_DIGITS + ".,-"


def _sole(seen: str, text: str, *, closed: bool) -> tuple[str, str] | None:
    """What stands before and after the amount `text` in a look's reading, when it is the only amount there; None when
    it is not. `closed`: a stretched look may part digits, so spaces between them do not count."""
    folded = fold(seen).strip()
    folded = re.sub(r"(?<=[\d.,]) (?=[\d.,])", "", folded) if closed else folded
    found = list(_AMOUNT.finditer(folded))
    if [one[1] for one in found] != [text]:
        return None
    return folded[: found[0].start(1)].strip(), folded[found[0].end(1) :].strip()


def _second_reader(even: Grey, text: str, readers: Readers) -> str:
    """Why neither the reader of figures nor tesseract confirms the amount's digits; "" when one does. Points tesseract
    drops: the pixels prove those."""
    if readers.figures is not None:
        alone = figures_read(readers.figures, readers.recogniser, LineImage("photo", even, None))
        if alone is not None and alone.margin >= FIGURES_ALONE and _digits(alone.text) == _digits(text):
            return ""
    if readers.tesseract is None:
        return "there is no second recogniser"
    wanted = _digits(text)
    seen = ""
    inner = cv2.copyMakeBorder(even, 8, 8, 8, 8, cv2.BORDER_CONSTANT, value=235)
    for picture in (even, inner):
        reading = readers.tesseract.read_line(LineImage("photo", np.asarray(picture, np.uint8), None), "0123456789.,-")
        seen = "".join(fold(reading.text).split())
        if _digits(seen) == wanted:
            return ""
    return f"tesseract reads {seen!r}"


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _places(line: _Line, match: re.Match[str]) -> _Places | None:
    """Where on its line the amount stands, by the recogniser's time steps; None when they do not tell."""
    chars = line.reading.chars
    whole = "".join(char.char for char in chars)
    stripped = len(whole) - len(whole.lstrip())
    first, last = stripped + match.start(1), stripped + match.end(1) - 1
    if last >= len(chars) or whole[first : last + 1] != match[1]:
        return None
    across, down = sides(line.box)
    # The first look is taken a tenth of a height wider on either side.
    wider = across + 0.2 * down
    at = [(char.column + 0.5) * STEP_PX / (wider / down * 48) * wider - 0.1 * down for char in chars]
    pitch = (at[last] - at[first]) / max(1, last - first)
    start, stop = max(-0.1 * down, at[first] - 0.75 * pitch), min(across + 0.1 * down, at[last] + 0.75 * pitch)
    left, right = start - _BESIDE * down, stop + _BESIDE * down
    ahead = next((place for place in range(first - 1, -1, -1) if chars[place].char.strip()), None)
    behind = next((place for place in range(last + 1, len(chars)) if chars[place].char.strip()), None)
    before = ahead is not None and (_CURRENCY.search(whole[:first]) is not None or _is_other(chars[ahead].char))
    after = behind is not None and _is_other(chars[behind].char)
    clear = (
        max(left, at[ahead] + 0.7 * pitch) if before and ahead is not None else left,
        min(right, at[behind] - 0.7 * pitch) if after and behind is not None else right,
    )
    return _Places((start, stop), (left, right), clear, before, after)


def _part(box: Box, start: float, stop: float) -> Box:
    """The part of a line's box between two places along it, in pixels from its left."""
    across, _ = sides(box)
    top, bottom = box[1] - box[0], box[2] - box[3]
    return np.array(
        [
            box[0] + top * start / across,
            box[0] + top * stop / across,
            box[3] + bottom * stop / across,
            box[3] + bottom * start / across,
        ]
    )
