"""Sign-in and sign-off."""

import pytest

from tillrig import SignIn, SignOff


@pytest.mark.requirement("SIGNIN", "SIGNIN-REQUEST", "SIGNIN-MASK")
@pytest.mark.parametrize("operator", ["01", "05"])
def test_a_right_password_signs_in(till, operator):
    till.ensure("operator_prompt")
    till.do(SignIn(operator=operator)).ended("signed in")


@pytest.mark.requirement("SIGNIN-PASSWORD")
@pytest.mark.parametrize("wrong", [1, 2, 3])
def test_wrong_passwords_are_refused(till, wrong):
    till.ensure("operator_prompt")
    till.do(SignIn(wrong=wrong)).ended("wrong password" if wrong == 3 else "signed in")


@pytest.mark.requirement("SIGNIN-TWICE")
def test_signing_in_twice_sends_nothing(till):
    till.ready()
    till.do(SignIn()).ended("already signed in")


@pytest.mark.requirement("SIGNOFF")
def test_sign_off_leads_to_the_operator_prompt(till):
    till.ready()
    till.do(SignOff()).ended("signed off")
