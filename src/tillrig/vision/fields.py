"""Where on a line a field stands: behind a label, between others, in one of many lines. Pure; works on readings alone.

It only says where to look. What stands there is for the readers to say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from tillrig.errors import UsageError
from tillrig.vision.grammar import KINDS, obeys
from tillrig.vision.readers.base import bare, fold

# What people call the types of fields, and the reader's kind of each.
_NAMES = {
    "money": "amount",
    "number": "digits",
    "voucher": "digits",
    "voucher_no": "digits",
    "reference": "digits",
    "reference_no": "digits",
    "stan": "digits",
    "pan": "masked_pan",
    "card": "masked_pan",
    "masked_card": "masked_pan",
    "free_text": "text",
    "free": "text",
    "string": "text",
}
# Share of the expected characters that may differ where the field is still taken for the one meant.
_NEAR = 0.5
# What belongs to a number when it stands beside one.
_DIGITS = "0123456789*"
_POINTS = ".,"
# What beside an amount makes it a negative one, and beside a date or a time a longer one.
_MINUS_BEFORE = re.compile(r"[-(]\s*(?:[^\W\d]{1,3}|[^\w\s.,:*-])?\s*$")
_MINUS_AFTER = re.compile(r"^\s*[-)]")
_LONGER = {"date": "/-", "time": ":"}


class Place(msgspec.Struct, frozen=True):
    """A field on a line: characters [first, last) of its reading, `text` there, `distance` in characters from the
    expected text."""

    line: int
    first: int
    last: int
    text: str
    distance: int


def kind_of(name: str) -> str:
    """The reader's kind of a type, as people write it ("masked PAN", "free text"). Raises UsageError on others."""
    plain = "_".join(name.lower().replace("-", " ").replace("_", " ").split())
    kind = plain if plain in KINDS else _NAMES.get(plain)
    if kind is None:
        known = ", ".join(sorted({*KINDS, *_NAMES}))
        raise UsageError(f"type {name!r} of an expectation is not one of {known}")
    return kind


def find(texts: Sequence[str], expected: str, kind: str) -> tuple[Place, ...]:
    """Every line's likeliest place of `expected` among the lines' readings `texts`, nearest first; a line that holds
    nothing like it is left out. A field of digits is taken whole, never as a part of a longer one."""
    places = []
    for number, text in enumerate(texts):
        place = _on_line(number, text, expected, kind)
        if place is not None:
            places.append(place)
    wanted = bare(expected)
    most = min(max(1, int(_NEAR * len(wanted))), len(wanted) - 1)
    near = [place for place in places if place.distance <= most]
    if not near and kind != "text":
        near = [place for place in places if obeys(kind, place.text)]
        near = near if len(near) == 1 else []
    return tuple(sorted(near, key=lambda place: place.distance))


def _on_line(number: int, text: str, expected: str, kind: str) -> Place | None:
    """The part of the line nearest to the expected text, widened to whole numbers and words."""
    wanted = bare(expected)
    at = [place for place, char in enumerate(text) if bare(char)]
    chars = [bare(text[place])[:1] for place in at]
    if not chars or not wanted:
        return None
    best: tuple[int, int, int] | None = None
    for first, last in _spans(chars, wanted):
        first, last = _whole(text, at, chars, first, last, kind)  # noqa: PLW2901 - the span, widened
        seen = "".join(chars[first:last])
        score = (edits(seen, wanted), abs(len(seen) - len(wanted)), first)
        if best is None or score < (best[0], abs(best[2] - best[1] - len(wanted)), best[1]):
            best = (score[0], first, last)
    if best is None:
        return None
    distance, first, last = best
    return Place(number, at[first], at[last - 1] + 1, text[at[first] : at[last - 1] + 1], distance)


def _spans(chars: Sequence[str], wanted: str) -> list[tuple[int, int]]:
    """Spans [first, last) that may be the expected text with some characters more, fewer or other ones."""
    count, length = len(chars), len(wanted)
    shortest, longest = max(1, length - 2), min(count, length + 2)
    spans = [(first, first + size) for size in range(shortest, longest + 1) for first in range(count - size + 1)]
    if count < shortest:
        spans = [(0, count)]
    # The nearest by letters alone: widening each to whole words costs more.
    ranked = sorted(spans, key=lambda span: (edits("".join(chars[span[0] : span[1]]), wanted), span))
    return ranked[:6]


