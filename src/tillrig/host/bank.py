"""The issuers behind the host: balances, PIN tries and risk counts, in the order of rules H28."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from tillrig.errors import ProtocolError, UsageError
from tillrig.host.accounts import Account
from tillrig.protocols.pin import decrypt_block

FREE_ENTRY = "07"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Host data of the money page: fen, counts, seconds of the host's clock. `small_count` 0: unchecked."""

    ceiling: int = 5_000_000
    free: int = 100_000
    pin_tries: int = 3
    small_amount: int = 1_000
    small_count: int = 5
    small_window: float = 600


class CardUse(msgspec.Struct, frozen=True, kw_only=True):
    """What a financial request says about card, PIN and amount. `pin_ok`: see `check_pin`."""

    account: Account | None
    entry: str
    amount: int
    has_pin: bool
    pin_ok: bool | None
    pin_readable: bool


class Bank:
    """Accounts by card number, with what changes: balance, PIN tries, recent small amounts. Not thread-safe."""

    def __init__(self, accounts: Mapping[str, Account], limits: Limits) -> None:
        self.limits = limits
        self.accounts = dict(accounts)
        self._by_pan = {account.pan: account for account in accounts.values()}
        self._balances = {name: account.balance for name, account in accounts.items()}
        self._tries = dict.fromkeys(accounts, 0)
        self._small: dict[str, list[datetime]] = {name: [] for name in accounts}

    def find(self, pan: str) -> Account | None:
        """The account of a card number."""
        return self._by_pan.get(pan)

    def balance(self, name: str) -> int:
        """Fen left on the account."""
        return self._balances[self._known(name)]

    def pin_tries(self, name: str) -> int:
        """Wrong PINs in a row so far."""
        return self._tries[self._known(name)]

    def reset(self, name: str | None = None) -> None:
        """Unblock the PIN and forget the small amounts of one card or of all; the balance stays."""
        for each in self.accounts if name is None else (self._known(name),):
            self._tries[each] = 0
            self._small[each].clear()

    def set_balance(self, name: str, fen: int) -> int:
        """Give an account another balance; returns the difference."""
        difference = fen - self.balance(name)
        self._balances[name] = fen
        return difference

    def _known(self, name: str) -> str:
        if name not in self.accounts:
            raise UsageError(f"no card is called {name!r}; the cards are {', '.join(self.accounts)}")
        return name

    def decide(self, use: CardUse, now: datetime) -> str:
        """F39 of a payment, counting PIN tries on the way; nothing is booked."""
        account = use.account
        if account is None:
            return "14"
        return (
            self._card(account, now)
            or self._pin(account, use)
            or self._amount(use)
            or self._risk(account, use.amount, now)
        )

    def _card(self, account: Account, now: datetime) -> str:
        if account.expiry < now.strftime("%y%m"):
            return "54"
        return {"good": "", "lost": "41", "stolen": "43", "restricted": "62"}[account.state]

    def _pin(self, account: Account, use: CardUse) -> str:
        if not use.has_pin:
            free = use.entry == FREE_ENTRY and use.amount <= self.limits.free
            return "55" if account.product == "DEBIT" and not free else ""
        if self._tries[account.name] >= self.limits.pin_tries:
            return "75"
        if not use.pin_readable:
            return "99"
        if not use.pin_ok:
            self._tries[account.name] += 1
            return "55"
        self._tries[account.name] = 0
        return ""

    def _amount(self, use: CardUse) -> str:
        if use.amount == 0:
            return "13"
        return "61" if use.amount > self.limits.ceiling else ""

    def _risk(self, account: Account, amount: int, now: datetime) -> str:
        limits = self.limits
        if limits.small_count and amount < limits.small_amount:
            since = now - timedelta(seconds=limits.small_window)
            if sum(at >= since for at in self._small[account.name]) >= limits.small_count:
                return "65"
        return "51" if amount > self._balances[account.name] else "00"

    def book(self, account: Account, amount: int, now: datetime) -> None:
        """Take `amount` from the account."""
        self._balances[account.name] -= amount
        if amount < self.limits.small_amount:
            self._small[account.name].append(now)

    def unbook(self, name: str, amount: int, at: datetime) -> None:
        """Give back what a reversed transaction of that time took; it does not count as a small amount either."""
        self._balances[name] += amount
        if at in self._small[name]:
            self._small[name].remove(at)


def check_pin(account: Account | None, key: bytes, block: bytes | None, pan: str) -> tuple[bool | None, bool]:
    """Whether a PIN block holds the account's PIN (None without a block), and whether it can be read at all."""
    if block is None:
        return None, True
    try:
        pin = decrypt_block(key, block, pan)
    except (ProtocolError, ValueError):
        return False, False
    return account is not None and pin == account.pin, True
