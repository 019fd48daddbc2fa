"""One row of a display: its pixels, and what is read of it."""

from __future__ import annotations

import msgspec

from tillrig.vision.geometry import Grey, Ink, Point


class RowReading(msgspec.Struct, frozen=True, kw_only=True):
    """One row, read blind. `column` is its first inked column (-1 when blank), `box` four camera points, `reader` who
    read it."""

    row: int
    text: str
    confidence: float
    blank: bool
    inverse: bool
    column: int
    box: tuple[Point, ...]
    frame: str
    reader: str = "atlas"


class ScreenReading(msgspec.Struct, frozen=True, kw_only=True):
    """All rows of one settled screen and the frames they were read from."""

    rows: tuple[RowReading, ...]
    frames: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The rows' texts, "" for blank ones."""
        return tuple(row.text for row in self.rows)


class Row(msgspec.Struct, frozen=True):
    """Pixels of one row: ink by dots (dark on clear whatever the screen's polarity). `plain`: of a dim display the
    picture itself, in which no ink was told from ground. `soft` ink as the lens left it, which recognisers read better
    than dots with their blur undone. `print`: a colour display's row at two pixels a dot. `turned`: half-width columns
    [first, last) shown light on dark."""

    ink: Ink
    soft: Ink
    inverse: bool
    blank: bool
    saturated: float
    shows: bool
    plain: Grey | None = None
    print: Ink | None = None
    turned: tuple[int, int] = (0, 0)


def inverse_run(ink: Ink, cell_width: int) -> tuple[int, int]:
    """Half-width columns [first, last) that are shown light on dark: the run with the most ink above one half."""
    columns = ink.shape[1] // cell_width
    means = ink[:, : columns * cell_width].reshape(ink.shape[0], columns, cell_width).mean(axis=(0, 2)) - 0.5
    best, best_run, total, first = 0.0, (0, 0), 0.0, 0
    for column, value in enumerate(means.tolist()):
        if total <= 0:
            total, first = 0.0, column
        total += value
        if total > best:
            best, best_run = total, (first, column + 1)
    return best_run if best > 0.45 else (0, 0)
