"""The word of the drawn line on one frame: the expected text, laid on the picture, against every other one."""

from __future__ import annotations

from collections.abc import Callable

from tillrig.vision.grammar import obeys
from tillrig.vision.readers.base import LineImage, bare
from tillrig.vision.readers.glyphs import is_wide
from tillrig.vision.readers.print_atlas import PrintAtlas, PrintFit
from tillrig.vision.readers.print_cells import PrintCell
from tillrig.vision.witness import LOOKALIKES, SATURATED, Vote, Witness, cell_margins, respaced

# Likeness (correlation) of a printed line below which the dots do not speak: it is another text, another font, or too
# poor to tell. Sound lines have 0.88 and more at the typical grade; on bad pictures 全 passed for 金 at 0.8.
_PRINT_LIKE = {"text": 0.86, "small": 0.82, "amount": 0.86}
_PRINT_FOR = {"text": 0.15, "small": 0.2, "amount": 0.3}
_PRINT_OTHER = {"text": 0.10, "small": 0.05, "amount": 0.25}
PRINT_STRONG = {"text": 0.3, "small": 0.35, "amount": 0.45}
# Small print lies near the camera's limit, where a gap in the print looks like another letter: only added ink accuses
# there.
_LEAST_ADDED = 0.25
# Margin from which the dots of small print may accuse without a recogniser.
_SMALL_ALONE = 0.6
# And from which it doubts what others confirm: a sound B is less than that an 8 where a stripe of ink is pale.
_SMALL_DOUBT = 0.45
LACKING = "what differs is only missing ink, which poor print explains"
_LONG = 8
_PRINT_BETTER = 0.02
# Burnt pixels beside a text, on its line, from which something more is printed there: a dot has four, a full stop
# about thirty.
BESIDE = 16


def ask_print_atlas(  # noqa: PLR0911 - each way of being silent has its reason
    atlas: PrintAtlas, line: LineImage, expected: str, kind: str, others: tuple[str, ...] = ()
) -> Witness:
    """The printed line against the drawn one; `others` are texts that another reader saw instead and that are tried
    too."""
    assert line.print is not None
    masked: tuple[int, ...] = ()
    fit: PrintFit | None = None

    def say(
        vote: Vote,
        text: str,
        margin: float,
        likeness: float,
        reason: str = "",
        strong: bool = False,
        hint: bool = False,
    ) -> Witness:
        return Witness(
            hint=hint,
            reader=atlas.name,
            frame=line.frame,
            vote=vote,
            text=text,
            margin=round(20 * margin, 2),
            confidence=round(max(0.0, likeness), 3),
            strong=strong,
            reason=reason,
            masked=masked,
            cells=cell_margins(fit.cells) if fit is not None else (),
        )

    wanted = expected.strip()  # runs of spaces are columns on a slip
    if line.saturated > SATURATED:
        return say(Vote.SILENT, "", 0.0, 0.0, f"{line.saturated:.0%} of the line is saturated")
    if not atlas.can_show(wanted, line.height):
        return say(Vote.SILENT, "", 0.0, 0.0, "the profile's fonts cannot draw the expected text")
    fit = atlas.fit(line.print, wanted, line.height, line.dead)
    masked = tuple(sorted(fit.masked)) if fit is not None else ()
    likeness = fit.likeness if fit is not None else 0.0
    lame = _weakest_lame(atlas, line, fit, kind) if fit is not None else None
    margin = _print_margin(fit, lame) if fit is not None else 0.0
    like = fit is not None and likeness >= _PRINT_LIKE[fit.height]
    if fit is not None and like and margin >= _PRINT_FOR[fit.height] and fit.beyond < BESIDE:
        open_ = "; ".join(filter(None, (_twins(fit), _lame(fit, lame))))
        return say(Vote.FOR, wanted, margin, likeness, open_, margin >= PRINT_STRONG[fit.height])
    if (
        fit is not None
        and fit.height == "small"
        and like
        and any(cell.margin < 0 and fit.torn(cell, line.alive) for cell in fit.cells)
    ):
        return say(
            Vote.SILENT,
            fit.likeliest,
            max(margin, -0.02),
            likeness,
            LACKING,
        )
    against = _another(atlas, line, wanted, kind, fit, others, say)
    if against is not None:
        return against
    if fit is not None and fit.beyond >= BESIDE and like:
        return say(Vote.SILENT, "", margin, likeness, "there is more ink on the line than the expected text has")
    why = (
        f"the print is {likeness:.2f} like the expected text, weakest character {fit.margin:.2f}"
        if fit is not None
        else "the text is too long for the line"
    )
    return say(
        Vote.SILENT, fit.likeliest if fit is not None else "", fit.margin if fit is not None else 0.0, likeness, why
    )


