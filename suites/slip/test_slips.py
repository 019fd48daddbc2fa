"""Both slips, field by field, for each way in which their lines differ."""

import pytest

from tillrig import Sale

SLIPS = {
    "stripe, no chip lines": Sale(amount=51_00, card="debit-stripe", entry="stripe"),
    "chip, chip lines": Sale(amount=1_052_30, card="debit-chip", entry="chip"),
    "contactless within the limit, waiver text": Sale(
        amount=53_00, card="debit-contactless", entry="contactless", pin="none"
    ),
    "contactless above the limit, signature": Sale(
        amount=1_054_00, card="debit-contactless", entry="contactless", pin="right"
    ),
}


@pytest.mark.requirement(
    "SLIP-COPIES", "SLIP-HEADER", "SLIP-AMOUNT", "SLIP-CARD", "SLIP-TYPE", "SLIP-EXPIRY", "SLIP-VOUCHER", "SLIP-AUTH",
    "SLIP-REFERENCE", "SLIP-DATE", "SLIP-ISSUER", "SLIP-CHIP", "SLIP-SIGNATURE", "SECRECY",
)  # fmt: skip
@pytest.mark.parametrize("kind", SLIPS)
def test_both_copies(till, kind):
    till.ready()
    till.do(SLIPS[kind]).ended("approved")
