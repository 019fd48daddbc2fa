"""The test acquirer that the terminal under test calls."""

from tillrig.host.accounts import Account
from tillrig.host.bank import Limits
from tillrig.host.ledger import Booking, Ledger, Settlement
from tillrig.host.masking import Hidden
from tillrig.host.records import HostBroken, HostConnected, HostEvent, HostExchange, HostRequest
from tillrig.host.terminals import Registration, TerminalPolicy
from tillrig.host.testhost import TestHost

__all__ = [
    "Account",
    "Booking",
    "Hidden",
    "HostBroken",
    "HostConnected",
    "HostEvent",
    "HostExchange",
    "HostRequest",
    "Ledger",
    "Limits",
    "Registration",
    "Settlement",
    "TerminalPolicy",
    "TestHost",
]
