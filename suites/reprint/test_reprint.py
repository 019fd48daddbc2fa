"""Reprint of the last transaction."""

import pytest

from tillrig import Reprint, Sale, Settle, SignIn


@pytest.mark.requirement("REPRINT")
def test_a_reprint_is_the_slip_with_a_mark(till):
    till.ready()
    till.do(Sale(amount=61_20)).ended("approved")
    till.do(Reprint()).ended("reprinted")


@pytest.mark.requirement("REPRINT")
def test_nothing_to_reprint_after_settlement(till):
    till.ready(records=1)
    till.do(Settle()).ended("balanced")
    till.do(SignIn())
    till.do(Reprint()).ended("no records")
