"""What must not be read by anybody: card numbers, tracks, PIN blocks, keys, kept usable for comparison only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tillrig.masking import mask_pan
from tillrig.protocols.ber_tlv import SENSITIVE_TAGS, parse
from tillrig.protocols.iso8583 import HEADER_SIZE, TPDU_SIZE, Message


class Hidden:
    """A value that prints, logs and serialises as its mask; `reveal` is for comparing and for nothing else."""

    __slots__ = ("_value", "shown")

    def __init__(self, value: str, shown: str) -> None:
        self._value = value
        self.shown = shown

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def matches(self, value: str) -> bool:
        """Whether it is `value`."""
        return self._value == value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hidden) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return self.shown

    __str__ = __repr__

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a hidden value is not serialised; write its mask")


def masked_track(track: str) -> str:
    """The masked card number, then stars."""
    pan, separator, rest = track.partition("D")
    return mask_pan(pan) + separator + "*" * len(rest)


def masked_chip_data(text: str) -> str:
    """Field 55 in hex with the values of tags that repeat the card's secrets as stars; all stars when unreadable."""
    data = bytes.fromhex(text)
    objects, error = parse(data)
    if error is not None:
        return "*" * len(text)
    shown = list(text)
    for index, found in enumerate(objects):
        if found.tag in SENSITIVE_TAGS:
            end = objects[index + 1].offset if index + 1 < len(objects) else len(data)
            size = min(len(found.value), end - found.offset)
            shown[2 * (end - size) : 2 * end] = "*" * (2 * size)
    return "".join(shown)


def masked_upload(text: str) -> str:
    """Field 48 of a batch upload: the 20-digit card number of each record masked."""
    shown = text[:2]
    for at in range(2, len(text), 40):
        record = text[at : at + 40]
        number = record[8:28].lstrip("0")
        mask = record[8:28][: len(record[8:28]) - len(number)] + mask_pan(number)
        shown += record[:8] + mask + record[28:]
    return shown


def hide(name: str, fields: Mapping[int, str]) -> dict[str, str | Hidden]:
    """Text form of a message's fields by number as text, the sensitive ones hidden."""
    shown: dict[str, str | Hidden] = {}
    for number, text in fields.items():
        mask = text
        if number == 2:
            mask = mask_pan(text)
        elif number in (35, 36):
            mask = masked_track(text)
        elif number == 52 or (number == 62 and name == "signin"):
            mask = "*" * len(text)
        elif number == 55:
            mask = masked_chip_data(text)
        elif number == 48 and name == "batch_upload":
            mask = masked_upload(text)
        shown[str(number)] = text if mask == text else Hidden(text, mask)
    return shown


def masked_bytes(message: Message | None, raw: bytes, name: str) -> str:
    """A message's bytes in hex with the nibbles of its secrets as stars; what could not be read is stars altogether."""
    if message is None:
        known = min(len(raw), 2 + TPDU_SIZE + HEADER_SIZE)
        return raw[:known].hex().upper() + "**" * (len(raw) - known)
    shown = list(raw.hex().upper())
    hidden = hide(name, message.fields)
    for number, value in message.values.items():
        text = hidden[str(number)]
        if isinstance(text, Hidden):
            first = 2 * value.data_start + (1 if value.pad and number == 23 else 0)
            for index, char in enumerate(text.shown):
                if char == "*":
                    shown[first + index] = "*"
    end = max((value.end for value in message.values.values()), default=message.body + 10)
    shown[2 * end :] = "*" * len(shown[2 * end :])
    return "".join(shown)
