"""What is read of a slip."""

from __future__ import annotations

import msgspec

from tillrig.vision.geometry import Point


class SlipLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line, read blind. `height`: "text", "small", "amount" or "rule"; `top`, `bottom`, `left`, `right` in dots
    of the rectified paper; `box` four camera points from top-left clockwise; `dead`: dots (as `left`) at which the
    other lines of this slip or of slips before show dead columns of the print head, `alive` those that print."""

    index: int
    text: str
    confidence: float
    height: str
    top: int
    bottom: int
    left: int
    right: int
    box: tuple[Point, ...]
    frame: str
    dead: tuple[float, ...] = ()
    alive: tuple[float, ...] = ()


class SlipReading(msgspec.Struct, frozen=True, kw_only=True):
    """All lines in view, oldest (topmost) first; `slips` the same, parted where the paper is blank for the geometry's
    gap."""

    lines: tuple[SlipLine, ...]
    slips: tuple[tuple[SlipLine, ...], ...]
    frames: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The lines' texts."""
        return tuple(line.text for line in self.lines)
