"""Secrets stay out of everything that is kept: typed so that they print as stars, and filtered on the way into the
timeline for the case that somebody wrote one into a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

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

    `pans`: the numbers of the lab's cards, known to the digit. Beside them every run of 13 to 19 digits that begins as
    a test card does and passes its check digit is taken for one.
    """

    def __init__(self, pans: Iterable[str] = ()) -> None:
        self._pans = frozenset(pans)

    def text(self, text: str) -> str:
        """`text` without card numbers and tracks."""
        if not any(char.isdigit() for char in text):
            return text
        text = _TRACK_LIKE.sub(lambda found: mask_pan(found[1]) + found[2] + "*" * len(found[3]), text)
        for pan in self._pans:
            if pan in text:
                text = text.replace(pan, mask_pan(pan))
        return _PAN_LIKE.sub(self._pan, text)

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

    A run of at least eleven consecutive digits of a card number counts.
    """
    bare = re.sub(r"[\s-]", "", text)
    return tuple(mask_pan(pan) for pan in pans if any(pan[at : at + 11] in bare for at in range(len(pan) - 10)))
