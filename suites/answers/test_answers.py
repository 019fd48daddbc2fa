"""Answers that are not for this request: each has its own text, and is reversed with reason 06."""

import pytest

from tillrig import Sale, WrongField, WrongMti

WRONG = {
    "MTI": WrongMti(),
    "F3": WrongField(field=3),
    "F4": WrongField(field=4),
    "F11": WrongField(field=11),
    "F41": WrongField(field=41),
    "F42": WrongField(field=42),
}


@pytest.mark.requirement("ANSWER-CHECK", "REVERSAL-FIRST", "REVERSAL-REQUEST")
@pytest.mark.parametrize("what", WRONG)
def test_a_foreign_answer_is_refused_with_its_text(till, what):
    till.ready()
    refused = till.do(
        Sale(amount=41_00, card="credit-chip", entry="contactless", pin="none"), host=[("sale", WRONG[what])]
    )
    refused.ended(f"bad_answer {what.lower() if what == 'MTI' else what}")
    following = till.do(Sale(amount=42_00, card="credit-chip", entry="contactless", pin="none"))
    following.ended("reversal done, approved")
