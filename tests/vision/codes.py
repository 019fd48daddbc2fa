"""Displays and slips that show QR codes or icons, through the optics of the reading benchmark."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import zxingcpp

from benchmarks.reading.optics import Pose
from benchmarks.reading.scenes import SCENES
from benchmarks.reading.settings import SETTINGS
from tillrig.vision import Frame, IconSpec

TFT, SLIP = (320, 240), (384, 700)


def qr(text: str, module: int) -> np.ndarray:
    """True where it is dark; `module` dots a module, no quiet zone."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    light = np.asarray(zxingcpp.write_barcode_to_image(code, add_quiet_zones=False)) > 127
    return np.kron(~light, np.ones((module, module), np.bool_))


def on_tft(*codes: np.ndarray) -> np.ndarray:
    """Dark codes on a light display, side by side."""
    picture = np.full((TFT[1], TFT[0], 3), 0.9, np.float32)
    for number, code in enumerate(codes):
        y, x = (TFT[1] - len(code)) // 2, (TFT[0] * (2 * number + 1)) // (2 * len(codes)) - code.shape[1] // 2
        picture[y : y + len(code), x : x + code.shape[1]][code] = 0.03
    return picture


def on_slip(code: np.ndarray) -> np.ndarray:
    dots = np.zeros((SLIP[1], SLIP[0]), np.bool_)
    x = (SLIP[0] - code.shape[1]) // 2
    dots[200 : 200 + len(code), x : x + code.shape[1]] = code
    return dots


def photographed(shown: np.ndarray, surface: str, grade: str, seed: int, count: int = 2) -> tuple[list[Frame], Pose]:
    """Frames of it, and the pose, whose `corners` a calibration would tell."""
    size = {"tft": TFT, "slip": (SLIP[0], 900), "lcd": (128, 64)}[surface]
    pose = Pose(SETTINGS[grade], seed, surface, *size)
    light = SCENES[surface](pose).light(shown)
    return [Frame(shot / 30, pose.expose(light, shot), surface, shot) for shot in range(count)], pose


# Drawn icons: rows of `#` dark and `.` clear. Each state differs from the next in one bar, or in a small sign.
def battery(bars: int, sign: str = "") -> np.ndarray:
    """18 x 10 dots; `sign` "bolt" or "cross" over it."""
    dots = np.zeros((10, 18), np.bool_)
    dots[1:9, 0:15] = True
    dots[2:8, 1:14] = False
    dots[3:7, 15:17] = True
    for bar in range(bars):
        dots[3:7, 2 + 4 * bar : 5 + 4 * bar] = True
    if sign == "bolt":
        for row, (first, last) in enumerate([(8, 10), (7, 9), (5, 9), (7, 11), (7, 9), (6, 8)]):
            dots[2 + row, first:last] = True
    if sign == "cross":
        for step in range(6):
            dots[2 + step, 5 + step] = dots[2 + step, 10 - step] = True
    return dots


def signal(bars: int) -> np.ndarray:
    """14 x 10 dots."""
    dots = np.zeros((10, 14), np.bool_)
    for bar in range(bars):
        dots[9 - 2 * (bar + 1) : 9, 1 + 3 * bar : 3 + 3 * bar] = True
    return dots


BATTERY = {
    **{f"{bars} bars": battery(bars) for bars in range(4)},
    "charging": battery(0, "bolt"),
}
SIGNAL = {"none": signal(0), **{f"{bars} bars": signal(bars) for bars in range(1, 5)}}
BOXES = {"battery": (108, 2, 18, 10), "signal": (88, 2, 14, 10)}
UNKNOWN = {
    "battery": [battery(2, "cross"), battery(0, "cross"), battery(3, "bolt")],
    "signal": [signal(4) | np.pad(np.eye(6, dtype=np.bool_), ((2, 2), (4, 4)))],
}


def example(dots: np.ndarray, scale: int = 4) -> bytes:
    """As PNG for a profile."""
    grey = np.kron(np.where(dots, 40, 200), np.ones((scale, scale))).astype(np.uint8)
    return bytes(cv2.imencode(".png", grey)[1])


def with_icons(text: np.ndarray, surface: str = "lcd", **shown: np.ndarray) -> np.ndarray:
    """What a display shows: the text's dots with icons in their boxes; on a TFT everything is twice as large."""
    dots = text.copy()
    for name, icon in shown.items():
        x, y, width, height = BOXES[name]
        dots[y : y + height, x : x + width] = icon
    if surface == "lcd":
        return dots
    picture = np.full((TFT[1], TFT[0], 3), 0.9, np.float32)
    large = np.kron(dots, np.ones((2, 2), np.bool_))
    picture[: large.shape[0], : large.shape[1]][large] = 0.03
    return picture


def icon_specs(folder: Path, surface: str = "lcd") -> tuple[IconSpec, ...]:
    """Both icons with their examples written to `folder`."""
    times = 1 if surface == "lcd" else 2
    specs = []
    for name, states in (("battery", BATTERY), ("signal", SIGNAL)):
        paths = {}
        for state, dots in states.items():
            path = folder / f"{name}-{state}.png"
            path.write_bytes(example(dots))
            paths[state] = (str(path),)
        x, y, width, height = (times * value for value in BOXES[name])
        specs.append(IconSpec(name=name, box=(x, y, width, height), states=paths))
    return tuple(specs)
