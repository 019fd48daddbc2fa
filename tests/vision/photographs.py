"""Camera pictures for the tests of the eye: text drawn by dots, photographed through the simulated optics."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tillrig.simulator.optics.pose import Pose
from tillrig.simulator.optics.still import render_screen, render_slip
from tillrig.vision import DisplayGeometry, FontSpec, Frame, PaperGeometry

UNIFONT = FontSpec("/usr/share/fonts/opentype/unifont/unifont.otf", 16)
ZENHEI = FontSpec("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 24, 1)
DISPLAY = DisplayGeometry(fonts=(UNIFONT,))
PAPER = PaperGeometry(fonts=(ZENHEI, UNIFONT))

Bits = np.ndarray


def _line(text: str, spec: FontSpec, height: int, width: int, left: int = 0) -> Bits:
    font = _font(spec)
    picture = Image.new("1", (width, height))
    draw = ImageDraw.Draw(picture)
    draw.fontmode = "1"
    x = left
    for char in text:
        draw.text((x, 0), char, font=font, fill=1)
        x += spec.size if ord(char) > 0x7F else spec.size // 2
    return np.array(picture)


@lru_cache(maxsize=4)
def _font(spec: FontSpec) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(spec.path, spec.size, index=spec.index)


def columns(text: str) -> int:
    return sum(2 if ord(char) > 0x7F else 1 for char in text)


def screen(rows: Sequence[str], inverse: Sequence[int] = (), right: Sequence[int] = ()) -> Bits:
    """64x128 dots; rows in `inverse` are shown inverse, those in `right` right-aligned, a row 0 that is inverse
    centred."""
    bands = []
    for number, text in enumerate(rows):
        free = 16 - columns(text)
        left = free if number in right else free // 2 if number in inverse else 0
        band = _line(text, UNIFONT, 16, 128, left * 8)
        bands.append(~band if number in inverse else band)
    return np.vstack(bands)


def photographed(
    dots: Bits, seed: int, count: int = 2, grade: str = "typical", **options: object
) -> tuple[list[Frame], list[list[float]]]:
    """`count` distinct frames of one pose, and the calibrated corners."""
    pose = Pose.draw(grade, seed)
    return [
        frame_of(render_screen(dots, pose, frame=number, **options), pose, number) for number in range(count)
    ], pose.screen_corners  # type: ignore[arg-type]


def frame_of(picture: Bits, pose: Pose, number: int, camera: str = "screen") -> Frame:
    jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, pose.numbers.jpeg_quality])[1].tobytes()
    return Frame(number / 30, jpeg, camera, number)


def slip(lines: Sequence[tuple[str, str]]) -> Bits:
    """Lines (text, height): "text", "small", "amount" (doubled both ways), or ("", "60") for 60 blank dots."""
    bands = []
    for text, height in lines:
        if not text:
            bands.append(np.zeros((int(height), 384), np.bool_))
        elif height == "small":
            bands.append(_line(text, UNIFONT, 20, 384))
        else:
            band = _line(text, ZENHEI, 31, 384)[3:31]
            bands.append(np.repeat(np.repeat(band[:, :192], 2, axis=0), 2, axis=1) if height == "amount" else band)
    return np.vstack(bands)


def slip_photographed(
    dots: Bits, seed: int, count: int = 2, grade: str = "typical"
) -> tuple[list[Frame], list[list[float]]]:
    pose = Pose.draw(grade, seed)
    return [
        frame_of(render_slip(dots, pose, frame=number), pose, number, "slip") for number in range(count)
    ], pose.slip_corners


def fields(rng: random.Random) -> list[tuple[str, str]]:
    """Four (text, kind) as a classic screen shows them."""
    amount = (
        f"{rng.choice([rng.randrange(1, 100), rng.randrange(100, 10**4), rng.randrange(10**4, 5 * 10**6)]) / 100:.2f}"
    )
    prompts = [
        "请输入金额:",
        "请刷卡/插卡/挥卡",
        "通讯中,请稍候",
        "交易成功",
        "[51]可用余额不足",
        "1 消费  2 撤销",
        "3 退货  4 预授权",
        "按确认继续打印",
    ]
    return [
        (rng.choice(["消费", "撤销", "退货", "结算"]), "text"),
        (rng.choice(prompts), "text"),
        (amount, "amount"),
        rng.choice(
            [
                ("*" * rng.randrange(1, 13), "masked_pan"),
                (f"{rng.randrange(10**6):06d}", "digits"),
                ("990012******" + f"{rng.randrange(10**4):04d}", "masked_pan"),
            ]
        ),
    ]