def _another(
    atlas: PrintAtlas,
    line: LineImage,
    wanted: str,
    kind: str,
    fit: PrintFit | None,
    others: tuple[str, ...],
    say: Callable[..., Witness],
) -> Witness | None:
    """The word on the text that the picture is more like than `wanted`, which stands there as `fit`; None where there
    is none."""
    assert line.print is not None
    likeness = fit.likeness if fit is not None else 0.0
    tried = [fit.likeliest] if fit is not None and fit.margin < 0 else []
    for text in others:
        tried += [respaced(text, wanted), atlas.spaced(line.print, text, line.height)]
    broken: Witness | None = None
    for other in dict.fromkeys(tried):
        if bare(other) == bare(wanted) or not atlas.can_show(other, line.height):
            continue
        rival = atlas.fit(line.print, other, line.height, line.dead)
        # Of equal layout the cells decide; another layout must show in the whole line.
        better = likeness - _PRINT_BETTER if len(other) == len(wanted) else likeness + _PRINT_BETTER
        if rival is None or rival.margin < _PRINT_OTHER[rival.height]:
            continue
        if rival.likeness < max(_PRINT_LIKE[rival.height], better):
            continue
        small = rival.height == "small"
        if small and rival.margin < PRINT_STRONG["small"] and atlas.added(wanted, other, "small") < _LEAST_ADDED:
            doubt = -rival.margin if rival.margin >= _SMALL_DOUBT else -0.02
            return say(Vote.SILENT, other, doubt, rival.likeness, LACKING)
        strong = rival.margin >= (_SMALL_ALONE if small else PRINT_STRONG[rival.height])
        if obeys(kind, other) and rival.beyond < BESIDE:
            return say(Vote.AGAINST, other, -rival.margin, rival.likeness, f"read {other!r}", strong=strong)
        broken = broken or say(
            Vote.SILENT, other, -rival.margin, rival.likeness, f"what it read is no {kind}", strong=strong, hint=True
        )
    return broken


def wide_stand(drawn: Witness, height: str) -> bool:
    """Whether the drawing, silent for another character's sake, bears out every Chinese character of the expected
    text."""
    wide = [cell for cell in drawn.cells if is_wide(cell.char)]
    size = height if height in _PRINT_FOR else "text"
    like = drawn.confidence >= _PRINT_LIKE[size]
    return like and bool(wide) and all(cell.margin >= _PRINT_FOR[size] for cell in wide)


def same_but_likenesses(expected: str, drawn: Witness, read: Witness) -> bool:
    """Whether two accusations are one: the recogniser took nothing but expected letters, which the dots see too, for
    the digits they look like."""
    ours, dots, seen = bare(expected), bare(drawn.text), bare(read.text)
    if (drawn.vote, read.vote) != (Vote.AGAINST, Vote.AGAINST) or not len(ours) == len(dots) == len(seen):
        return False
    apart = [(one, two, three) for one, two, three in zip(ours, dots, seen, strict=True) if two != three]
    return bool(apart) and all(one == two and three in LOOKALIKES.get(one, "") for one, two, three in apart)


def likenesses(expected: str, seen: str) -> bool:
    """Whether the two differ only in a letter for the digit that it looks like, or the other way round."""
    ours, theirs = bare(expected), bare(seen)
    apart = [(one, two) for one, two in zip(ours, theirs, strict=False) if one != two]
    alike = all(two in LOOKALIKES.get(one, "") or one in LOOKALIKES.get(two, "") for one, two in apart)
    return len(ours) == len(theirs) and bool(apart) and alike


def _twins(fit: PrintFit) -> str:
    """What a dead dot leaves open in a line that is otherwise confirmed."""
    told = [
        f"{cell.char!r} is not told from {' '.join(cell.twins[:4])}, because a dead print dot runs through it"
        for cell in fit.cells
        if cell.twins
    ]
    return "; ".join(told)


def _print_margin(fit: PrintFit, lame: PrintCell | None) -> float:
    """The weakest testifying character's."""
    return min((cell.margin for cell in fit.cells if cell is not lame), default=0.0)


def _weakest_lame(atlas: PrintAtlas, line: LineImage, fit: PrintFit, kind: str) -> PrintCell | None:
    """The letter that does not testify: the weakest of a long free text, when it only lacks a stripe where nobody knows
    whether the head prints, and is told from its rival all the same."""
    weakest = min(range(len(fit.cells)), key=lambda number: fit.cells[number].margin, default=None)
    if weakest is None or kind != "text" or len(fit.cells) <= _LONG or fit.height == "amount":
        return None
    cell = fit.cells[weakest]
    if cell.margin >= _PRINT_FOR[fit.height] or not fit.torn(cell, line.alive) or cell.added >= _LEAST_ADDED:
        return None
    if cell.char.isdigit() or not cell.char.isascii():
        return None
    assert line.print is not None
    return cell if atlas.excused(line.print, fit, weakest, line.dead) >= _PRINT_FOR[fit.height] else None


def _lame(fit: PrintFit, cell: PrintCell | None) -> str:
    if cell is None or cell.margin >= _PRINT_FOR[fit.height]:
        return ""
    return f"{cell.char!r} lacks a stripe, as a dead print dot leaves it"
