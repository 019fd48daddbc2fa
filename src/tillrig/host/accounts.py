"""The accounts behind the lab's test cards: what the issuer knows of each."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from tillrig.errors import SuiteError
from tillrig.masking import mask_pan
from tillrig.yaml_files import told


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One card and the account behind it; `balance` in fen, `expiry` YYMM, `key` the chip's (empty without one)."""

    name: str
    pan: str
    expiry: str
    service: str
    pin: str
    product: Literal["CREDIT", "DEBIT"]
    organisation: str = "CUP"
    issuer: str = "00010000"
    state: Literal["good", "lost", "stolen", "restricted"] = "good"
    balance: int = 0
    sequence: str = ""
    key: bytes = b""

    def __repr__(self) -> str:
        return f"Account({self.name}, {mask_pan(self.pan)})"


class _Chip(msgspec.Struct):
    key: str = ""


class _Entry(msgspec.Struct):
    """A card as written in the cards file; what only the plastic has (slot, stripe, contactless) is passed over."""

    pan: str
    expiry: str
    service: str
    pin: str
    product: Literal["CREDIT", "DEBIT"]
    organisation: str = "CUP"
    issuer: str = "00010000"
    state: Literal["good", "lost", "stolen", "restricted"] = "good"
    balance: int = 0
    sequence: str = ""
    chip: _Chip | None = None


def parse(text: str, source: str = "cards") -> dict[str, Account]:
    """Accounts by name from the text of a cards file. Raises SuiteError naming `source`, card and key."""
    try:
        entries = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        raise SuiteError(f"{told(source, text, error)}; correct the cards file") from None
    if not isinstance(entries, dict):
        raise SuiteError(f"{source}: the cards file must map card names to cards")
    accounts = {}
    for name, entry in entries.items():
        try:
            card = msgspec.convert(entry, _Entry)
            key = bytes.fromhex(card.chip.key) if card.chip else b""
        except (msgspec.ValidationError, ValueError) as error:
            raise SuiteError(f"{source}, card {name}: {error}; correct the cards file") from None
        parts = {field: getattr(card, field) for field in card.__struct_fields__ if field != "chip"}
        accounts[str(name)] = Account(name=str(name), key=key, **parts)
    return accounts


def load(path: str | Path) -> dict[str, Account]:
    """Accounts by name from a cards file. Raises SuiteError when it cannot be read or is wrong."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise SuiteError(f"cards file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SuiteError(f"cards file {path} is not UTF-8: byte {error.start + 1}") from None
    return parse(text, str(path))
