"""Settlement: totals, upload, slip, the next batch."""

import pytest

from tillrig import Sale, Settle, SettlementSays, SignIn


@pytest.mark.requirement("SETTLE-REQUEST", "SETTLE-END", "SETTLE-SLIP", "SETTLE-NEXT", "BATCH", "MONEY-CONSERVED")
def test_a_balanced_batch_is_ended_and_printed(till):
    till.ready(records=0)
    till.do(Sale(amount=71_00))
    till.do(Sale(amount=72_50, card="credit-chip", entry="contactless", pin="none"))
    till.do(Settle()).ended("balanced")
    till.do(SignIn()).ended("signed in")


@pytest.mark.requirement("SETTLE-EMPTY")
def test_an_empty_batch_is_not_settled(till):
    till.ready(records=0)
    till.do(Settle()).ended("nothing_to_settle")


@pytest.mark.requirement("SETTLE-END", "SETTLE-REQUEST")
@pytest.mark.parametrize("says", [2, 3])
def test_a_batch_that_does_not_balance_is_uploaded(till, says):
    till.ready(records=0)
    till.do(Sale(amount=73_00, card="credit-chip", entry="contactless", pin="none"))
    till.do(Settle(), host=[("settlement", SettlementSays(result=says))]).ended("not balanced, uploaded")
