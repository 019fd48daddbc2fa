"""Camera pictures of LCD screens and slips, drawn from the manual's grades; independent of the simulated rig's optics.

The reader is tuned and judged on two renderers, so that it does not learn the habits of one.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

UNIFONT = "/usr/share/fonts/opentype/unifont/unifont.otf"
ZENHEI = "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc"


@dataclass(frozen=True)
class Grade:
    tilt: tuple[float, float]
    blur: float
    read_noise: float
    shot_noise: float
    gradient: float
    glare: float
    moire: float
    contrast: float
    k1: float
    calibration: float
    quality: int
    curl: float
    bands: float


GRADES = {
    "clean": Grade((3, 6), 0.8, 1.5, 0.5, 0.05, 0.0, 0.0, 1.0, 0.0, 0.3, 80, 0.0, 0.0),
    "typical": Grade((5, 11), 1.3, 3.5, 1.0, 0.15, 0.10, 0.02, 0.75, -0.03, 0.7, 80, 1.5, 0.15),
    "bad": Grade((10, 15), 2.0, 8.0, 2.0, 0.35, 0.30, 0.05, 0.5, -0.06, 1.5, 70, 3.0, 0.40),
}


def text_dots(rows, font_path=UNIFONT, size=16, width=128, height=64, inverse=(), index=0, shift=0):
    """Rows of text as a bit map; a row may be (text, column)."""
    font = ImageFont.truetype(font_path, size, index=index)
    picture = Image.new("1", (width, height))
    draw = ImageDraw.Draw(picture)
    draw.fontmode = "1"
    pitch = height // max(1, len(rows))
    for number, row in enumerate(rows):
        text, column = row if isinstance(row, tuple) else (row, 0)
        x = column * size // 2
        for char in text:
            draw.text((x, number * pitch + shift), char, font=font, fill=1)
            x += size // 2 if ord(char) < 0x2E80 else size
    dots = np.array(picture).astype(np.uint8)
    for number in inverse:
        dots[number * pitch : (number + 1) * pitch] ^= 1
    return dots


def slip_dots(lines, width=384, text_font=(ZENHEI, 24, 1), small_font=(UNIFONT, 16, 0)):
    """Lines (text, height 24 | 16 | 48 or 0 for that many blank dots) as a bit map, 4 dots of leading."""
    parts = []
    for text, height in lines:
        if not text:
            parts.append(np.zeros((height, width), np.uint8))
            continue
        path, size, index = small_font if height == 16 else text_font
        font = ImageFont.truetype(path, size, index=index)
        cell = Image.new("1", (width, size + 8))
        draw = ImageDraw.Draw(cell)
        draw.fontmode = "1"
        x = 0
        for char in text:
            draw.text((x, 0), char, font=font, fill=1)
            x += size // 2 if ord(char) < 0x2E80 else size
        band = np.array(cell).astype(np.uint8)[: size + 4]
        if height == 48:
            band = np.repeat(band, 2, axis=0)
        parts.append(band)
    return np.vstack(parts)


class Pose:
    """One drawn camera position and light for one grade."""

    def __init__(self, grade: str, seed: int, kind: str = "lcd", size=None):
        self.grade, self.kind = GRADES[grade], kind
        self.random = random = np.random.default_rng(seed)
        self.size = size or ((1280, 720) if kind == "lcd" else (720, 1920))
        low, high = self.grade.tilt
        self.tilts = np.radians(random.uniform(low, high, 2) * random.choice([-1, 1], 2))
        self.glare_at = random.uniform(0.3, 0.7, 2)
        self.glare_sigma = random.uniform(0.05, 0.14)
        self.gradient_angle = random.uniform(0, 2 * np.pi)
        self.phase = random.uniform(0, 6.28, 3)
        self.error = random.normal(0, self.grade.calibration / np.sqrt(2), (4, 2))
        self.offset = random.uniform(-20, 20, 2)

    def corners(self, shape, pitch):
        """True corners (camera px) of a plane of `shape` (rows, columns) dots, tilted."""
        rows, columns = shape
        half = np.array([[-columns, -rows], [columns, -rows], [columns, rows], [-columns, rows]], float) / 2 * pitch
        ax, ay = self.tilts if self.kind == "lcd" else self.tilts / 2
        points = np.hstack([half, np.zeros((4, 1))])
        rot_y = np.array([[np.cos(ay), 0, np.sin(ay)], [0, 1, 0], [-np.sin(ay), 0, np.cos(ay)]])
        rot_x = np.array([[1, 0, 0], [0, np.cos(ax), -np.sin(ax)], [0, np.sin(ax), np.cos(ax)]])
        points = points @ rot_y.T @ rot_x.T
        distance = 1.6 * self.size[0] if self.kind == "lcd" else 2.5 * self.size[1]
        seen = points[:, :2] * (distance / (distance + points[:, 2:]))
        return seen + np.array(self.size) / 2 + self.offset

    def __call__(self, dots, noise_seed=0, ghost=None):
        """(BGR frame, corners as calibrated) of a bit map, 1 = dark."""
        g, random = self.grade, np.random.default_rng(noise_seed)
        lcd = self.kind == "lcd"
        pitch, fine = (5.0, 8) if lcd else (1.3, 3)
        rows, columns = dots.shape
        light, dark = (0.62, 0.62 - 0.55 * g.contrast) if lcd else (0.80, 0.80 - 0.70 * g.contrast)
        if lcd:
            shown = dots.astype(float) if ghost is None else np.maximum(dots, ghost)
            grid = np.zeros((fine, fine))
            grid[:7, :7] = 1
            plane = light - (light - dark) * np.kron(shown, grid)
        else:
            faint = 1 - g.bands * (0.5 + 0.5 * np.sin(np.arange(rows) / 23 + self.phase[0]))
            plane = light - (light - dark) * np.kron(dots * faint[:, None], np.ones((fine, fine)))
            wave = g.curl * fine * np.sin(np.linspace(0, 2.5, columns * fine) + self.phase[1])
            xx, yy = np.meshgrid(np.arange(columns * fine, dtype=np.float32), np.arange(rows * fine, dtype=np.float32))
            plane = cv2.remap(
                plane.astype(np.float32),
                xx,
                (yy + wave[None]).astype(np.float32),
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
        true = self.corners(dots.shape, pitch)
        if not lcd:  # newest line at the slot, which is the lower edge
            true += np.array([0, self.size[1] - 30 - true[:, 1].max()])
        source = np.float32([[0, 0], [columns * fine, 0], [columns * fine, rows * fine], [0, rows * fine]])
        over = 2
        matrix = cv2.getPerspectiveTransform(source, (true * over).astype(np.float32))
        plane = cv2.GaussianBlur(plane.astype(np.float32), (0, 0), fine / pitch / over / 2)
        big = (self.size[0] * over, self.size[1] * over)
        body = 0.25 if lcd else 0.12
        scene = cv2.warpPerspective(
            plane, matrix, big, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=body
        )
        scene = cv2.resize(scene, self.size, interpolation=cv2.INTER_AREA)
        yy, xx = np.mgrid[0 : self.size[1], 0 : self.size[0]].astype(np.float32)
        if g.k1:
            cx, cy = (self.size[0] - 1) / 2, (self.size[1] - 1) / 2
            unit = np.hypot(cx, cy)
            squared = ((xx - cx) ** 2 + (yy - cy) ** 2) / unit**2
            bend = (1 + g.k1 * squared).astype(np.float32)
            scene = cv2.remap(
                scene.astype(np.float32),
                (cx + (xx - cx) / bend).astype(np.float32),
                (cy + (yy - cy) / bend).astype(np.float32),
                cv2.INTER_LINEAR,
            )
            squared = ((true - [cx, cy]) ** 2).sum(1, keepdims=True) / unit**2
            true = [cx, cy] + (true - [cx, cy]) * (1 + g.k1 * squared)
        w, h = self.size
        along = (xx / w - 0.5) * np.cos(self.gradient_angle) + (yy / h - 0.5) * np.sin(self.gradient_angle)
        scene = scene * (1 + g.gradient * along)
        if g.glare:
            spot = ((xx / w - self.glare_at[0]) ** 2 + ((yy / h - self.glare_at[1]) * h / w) ** 2) / (
                2 * self.glare_sigma**2
            )
            scene = scene + g.glare * np.exp(-spot)
        if g.moire:
            scene = scene * (1 + g.moire * np.sin(xx * 0.21 + yy * 0.13 + self.phase[2]))
        scene = cv2.GaussianBlur(scene, (0, 0), g.blur)
        value = 255 * np.clip(scene, 0, 1) ** (1 / 2.2)
        value = (
            value
            + random.normal(0, g.read_noise, value.shape)
            + random.normal(0, 1, value.shape) * g.shot_noise * np.sqrt(value / 255)
        )
        frame = cv2.cvtColor(np.clip(value, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)
        jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, g.quality])[1].tobytes()
        return jpeg, np.asarray(true) + self.error
