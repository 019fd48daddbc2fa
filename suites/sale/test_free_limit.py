"""Contactless without PIN and signature (免密免签): up to and including 1000.00."""

import pytest

from tillrig import Sale


@pytest.mark.requirement("FREE-LIMIT", "PIN-ASKED", "SLIP-SIGNATURE")
@pytest.mark.parametrize(("amount", "pin"), [(999_99, "none"), (1_000_00, "none"), (1_000_01, "right")])
def test_the_limit_is_inclusive(till, amount, pin):
    till.ready()
    till.do(Sale(amount=amount, card="debit-contactless", entry="contactless", pin=pin))
