"""Totals in both views, field 48, and the books that must agree (money, Totals; rules M2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tillrig.actions import Sale
from tillrig.reference import Booked, Booking, Ledger, Record, Totals, comparable, conserved, field48
from tillrig.reference.totals import half
from tillrig.steps import Symbol

from .walking import Walk

OK = ("sale", "approved", "00")


def test_a_sale_and_its_void_are_gross_one_each_and_net_nothing() -> None:
    """Money, Totals, the example: 100.00 and its void: F48 debit 1/100.00, credit 1/100.00; printed 消费 0/0.00."""
    totals = Totals.of([Booking(type="SALE", amount=10_000, voided=True), Booking(type="VOID", amount=10_000)])
    assert (totals.debit.count, totals.debit.amount) == (1, 10_000)
    assert (totals.credit.count, totals.credit.amount) == (1, 10_000)
    assert (totals.sale.count, totals.sale.amount) == (0, 0)
    assert half(totals) == "0000000100000010000000100000010"


@pytest.mark.parametrize(
    ("kind", "gross", "net"),
    [
        ("SALE", "debit", "sale"),
        ("QR SALE", "debit", "sale"),
        ("AUTH COMPLETE", "debit", "completion"),
        ("AUTH SETTLEMENT", "debit", "notice"),
        ("VOID", "credit", None),
        ("COMPLETE VOID", "credit", None),
        ("REFUND", "credit", "refund"),
        ("AUTH", None, None),
        ("CANCEL", None, None),
        ("CASH", None, None),
        ("TRANSFER", None, None),
    ],
)
def test_each_type_counts_in_its_views(kind: str, gross: str | None, net: str | None) -> None:
    """Money, Totals: debit sale, QR sale, completion, notice; credit void, completion void, refund; others neither."""
    totals = Totals.of([Booking(type=kind, amount=7)])
    counted = {name for name in totals.__struct_fields__ if getattr(totals, name).count}
    assert counted == {name for name in (gross, net) if name}


@given(st.lists(st.tuples(st.sampled_from(["CUP", "000", "VIS", ""]), st.integers(1, 9_999_999))))
def test_field_48_sums_every_record_once(records: list[tuple[str, int]]) -> None:
    """Host, Settlement: 62 digits; domestic and foreign halves together count every record and every fen."""
    journal = [a_record(str(n), amount, organisation) for n, (organisation, amount) in enumerate(records)]
    text = field48(journal)
    assert text is not None
    assert len(text) == 62
    assert int(text[:12]) + int(text[31:43]) == sum(amount for _, amount in records)
    assert int(text[12:15]) + int(text[43:46]) == len(records)
    assert int(text[31:43]) == sum(amount for organisation, amount in records if organisation == "VIS")
    assert text[30] == text[61] == "0"


def test_field_48_is_not_guessed() -> None:
    """While an amount or organisation is a symbol there is no F48, and totals refuse."""
    record = a_record("1", 5, "CUP")
    open_block = a_record("2", 5, Symbol("org#1.1"))
    assert field48([record, open_block]) is None
    with pytest.raises(ValueError, match="resolve the ledger"):
        Totals.of([a_record("3", Symbol("amount#1.1"), "CUP")])


def a_record(stan: str, amount: int | Symbol, organisation: str | Symbol) -> Record:
    return Record(
        stan=stan,
        batch="000001",
        amount=amount,
        card="debit-chip",
        masked="990003*********6786",
        expiry="2908",
        entry="chip",
        operator="01",
        organisation=organisation,
    )


@pytest.fixture
def sold(walk: Walk) -> Ledger:
    """Two sales, 1.00 and 2.00, STAN 7 and 8."""
    walk.do(Sale(amount=100), OK)
    walk.do(Sale(amount=200), OK)
    return walk.ledger


FIRST = Booked(batch="000001", stan="000007", amount=100)
SECOND = Booked(batch="000001", stan="000008", amount=200)
ROWS = [
    {"batch": "000001", "voucher": "000007", "amount": "100"},
    {"batch": "000001", "voucher": "000008", "amount": "200"},
]


def test_books_that_agree_are_conserved(sold: Ledger) -> None:
    """MONEY-CONSERVED: host, ledger and journal say the same."""
    assert conserved(sold, [FIRST, SECOND], ROWS) == ()
    assert comparable(sold)


@pytest.mark.parametrize(
    ("booked", "expected", "seen"),
    [
        ([FIRST], "200 fen", "nothing"),
        ([FIRST, Booked(batch="000001", stan="000008", amount=199)], "200 fen", "199 fen"),
        ([FIRST, SECOND, Booked(batch="000001", stan="000009", amount=5)], "nothing", "5 fen"),
        ([FIRST, Booked(batch="000001", stan="000008", amount=200, reversed=True)], "200 fen", "nothing"),
    ],
)
def test_a_difference_with_the_host_is_found(sold: Ledger, booked: list[Booked], expected: str, seen: str) -> None:
    """Lost, double, wrong and wrongly reversed money each show, with voucher and both values."""
    (found,) = conserved(sold, booked)
    assert (found.point, found.requirement) == ("money.booked", "MONEY-CONSERVED")
    assert (found.expected, found.seen) == (expected, seen)
    assert "voucher" in found.reason


@pytest.mark.parametrize(
    "rows",
    [
        ROWS[:1],
        [*ROWS, {"batch": "000001", "voucher": "000009", "amount": "1"}],
        [ROWS[0], ROWS[1] | {"amount": "2.00"}],
    ],
)
def test_a_difference_with_the_exported_journal_is_found(sold: Ledger, rows: list[dict[str, str]]) -> None:
    """A row too few, too many, or with an amount that is not that many fen."""
    assert [found.point for found in conserved(sold, [FIRST, SECOND], rows)] == ["money.journal"]


def test_an_uncertain_ledger_accuses_nobody(sold: Ledger) -> None:
    """Design: while more than one history is possible, totals are INCONCLUSIVE."""
    assert conserved(replace(sold, uncertain=True), [], []) == ()
    assert conserved(replace(sold, journal_known=False), [], []) == ()


@pytest.mark.parametrize(
    "unknown", [{"uncertain": True}, {"journal_known": False}, {"pending_known": False}, {"batch": None}]
)
def test_books_that_cannot_be_compared_do_not_agree_either(sold: Ledger, unknown: dict[str, bool | None]) -> None:
    """Empty is then no proof: nothing was compared."""
    assert not comparable(replace(sold, **unknown))


def test_other_batches_of_the_host_are_not_this_batchs_business(sold: Ledger) -> None:
    """The host remembers earlier batches; only the ledger's own is compared."""
    earlier = Booked(batch="000000", stan="000003", amount=100)
    assert conserved(sold, [earlier, FIRST, SECOND]) == ()
