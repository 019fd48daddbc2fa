"""What an action says of money: a difference, agreement, or nothing when there was nothing to compare."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from tillrig.reference import Ledger, Record
from tillrig.session.money import money_findings
from tillrig.verdicts import Verdict

from .builders import host

RECORD = Record(
    stan="000007", batch="000001", amount=1234, card="debit-chip", masked="990003*********6786", expiry="2908",
    entry="chip", operator="01", organisation="CUP", issuer="0102",
)  # fmt: skip
SOLD = Ledger(position="menu", batch="000001", journal=(RECORD,), journal_known=True, pending_known=True)


def books(*amounts: int):
    """A host that booked them, from STAN 7 on."""
    entries = [
        SimpleNamespace(batch="000001", voucher=f"{7 + number:06d}", amount=amount, state="approved")
        for number, amount in enumerate(amounts)
    ]
    return SimpleNamespace(ledger=SimpleNamespace(select=lambda tid: entries))


def found(ledger: Ledger, *amounts: int) -> list[Verdict]:
    return [one.verdict for one in money_findings(ledger, books(*amounts), "10000001", [host()])]


def test_books_that_agree_pass():
    assert found(SOLD, 1234) == [Verdict.PASS]


@pytest.mark.parametrize("unknown", ["uncertain", "journal_known", "pending_known"])
def test_nothing_compared_is_no_pass(unknown):
    """What the terminal holds is not known, so no books have agreed."""
    ledger = replace(SOLD, **{unknown: unknown == "uncertain"})
    assert found(ledger, 1234) == []


def test_a_difference_is_a_fail_also_while_a_reversal_may_be_pending():
    assert found(SOLD, 1235) == [Verdict.FAIL]
    assert found(replace(SOLD, pending_known=False), 1235) == [Verdict.FAIL]
