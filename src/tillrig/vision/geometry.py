"""Where the dots are: the shape of a display and of the paper, as the profile describes them from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from tillrig.errors import UsageError

Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
Point = tuple[float, float]
Grey = npt.NDArray[np.uint8]
Ink = npt.NDArray[np.float32]


_FITTED = 20_000


class FontSpec(msgspec.Struct, frozen=True):
    """One font file (TTF, OTF, TTC face `index`) at the pixel size in which the terminal shows or prints it. `kind`
    "learned": glyphs that `tillrig learn` harvested from a display."""

    path: str
    size: int
    index: int = 0
    kind: str = ""


class IconSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that is always at one place: `box` x, y, width, height in dots; `states` name → paths of pictures of
    that box in that state."""

    name: str
    box: tuple[int, int, int, int]
    states: dict[str, tuple[str, ...]]


class DisplayGeometry(msgspec.Struct, frozen=True, kw_only=True):
    """A display of `width` x `height` dots that shows `rows` lines of `columns` half-width cells of `cell` dots."""

    kind: str = "mono"
    width: int = 128
    height: int = 64
    rows: int = 4
    columns: int = 16
    cell: tuple[int, int] = (8, 16)
    fonts: tuple[FontSpec, ...] = ()
    icons: tuple[IconSpec, ...] = ()

    @property
    def row_height(self) -> int:
        """Dots of a row of a display so small that its light is fitted dot by dot; 0 of a larger one."""
        return self.cell[1] if self.width * self.height <= _FITTED else 0

    def __post_init__(self) -> None:
        cell_width, cell_height = self.cell
        if self.columns * cell_width > self.width or self.rows * cell_height > self.height:
            raise UsageError(
                f"{self.rows} rows of {self.columns} cells of {cell_width}x{cell_height} dots do not fit on a display "
                f"of {self.width}x{self.height} dots; correct the profile's display"
            )


class PaperGeometry(msgspec.Struct, frozen=True, kw_only=True):
    """Paper `dots` wide, printed in lines of `text_height`, `small_height` and `amount_height` dots; `gap` blank dots
    part two slips."""

    dots: int = 384
    text_height: int = 24
    small_height: int = 16
    amount_height: int = 48
    gap: int = 100
    fonts: tuple[FontSpec, ...] = ()


def checked_corners(corners: Sequence[Sequence[float]], what: str = "corners") -> Corners:
    """Four points from top-left clockwise. Raises UsageError when they are crossed, collinear, or not four."""
    try:
        points = np.asarray(corners, dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise UsageError(f"{what}: four points [x, y] from top-left clockwise are needed: {error}") from error
    if points.shape != (4, 2) or not np.isfinite(points).all():
        raise UsageError(f"{what}: four points [x, y] from top-left clockwise are needed, got {corners!r}")
    sides = np.roll(points, -1, axis=0) - points
    turns = sides[:, 0] * np.roll(sides[:, 1], -1) - sides[:, 1] * np.roll(sides[:, 0], -1)
    if not (turns > 1.0).all():
        raise UsageError(f"{what}: {points.tolist()} is not a convex area seen clockwise from its top-left corner")
    return tuple((float(x), float(y)) for x, y in points)  # type: ignore[return-value]


def display_geometry(profile: Any) -> DisplayGeometry:
    """The display of a loaded profile (`tillrig.profiles.load`)."""
    display = profile.display
    return DisplayGeometry(
        kind=display.kind,
        width=display.width,
        height=display.height,
        rows=display.rows,
        columns=display.columns,
        cell=(int(display.cell[0]), int(display.cell[1])),
        fonts=_fonts(display.fonts),
        icons=tuple(
            IconSpec(name=icon.name, box=icon.box, states=icon.states) for icon in getattr(display, "icons", ())
        ),
    )


def paper_geometry(profile: Any) -> PaperGeometry:
    """The printer's paper of a loaded profile (`tillrig.profiles.load`)."""
    printer = profile.printer
    values = {
        name: int(value)
        for name in ("dots", "text_height", "small_height", "amount_height", "gap")
        if (value := getattr(printer, name, None)) is not None
    }
    return PaperGeometry(**values, fonts=_fonts(printer.fonts))


def _fonts(fonts: Sequence[Any]) -> tuple[FontSpec, ...]:
    return tuple(
        FontSpec(str(font.path), int(font.size), int(getattr(font, "index", 0) or 0), str(getattr(font, "kind", "")))
        for font in fonts
    )
