"""What the host declines: text on the screen, no slip, no journal record, no reversal."""

import pytest

from tillrig import Console, Sale

#: F39 → a sale that the test host declines with it, by itself.
DECLINES = {
    "51": Sale(amount=10_00, card="poor"),
    "54": Sale(amount=10_00, card="expired"),
    "41": Sale(amount=10_00, card="lost"),
    "61": Sale(amount=50_000_01, card="debit-chip"),
}


@pytest.mark.requirement("SALE-DECLINE", "SLIP-NONE", "REVERSAL-NEEDLESS", "STAN")
@pytest.mark.parametrize("code", DECLINES)
def test_a_decline_shows_its_text_and_prints_nothing(till, code):
    till.ready()
    till.do(DECLINES[code]).ended("declined", code)
    till.do(Sale(amount=13_00, card="credit-chip", entry="contactless", pin="none")).ended("approved")


@pytest.mark.requirement("PIN-RETRY")
def test_a_wrong_pin_is_asked_again_and_the_right_one_is_taken(till):
    till.ready()
    till.do(Sale(amount=20_00, card="debit-chip", pins=("wrong", "right"))).ended("55, approved")


@pytest.mark.requirement("PIN-RETRY", "SLIP-NONE")
def test_three_wrong_pins_end_the_sale(till):
    till.ready()
    till.do(Sale(amount=20_00, card="pin-errors", pins=("wrong", "wrong", "wrong"))).ended("55, 55, 55")


@pytest.mark.requirement("JOURNAL", "SALE-DECLINE")
def test_a_decline_leaves_no_record_in_the_journal(till):
    till.ready()
    till.do(DECLINES["51"]).ended("declined", "51")
    till.do(Console(command="journal export"))
