"""Keys, PIN block and MAC give the check values of rules H20, which two other libraries computed."""

from __future__ import annotations

import pytest

from tillrig.simulator.firmware.host.crypto import (
    BadCheckValueError,
    check_value,
    mac,
    pin_block,
    working_keys,
)  # fmt: skip

MAK = bytes.fromhex("A1B2C3D4E5F60718")
PIK = bytes.fromhex("1F2E3D4C5B6A79880897A6B5C4D3E2F1")
TMK = bytes.fromhex("A0B1C2D3E4F5061728394A5B6C7D8E9F")
F62 = bytes.fromhex("7DD7E38839EEEE5DB6C344D25D03CA50C76714A532D08FFECB783FAA00000000000000005FFE0009")


def test_the_mac_is_that_of_the_rules() -> None:
    data = b"0200 tillrig mac check, 37 bytes long"
    assert mac(MAK, data) == b"FFC5B512"
    assert mac(MAK, bytes.fromhex("00112233445566778899AABBCCDDEEFF")) == b"3E1D327C"
    assert mac(bytes.fromhex("A1B2C3D4E5F607188899AABBCCDDEEF1"), data) == b"154DD12B"


def test_check_values_and_pin_block_are_those_of_the_rules() -> None:
    assert check_value(MAK).hex().upper() == "5FFE0009"
    assert check_value(PIK).hex().upper() == "C76714A5"
    assert pin_block(PIK, "2580", "9900123456789012349").hex().upper() == "E94216A8A3210627"


def test_field_62_gives_both_working_keys() -> None:
    assert working_keys(TMK, F62) == {"pik": PIK, "mak": MAK}


def test_a_wrong_check_value_is_told() -> None:
    with pytest.raises(BadCheckValueError):
        working_keys(TMK, F62[:-1] + b"\x08")


def test_a_field_of_another_length_holds_no_keys() -> None:
    with pytest.raises(ValueError, match="39 bytes"):
        working_keys(TMK, F62[:-1])
