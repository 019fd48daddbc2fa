"""A sale in each entry mode, with and without PIN."""

import pytest

from tillrig import Sale

#: (card, entry, pin, amount in fen). A debit card needs its PIN; a credit card may go without.
SALES = [
    ("debit-stripe", "stripe", "right", 12_34),
    ("credit-stripe", "stripe", "right", 1_00),
    ("credit-stripe", "stripe", "none", 88_88),
    ("debit-chip", "chip", "right", 1_234_56),
    ("credit-chip", "chip", "right", 9_99),
    ("credit-chip", "chip", "none", 70_07),
    ("debit-contactless", "contactless", "none", 5_00),
    ("debit-contactless", "contactless", "right", 2_000_00),
    ("credit-chip", "contactless", "none", 1_050_00),
]


@pytest.mark.requirement(
    "SALE-PROMPTS", "SALE-AMOUNT-SCREEN", "SALE-AMOUNT-SENT", "SALE-REQUEST", "SALE-ENTRY-MODE", "SALE-RESULT",
    "PIN-ASKED", "PIN-MASK", "PIN-BLOCK", "MAC", "STAN", "SLIP-COPIES", "SLIP-AMOUNT", "SLIP-CARD", "SLIP-SIGNATURE",
)  # fmt: skip
@pytest.mark.parametrize(("card", "entry", "pin", "amount"), SALES)
def test_sale(till, card, entry, pin, amount):
    till.ready()
    till.do(Sale(amount=amount, card=card, entry=entry, pin=pin))


@pytest.mark.requirement("CARD-STRIPE-CHIP")
def test_the_stripe_of_a_chip_card_is_refused(till):
    till.ready()
    till.do(Sale(amount=10_00, card="credit-chip", entry="stripe"))
