"""Photographs of receipts and device displays that no profile describes, drawn with truth: fonts, folds, shadows, blur,
faint print, perspective and JPEG by seed."""

from __future__ import annotations

import os
import random
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

_DEBIAN = "/usr/share/fonts/truetype"
PRINT = [
    f"{_DEBIAN}/dejavu/DejaVuSansMono.ttf",
    f"{_DEBIAN}/dejavu/DejaVuSansMono-Bold.ttf",
    f"{_DEBIAN}/liberation/LiberationMono-Regular.ttf",
    f"{_DEBIAN}/liberation/LiberationSans-Regular.ttf",
    f"{_DEBIAN}/liberation/LiberationSansNarrow-Regular.ttf",
    f"{_DEBIAN}/dejavu/DejaVuSansCondensed.ttf",
    f"{_DEBIAN}/dejavu/DejaVuSerif.ttf",
    "/usr/share/fonts/opentype/unifont/unifont.otf",
]
CHINESE = f"{_DEBIAN}/wqy/wqy-zenhei.ttc"
# Where a measurement finds more fonts (unpacked Debian packages such as fonts-dseg); tests need none.
_MORE = sorted(Path(os.environ.get("TILLRIG_MORE_FONTS", "/nonexistent")).rglob("*.[to]tf"))
SEGMENTS = [str(path) for path in _MORE if path.name.startswith("DSEG7")]
_UNFIT = ("DSEG", "Oblique", "Italic", "SEGG", "Weather", "Thin", "gkai")
PRINT += [str(path) for path in _MORE if not any(part in path.name for part in _UNFIT)]

Picture = np.ndarray


@lru_cache(maxsize=64)
def _font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


def money(rng: random.Random) -> str:
    """An amount as receipts have them, two decimals."""
    fen = rng.choice(
        [rng.randrange(1, 100), rng.randrange(100, 10**4), rng.randrange(100, 10**5), rng.randrange(10**7)]
    )
    text = f"{fen / 100:,.2f}" if rng.random() < 0.5 else f"{fen / 100:.2f}"
    if rng.random() < 0.25:
        text = text[:-2] + rng.choice(["00", "50", "90", "99"])
    return text


def receipt(rng: random.Random) -> tuple[Picture, list[str]]:
    """A flat grey receipt (ink 0, paper 255) and the amounts on it."""
    path = rng.choice(PRINT)
    size = rng.choice([22, 24, 26, 28])
    font, chinese = _font(path, size), _font(CHINESE, size)
    rows: list[tuple[str, str]] = [(rng.choice(["STAR MART SDN BHD", "天天超市", "CORNER CAFE", "便利店"]), "")]
    rows.append((f"DATE 2026-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d} 14:{rng.randrange(60):02d}", ""))
    rows.append((f"NO {rng.randrange(10**6):06d}", ""))
    found = []
    for _ in range(rng.randrange(1, 6)):
        amount = money(rng)
        found.append(amount)
        rows.append(
            (rng.choice(["MILK 1L", "BREAD", "COFFEE", "可乐", "米饭", "NASI LEMAK", "SOAP 3PK", "苹果"]), amount)
        )
    total = money(rng)
    found.append(total)
    sign = rng.choice(["", "", "RM ", "¥", "$", "RMB "])
    rows += [("", ""), (rng.choice(["TOTAL", "合计", "AMOUNT", "金额"]), sign + total), ("THANK YOU", "")]
    width, pitch = 22 * size, round(size * rng.uniform(1.25, 1.6))
    picture = Image.new("L", (width, pitch * len(rows) + 2 * size), 255)
    draw = ImageDraw.Draw(picture)
    for number, (left, right) in enumerate(rows):
        y = size + number * pitch
        for text, end in ((left, False), (right, True)):
            face = chinese if any(ord(char) > 0x2E80 for char in text) or "¥" in text else font
            x = width - size - face.getlength(text) if end else size
            draw.text((x, y), text, font=face, fill=0)
    return np.array(picture), found


