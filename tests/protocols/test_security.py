"""MAC, key check values and PIN blocks: the check values of rules H20 and round trips."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillrig.errors import ProtocolError
from tillrig.protocols import mac
from tillrig.protocols.des import check_value, decrypt, encrypt
from tillrig.protocols.pin import clear_block, decrypt_block, encrypt_block

MAK = bytes.fromhex("A1B2C3D4E5F60718")
DOUBLE_MAK = bytes.fromhex("A1B2C3D4E5F607188899AABBCCDDEEF1")
PIK = bytes.fromhex("1F2E3D4C5B6A79880897A6B5C4D3E2F1")
TMK = bytes.fromhex("A0B1C2D3E4F5061728394A5B6C7D8E9F")
DATA = b"0200 tillrig mac check, 37 bytes long"
PAN = "9900123456789012349"

keys = st.binary(min_size=8, max_size=8) | st.binary(min_size=16, max_size=16)


def test_the_cup_mac_has_its_check_values() -> None:
    """R, E2 and field 64 of rules H20, with a key of eight and of sixteen bytes."""
    assert mac.fold(DATA).hex().upper() == "6F787E3E7D06415C"
    assert mac.cup_ecb(MAK, DATA).block.hex().upper() == "FFC5B51256D60D6D"
    assert mac.cup_ecb(MAK, DATA).field == b"FFC5B512"
    assert mac.cup_ecb(MAK, bytes.fromhex("00112233445566778899AABBCCDDEEFF")).text == "3E1D327C"
    assert mac.cup_ecb(DOUBLE_MAK, DATA).text == "154DD12B"


def test_ansi_macs_agree_with_openssl() -> None:
    """X9.9 is the last block of DES in CBC; X9.19 goes on with two more. Figures made with openssl enc."""
    assert mac.x9_9(MAK, DATA).block.hex().upper() == "FE5E445F0FA40151"
    assert mac.x9_19(DOUBLE_MAK, DATA).block.hex().upper() == "FEE4A24AA5633259"


@given(keys, st.binary(max_size=64))
def test_a_key_of_equal_halves_is_a_single_one(key: bytes, data: bytes) -> None:
    """Rules H12: equal halves give the same result."""
    half = key[:8]
    assert mac.cup_ecb(half, data) == mac.cup_ecb(half * 2, data)
    assert mac.x9_9(half, data) == mac.x9_19(half * 2, data)


@given(st.binary(max_size=64))
def test_data_are_filled_to_eight_bytes_and_not_beyond(data: bytes) -> None:
    """Rules H12: nothing is added to a multiple of eight."""
    padded = mac.pad(data)
    assert len(padded) % 8 == 0 and len(padded) - len(data) < 8 and padded.startswith(data)
    assert mac.cup_ecb(MAK, data) == mac.cup_ecb(MAK, padded)


def test_keys_have_their_check_values() -> None:
    """Single DES over eight zero bytes for the single-length MAC key, triple DES otherwise."""
    assert check_value(MAK).hex().upper() == "5FFE0009"
    assert check_value(PIK).hex().upper() == "C76714A5"
    assert encrypt(TMK, PIK).hex().upper() == "7DD7E38839EEEE5DB6C344D25D03CA50"
    assert encrypt(TMK, MAK).hex().upper() == "32D08FFECB783FAA"


def test_a_pin_block_has_its_check_value() -> None:
    """Clear block and field 52 of rules H20."""
    assert clear_block("2580", PAN).hex().upper() == "0425B4A9876FEDCB"
    assert encrypt_block(PIK, "2580", PAN).hex().upper() == "E94216A8A3210627"


@given(st.text("0123456789", min_size=4, max_size=12), st.text("0123456789", min_size=13, max_size=19), keys)
def test_a_pin_comes_back_from_its_block(pin: str, pan: str, key: bytes) -> None:
    """Four to twelve digits, any card number of thirteen or more."""
    assert decrypt_block(key, encrypt_block(key, pin, pan), pan) == pin


def test_a_block_of_another_key_or_card_is_no_pin() -> None:
    """Either breaks the format, and the text says nothing of the content."""
    block = encrypt_block(PIK, "2580", PAN)
    for key, pan in ((TMK, PAN), (PIK, "9900028765432102")):
        with pytest.raises(ProtocolError) as caught:
            decrypt_block(key, block, pan)
        assert "2580" not in str(caught.value) and pan not in str(caught.value)


@given(keys, st.binary(min_size=8, max_size=8))
def test_decryption_undoes_encryption(key: bytes, data: bytes) -> None:
    """Both key lengths."""
    assert decrypt(key, encrypt(key, data)) == data


@pytest.mark.parametrize(("algorithm", "size"), [("cup-ecb", 7), ("cup-ecb", 24), ("x9.9", 0), ("x9.19", 8)])
def test_a_key_of_another_length_is_refused(algorithm: mac.Algorithm, size: int) -> None:
    """Eight or sixteen bytes; X9.19 sixteen only."""
    with pytest.raises(ValueError):
        mac.compute(algorithm, bytes(size), DATA)


@pytest.mark.parametrize("pin", ["123", "1234567890123", "12A4"])
def test_an_impossible_pin_is_not_encrypted(pin: str) -> None:
    """Nor shown in the error."""
    with pytest.raises(ValueError) as caught:
        clear_block(pin, PAN)
    assert pin not in str(caught.value)
