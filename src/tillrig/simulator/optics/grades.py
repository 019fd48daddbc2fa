"""The three optics grades, in numbers: what "clean", "typical" and "bad" mean for a simulated camera."""

from __future__ import annotations

import msgspec


class Grade(msgspec.Struct, frozen=True):
    """One grade. The simulated sensor answers linearly, so shares of light hold for pixel values."""

    name: str
    tilt_deg: tuple[float, float]  # magnitude of each of the two tilts, sign drawn
    blur_sigma_px: float
    read_noise: float  # of 255, standard deviation in the dark
    shot_noise: float  # of 255, standard deviation it adds at full white; grows with the root of the light
    gradient: float  # share of the light lost from the brightest to the darkest edge of the frame
    glare_strength: float  # of full white, at the middle of the spot
    glare_sigma: tuple[float, float]  # share of the frame's width
    moire: float  # amplitude, share
    flicker: float  # amplitude, share
    contrast: float  # of the display
    ghost: float  # share of the last screen left at the instant of the change
    ghost_tau_s: float
    k1: float  # radial distortion, OpenCV's definition
    calibration_px: float  # standard deviation of each coordinate of a calibrated corner
    readout_s: float  # rolling shutter: first row to last row
    hunting_stops: float  # auto exposure wanders so far in one second
    jpeg_quality: int
    curl_dots: float
    faint_bands: float  # share of the darkness lost in the middle of a band
    dead_column_share: float  # of slips
    exposure_ms: float
    roll_deg: float  # the camera is mounted so straight; largest angle drawn
    grain: float = 3.0  # tone spread of burnt paper, of 255


GRADES: dict[str, Grade] = {
    "clean": Grade(
        name="clean",
        tilt_deg=(3, 6),
        blur_sigma_px=0.8,
        read_noise=1.5,
        shot_noise=0.5,
        gradient=0.05,
        glare_strength=0.0,
        glare_sigma=(0.05, 0.14),
        moire=0.0,
        flicker=0.01,
        contrast=1.0,
        ghost=0.0,
        ghost_tau_s=0.0,
        k1=0.0,
        calibration_px=0.3,
        readout_s=0.0,
        hunting_stops=0.0,
        jpeg_quality=80,
        curl_dots=0.0,
        faint_bands=0.0,
        dead_column_share=0.0,
        exposure_ms=2.0,
        roll_deg=1.0,
    ),
    "typical": Grade(
        name="typical",
        tilt_deg=(5, 11),
        blur_sigma_px=1.3,
        read_noise=3.5,
        shot_noise=1.0,
        gradient=0.15,
        glare_strength=0.10,
        glare_sigma=(0.05, 0.14),
        moire=0.02,
        flicker=0.03,
        contrast=0.75,
        ghost=0.05,
        ghost_tau_s=0.120,
        k1=-0.03,
        calibration_px=0.7,
        readout_s=0.010,
        hunting_stops=0.0,
        jpeg_quality=80,
        curl_dots=1.5,
        faint_bands=0.15,
        dead_column_share=0.5,
        exposure_ms=4.0,
        roll_deg=1.5,
    ),
    "bad": Grade(
        name="bad",
        tilt_deg=(10, 15),
        blur_sigma_px=2.0,
        read_noise=8.0,
        shot_noise=2.0,
        gradient=0.35,
        glare_strength=0.30,
        glare_sigma=(0.05, 0.14),
        moire=0.05,
        flicker=0.07,
        contrast=0.5,
        ghost=0.15,
        ghost_tau_s=0.300,
        k1=-0.06,
        calibration_px=1.5,
        readout_s=0.020,
        hunting_stops=1.0,
        jpeg_quality=70,
        curl_dots=3.0,
        faint_bands=0.40,
        dead_column_share=0.5,
        exposure_ms=16.0,
        roll_deg=2.0,
    ),
}


def grade_named(name: str) -> Grade:
    """The grade of that name; ValueError lists the known ones."""
    try:
        return GRADES[name]
    except KeyError:
        raise ValueError(f"unknown optics grade {name!r}; known: {', '.join(GRADES)}") from None
