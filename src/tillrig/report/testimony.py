"""A testimony drawn: the frame with the line's box, the line upright, and who was how sure of which character."""

from __future__ import annotations

import io

import msgspec
from PIL import Image

from tillrig.exhibits import CellMargin, Exhibit, Word
from tillrig.observers.redaction import rectified
from tillrig.report.pictures import Blobs, Picture, inline
from tillrig.verdicts import Finding

#: A reader without characters of its own tells nats; from so many on it is beyond doubt.
SURE_NATS = 20.0
#: A crop on the page, in its pixels: so high if that is not too wide, and enlarged so often at most.
CROP_HEIGHT, CROP_WIDTH, ENLARGED = 110, 640, 5
VOTES = {"for": "says the expected text", "against": "says another text", "silent": "does not say"}
NAMES = {
    "atlas": "dots against the font",
    "rapidocr": "recogniser",
    "rapidocr, one by one": "recogniser, one character at a time",
    "figures": "reader of figures",
    "zxing": "QR decoder",
    "tesseract": "tesseract",
    "ink": "whether there is ink",
}


class Strip(msgspec.Struct, frozen=True, kw_only=True):
    """What one reader said of one frame, ready to be drawn."""

    reader: str
    name: str
    frame: str
    vote: str
    says: str
    read: str
    margin: float
    reason: str
    cells: tuple[Cell, ...]
    whole: bool


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """`shade` -100 … 100, rounded to tens: the colour."""

    char: str
    rival: str
    margin: float
    shade: int
    against: bool


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """`frame` None where it is not kept; `crops` as many as there are."""

    frame: Picture | None
    crops: tuple[Picture, ...]
    strips: tuple[Strip, ...]
    withheld: str = ""


def drawn(finding: Finding, blob: Blobs) -> Drawing | None:
    """None for a finding that rests on no reading."""
    exhibit = finding.exhibit
    if exhibit is None:
        return None
    first = blob(finding.pictures[0]) if finding.pictures else None
    boxed = bool(finding.boxes) and finding.boxes[0] is not None
    frame = None
    if first is not None and boxed:
        frame = inline(first, f"{finding.point}, as the camera saw it", finding.boxes[0], outline=exhibit.box)
    return Drawing(
        frame=frame,
        crops=_crops(finding, exhibit, first if boxed else None, blob),
        strips=tuple(map(_strip, sorted(exhibit.words, key=lambda word: word.reader))),
        withheld=exhibit.withheld,
    )


def _crops(finding: Finding, exhibit: Exhibit, frame: bytes | None, blob: Blobs) -> tuple[Picture, ...]:
    """As they were kept; else the line cut out of the frame that was."""
    kept = finding.pictures[1:] if frame is not None else finding.pictures
    pictures = [(blob(one), f"frame {name}") for one, name in zip(kept, exhibit.frames, strict=False)]
    if not kept and frame is not None and not exhibit.withheld:
        pictures = [(rectified(frame, exhibit.box), "the frame above")]
    found = (inline(_enlarged(png), f"{caption}, upright") for png, caption in pictures if png)
    return tuple(one for one in found if one is not None)


def _enlarged(png: bytes) -> bytes:
    try:
        with Image.open(io.BytesIO(png)) as opened:
            image = opened.convert("RGB")
    except OSError:
        return png
    times = max(1.0, min(ENLARGED, CROP_HEIGHT / image.height, CROP_WIDTH / image.width))
    buffer = io.BytesIO()
    image.resize((round(image.width * times), round(image.height * times)), Image.Resampling.BICUBIC).save(
        buffer, "PNG"
    )
    return buffer.getvalue()


def _strip(word: Word) -> Strip:
    return Strip(
        reader=word.reader,
        name=NAMES.get(word.reader, word.reader),
        frame=word.frame,
        vote=word.vote,
        says=VOTES.get(word.vote, word.vote),
        read=word.text,
        margin=word.margin,
        reason="" if word.reason == f"read {word.text!r}" else word.reason,
        cells=tuple(map(_cell, word.cells)) or (_of_the_whole(word),),
        whole=not word.cells,
    )


def _cell(cell: CellMargin) -> Cell:
    # A space as the rival is a character that would not be there.
    rival = "␣" if cell.rival == " " else cell.rival
    return Cell(char=cell.char, rival=rival, margin=cell.margin, shade=_shade(cell.margin), against=cell.margin < 0)


def _of_the_whole(word: Word) -> Cell:
    sure = word.margin / SURE_NATS
    return Cell(
        char=word.text or "(nothing)", rival="", margin=sure, shade=_shade(sure), against=word.vote == "against"
    )


def _shade(margin: float) -> int:
    return round(max(-1.0, min(1.0, margin)) * 10) * 10
