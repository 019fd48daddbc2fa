"""A sale in each entry mode, with and without PIN."""

import pytest

from tillrig import Sale

TYPED = pytest.mark.requirement("PIN-ASKED", "PIN-MASK")
LEFT_EMPTY = pytest.mark.requirement("PIN-ASKED")
FREE = pytest.mark.requirement("FREE-LIMIT")
#: (card, entry, pin, amount in fen), and what is special to each. A debit card needs its PIN; a credit card may go
#: without.
SALES = [
    pytest.param("debit-stripe", "stripe", "right", 12_34, marks=TYPED),
    pytest.param("credit-stripe", "stripe", "right", 1_00, marks=TYPED),
    pytest.param("credit-stripe", "stripe", "none", 88_88, marks=LEFT_EMPTY),
    pytest.param("debit-chip", "chip", "right", 1_234_56, marks=TYPED),
    pytest.param("credit-chip", "chip", "right", 9_99, marks=TYPED),
    pytest.param("credit-chip", "chip", "none", 70_07, marks=LEFT_EMPTY),
    pytest.param("debit-contactless", "contactless", "none", 5_00, marks=FREE),
    pytest.param("debit-contactless", "contactless", "right", 2_000_00, marks=TYPED),
    pytest.param("credit-chip", "contactless", "none", 1_050_00, marks=LEFT_EMPTY),
]


@pytest.mark.requirement(
    "SALE-PROMPTS", "SALE-AMOUNT-SCREEN", "SALE-AMOUNT-SENT", "SALE-REQUEST", "SALE-ENTRY-MODE", "SALE-RESULT",
    "PIN-BLOCK", "MAC", "STAN", "SLIP-COPIES", "SLIP-AMOUNT", "SLIP-CARD", "SLIP-SIGNATURE",
)  # fmt: skip
@pytest.mark.parametrize(("card", "entry", "pin", "amount"), SALES)
def test_sale(till, card, entry, pin, amount):
    till.ready()
    till.do(Sale(amount=amount, card=card, entry=entry, pin=pin)).ended("approved")


@pytest.mark.requirement("CARD-STRIPE-CHIP")
def test_the_stripe_of_a_chip_card_is_refused(till):
    till.ready()
    till.do(Sale(amount=10_00, card="credit-chip", entry="stripe")).ended("use chip")
