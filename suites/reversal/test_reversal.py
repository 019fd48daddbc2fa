"""Lost and late answers: the reversal goes first, and money is conserved."""

import pytest

from tillrig import Late, NoAnswer, Sale, WrongMac


@pytest.mark.requirement("NO-ANSWER", "REVERSAL-FIRST", "REVERSAL-REQUEST", "REVERSAL-ONCE", "MONEY-CONSERVED")
def test_a_sale_without_an_answer_is_reversed_before_the_next(till):
    till.ready()
    till.do(Sale(amount=30_00), host=[("sale", NoAnswer())]).ended("no_answer")
    till.do(Sale(amount=31_00)).ended("reversal done, approved")
    till.do(Sale(amount=32_00, card="credit-chip", entry="contactless", pin="none")).ended("approved")


@pytest.mark.requirement("NO-ANSWER", "REVERSAL-FIRST", "MONEY-CONSERVED")
def test_an_answer_after_the_limit_counts_as_none(till):
    till.ready()
    till.do(Sale(amount=33_00), host=[("sale", Late(seconds=65))]).ended("no_answer")
    following = till.do(Sale(amount=34_00, card="credit-chip", entry="contactless", pin="none"))
    following.ended("reversal done, approved")


@pytest.mark.requirement("SALE-RESULT", "REVERSAL-NEEDLESS")
def test_an_answer_just_before_the_limit_counts(till):
    till.ready()
    till.do(Sale(amount=35_00), host=[("sale", Late(seconds=55))]).ended("approved")
    till.do(Sale(amount=36_00, card="credit-chip", entry="contactless", pin="none")).ended("approved")


@pytest.mark.requirement("MAC-ANSWER", "REVERSAL-FIRST", "REVERSAL-REQUEST")
def test_an_approval_with_a_wrong_mac_is_refused_and_reversed(till):
    till.ready()
    till.do(Sale(amount=37_00), host=[("sale", WrongMac())]).ended("bad_mac")
    till.ready()
    following = till.do(Sale(amount=38_00, card="credit-chip", entry="contactless", pin="none"))
    following.ended("reversal done, approved")
