"""Pictures for the tests of calibration: known screens in many poses, and the true corners."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from tests.vision.photographs import DISPLAY, photographed, screen
from tillrig.simulator.optics.pose import Pose
from tillrig.vision.calibration import KnownScreen, known_screen, mean_picture

KNOWN = [
    known_screen(rows, DISPLAY, kind)
    for kind, rows in {
        "menu": ["1 消费  2 撤销", "3 退货  4 预授权", "5 扫码  6 打印", "7 管理  8 其它"],
        "ask_operator": ["#签到", "请输入操作员编号"],
        "ask_password": ["#签到", "请输入操作员密码"],
        "ask_card": ["#消费", "请刷卡/插卡/挥卡"],
        "welcome": ["#TILLRIG", "", "^欢迎使用"],
        "manage": ["1 签到", "2 签退", "3 交易查询", "4 操作员"],
    }.items()
]


def picture(
    shown: KnownScreen | Sequence[str], seed: int, grade: str, frames: int = 3
) -> tuple[np.ndarray, np.ndarray, float]:
    """The mean frame of a screen, the true corners of its dots, and the true lens term."""
    texts = shown.texts if isinstance(shown, KnownScreen) else shown
    inverse = [n for n, row in enumerate(shown.rows) if row.align == "#"] if isinstance(shown, KnownScreen) else []
    texts = [
        "    " + text if isinstance(shown, KnownScreen) and shown.rows[n].align == "^" else text
        for n, text in enumerate(texts)
    ]
    taken, _ = photographed(screen(texts, inverse=inverse), seed=seed, count=frames, grade=grade)
    pose = Pose.draw(grade, seed)
    k1 = pose.screen.k1 * (math.hypot(1280, 720) / 2 / pose.screen.focal_px) ** 2
    return mean_picture(taken), np.asarray(pose.true_screen_corners), k1


def with_plate(grey: np.ndarray, pose: Pose, markers: dict[int, tuple[float, float]], size: float) -> np.ndarray:
    """The picture with a white plate under the display that carries ArUco markers at plane places (mm of a dot matrix
    of 64 x 32 mm), seen through the pose's lens and blurred as it blurs."""
    scale = 20
    plane_mm = (110, 90)
    plate = np.full((plane_mm[1] * scale, plane_mm[0] * scale), 235, np.uint8)
    mask = np.zeros_like(plate)
    left, top = 23, 29
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    for number, (x, y) in markers.items():
        side = round(size * scale)
        tile = cv2.aruco.generateImageMarker(dictionary, number, side)
        px, py = round((x + left) * scale), round((y + top) * scale)
        pad = scale
        mask[py - pad : py + side + pad, px - pad : px + side + pad] = 255
        plate[py : py + side, px : px + side] = tile
    across, down = pose.screen.plane_maps(0, 0, 1280, 720)
    unit = 640 / 64  # plane units a mm
    map_x = ((across + 320) / unit + left) * scale - 0.5
    map_y = ((down + 160) / unit + top) * scale - 0.5
    small = [cv2.GaussianBlur(one, (0, 0), scale / unit / 2) for one in (plate, mask)]
    seen, cover = (cv2.remap(one, map_x, map_y, cv2.INTER_LINEAR) for one in small)
    seen, cover = (cv2.GaussianBlur(one, (0, 0), pose.numbers.blur_sigma_px) for one in (seen, cover))
    share = cover.astype(np.float32) / 255
    return np.round(grey * (1 - share) + seen * share).astype(np.uint8)
