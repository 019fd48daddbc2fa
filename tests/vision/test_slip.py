"""What a slip says through the typical optics is found line by line, read and testified."""

from __future__ import annotations

import pytest

from tests.vision.photographs import PAPER, slip, slip_photographed
from tillrig.vision import Answer, Readers, SlipReader

BLANK = ("", "120")


def _sale(
    amount: str = "RMB 1,234.56", card: str = "990012******1234 /I", voucher: str = "000123", end: str = "可用余额"
) -> list[tuple[str, str]]:
    return [
        ("POS签购单 / POS SALES SLIP", "text"),
        ("-" * 32, "text"),
        ("终端编号(TERMINAL NO):10000001", "text"),
        ("卡号(CARD NO):", "text"),
        (card, "text"),
        (f"凭证号(VOUCHER NO):{voucher}", "text"),
        ("2026/11/20 12:34:56", "text"),
        (amount, "amount"),
        (end, "text"),
        ("AID:A000000333010101", "small"),
    ]


EXPECTED = [
    (0, "POS签购单 / POS SALES SLIP", "text"),
    (2, "终端编号(TERMINAL NO):10000001", "digits"),
    (3, "卡号(CARD NO):", "text"),
    (4, "990012******1234 /I", "masked_pan"),
    (5, "凭证号(VOUCHER NO):000123", "digits"),
    (6, "2026/11/20 12:34:56", "time"),
    (7, "RMB 1,234.56", "amount"),
    (8, "可用余额", "text"),
    (9, "AID:A000000333010101", "text"),
]


@pytest.mark.parametrize("seed", range(4))
def test_two_slips_are_parted_and_every_line_matches(seed: int, paper_readers: Readers) -> None:
    """Lines come in order with their height class, slips are parted by blank paper, and sound lines are MATCH from
    two frames."""
    frames, corners = slip_photographed(slip([*_sale(), BLANK, *_sale(), BLANK]), seed=600 + seed)
    reader = SlipReader(PAPER, corners, readers=paper_readers)
    read = reader.read_slip(frames)
    assert [len(one) for one in read.slips] == [10, 10]
    assert [line.height for line in read.slips[1]] == ["text", "rule", *["text"] * 5, "amount", "text", "small"]
    newest = read.slips[1]
    said = [reader.testify_line(frames, newest[number], text, kind) for number, text, kind in EXPECTED]
    assert [(one.answer, one.reason) for one in said] == [(Answer.MATCH, "")] * len(EXPECTED)
    assert newest[7].text.replace(" ", "") == "RMB1,234.56"


@pytest.mark.parametrize(
    ("line", "shown", "kind", "changed"),
    [
        (7, "RMB 1,234.57", "amount", {"amount": "RMB 1,234.57"}),
        (7, "RMB 12,345.6", "amount", {"amount": "RMB 123,456.00"}),
        (4, "990012*****51234 /I", "masked_pan", {"card": "990012*****51234 /I"}),
        (5, "凭证号(VOUCHER NO):000124", "digits", {"voucher": "000124"}),
        (8, "可用佘额", "text", {"end": "可用佘额"}),
    ],
)
def test_one_wrong_character_on_paper_is_never_a_match(
    line: int, shown: str, kind: str, changed: dict[str, str], paper_readers: Readers
) -> None:
    """A slip that differs in one character is a MISMATCH with what was printed."""
    frames, corners = slip_photographed(slip([*_sale(**changed), BLANK]), seed=620 + line, count=3)
    reader = SlipReader(PAPER, corners, readers=paper_readers)
    found = reader.read_slip(frames[0]).lines[line]
    expected = {number: text for number, text, _ in EXPECTED}[line]
    said = reader.testify_line(frames, found, expected, kind)
    printed = next(iter(changed.values()))
    assert said.answer is Answer.MISMATCH, said.reason
    assert said.seen.endswith(printed), shown


def test_moving_paper_is_not_at_rest(paper_readers: Readers) -> None:
    """Paper that moved by some dots between two frames is seen to have moved; the same paper twice is at rest."""
    dots = slip([*_sale(), BLANK])
    still, corners = slip_photographed(dots, seed=640)
    moved, _ = slip_photographed(slip([*_sale(), ("", "126")]), seed=640, count=1)
    reader = SlipReader(PAPER, corners, readers=paper_readers)
    assert reader.at_rest(still[0], still[1])
    assert not reader.at_rest(still[0], moved[0])


def test_an_empty_window_has_no_lines(paper_readers: Readers) -> None:
    """Blank paper, and no paper at all, have no lines of text."""
    frames, corners = slip_photographed(slip([("", "400")]), seed=641, count=1)
    assert SlipReader(PAPER, corners, readers=paper_readers).read_slip(frames[0]).lines == ()
