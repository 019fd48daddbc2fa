"""The word of a colour display's own font on one row of one frame."""

from __future__ import annotations

import msgspec
import numpy as np

from tillrig.exhibits import CellMargin
from tillrig.vision.colour_row import crop_of
from tillrig.vision.grammar import obeys
from tillrig.vision.readers.base import LineImage, bare, squeeze
from tillrig.vision.readers.colour_atlas import ColourAtlas, ColourFit
from tillrig.vision.witness import SATURATED, Vote, Witness, respaced

# Margin of the weakest character from which a text stands beyond doubt.
_STRONG = 0.35


def ask_colour_atlas(  # noqa: PLR0911 - each way of being silent has its reason
    atlas: ColourAtlas, line: LineImage, expected: str, kind: str, others: tuple[str, ...] = ()
) -> Witness:
    """The row against the drawn text; `others` are texts that another reader saw instead and that are tried too."""
    assert line.print is not None
    wanted = squeeze(expected)
    placed: ColourFit | None = None

    def say(
        vote: Vote, text: str, fit: ColourFit | None, reason: str = "", strong: bool = False, hint: bool = False
    ) -> Witness:
        margin = 0.0 if fit is None else fit.margin
        return Witness(
            reader=atlas.name,
            frame=line.frame,
            vote=vote,
            text=squeeze(text),
            margin=round(20 * (-margin if vote is Vote.AGAINST or hint else margin), 2),
            confidence=0.0 if fit is None else round(max(0.0, fit.likeness), 3),
            strong=strong,
            hint=hint,
            reason=reason,
            cells=() if placed is None else _margins(placed),
        )

    if line.saturated > SATURATED:
        return say(Vote.SILENT, "", None, f"{line.saturated:.0%} of the line is saturated")
    if not atlas.can_show(wanted):
        return say(Vote.SILENT, "", None, "the profile's fonts cannot draw the expected text")
    fit = placed = atlas.fit(line.print, wanted)
    if fit is not None and fit.stands:
        return say(Vote.FOR, wanted, fit, strong=fit.margin >= _STRONG)
    tried = [fit.likeliest] if fit is not None else []
    found = _instead(atlas, line, wanted, [*tried, *others])
    if found is not None:
        strong = found.margin >= _STRONG
        if obeys(kind, found.text):
            return say(Vote.AGAINST, found.text, found, f"read {squeeze(found.text)!r}", strong)
        return say(Vote.SILENT, found.text, found, f"what it read is no {kind}", strong, hint=True)
    if fit is None:
        return say(Vote.SILENT, "", None, "the text has no room in the row")
    why = f"the row is {fit.likeness:.2f} like the expected text, weakest character {fit.margin:.2f}"
    return say(Vote.SILENT, fit.likeliest, fit, why)


def _margins(fit: ColourFit) -> tuple[CellMargin, ...]:
    """How surely each expected character stands in its place, for people."""
    return tuple(
        CellMargin(cell.char, round(float(np.clip(cell.margin, -1.0, 1.0)), 3), cell.rival.strip() or "")
        for cell in fit.cells
    )


def where_it_stands(atlas: ColourAtlas, line: LineImage, text: str) -> LineImage:
    """The row as another reader should look at it: where `text` stands, nothing else does, and the sensor's noise
    beside it is left out."""
    fit = atlas.fit(line.print, text) if line.print is not None and text.strip() else None
    if fit is None or not fit.stands or line.print is None:
        return line
    first, last = fit.span
    ink = np.zeros_like(line.print)
    ink[:, first:last] = line.print[:, first:last]
    return msgspec.structs.replace(line, grey=crop_of(ink))


def _instead(atlas: ColourAtlas, line: LineImage, wanted: str, others: list[str]) -> ColourFit | None:
    """The other text that stands best in the row: one of `others`, or what the atlas reads on the best of them."""
    assert line.print is not None
    texts = [respaced(text, wanted) for text in dict.fromkeys(others)]
    fits = [atlas.fit(line.print, text) for text in (wanted, *texts) if bare(text)]
    laid = [fit for fit in fits if fit is not None]
    if laid and not any(fit.stands for fit in laid):
        fit = atlas.fit(line.print, atlas.read(line.print, max(laid, key=lambda one: one.likeness)))
        laid += [fit] if fit is not None else []
    return max(
        (fit for fit in laid if fit.stands and bare(fit.text) != bare(wanted)),
        key=lambda one: one.likeness,
        default=None,
    )
