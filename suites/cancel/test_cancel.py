"""Cancel at each prompt, and leaving a prompt alone: back to the menu, nothing sent, no STAN taken."""

import pytest

from tillrig import Sale, Settle


@pytest.mark.requirement("CANCEL", "STAN")
@pytest.mark.parametrize("prompt", ["ask_amount", "ask_card", "ask_pin"])
def test_cancel_at_a_prompt_of_a_sale(till, prompt):
    till.ready()
    till.do(Sale(amount=15_00, cancel_at=prompt)).ended(f"cancelled at {prompt}")
    till.do(Sale(amount=16_00, card="credit-chip", entry="contactless", pin="none"))  # with the STAN that is next


@pytest.mark.requirement("CANCEL")
def test_cancel_between_the_copies_is_like_any_key(till):
    till.ready()
    till.do(Sale(amount=15_00, cancel_at="continue_print")).ended("approved")


@pytest.mark.requirement("CANCEL")
def test_cancel_at_the_question_of_a_settlement(till):
    till.ready(records=1)
    till.do(Settle(cancel_at="confirm_settle")).ended("left at confirm_settle")


@pytest.mark.requirement("IDLE-TIMEOUT")
@pytest.mark.parametrize("prompt", ["ask_card", "ask_pin"])
def test_a_prompt_left_alone_times_out(till, prompt):
    till.ready()
    till.do(Sale(amount=15_00, idle_at=prompt)).ended(f"timed out at {prompt}")
