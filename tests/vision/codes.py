"""Displays and slips that show QR codes or icons, through the optics of the reading benchmark."""

from __future__ import annotations

import numpy as np
import zxingcpp

from benchmarks.reading.optics import Pose
from benchmarks.reading.scenes import SCENES
from benchmarks.reading.settings import SETTINGS
from tillrig.vision import Frame

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
