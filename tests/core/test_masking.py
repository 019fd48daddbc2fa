"""No full card number, track or secret passes into what is kept."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillrig.lab import load_lab
from tillrig.masking import Masker, Secret, exposed_pans, luhn, mask_digits, mask_pan

PAN = "9900035555123456786"


def test_a_secret_shows_itself_to_nobody():
    secret = Secret("369258")
    assert "369258" not in f"{secret!r} {secret} {[secret]} {vars}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret.reveal() == "369258"


def test_the_lab_can_be_printed():
    """Cards and operators carry PINs, passwords and numbers; their texts do not."""
    lab = load_lab()
    text = repr(lab) + repr(lab.cards) + repr(lab.operators)
    assert all(pan not in text for pan in lab.pans)
    assert all(card.pin.reveal() not in text for card in lab.cards.values() if len(card.pin) > 4)


def test_a_wrong_pin_and_a_wrong_password_are_wrong_and_as_long():
    lab = load_lab()
    for card in lab.cards.values():
        assert card.wrong_pin() != card.pin
        assert len(card.wrong_pin()) == len(card.pin)
    for operator in lab.operators.values():
        assert operator.wrong_password() != operator.password


@given(st.text("0123456789ABC ,:*/D=", max_size=30), st.text("0123456789ABC ,:*/D=", max_size=30))
def test_a_known_number_is_masked_wherever_it_stands(before, after):
    masked = Masker([PAN]).text(f"{before}{PAN}{after}")
    assert PAN not in masked


def test_an_unknown_test_number_is_masked_by_its_form():
    assert Masker().text("card 9900028765432102 ok") == "card 990002******2102 ok"


@pytest.mark.parametrize(
    "text", ["898111153110001", "000000123456", "20261120112233", "112233000001", "9900031234567890123"]
)
def test_numbers_that_are_no_cards_are_left_alone(text):
    """Merchant numbers, amounts, times, references, and numbers whose check digit is wrong."""
    assert Masker([PAN]).text(text) == text


def test_track_data_is_masked_whole():
    assert Masker().text(f"{PAN}D29082010000000000") == f"{mask_pan(PAN)}D{'*' * 17}"


def test_nested_data_is_masked_through_and_through():
    masked = Masker([PAN]).data({"a": [PAN, {"b": (PAN, 1, None, Secret("1"))}]})
    assert PAN not in json.dumps(masked)
    assert masked["a"][1]["b"][3] == "***"


def test_what_a_secret_field_showed_is_told_without_its_digits():
    assert mask_digits("*****3") == "*****#"


def test_a_number_shown_further_than_its_mask_is_exposed():
    assert exposed_pans("9900035555 1 23*6786", [PAN]) == (mask_pan(PAN),)
    assert exposed_pans("990003*********6786", [PAN]) == ()


@given(st.integers(0, 10**15 - 1))
def test_the_check_digit_tells_one_of_ten(number):
    """Exactly one last digit makes a number pass (ISO/IEC 7812)."""
    assert sum(luhn(f"{number}{digit}") for digit in range(10)) == 1
