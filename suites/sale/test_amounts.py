"""Amounts from 0.01 to 50,000.00: the ends, the places where digits carry, and amounts drawn by the run's seed."""

import pytest

from fixtures.amounts import drawn_amounts
from tillrig import Sale


@pytest.mark.requirement("SALE-AMOUNT-SCREEN", "SALE-AMOUNT-SENT", "SLIP-AMOUNT", "MONEY-CONSERVED")
@pytest.mark.parametrize("amount", [1, 50_000_00, *drawn_amounts(4)])
def test_the_amount_keyed_is_shown_sent_booked_and_printed(till, amount):
    till.ready()
    till.do(Sale(amount=amount)).ended("approved")
