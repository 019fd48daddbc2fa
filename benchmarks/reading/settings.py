"""Under which optics the corpus is photographed: the three grades in the manual's numbers, and settings beyond them.

The settings beyond are for judging only: nothing in the eye may be tuned on them.
"""

from __future__ import annotations

import msgspec


class Setting(msgspec.Struct, frozen=True):
    """Ranges are drawn per pose. Lengths in camera pixels, light as a share of full white."""

    name: str
    title: str
    tilt: tuple[float, float]  # degrees, each axis, sign drawn
    blur: float
    read_noise: float  # of 255
    shot_noise: float  # of 255 at full white
    gradient: float
    glare: float
    moire: float
    flicker: float
    contrast: float
    ghost: float
    k1: float
    calibration: float
    quality: int
    curl: float  # dots
    bands: float
    dead: float  # share of slips with a dead dot column
    glare_sigma: tuple[float, float] = (0.05, 0.14)  # share of the frame's width
    lens_calibrated: bool = False  # the reader is told k1, 5 % off
    pitch: float = 1.0  # of the grade's camera pixels a dot
    exposure: float = 1.0
    streak: float = 0.0  # sunlight through a blind: a band with hard edges
    sharpen: float = 0.0  # as webcams do
    shake: float = 0.0  # length of the camera's movement while exposing
    wear: float = 0.0  # 0..1: dust and scratches on glass; creases, stains and pale print on paper


_TYPICAL = Setting(
    "typical", "typical", (5, 11), 1.3, 3.5, 1.0, 0.15, 0.10, 0.02, 0.03, 0.75, 0.05, -0.03, 0.7, 80, 1.5, 0.15, 0.5
)


def _like_typical(name: str, title: str, **changes: object) -> Setting:
    return msgspec.structs.replace(_TYPICAL, name=name, title=title, **changes)


GRADES = (
    Setting("clean", "clean", (3, 6), 0.8, 1.5, 0.5, 0.05, 0.0, 0.0, 0.01, 1.0, 0.0, 0.0, 0.3, 80, 0.0, 0.0, 0.0),
    _TYPICAL,
    Setting("bad", "bad", (10, 15), 2.0, 8.0, 2.0, 0.35, 0.30, 0.05, 0.07, 0.5, 0.15, -0.06, 1.5, 70, 3.0, 0.40, 0.5),
)
BEYOND = (
    _like_typical("steep", "tilted 16–22°, calibrated 2 px off", tilt=(16, 22), calibration=2.0),
    _like_typical("soft", "out of focus: blur 2.8 px", blur=2.8),
    _like_typical("grainy", "noise 14 of 255, JPEG 45", read_noise=14.0, shot_noise=4.0, quality=45),
    _like_typical("sunbeam", "a band of sun, spot of glare 0.5", glare=0.5, streak=0.8, gradient=0.25),
    _like_typical(
        "dusk",
        "a third of the light, gradient 60 %, contrast 0.4",
        exposure=0.35,
        gradient=0.6,
        contrast=0.4,
        read_noise=5.0,
    ),
    _like_typical("far", "half the resolution (LCD 2.8, TFT 1.3, slip 1.05 px a dot)", pitch=0.55, blur=0.9),
    _like_typical(
        "wide", "wide-angle lens, k1 −0.12, calibrated 3 px off", k1=-0.12, calibration=3.0, lens_calibrated=True
    ),
    _like_typical("webcam", "sharpened, JPEG 35", sharpen=1.3, quality=35, blur=1.6),
    _like_typical("shaken", "camera moved 4 px while exposing", shake=4.0),
    _like_typical(
        "worn", "dust and scratches; creased, stained, pale paper", wear=1.0, curl=4.0, bands=0.5, contrast=0.6
    ),
)
SETTINGS = {setting.name: setting for setting in (*GRADES, *BEYOND)}
