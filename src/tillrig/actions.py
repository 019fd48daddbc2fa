"""What a tester means to do: frozen, serialisable (tagged JSON), free of secrets.

A PIN or password is named, never written: "right", "wrong", "none"; cards are named as in the lab's cards file.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Entry = Literal["stripe", "chip", "contactless"]
Secret = Literal["right", "wrong", "none"]
#: Prompts at which an action can be cancelled or left alone until the terminal's own time-out.
Prompt = Literal[
    "ask_amount", "ask_card", "ask_pin", "continue_print", "confirm_settle", "ask_operator", "ask_password"
]


class Action(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Base: `cancel_at` presses cancel, `idle_at` leaves the prompt alone until it times out."""

    cancel_at: Prompt | None = None
    idle_at: Prompt | None = None


class PowerOn(Action, frozen=True, kw_only=True):
    """Power up (cut first when on), watch boot, up to the operator prompt."""


class SignIn(Action, frozen=True, kw_only=True):
    """Operator logs in (from the operator prompt, or by 7-1). `wrong` wrong passwords are keyed first."""

    operator: str = "01"
    password: Secret = "right"
    wrong: int = 0


class SignOff(Action, frozen=True, kw_only=True):
    """7-2."""


class Sale(Action, frozen=True, kw_only=True):
    """1 → amount → card → PIN → online → slips. `amount` in fen. `pins`: answers to successive PIN prompts."""

    amount: int
    card: str = "debit-chip"
    entry: Entry = "chip"
    pin: Secret = "right"
    pins: tuple[Secret, ...] = ()


class EcrHeartbeat(Action, frozen=True, kw_only=True):
    """Cash-register line: function 04."""


class EcrSignIn(Action, frozen=True, kw_only=True):
    """Cash-register line: sign-in; operator and password are keyed at the terminal when nobody is logged in."""

    operator: str = "01"
    password: Secret = "right"


class EcrSale(Action, frozen=True, kw_only=True):
    """Cash-register line: sale with an order number; card and PIN from the terminal. `amount` in fen."""

    amount: int
    order: str
    card: str = "debit-chip"
    entry: Entry = "chip"
    pin: Secret = "right"


class Reprint(Action, frozen=True, kw_only=True):
    """6-1: the last transaction again."""


class Settle(Action, frozen=True, kw_only=True):
    """7-6 → confirm → slip."""


class ShowVersion(Action, frozen=True, kw_only=True):
    """7-8."""


class Console(Action, frozen=True, kw_only=True):
    """A command on the service console: version, status, journal export."""

    command: Literal["version", "status", "journal export"]


class Sleep(Action, frozen=True, kw_only=True):
    """Leave the terminal alone until it sleeps, then wake it by a key."""


AnyAction = (
    PowerOn
    | SignIn
    | SignOff
    | Sale
    | EcrHeartbeat
    | EcrSignIn
    | EcrSale
    | Reprint
    | Settle
    | ShowVersion
    | Console
    | Sleep
)
