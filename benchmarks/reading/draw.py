"""Lines of text to the dots of a display or the print of a slip."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.reading.fonts import Bits, Face, Source, outline
from benchmarks.reading.optics import Floats
from benchmarks.reading.sheets import Line
from benchmarks.reading.words import columns

TFT_ROWS, TFT_ROW, TFT_COLUMNS = 8, 30, 40
TFT_SIZES = (20, 22, 24)
_LEADING = 4
_SIGNED = 72
# Colour displays: ground, text, title bar, its text, chosen row, its text (sRGB).
_THEMES = (
    ((250, 250, 250), (20, 20, 20), (20, 80, 170), (255, 255, 255), (30, 110, 210), (255, 255, 255)),
    ((238, 242, 245), (30, 40, 60), (200, 30, 40), (255, 255, 255), (220, 60, 60), (255, 255, 255)),
    ((14, 20, 40), (235, 240, 250), (30, 60, 110), (255, 255, 255), (240, 170, 30), (20, 20, 20)),
    ((255, 255, 255), (0, 70, 60), (0, 130, 110), (255, 255, 255), (0, 150, 130), (255, 255, 255)),
)


def lcd(lines: Sequence[Line], face: Face) -> Bits:
    """64 x 128 dots: a title stands centred and inverse."""
    bands = []
    for item in lines:
        free = 16 - columns(item.shown)
        left = {"right": free, "title": free // 2}.get(item.place, 0)
        band = face.line(item.shown, 128, left * 8)
        bands.append(~band if item.place == "title" else band)
    return np.vstack(bands)


def tft(lines: Sequence[Line], source: Source, rng: random.Random) -> Floats:
    """240 x 320 x 3 linear light, blue first: a title bar and rows of TFT_ROW dots, text drawn smooth."""
    theme = rng.choice(_THEMES)
    ground, text, bar, bar_text, chosen, chosen_text = theme
    picture = Image.new("RGB", (320, TFT_ROWS * TFT_ROW), ground)
    draw = ImageDraw.Draw(picture)
    size = rng.choice(TFT_SIZES)
    font = outline(source, size)
    for number, item in enumerate(lines):
        top = number * TFT_ROW
        colour = text
        if item.place in ("title", "chosen"):
            draw.rectangle((0, top, 319, top + TFT_ROW - 1), fill=bar if item.place == "title" else chosen)
            colour = bar_text if item.place == "title" else chosen_text
        anchor, x = {"title": ("mm", 160), "right": ("rm", 310)}.get(item.place, ("lm", 10))
        draw.text((x, top + TFT_ROW // 2), item.shown, font=font, fill=colour, anchor=anchor)
    values = np.asarray(picture, np.float32)[..., ::-1] / 255
    return (values**2.2).astype(np.float32)


def slip(lines: Sequence[Line], text: Face, small: Face, rng: random.Random) -> tuple[Bits, list[tuple[int, int]]]:
    """Lines x 384 dots, with leading, blank paper where the cardholder signs and at both ends; and the first and last
    inked dot row of each line."""
    bands = [np.zeros((rng.randrange(8, 40), 384), np.bool_)]
    places = []
    at = len(bands[0])
    for item in lines:
        face, wide = (small, 48) if item.place == "small" else (text, 32)
        left = (wide - columns(item.shown)) // 2 if item.place == "centre" else 0
        band = face.line(item.shown, 384, left * face.height // 2)
        if item.place == "amount":
            band = np.repeat(band, 2, axis=0)
        inked = np.flatnonzero(band.any(axis=1))
        places.append((at + int(inked[0]), at + int(inked[-1]) + 1))
        gap = _LEADING + (_SIGNED if "SIGNATURE" in item.shown else 0)
        bands += [band, np.zeros((gap, 384), np.bool_)]
        at += len(band) + gap
    bands.append(np.zeros((rng.randrange(110, 140), 384), np.bool_))
    return np.vstack(bands), places