def display(rng: random.Random) -> tuple[Picture, list[str]]:
    """A flat grey device display and the amounts on it; light on dark half of the time."""
    amount = money(rng)
    if SEGMENTS and rng.random() < 0.5:
        amount = amount.replace(",", "")
        font = _font(rng.choice(SEGMENTS), 64)
        picture = Image.new("L", (int(font.getlength(amount)) + 160, 130), 210)
        ImageDraw.Draw(picture).text((80, 32), amount, font=font, fill=40)
    else:
        font, chinese = _font(rng.choice(PRINT), 44), _font(CHINESE, 40)
        picture = Image.new("L", (620, 220), 215)
        draw = ImageDraw.Draw(picture)
        draw.text((30, 24), rng.choice(["请刷卡", "消费", "金额:", "AMOUNT"]), font=chinese, fill=45)
        draw.text((590 - font.getlength(amount), 120), amount, font=font, fill=45)
    flat = np.array(picture)
    return (255 - flat if rng.random() < 0.5 else flat), [amount]


def photograph(flat: Picture, rng: random.Random, hard: float = 0.5) -> Picture:
    """The flat picture as a hand-held camera sees it, BGR; `hard` 0..1 is how bad light, focus and print are."""
    noise = np.random.default_rng(rng.randrange(2**32))
    height, width = flat.shape
    plane = flat.astype(np.float32) / 255
    paper = 0.75 + 0.2 * rng.random()
    faint = 1 - hard * rng.choice([0.0, 0.2, 0.5, 0.75]) * (
        0.6 + 0.4 * np.sin(np.arange(height) / 37 + rng.random() * 6)
    )
    plane = paper * (1 - (1 - plane) * 0.85 * faint[:, None])
    for _ in range(int(rng.random() < 0.6 * hard) * rng.randrange(1, 3)):  # creases
        at, lean = rng.randrange(height), rng.uniform(-0.2, 0.2)
        line = np.abs(np.arange(height)[:, None] - at - lean * np.arange(width)[None])
        plane *= 1 - 0.25 * hard * np.exp(-((line / rng.uniform(1.5, 6)) ** 2))
    scale = rng.uniform(0.75, 1.5) if hard < 0.8 else rng.uniform(0.55, 1.2)
    out_w, out_h = round(width * scale * 1.35), round(height * scale * 1.35)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    tilt = np.deg2rad(rng.uniform(-6, 6))
    spin = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    seen = (corners - [width / 2, height / 2]) @ spin.T * scale
    seen = seen * (1 + noise.uniform(-0.06, 0.06, (4, 1))) + [out_w / 2, out_h / 2]
    matrix = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    desk = rng.uniform(0.1, 0.5)
    big = cv2.warpPerspective(plane.astype(np.float32), matrix, (out_w, out_h), flags=cv2.INTER_AREA, borderValue=desk)
    yy, xx = np.mgrid[0:out_h, 0:out_w].astype(np.float32)
    big *= 1 + hard * 0.5 * ((xx / out_w - 0.5) * rng.uniform(-1, 1) + (yy / out_h - 0.5) * rng.uniform(-1, 1))
    if rng.random() < 0.5:  # a shadow with a soft edge
        edge = (xx * np.cos(tilt * 9) + yy * np.sin(tilt * 9)) - rng.uniform(0.2, 0.8) * out_w
        big *= 1 - 0.4 * hard / (1 + np.exp(-edge / 12))
    big = cv2.GaussianBlur(big, (0, 0), 0.4 + hard * rng.uniform(0.2, 1.6))
    value = 255 * np.clip(big, 0, 1) ** (1 / 2.2) + noise.normal(0, 1 + 5 * hard * rng.random(), big.shape)
    colour = np.clip(value[..., None] * np.array([rng.uniform(0.88, 1), 0.98, 1.0]), 0, 255).astype(np.uint8)
    quality = rng.randrange(55, 95)
    return cv2.imdecode(cv2.imencode(".jpg", colour, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def photo(seed: int, hard: float = 0.5) -> tuple[Picture, list[str], str]:
    """(BGR picture, amounts on it, "receipt" or "display")."""
    rng = random.Random(seed)
    kind = "receipt" if rng.random() < 0.6 else "display"
    flat, amounts = receipt(rng) if kind == "receipt" else display(rng)
    return photograph(flat, rng, hard), amounts, kind
