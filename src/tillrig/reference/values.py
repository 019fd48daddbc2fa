"""What the engine is told and never finds out: the terminal's parameters, the cards, the conditions of an action."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tillrig.actions import Entry
from tillrig.errors import UsageError

#: How many digits the delivered passwords have (terminal, Users); a profile overrides.
DELIVERED_PASSWORDS: dict[str, int] = {**{f"{n:02d}": 4 for n in range(1, 6)}, "00": 6, "99": 8}
SUPERVISOR, ADMINISTRATOR = "00", "99"


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """One terminal as its acquirer set it up. Amounts in fen. Defaults are those of the specification.

    version        None: not known beforehand; then the places that show it must agree (VERSION)
    network_code   60.3 of the sign-in: 001 single-length keys, 003 double, 004 with a track key
    extra_fields   F-numbers that this terminal may add to any request (rules H3: some carry 12 and 13)
    """

    terminal_no: str
    merchant_no: str
    merchant_name: str
    model: str = "classic"
    version: str | None = None
    copies: int = 2
    free_limit: int = 100_000
    batch_limit: int = 500
    near_full: int = 480
    pin_tries: int = 3
    password_tries: int = 3
    reversal_tries: int = 3
    reversal_done: tuple[str, ...] = ("00", "12", "25")
    network_code: str = "003"
    contactless: bool = True
    partial_approval: bool = True
    good_codes: tuple[str, ...] = ("00", "11", "A2", "A4", "A5", "A6")
    password_lengths: Mapping[str, int] = msgspec.field(default_factory=lambda: dict(DELIVERED_PASSWORDS))
    extra_fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.terminal_no) != 8 or len(self.merchant_no) != 15:
            raise UsageError(
                f"terminal number {self.terminal_no!r} must have 8 characters, merchant number {self.merchant_no!r} 15"
            )
        if self.copies not in (1, 2):
            raise UsageError(f"{self.copies} copies: this engine predicts 1 (merchant) or 2 (with cardholder)")


class Chip(msgspec.Struct, frozen=True):
    """What the chip says of itself: application identifier (hex) and label."""

    aid: str
    label: str


class CardFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One card of the lab. `expiry` YYMM, `service` three digits. Number and PIN stay out of every text."""

    name: str
    pan: str
    expiry: str
    service: str
    pin: str
    sequence: str = ""
    product: str = "DEBIT"
    organisation: str = "CUP"
    issuer: str = ""
    chip: Chip | None = None
    stripe: bool = True
    contactless: bool = False

    @classmethod
    def from_lab(cls, name: str, entry: Mapping[str, object]) -> CardFacts:
        """One entry of the lab's cards file. Raises UsageError naming the card and the key that is missing."""
        chip = entry.get("chip")
        try:
            return cls(
                name=name,
                pan=str(entry["pan"]),
                expiry=str(entry["expiry"]),
                service=str(entry["service"]),
                pin=str(entry["pin"]),
                sequence=str(entry.get("sequence", "")),
                product=str(entry.get("product", "DEBIT")),
                organisation=str(entry.get("organisation", "CUP")),
                issuer=str(entry.get("issuer", "")),
                chip=Chip(str(chip["aid"]), str(chip["label"])) if isinstance(chip, Mapping) else None,
                stripe=bool(entry.get("stripe", True)),
                contactless=bool(entry.get("contactless", False)),
            )
        except KeyError as missing:
            raise UsageError(f"card {name!r} has no {missing} in the cards file") from None

    @property
    def masked(self) -> str:
        """First six and last four digits, a star for each other (receipts, Masking)."""
        return f"{self.pan[:6]}{'*' * (len(self.pan) - 10)}{self.pan[-4:]}"

    @property
    def chip_on_stripe(self) -> bool:
        """The service code tells that the card has a chip (rules T8)."""
        return self.service[:1] in {"2", "6"}

    def reads(self, entry: Entry) -> bool:
        """Whether the card can be presented that way at all."""
        return {"stripe": self.stripe, "chip": self.chip is not None, "contactless": self.contactless}[entry]

    def __repr__(self) -> str:
        return f"CardFacts({self.name!r}, {self.masked})"


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """What the bench does to the terminal while the action runs.

    With the link down, or nobody listening, only the outcomes that leave nothing at the host are predicted; otherwise
    only those that reach it. `card_pulled`: a chip card is pulled while the request is under way, so that an approval
    cannot be completed (rules H21).
    """

    link_up: bool = True
    host_listening: bool = True
    paper_in: bool = True
    card_pulled: bool = False

    @property
    def reachable(self) -> bool:
        """A request can reach the host."""
        return self.link_up and self.host_listening
