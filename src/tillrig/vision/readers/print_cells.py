"""The characters of a printed line in place: each held against its rivals, by what the drawn line leaves over."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from tillrig.vision.geometry import Ink
from tillrig.vision.readers.print_model import (
    ALL_ARE_RIVALS,
    DECIDABLE,
    PAD,
    SCALE,
    SPREAD,
    Bank,
    Drawn,
    Place,
    best_of_all,
    dots_of,
    rivals,
    without_column,
)

# A dead dot of the print head leaves a stripe so wide, and little else, of what is missing from a character.
_STRIPE_PX = 6
_STRIPE_SHARE = 0.65
# Margin below which it is looked at what is missing.
_DOUBTFUL = 0.5
# A character that leaves more of its picture's energy unexplained is held against all others, not its likes alone.
# Measured (typical, 24 dots): a sound one leaves 0.02, in curled lines up to 0.15; another one's picture 0.15 to 0.5.
_ODD = 0.06
_Rival = tuple[str, float, float]  # character, margin against it, share of the difference to it that is more ink


class PrintCell(msgspec.Struct, frozen=True):
    """One character in place: `margin` 1 when the ink is exactly it, -1 when it is exactly the `rival` that fits best.

    `added`: share of the difference to the rival that is ink the character should not have. `striped`: what is
    missing is one narrow upright stripe, as a dead dot of the print head leaves it, in the line's dot column `stripe`.
    `dead`: a known dead column runs through it; `twins` are the characters that then look alike and were left out.
    `stranger`: of all characters that most like what it leaves over, where it explains its picture badly.
    """

    char: str
    margin: float
    rival: str
    added: float
    striped: bool
    dead: bool = False
    twins: str = ""
    stripe: int = -1
    stranger: str = ""


def cells_of(left_over: Ink, gains: npt.NDArray[np.float64], drawn: Drawn) -> tuple[PrintCell, ...]:
    spread = SPREAD[drawn.height]
    dots = dots_of(left_over, spread)
    alike: dict[str, list[int]] = {}
    cells: dict[int, PrintCell] = {}
    for number, place in enumerate(drawn.places):
        width = place.glyphs.width * drawn.across
        column = next((one - place.left for one in drawn.dead if place.left <= one < place.left + width), None)
        if column is None:
            alike.setdefault(place.char, []).append(number)
            continue
        whole = rivals(place.glyphs, place.number, drawn.across, drawn.down, spread)
        bank = without_column(whole, column, spread)
        told = bank.energy >= DECIDABLE * whole.energy
        margins = np.where(told, _margins(_part(dots, place, bank)[None], gains[[number]], bank)[0], 1.0)
        twins = "".join(place.glyphs.chars[int(rival)] for rival in bank.numbers[~told])
        found, stranger = _nearest(place, bank, margins), ""
        if _odd(place, left_over, float(gains[number]), drawn):
            other = _of_all(place, dots, float(gains[number]), drawn, column)
            found, stranger = min(found, other, key=lambda one: one[1]), other[0]
        cells[number] = _cell(place, bank, found, left_over, stranger, True, twins)
    for numbers in alike.values():
        place = drawn.places[numbers[0]]
        bank = rivals(place.glyphs, place.number, drawn.across, drawn.down, spread)
        parts = np.stack([_part(dots, drawn.places[number], bank) for number in numbers])
        for number, row in zip(numbers, _margins(parts, gains[numbers], bank), strict=True):
            place, gain = drawn.places[number], float(gains[number])
            found, stranger = _nearest(place, bank, row), ""
            if _odd(place, left_over, gain, drawn):
                other = _of_all(place, dots, gain, drawn)
                found, stranger = min(found, other, key=lambda one: one[1]), other[0]
            cells[number] = _cell(place, bank, found, left_over, stranger)
    return tuple(cells[number] for number in range(len(drawn.places)))


def _part(dots: Ink, place: Place, bank: Bank) -> Ink:
    return np.ascontiguousarray(dots[:, place.left : place.left + bank.apart.shape[2]]).reshape(-1)


def _margins(parts: Ink, gains: npt.NDArray[np.float64], bank: Bank) -> npt.NDArray[np.float64]:
    apart = bank.apart.reshape(len(bank.apart), -1)
    return np.asarray(1.0 - 2.0 * (parts @ apart.T) / np.maximum(gains[:, None] * bank.energy[None], 1e-3))


def _nearest(place: Place, bank: Bank, margins: npt.NDArray[np.float64]) -> _Rival:
    worst = int(margins.argmin())
    return place.glyphs.chars[int(bank.numbers[worst])], float(margins[worst]), float(bank.added[worst])


def _odd(place: Place, left_over: Ink, gain: float, drawn: Drawn) -> bool:
    """Whether it explains its picture so badly that another character, which looks nothing like it, may stand there."""
    if len(place.glyphs.chars) <= ALL_ARE_RIVALS:
        return False
    cell = np.s_[:, place.left * SCALE : (place.left + place.glyphs.width * drawn.across + 2 * PAD) * SCALE]
    energy = gain * gain * float(np.square(drawn.picture[cell]).sum())
    return float(np.square(left_over[cell]).sum()) > _ODD * energy


def _of_all(place: Place, dots: Ink, gain: float, drawn: Drawn, column: int | None = None) -> _Rival:
    across, down = drawn.across, drawn.down
    part = dots[:, place.left : place.left + place.glyphs.width * across]
    size, spread = (across, down), SPREAD[drawn.height]
    number, margin = best_of_all(place.glyphs, place.number, part, gain, size, spread, column)
    return place.glyphs.chars[number], margin, 1.0


def _cell(
    place: Place, bank: Bank, found: _Rival, left_over: Ink, stranger: str, dead: bool = False, twins: str = ""
) -> PrintCell:
    rival, margin, added = found
    left = place.left * SCALE
    stripe = -1
    if margin < _DOUBTFUL:
        at = _stripe(left_over[:, left : left + (bank.apart.shape[2] + 2 * PAD) * SCALE])
        stripe = -1 if at is None else max(0, place.left + at)
    return PrintCell(place.char, margin, rival, added, stripe >= 0, dead, twins, stripe, stranger)


def _stripe(left_over: Ink) -> int | None:
    """The character's dot column in which most of what is missing lies, None where it is spread wider."""
    missing = np.maximum(-left_over, 0).sum(axis=0)
    total = float(missing.sum())
    if total <= 0:
        return None
    windows = np.convolve(missing, np.ones(_STRIPE_PX), "valid")
    first = int(windows.argmax())
    if float(windows[first]) < _STRIPE_SHARE * total:
        return None
    return (first + _STRIPE_PX // 2) // SCALE - PAD
