"""No full card number, track or secret passes into what is kept."""

from __future__ import annotations

import json
import pickle
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tillrig.lab import load_lab
from tillrig.masking import Masker, Secret, exposed_pans, luhn, mask_digits, mask_pan

PAN = "9900035555123456786"
LAB = load_lab().pans

pans = st.sampled_from(LAB)
separators = st.sampled_from(["", "", "", " ", "-", "  ", " - "])


@st.composite
def printed(draw: st.DrawFn) -> tuple[str, str]:
    """A card's number as a terminal may print it further than it may: whole, in groups, cut short, or misread."""
    pan = draw(pans)
    digits = list(pan)
    for place in draw(st.sets(st.integers(0, len(pan) - 1), max_size=2)):
        digits[place] = draw(st.sampled_from("0123456789"))
    if "".join(digits) == pan:
        start = draw(st.integers(0, len(pan) - 13))
        digits = digits[start : draw(st.integers(start + 13, len(pan)))]
    return pan, "".join(digit + draw(separators) for digit in digits).strip(" -")


def hexed(data: bytes) -> str:
    return data.hex().upper()


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


@pytest.mark.parametrize(
    ("shown", "kept"),
    [
        ("9900 0355 5512 3456 786", "9900 03** **** ***6 786"),
        ("9900-0355-5512-3456-786", "9900-03**-****-***6-786"),
        (PAN[:-1], "990003*********678"),
        (PAN[1:], "90003*********6786"),
        (PAN[3:15], "003*********"),
        ("9900035551123456786", "990003*********6786"),
        ("9900035551123455786", "990003*********5786"),
        (f"7{PAN}12", "7990003*********678612"),
        ("９９０００３５５５５１２３４５６７８６", "９９０００３*********６７８６"),
    ],
)
def test_a_number_is_masked_however_it_is_printed(shown, kept):
    """In groups, one digit short, one or two digits misread, amid other digits, full-width."""
    assert exposed_pans(shown, [PAN]) == (mask_pan(PAN),)
    assert Masker([PAN]).text(f"card: {shown}.") == f"card: {kept}."
    assert exposed_pans(kept, [PAN]) == ()


@given(printed(), st.text("0123456789ABC ,:*/-", max_size=20), st.text("0123456789ABC ,:*/-", max_size=20))
def test_what_is_exposed_is_masked_and_then_exposed_no_more(shown, before, after):
    pan, text = shown
    whole = f"{before}{text}{after}"
    assert mask_pan(pan) in exposed_pans(whole, LAB)
    masked = Masker(LAB).text(whole)
    assert exposed_pans(masked, LAB) == ()
    assert Masker(LAB).text(masked) == masked
    assert re.sub(r"\d|\*", "#", masked) == re.sub(r"\d|\*", "#", whole)


@given(pans, st.lists(separators, min_size=19, max_size=19))
def test_a_masked_number_stays_as_it_is(pan, between):
    text = "".join(char + gap for char, gap in zip(mask_pan(pan), between, strict=False))
    assert exposed_pans(text, LAB) == ()
    assert Masker(LAB).text(text) == text


@given(
    st.one_of(
        st.integers(0, 10**10 - 1).map("{:012d}".format),  # amount, DE 4
        st.integers(0, 10**9 - 1).map(lambda fen: f"{fen // 100:,}.{fen % 100:02d}"),
        st.integers(0, 10**6 - 1).map("{:06d}".format),  # STAN, batch, authorisation
        st.datetimes().map("{:%Y%m%d%H%M%S}".format),
        st.datetimes().map("{:%Y-%m-%d %H:%M:%S}".format),
        st.integers(0, 10**8 - 1).map("8981111{:08d}".format),  # merchant
        st.tuples(st.integers(1, 366), st.integers(0, 10**9 - 1)).map(lambda one: f"{one[0]:03d}{one[1]:09d}"),  # RRN
        st.binary(min_size=4, max_size=16).map(hexed),  # MAC, ciphertext
    )
)
def test_what_is_no_card_number_stays_readable(text):
    assume(not text.startswith("9900"))
    assume(
        not any(text[at : at + 11] in pan for pan in LAB for at in range(len(text) - 10) if text[at : at + 2] != "00")
    )
    assert exposed_pans(text, LAB) == ()
    assert Masker(LAB).text(text) == text


@pytest.mark.parametrize("amount", ["000000000000", "000000000001", "000000000019", "000500000000", "50000000000",
                                    "000123456789", "000012345678"])  # fmt: skip
def test_an_amount_is_no_part_of_a_card_number(amount):
    """Cards with many zeros, or counting upwards, hold the digits of an amount; that says nothing of the card."""
    assert exposed_pans(amount, LAB) == ()
    assert Masker(LAB).text(amount) == amount


@given(st.integers(0, 10**15 - 1))
def test_the_check_digit_tells_one_of_ten(number):
    """Exactly one last digit makes a number pass (ISO/IEC 7812)."""
    assert sum(luhn(f"{number}{digit}") for digit in range(10)) == 1
