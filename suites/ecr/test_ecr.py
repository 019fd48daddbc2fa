"""The cash-register line."""

import pytest

from tillrig import EcrHeartbeat, EcrSale, EcrSignIn


@pytest.mark.requirement("ECR-HEARTBEAT")
def test_a_heartbeat_is_answered(till):
    till.ready()
    till.do(EcrHeartbeat())


@pytest.mark.requirement("ECR-SIGNIN")
def test_a_sign_in_while_signed_in_is_refused_politely(till):
    till.ready()
    till.do(EcrSignIn()).ended("already signed in")


@pytest.mark.requirement("ECR-SALE", "SLIP-AMOUNT", "SALE-AMOUNT-SCREEN", "SALE-AMOUNT-SENT")
def test_a_sale_by_the_cash_register(till):
    till.ready()
    till.do(EcrSale(amount=45_60, order=till.new_order())).ended("approved")


@pytest.mark.requirement("ECR-ONCE")
def test_a_repeated_order_does_not_charge_twice(till):
    till.ready()
    order = till.new_order()
    first = EcrSale(amount=46_00, order=order, card="credit-chip", entry="contactless", pin="none")
    till.do(first).ended("approved")
    till.do(first).ended("order repeated")
    other = EcrSale(amount=47_00, order=order, card="credit-chip", entry="contactless", pin="none")
    till.do(other).ended("order with another amount")
