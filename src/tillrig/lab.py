"""Lab data of the working directory: test cards, merchants and operators, with their secrets typed as such."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from tillrig.errors import UsageError
from tillrig.masking import Secret, luhn, mask_pan

CARDS, MERCHANTS, OPERATORS = "cards.yaml", "merchants.yaml", "operators.yaml"


class LabCard(msgspec.Struct, frozen=True, kw_only=True):
    """A test card. `facts` is its entry of the cards file, for those who need all of it; never logged."""

    name: str
    slot: int
    number: Secret
    masked: str
    pin: Secret
    stripe: bool
    contactless: bool
    chip: bool
    facts: dict[str, Any]

    def __repr__(self) -> str:
        return f"LabCard({self.name}, {self.masked})"

    def wrong_pin(self) -> Secret:
        """A PIN of the same length that is not this card's."""
        last = int(self.pin.reveal()[-1])
        return Secret(self.pin.reveal()[:-1] + str((last + 1) % 10))


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """A user of the terminal: number, role and password."""

    number: str
    role: str
    password: Secret

    def __repr__(self) -> str:
        return f"Operator({self.number}, {self.role})"

    def wrong_password(self) -> Secret:
        """A password of the same length that is not his."""
        first = int(self.password.reveal()[0])
        return Secret(str((first + 1) % 10) + self.password.reveal()[1:])


class Merchant(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant's terminal: numbers and name as they must stand in every message and on every slip."""

    terminal_no: str
    merchant_no: str
    name: str


class Lab(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a bench has on its table. `merchants` by terminal number."""

    directory: Path
    cards: dict[str, LabCard]
    operators: dict[str, Operator]
    merchants: dict[str, Merchant]

    def __repr__(self) -> str:
        return f"Lab({self.directory}, {len(self.cards)} cards)"

    def card(self, name: str) -> LabCard:
        """Raises UsageError for a name that is not in the cards file."""
        if name not in self.cards:
            raise UsageError(f"no card '{name}' in {self.directory / CARDS}; there are: {', '.join(self.cards)}")
        return self.cards[name]

    def operator(self, number: str) -> Operator:
        """Raises UsageError for a number that is not in the operators file."""
        if number not in self.operators:
            known = ", ".join(self.operators)
            raise UsageError(f"no operator '{number}' in {self.directory / OPERATORS}; there are: {known}")
        return self.operators[number]

    @property
    def pans(self) -> tuple[str, ...]:
        """Full card numbers, for masking and for secrecy checks only."""
        return tuple(card.number.reveal() for card in self.cards.values())


def find_fixtures(start: Path | None = None) -> Path:
    """The nearest `fixtures` directory with a cards file, from `start` (the working directory) upwards.

    Raises UsageError.
    """
    origin = (start or Path.cwd()).resolve()
    for parent in (origin, *origin.parents):
        if (parent / "fixtures" / CARDS).is_file():
            return parent / "fixtures"
    raise UsageError(f"no fixtures/{CARDS} in {origin} or above it; run in the project's directory")


def load_lab(start: Path | None = None) -> Lab:
    """Read cards, operators and merchants. Raises UsageError naming file and entry, never a secret."""
    directory = find_fixtures(start)
    return Lab(
        directory=directory,
        cards={name: _card(name, entry, directory) for name, entry in _read(directory / CARDS).items()},
        operators={
            str(number): Operator(number=str(number), role=entry["role"], password=Secret(str(entry["password"])))
            for number, entry in _checked(directory / OPERATORS, ("role", "password")).items()
        },
        merchants={
            str(tid): Merchant(terminal_no=str(tid), merchant_no=str(entry["merchant_no"]), name=str(entry["name"]))
            for tid, entry in _checked(directory / MERCHANTS, ("merchant_no", "name")).items()
        },
    )


def _read(path: Path) -> dict[str, dict[str, Any]]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    from tillrig.yaml_files import told

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or type(error).__name__}"
        ) from error
    try:
        loaded = YAML(typ="safe").load(text)
    except (ValueError, RecursionError, YAMLError) as error:
        raise UsageError(told(path, text, error)) from error
    if not isinstance(loaded, dict) or not all(isinstance(entry, dict) for entry in loaded.values()):
        raise UsageError(f"{path}: a mapping of names to mappings is wanted")
    return loaded


def _checked(path: Path, needed: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    entries = _read(path)
    for name, entry in entries.items():
        missing = [key for key in needed if key not in entry]
        if missing:
            raise UsageError(f"{path}: {name} lacks {', '.join(missing)}")
    return entries


def _card(name: str, entry: dict[str, Any], directory: Path) -> LabCard:
    where = f"{directory / CARDS}: {name}"
    missing = [key for key in ("slot", "pan", "pin", "expiry", "service") if key not in entry]
    if missing:
        raise UsageError(f"{where} lacks {', '.join(missing)}")
    pan = str(entry["pan"])
    if not pan.startswith("9900") or not luhn(pan):
        raise UsageError(f"{where}: not a test card; numbers begin 9900 and pass the Luhn check")
    return LabCard(
        name=name,
        slot=int(entry["slot"]),
        number=Secret(pan),
        masked=mask_pan(pan),
        pin=Secret(str(entry["pin"])),
        stripe=bool(entry.get("stripe", True)),
        contactless=bool(entry.get("contactless", False)),
        chip="chip" in entry,
        facts=dict(entry),
    )
