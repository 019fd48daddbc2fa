"""Pictures for the page: shrunk, with the box drawn as vector, inlined."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence

import msgspec
from markupsafe import Markup
from PIL import Image

MAX_SIDE = 900

#: blob id → encoded picture, or None when it is not kept.
Blobs = Callable[[str], bytes | None]


class Picture(msgspec.Struct, frozen=True):
    """`svg` is a complete inline element."""

    svg: Markup
    caption: str


def inline(
    encoded: bytes,
    caption: str,
    box: tuple[float, float, float, float] | None = None,
    outline: Sequence[tuple[float, float]] = (),
) -> Picture | None:
    """`encoded` is any picture PIL opens; `box` is [x0, y0, x1, y1] in its pixels, and `outline` the points to be drawn
    in its stead. With a box, the page shows its surroundings large enough to be read, and the whole frame small beside
    it is not needed. None when it is no picture, or was only half written."""
    try:
        with Image.open(io.BytesIO(encoded)) as opened:
            image = opened.convert("RGB")
    except OSError:
        return None
    left = top = 0.0
    if box is not None:
        image, left, top = _surroundings(image, box)
    width, height = image.size
    scale = min(1.0, MAX_SIDE / max(width, height))
    small = image.resize((max(1, round(width * scale)), max(1, round(height * scale)))) if scale < 1 else image
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=78)
    data = base64.b64encode(buffer.getvalue()).decode()
    mark = ""
    if box is not None:
        x0, y0, x1, y1 = box
        corners = outline or ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
        points = " ".join(f"{x - left:.1f},{y - top:.1f}" for x, y in corners)
        mark = (
            f'<polygon points="{points}" fill="none" stroke="#e5322d" stroke-linejoin="round" '
            f'stroke-width="{max(width, height) / 250:.1f}"/>'
        )
    svg = (
        f'<svg class="picture" role="img" width="{small.width}" viewBox="0 0 {width} {height}">'
        f'<image href="data:image/jpeg;base64,{data}" width="{width}" height="{height}"/>{mark}</svg>'
    )
    return Picture(Markup(svg), caption)


def is_picture(encoded: bytes | None) -> bool:
    """Whether it can be drawn: there, and whole."""
    try:
        with Image.open(io.BytesIO(encoded or b"")) as opened:
            opened.load()
    except OSError:
        return False
    return True


def _surroundings(image: Image.Image, box: tuple[float, float, float, float]) -> tuple[Image.Image, float, float]:
    """Cut out the box with so many lines around it that a person sees where it stands, and can still read it."""
    x0, y0, x1, y1 = box
    above, beside = max(60.0, 3 * (y1 - y0)), max(60.0, 6 * (y1 - y0))
    left, top = max(0.0, x0 - beside), max(0.0, y0 - above)
    right, bottom = min(float(image.width), x1 + beside), min(float(image.height), y1 + above)
    if right - left < 8 or bottom - top < 8:  # a box outside its picture: show all of it
        return image, 0.0, 0.0
    return image.crop((round(left), round(top), round(right), round(bottom))), round(left), round(top)
