"""Secrets stay out of everything that is kept: typed so that they print as stars, and filtered on the way into the
timeline for the case that somebody wrote one into a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

#: Eleven digits or more, in groups or not: the least that shows a card number further than its mask.
_RUN = re.compile(r"\d(?:[\s-]*\d){10,}")
_PAN_LIKE = re.compile(r"(?<![\d*])\d{13,19}(?![\d*])")
_TRACK_LIKE = re.compile(r"(?<!\d)(\d{13,19})([D=])(\d{7,})")
_TEST_PREFIX = "9900"


class Secret:
    """A value that prints, formats and compares by `reveal()` only."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself: for keying it in and for nothing else."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __len__(self) -> int:
        return len(self._value)

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a secret is not serialised")


def mask_pan(pan: str) -> str:
    """First six and last four digits, a star for each between (receipts, Masking); stars only when it is too short."""
    return pan[:6] + "*" * (len(pan) - 10) + pan[-4:] if len(pan) > 10 else "*" * len(pan)


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of those before it (ISO/IEC 7812)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


class Masker:
    """Replaces full card numbers and track data in texts, and in every string of nested plain data.

    `pans`: the numbers of the lab's cards, known to the digit; what `exposed` finds of them, `text` hides. Beside them
    every run of 13 to 19 digits that begins as a test card does and passes its check digit is taken for one.
    """

    def __init__(self, pans: Iterable[str] = ()) -> None:
        self._pans = frozenset(pans)
        self._numbers = _card_numbers(self._pans)

    def text(self, text: str) -> str:
        """`text` without card numbers and tracks."""
        if _RUN.search(text) is None:
            return text
        text = _TRACK_LIKE.sub(lambda found: mask_pan(found[1]) + found[2] + "*" * len(found[3]), text)
        text = _RUN.sub(self._known, text)
        return _PAN_LIKE.sub(self._pan, text)

    def _known(self, found: re.Match[str]) -> str:
        """Stars for the digits between the first six and the last four; groups stay groups."""
        run = found[0]
        hidden = self._numbers.hidden(_digits(run))
        if not hidden:
            return run
        places = [place for place, char in enumerate(run) if char.isdecimal()]
        stars = {places[index] for index in hidden}
        return "".join("*" if place in stars else char for place, char in enumerate(run))

    def _pan(self, found: re.Match[str]) -> str:
        digits = found[0]
        return mask_pan(digits) if digits.startswith(_TEST_PREFIX) and luhn(digits) else digits

    def exposed(self, *texts: str) -> tuple[str, ...]:
        """Masks of the known cards whose numbers `texts` show further than they may."""
        return tuple(dict.fromkeys(mask for text in texts for mask in exposed_pans(text, self._pans)))

    def data(self, value: Any) -> Any:
        """Plain data with every string in it masked; a Secret becomes stars."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Secret):
            return "***"
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.data(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.data(item) for item in value]
        return value


def mask_digits(text: str) -> str:
    """`text` with every digit as `#`: what a PIN or password field showed, without saying it."""
    return re.sub(r"\d", "#", text)


def exposed_pans(text: str, pans: Iterable[str]) -> tuple[str, ...]:
    """Masks of those card numbers of which `text` shows more than the first six and last four digits.

    Spaces and hyphens between the digits do not matter. These count: eleven consecutive digits of a number, unless they
    are the zeros of an amount (then thirteen); and as many digits as the number has, of which at most two differ.
    """
    listed = tuple(pans)
    numbers = _card_numbers(frozenset(listed))
    shown = {hit.pan for run in _RUN.findall(text) for hit in numbers.hits(_digits(run))}
    return tuple(mask_pan(pan) for pan in listed if pan in shown)


def _digits(run: str) -> str:
    """The digits alone; full-width ones as ordinary ones."""
    bare = "".join(char for char in run if char.isdecimal())
    return bare if bare.isascii() else "".join(str(int(char)) for char in bare)


class _Hit(NamedTuple):
    """`length` digits from `start` are, but for misread ones, those of `pan` from `offset`."""

    pan: str
    start: int
    offset: int
    length: int


class _CardNumbers:
    """Finds the numbers of known cards, and parts of them, in a row of digits."""

    PART, LONG_PART, MISREAD = 11, 13, 2

    def __init__(self, pans: frozenset[str]) -> None:
        self._parts: dict[str, list[tuple[str, int]]] = {}
        self._thirds: dict[tuple[int, int, str], list[str]] = {}
        for pan in pans:
            for offset, part in _windows(pan, self.PART):
                if offset == 0 or _tells(part):
                    self._parts.setdefault(part, []).append((pan, offset))
            for offset, part in _windows(pan, self.LONG_PART):
                self._parts.setdefault(part, []).append((pan, offset))
            if 13 <= len(pan) <= 19:
                for begin, end in _thirds(len(pan)):
                    self._thirds.setdefault((len(pan), begin, pan[begin:end]), []).append(pan)
        self._lengths = sorted({length for length, _, _ in self._thirds})

    def hits(self, digits: str) -> Iterator[_Hit]:
        """Everything in `digits` that is of a card number; overlapping ones too."""
        for length in (self.PART, self.LONG_PART):
            for start, part in _windows(digits, length):
                for pan, offset in self._parts.get(part, ()):
                    yield _Hit(pan, start, offset, length)
        for length in self._lengths:
            for start, window in _windows(digits, length):
                for pan in self._near(window):
                    yield _Hit(pan, start, 0, length)

    def _near(self, window: str) -> set[str]:
        """Numbers of the window's length that differ in at most two digits: one third of them then does not differ."""
        candidates = {
            pan
            for begin, end in _thirds(len(window))
            for pan in self._thirds.get((len(window), begin, window[begin:end]), ())
        }
        return {pan for pan in candidates if sum(a != b for a, b in zip(window, pan, strict=True)) <= self.MISREAD}

    def hidden(self, digits: str) -> set[int]:
        """Places in `digits` that no text may show: those between the first six and the last four of a number."""
        return {
            hit.start + index
            for hit in self.hits(digits)
            for index in range(hit.length)
            if 6 <= hit.offset + index < len(hit.pan) - 4
        }


@lru_cache(maxsize=16)
def _card_numbers(pans: frozenset[str]) -> _CardNumbers:
    return _CardNumbers(pans)


def _windows(digits: str, length: int) -> Iterator[tuple[int, str]]:
    for start in range(len(digits) - length + 1):
        yield start, digits[start : start + length]


def _thirds(length: int) -> tuple[tuple[int, int], ...]:
    one, two = length // 3, 2 * length // 3
    return (0, one), (one, two), (two, length)


def _tells(part: str) -> bool:
    """Whether eleven digits point at a card: the amounts and counts of messages are filled with zeros too."""
    return not part.startswith("00") and part.count("0") <= 6
