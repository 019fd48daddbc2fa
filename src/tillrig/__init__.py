"""tillrig: a hardware-in-the-loop harness for card-payment terminals."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tillrig.actions import (
        Action,
        Console,
        EcrHeartbeat,
        EcrSale,
        EcrSignIn,
        PowerOn,
        Reprint,
        Sale,
        Settle,
        ShowVersion,
        SignIn,
        SignOff,
        Sleep,
    )
    from tillrig.host.scenarios import (
        BadKeyCheck,
        Decline,
        ForeignAnswer,
        Garbage,
        HalfOpen,
        Late,
        LyingLength,
        MissingMac,
        NoAnswer,
        Partial,
        ProcessRequest,
        RefuseConnection,
        ResetAfterRequest,
        ResetBeforeRequest,
        SettlementSays,
        SlowBytes,
        Truncated,
        Twice,
        WrongField,
        WrongMac,
        WrongMti,
    )
    from tillrig.session import Attempt, Outcome, Session, When, acquire
    from tillrig.verdicts import Finding, Verdict

__version__ = "0.1.0"

_ACTIONS = (
    "Action", "Console", "EcrHeartbeat", "EcrSale", "EcrSignIn", "PowerOn", "Reprint", "Sale", "Settle", "ShowVersion",
    "SignIn", "SignOff", "Sleep",
)  # fmt: skip
_SCENARIOS = (
    "BadKeyCheck", "Decline", "ForeignAnswer", "Garbage", "HalfOpen", "Late", "LyingLength", "MissingMac", "NoAnswer",
    "Partial", "ProcessRequest", "RefuseConnection", "ResetAfterRequest", "ResetBeforeRequest", "SettlementSays",
    "SlowBytes", "Truncated", "Twice", "WrongField", "WrongMac", "WrongMti",
)  # fmt: skip
_HOME = {
    **dict.fromkeys(_ACTIONS, "tillrig.actions"),
    **dict.fromkeys(_SCENARIOS, "tillrig.host.scenarios"),
    **dict.fromkeys(("Attempt", "Outcome", "Session", "When", "acquire"), "tillrig.session"),
    **dict.fromkeys(("Finding", "Verdict"), "tillrig.verdicts"),
}

__all__ = [
    "Action", "Attempt", "BadKeyCheck", "Console", "Decline", "EcrHeartbeat", "EcrSale", "EcrSignIn", "Finding",
    "ForeignAnswer", "Garbage", "HalfOpen", "Late", "LyingLength", "MissingMac", "NoAnswer", "Outcome", "Partial",
    "PowerOn", "ProcessRequest", "RefuseConnection", "Reprint", "ResetAfterRequest", "ResetBeforeRequest", "Sale",
    "Session", "Settle", "SettlementSays", "ShowVersion", "SignIn", "SignOff", "Sleep", "SlowBytes", "Truncated",
    "Twice", "Verdict", "When", "WrongField", "WrongMac", "WrongMti", "__version__", "acquire",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Names are loaded when first used: a pytest run that has nothing to do with terminals pays nothing."""
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"tillrig has no {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
