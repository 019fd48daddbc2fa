"""Contactless without PIN and signature (免密免签): up to and including 1000.00."""

import pytest

from tillrig import Sale


@pytest.mark.requirement("FREE-LIMIT", "SLIP-SIGNATURE")
@pytest.mark.parametrize("amount", [999_99, 1_000_00])
def test_the_limit_is_inclusive(till, amount):
    till.ready()
    till.do(Sale(amount=amount, card="debit-contactless", entry="contactless", pin="none")).ended("approved")


@pytest.mark.requirement("PIN-ASKED", "SLIP-SIGNATURE")
def test_above_the_limit_pin_and_signature_are_asked_for(till):
    till.ready()
    till.do(Sale(amount=1_000_01, card="debit-contactless", entry="contactless", pin="right")).ended("approved")