def _whole(text: str, at: Sequence[int], chars: Sequence[str], first: int, last: int, kind: str) -> tuple[int, int]:
    """The span widened until it cuts no number and no word."""
    while first > 0 and _joined(text, at, chars, first - 1, first, kind):
        first -= 1
    while last < len(chars) and _joined(text, at, chars, last - 1, last, kind):
        last += 1
    return first, last


def _joined(text: str, at: Sequence[int], chars: Sequence[str], left: int, right: int, kind: str) -> bool:
    """Whether two neighbours belong to one number or one word."""
    a, b = chars[left], chars[right]
    if _is_part(a) and _is_part(b):
        gap = at[right] - at[left] > 1
        # Between digits a space parts two fields; a point beside a space ends a sentence.
        return not gap
    if kind == "amount" and a == "-" and b in "0123456789.":
        return at[right] - at[left] == 1
    if a in _POINTS and _is_part(b):
        return left > 0 and _is_part(chars[left - 1]) and at[right] - at[left] == 1
    if _is_part(a) and b in _POINTS:
        return right + 1 < len(chars) and _is_part(chars[right + 1]) and at[right + 1] - at[left] == 2
    return a.isascii() and b.isascii() and a.isalpha() and b.isalpha() and at[right] - at[left] == 1


def _is_part(char: str) -> bool:
    return char in _DIGITS


def open_at(text: str, place: Place, expected: str, kind: str) -> str:
    """Why the expected text in its place on the line `text` may be another field all the same; "" when it is not."""
    if same(place.text, expected) and parted(place.text, expected, kind):
        return "a space parts its figures otherwise"
    before, after = fold(text[: place.first]), fold(text[place.last :])
    signed = _MINUS_BEFORE.search(before) or _MINUS_AFTER.match(after)
    if kind == "amount" and signed and not bare(expected).startswith(("-", "(")):
        return "a sign stands beside it"
    marks = _LONGER.get(kind, "")
    if marks and (re.search(rf"\d[{marks}]$", before) or re.match(rf"[{marks}]\d", after)):
        return f"it is a part of a longer {kind}"
    return ""


def parted(seen: str, expected: str, kind: str) -> bool:
    """Whether a gap parts figures of `seen` that are one number in `expected`, as count and amount of a total do; in an
    amount or a number also the other way round. For two texts that are the same but for their spaces."""
    ours, theirs = _gaps(expected), _gaps(seen)
    return kind != "masked_pan" and bool(theirs - ours or (kind in ("amount", "digits") and ours - theirs))


def cuts_number(whole: str, part: str) -> bool:
    """Whether `part`, where it first stands in `whole`, begins or ends within a number."""
    first = whole.find(part)
    last = first + len(part)
    ends = whole[max(0, first - 1) : first + 1], whole[last - 1 : last + 1]
    return any(len(end) == 2 and all(char in _DIGITS + _POINTS for char in end) for end in ends)


def _gaps(text: str) -> set[int]:
    """Before which characters (spaces not counted) a space parts two of a number's."""
    chars, found = bare(text), set()
    for place in (place for place, char in enumerate(text) if char.isspace()):
        at = len(bare(text[:place]))
        if 0 < at < len(chars) and {chars[at - 1], chars[at]} <= set(_DIGITS + _POINTS):
            found.add(at)
    return found


def edits(seen: str, wanted: str) -> int:
    """Characters put in, left out or exchanged between the two."""
    before = list(range(len(wanted) + 1))
    for row, ours in enumerate(seen, 1):
        now = [row]
        for column, theirs in enumerate(wanted, 1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (ours != theirs)))
        before = now
    return before[-1]


def same(seen: str, expected: str) -> bool:
    """Whether two texts say the same: full-width forms, spaces and the few equal spellings apart."""
    return bare(seen) == bare(expected)
