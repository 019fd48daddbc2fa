"""Money is conserved whatever a terminal sends twice, late, or takes back; totals are those of the money page."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from tillrig.errors import SuiteError, UsageError
from tillrig.host import Booking, Ledger, Limits, TerminalPolicy
from tillrig.host import settlement as settling
from tillrig.host.accounts import Account, load, parse
from tillrig.host.bank import Bank
from tillrig.host.decisions import Acquirer, Outcome, Wish
from tillrig.protocols import mac
from tillrig.protocols.iso8583 import decode, encode


def _card(name: str, pan: str, balance: int, organisation: str = "CUP") -> Account:
    parts = {"expiry": "3912", "service": "101", "pin": "1234", "product": "CREDIT"}
    return msgspec.convert(
        parts | {"name": name, "pan": pan, "balance": balance, "organisation": organisation}, Account
    )


CARDS = {
    card.name: card
    for card in (
        _card("rich", "9900012345678901239", 10**12),
        _card("poor", "9900050000000000019", 5_000),
        _card("foreign", "9900028765432102", 10**9, "VIS"),
    )
}
MID = "898111153110001"
amounts = st.integers(0, 10_000) | st.sampled_from([5_000_000, 5_000_001])


class Books(RuleBasedStateMachine):
    """Two terminals send sales, duplicates, reversals and settlements in any order."""

    sales = Bundle("sales")

    def __init__(self) -> None:
        super().__init__()
        self.acquirer = Acquirer(CARDS, TerminalPolicy(), Limits(small_count=0))
        self.now = datetime(2026, 3, 1, 9, 0, 0)
        self.stan = 0
        self.kept: dict[tuple[str, str, str], int] = {}
        self.reversed: set[tuple[str, str, str]] = set()
        self.references: list[str] = []
        self.sum_booked = 0

    @initialize()
    def sign_in(self) -> None:
        for tid in ("10000001", "10000002"):
            fields = {11: self._stan(), 41: tid, 42: MID, 60: "00000001003", 63: "01 "}
            assert self._send("0800", fields, sign=False).code == "00"

    def _stan(self) -> str:
        self.stan += 1
        return f"{self.stan:06d}"

    def _send(self, mti: str, fields: dict[int, Any], sign: bool = True, wish: Wish | None = None) -> Outcome:
        self.now += timedelta(seconds=7)
        terminal = self.acquirer.terminals.find(fields[41])
        key = terminal.keys.mak if sign and terminal and terminal.keys else None
        request = decode(encode(mti, fields, mac=(lambda data: mac.cup_ecb(key, data).field) if key else None))
        outcome = self.acquirer.decide(request, self.acquirer.examine(request), wish or Wish(), self.now)
        if 37 in outcome.fields:
            self.references.append(outcome.fields[37])
        self.sum_booked += outcome.booked
        return outcome

    def _batch(self, tid: str) -> str:
        terminal = self.acquirer.terminals.find(tid)
        assert terminal is not None
        return terminal.batch

    def _fields(self, key: tuple[str, str, str], amount: int) -> dict[int, Any]:
        tid, batch, stan = key
        ids = {11: stan, 41: tid, 42: MID, 60: f"22{batch}00060", 3: "000000", 4: f"{amount:012d}"}
        return ids | {22: "022", 25: "00", 49: "156"}

    @rule(
        target=sales, card=st.sampled_from(list(CARDS)), amount=amounts, tid=st.sampled_from(["10000001", "10000002"])
    )
    def sale(self, card: str, amount: int, tid: str) -> tuple[tuple[str, str, str], int, str]:
        key = (tid, self._batch(tid), self._stan())
        self._sell(key, amount, card)
        return key, amount, card

    def _sell(self, key: tuple[str, str, str], amount: int, card: str, wish: Wish | None = None) -> str:
        account = CARDS[card]
        outcome = self._send("0200", self._fields(key, amount) | {35: f"{account.pan}D3912101"}, wish=wish)
        if outcome.code in ("00", "11"):
            assert key not in self.kept and key not in self.reversed
            self.kept[key] = amount
            assert outcome.booked == amount
        else:
            assert outcome.booked == 0
        return outcome.code

    @rule(sale=sales, amount=st.none() | amounts)
    def duplicate(self, sale: tuple[tuple[str, str, str], int, str], amount: int | None) -> None:
        key, first, card = sale
        assert self._sell(key, first if amount is None else amount, card) == "94"

    @rule(target=sales, card=st.sampled_from(list(CARDS)), amount=amounts, code=st.sampled_from(["05", "51", "11"]))
    def sale_with_a_wish(self, card: str, amount: int, code: str) -> tuple[tuple[str, str, str], int, str]:
        key = ("10000001", self._batch("10000001"), self._stan())
        self._sell(key, amount, card, Wish(code=code))
        return key, amount, card

    @rule(sale=sales, times=st.integers(1, 3), off=st.sampled_from([0, 0, 1]))
    def reverse(self, sale: tuple[tuple[str, str, str], int, str], times: int, off: int) -> None:
        key, amount, _ = sale
        for _ in range(times):
            outcome = self._send("0400", self._fields(key, amount + off) | {39: "98"})
            assert outcome.code in ("00", "12", "25")
            if off == 0 and key in self.kept:
                assert (outcome.code, outcome.booked) == ("00", -amount)
                del self.kept[key]
                self.reversed.add(key)
            else:
                assert outcome.booked == 0

    @rule(target=sales, card=st.sampled_from(list(CARDS)), amount=amounts)
    def reversal_before_its_original(self, card: str, amount: int) -> tuple[tuple[str, str, str], int, str]:
        key = ("10000001", self._batch("10000001"), self._stan())
        assert self._send("0400", self._fields(key, amount) | {39: "98"}).code == "25"
        assert self._sell(key, amount, card) == "94"
        return key, amount, card

    @rule(tid=st.sampled_from(["10000001", "10000002"]))
    def settle(self, tid: str) -> None:
        batch = self._batch(tid)
        kept = {key: amount for key, amount in self.kept.items() if key[:2] == (tid, batch)}
        books = self.acquirer.ledger.settlement(tid, batch)
        sides = (books.domestic, books.foreign)
        assert sum(side.debit for side in sides) == sum(kept.values())
        assert sum(side.debit_count for side in sides) == len(kept)
        fields = {11: self._stan(), 41: tid, 42: MID, 48: books.field48(), 49: "156", 60: f"00{batch}201", 63: "01 "}
        assert self._send("0500", fields, sign=False).fields[48] == books.field48((1, 1))
        end = {11: self._stan(), 41: tid, 42: MID, 48: "0000", 60: f"00{batch}207"}
        assert self._send("0320", end, sign=False).code == "00"
        assert self._batch(tid) != batch

    @invariant()
    def money_is_conserved(self) -> None:
        spent = sum(account.balance - self.acquirer.bank.balance(name) for name, account in CARDS.items())
        assert spent == sum(self.kept.values()) == self.acquirer.ledger.booked()[1] == self.sum_booked
        assert len(self.kept) == self.acquirer.ledger.booked()[0]
        assert all(self.acquirer.bank.balance(name) >= 0 for name in CARDS)

    @invariant()
    def references_never_come_twice(self) -> None:
        assert len(self.references) == len(set(self.references))


TestBooks = Books.TestCase
TestBooks.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)


def _booking(voucher: str, amount: int, organisation: str = "CUP", card: str = "rich") -> Booking:
    return Booking(
        tid="10000001",
        mid=MID,
        batch="000001",
        voucher=voucher,
        kind="sale",
        state="approved",
        asked=amount,
        amount=amount,
        code="00",
        at=datetime(2026, 1, 1),
        card=card,
        organisation=organisation,
    )


def test_foreign_cards_stand_in_their_own_block() -> None:
    """Rules H23: foreign is what is not CUP; QR and unknown are at home."""
    books = Ledger((_booking("000001", 100), _booking("000002", 30, "VIS"), _booking("000003", 7, "000")))
    expected = books.settlement("10000001", "000001")
    assert expected.field48() == "000000000107" + "002" + "0" * 16 + "000000000030" + "001" + "0" * 16
    results, notes, wrong = settling.compare(expected.field48()[:31] + "0" * 31, expected)
    assert results == (1, 2) and "foreign" in notes[0]
    assert wrong == (), "that the terminal was never told of a sale is no defect of its request"
    assert settling.compare("0" * 60, expected)[2] == ("F48: 60 digits instead of 62",)


@pytest.mark.parametrize(
    ("block", "note"),
    [
        ("", "0 digits"),
        ("00", "2 digits for 0"),
        ("09" + "0" * 360, "362 digits for 9"),
        ("01" + "0" * 39, "41 digits for 1"),
        ("0100000009" + "0" * 32, "not in the host's books"),
        ("0100000001" + "9900012345678901239".zfill(20) + "000000000101", "101 fen, the host has 100"),
        ("0100000001" + "9900050000000000019".zfill(20) + "000000000100", "another card number"),
    ],
)
def test_an_upload_that_differs_from_the_books_is_told(block: str, note: str) -> None:
    """Rules H23: count, then organisation, voucher, card number, amount; no note shows a card number."""
    numbers = {account.name: account.pan for account in CARDS.values()}
    notes = settling.check_upload(block, [_booking("000001", 100)], numbers)
    assert len(notes) == 1 and note in notes[0] and "9900" not in notes[0]


def test_accounts_are_those_of_the_cards_file() -> None:
    """The lab's file is read whole, and no account shows its number or PIN."""
    accounts = load(Path(__file__).parents[2] / "fixtures" / "cards.yaml")
    assert accounts["poor"].balance == 0 and accounts["lost"].state == "lost" and len(accounts["credit-chip"].key) == 16
    assert accounts["debit-stripe"].product == "DEBIT" and accounts["debit-stripe"].key == b""
    assert all(account.pan not in repr(accounts) and account.pin not in repr(accounts) for account in accounts.values())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("- 1", "must map"),
        ("a:\n  pan: '1", r"cards\.yaml:\d:\d+: no valid YAML: found unexpected end"),
        ("a:\n  pan: '\0'", r"cards\.yaml:2:9: no valid YAML: the character U\+0000"),
        ("a: {pan: '9900'}", "card a"),
        ("a: {pan: '9900', expiry: '3012', service: '101', pin: '1', product: GOLD}", "GOLD"),
        ("a: {pan: '9900', expiry: '3012', service: '101', pin: '1', product: DEBIT, chip: {key: zz}}", "card a"),
    ],
)
def test_a_wrong_cards_file_is_named(text: str, names: str) -> None:
    """File and card; a missing file too."""
    with pytest.raises(SuiteError, match=names) as caught:
        parse(text, "cards.yaml")
    assert "cards.yaml" in str(caught.value)
    with pytest.raises(SuiteError, match=r"nowhere\.yaml"):
        load("nowhere.yaml")


def test_a_balance_can_be_set_and_an_unknown_card_is_named() -> None:
    """For a test that needs a card with exactly so much."""
    bank = Bank(CARDS, Limits())
    assert bank.set_balance("poor", 100) == -4_900 and bank.balance("poor") == 100
    with pytest.raises(UsageError, match="nobody"):
        bank.balance("nobody")


def test_bookings_cannot_be_edited() -> None:
    """What was booked stays what it was; a reversal makes another entry of it."""
    entry = _booking("000001", 100)
    with pytest.raises(AttributeError):
        entry.amount = 1  # type: ignore[misc]
    assert msgspec.structs.replace(entry, state="reversed").key == entry.key
