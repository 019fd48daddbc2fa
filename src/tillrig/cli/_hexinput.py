"""Hexadecimal input of `decode` and `mac`: spaces and line breaks anywhere, `-` is standard input."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import NoReturn

import click

from tillrig.errors import ProtocolError


def read(parts: Iterable[str]) -> str:
    """The text that was given: arguments joined by spaces, or standard input for a single `-`."""
    text = " ".join(parts)
    return sys.stdin.read() if text.strip() == "-" else text


def to_bytes(text: str, what: str = "the input") -> bytes:
    """Bytes of a hex text. Raises ProtocolError whose offset is the byte that is bad; the text names the character too.

    The text given is not repeated: it may be a key.
    """
    digits = 0
    position = 0
    for position, char in enumerate(text):
        if char.isspace():
            continue
        if char not in "0123456789abcdefABCDEF":
            raise ProtocolError(f"{what} has {char!r} at character {position}, not a hexadecimal digit", digits // 2)
        digits += 1
    if digits % 2:
        raise ProtocolError(f"{what} has an odd number of digits ({digits}); the last byte is half", digits // 2)
    if not digits:
        raise ProtocolError(f"{what} is empty", 0)
    return bytes.fromhex("".join(text.split()))


def fail(error: ProtocolError, as_json: bool) -> NoReturn:
    """Exit with 2 after saying what is wrong at which byte: JSON on standard output or text on standard error."""
    if as_json:
        click.echo(json.dumps({"error": str(error), "offset": error.offset}, ensure_ascii=False))
    else:
        click.echo(f"Error: {error}", err=True)
    raise SystemExit(2)
