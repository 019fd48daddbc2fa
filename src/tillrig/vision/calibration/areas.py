"""Where in a picture a display may be: the one search with which both ways of proving it begin, by known text
(`display.find_display`) and by text that can be read (`find_screen`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tillrig.vision.calibration.window import Window, find_windows
from tillrig.vision.geometry import DisplayGeometry, Grey
from tillrig.vision.quads import Quad, find_quads, shape_of

# How far off the display's own shape (width by height) an area may be: tilt, and a bezel around it.
_SHAPE = (0.55, 1.8)
# Areas with sharp edges that go before all others.
_WINDOWS = 4
_SAME_PX = 6.0


@dataclass(frozen=True)
class Area:
    """`corners` (4, 2) from top-left clockwise; `window` its edges to a part of a pixel, where it is a lit one in a
    darker frame."""

    corners: Quad
    window: Window | None = None


def display_areas(grey: Grey, geometry: DisplayGeometry) -> list[Area]:
    """Lit windows, sharpest edges first, then whatever else has four sides and about the display's shape."""
    aspect = geometry.width / geometry.height
    quads = find_quads(grey)
    areas = [Area(window.corners, window) for window in find_windows(grey, aspect, quads=quads)[:_WINDOWS]]
    for quad in quads:
        near = any(float(np.abs(quad - other.corners).max()) <= _SAME_PX for other in areas)
        if not near and _SHAPE[0] <= shape_of(quad) / aspect <= _SHAPE[1]:
            areas.append(Area(quad))
    return areas
