"""What is hidden prints as its mask everywhere, and can still be compared."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillrig.host.masking import Hidden, hide, masked_bytes, masked_chip_data, masked_upload
from tillrig.protocols.ber_tlv import encode as encode_tlv
from tillrig.protocols.iso8583 import decode, encode

PAN = "9900123456789012349"
pans = st.text("0123456789", min_size=13, max_size=19)


def test_a_hidden_value_is_compared_and_never_shown() -> None:
    """repr, str, format and pickle."""
    hidden = Hidden(PAN, "990012*********2349")
    assert hidden.matches(PAN) and hidden.reveal() == PAN and hidden == Hidden(PAN, "") and hidden != PAN
    assert {f"{hidden}", str(hidden), repr(hidden)} == {"990012*********2349"}
    with pytest.raises(TypeError):
        pickle.dumps(hidden)


@given(pans)
def test_the_bytes_of_a_message_are_masked_where_its_fields_are(pan: str) -> None:
    """First six and last four digits stay, everything else of the message does too."""
    fields = {2: pan, 3: "000000", 35: f"{pan}D3012101", 52: "0123456789ABCDEF", 60: "2200000100060"}
    raw = encode("0200", fields, tpdu="6000030000", header="603100310000")
    shown = masked_bytes(decode(raw), raw, "sale")
    assert len(shown) == 2 * len(raw)
    assert all(char in ("*", was) for char, was in zip(shown, raw.hex().upper(), strict=True))
    assert pan not in shown and "0123456789ABCDEF" not in shown and pan[:6] + "*" * (len(pan) - 10) + pan[-4:] in shown
    assert shown.count("*") == 2 * (len(pan) - 10) + 7 + 16


def test_a_message_that_cannot_be_read_shows_its_head_only() -> None:
    """Nobody knows where its secrets are."""
    assert masked_bytes(None, bytes(20), "") == "00" * 13 + "**" * 7


def test_chip_data_hide_the_tags_that_repeat_the_card() -> None:
    """5A and 57 and their like; all of it when it is unreadable."""
    data = encode_tlv([("9F26", bytes(8)), ("5A", bytes.fromhex(PAN + "F")), ("9F36", b"\0\7")]).hex().upper()
    assert masked_chip_data(data) == data.replace(PAN + "F", "*" * 20)
    assert masked_chip_data("9F26") == "****"


def test_an_upload_hides_every_card_number() -> None:
    """Field 48 of a batch upload; of a settlement it is shown."""
    record = "00000001" + PAN.zfill(20) + "000000000100"
    assert masked_upload("02" + record * 2) == "02" + record.replace(PAN, "990012*********2349") * 2
    assert isinstance(hide("batch_upload", {48: "01" + record})["48"], Hidden)
    assert hide("settlement", {48: "0" * 62})["48"] == "0" * 62


def test_keys_in_a_sign_in_answer_are_hidden() -> None:
    """Though they are ciphered: they open everything to whoever has the master key."""
    assert str(hide("signin", {62: "AB" * 40})["62"]) == "*" * 80
