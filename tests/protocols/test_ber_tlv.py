"""BER-TLV of field 55: read tolerantly, written byte-exact (rules H15)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillrig.protocols.ber_tlv import encode, parse

objects = st.lists(
    st.tuples(st.sampled_from(["9F26", "9F27", "95", "82", "5F2A", "DF8129", "9F10", "71"]), st.binary(max_size=300)),
    max_size=6,
)


@given(objects)
def test_what_is_written_is_read_back(content: list[tuple[str, bytes]]) -> None:
    """Order and repeated tags are kept; lengths 81 and 82 where they are needed."""
    found, error = parse(encode(content))
    assert error is None and [(each.tag, each.value) for each in found] == content


def test_a_request_of_a_chip_card_is_read() -> None:
    """Tags go on while the first byte ends in 11111 and each following byte has bit 8."""
    found, error = parse(bytes.fromhex("9F2608 0102030405060708 9505 0000000000 DF812901 FF 00 8200"))
    assert error is None
    assert [(each.tag, each.value.hex(), each.offset) for each in found] == [
        ("9F26", "0102030405060708", 0), ("95", "0000000000", 11), ("DF8129", "ff", 18), ("82", "", 24),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "good", "offset"),
    [("95019F", 1, None), ("95", 0, 1), ("9F", 0, 1), ("950500", 0, 1), ("8200 9583000001", 1, 3), ("9581", 0, 2)],
)
def test_bad_data_give_what_was_good_and_the_byte(data: str, good: int, offset: int | None) -> None:
    """Nothing is raised: chip data of a terminal under test may be anything."""
    found, error = parse(bytes.fromhex(data))
    assert len(found) == good and (error.offset if error else None) == offset


@given(st.binary(max_size=60))
def test_any_bytes_are_taken(data: bytes) -> None:
    """What is found lies within the data."""
    found, error = parse(data)
    assert error is None or (error.offset is not None and error.offset <= len(data))
    assert sum(len(each.value) for each in found) <= len(data)
