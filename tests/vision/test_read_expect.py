"""What is expected in a reading list is answered MATCH, MISMATCH or UNREADABLE, wherever on the picture it stands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.vision.photographs import photographed, screen, slip, slip_photographed
from tillrig.cli.read_desk import Desk
from tillrig.errors import UsageError
from tillrig.vision.fields import cuts_number, find, kind_of, open_at, parted
from tillrig.vision.grammar import fen_of

Asked = Sequence[tuple[str, str]]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("list"))


def answer(desk: Desk, asked: Asked, **entry: Any) -> dict[str, Any]:
    expect = [{"name": f"field {number}", "type": kind, "text": text} for number, (text, kind) in enumerate(asked)]
    return desk.answer(1, json.dumps({"profile": "classic", **entry, "expect": expect}).encode())


def words(told: dict[str, Any]) -> list[str]:
    return [one["verdict"] for one in told["expect"]]


def picture(desk: Desk, name: str, data: bytes) -> str:
    (desk._beside / name).write_bytes(data)
    return name


SHOWN = ["余额查询", "金额:12.34", "卡号:******", "凭证号 000123"]
SOUND: Asked = [
    ("12.34", "amount"),
    ("余额查询", "free text"),
    ("******", "masked PAN"),
    ("000123", "voucher"),
    ("金额:12.34", "text"),
]
FAULTS: Asked = [
    ("12.84", "amount"),
    ("1234", "digits"),
    ("112.34", "amount"),
    ("2.34", "amount"),
    ("佘额查询", "text"),
    ("*****", "masked_pan"),
    ("*******", "masked_pan"),
    ("000128", "voucher"),
    ("00123", "digits"),
    ("金额:12.84", "text"),
]


@pytest.mark.parametrize("frames", [1, 2])
def test_a_field_is_found_behind_its_label_and_a_wrong_one_is_never_confirmed(desk: Desk, frames: int) -> None:
    """Sound fields MATCH; one character other, fewer or more, and a part of a longer number, do not."""
    shots, corners = photographed(screen(SHOWN), seed=910, count=frames)
    names = [picture(desk, f"fields-{frames}-{place}.jpg", shot.jpeg) for place, shot in enumerate(shots)]
    told = answer(desk, [*SOUND, *FAULTS], image=names, kind="screen", corners=corners)
    assert words(told)[: len(SOUND)] == ["MATCH"] * len(SOUND)
    wrong = words(told)[len(SOUND) :]
    assert "MATCH" not in wrong
    assert wrong[0] == wrong[4] == wrong[7] == "MISMATCH", told["expect"]
    assert told["expect"][len(SOUND)]["seen"] == "12.34"
    assert [one["name"] for one in told["expect"]] == [f"field {n}" for n in range(len(SOUND) + len(FAULTS))]


def test_a_field_that_no_row_shows_is_a_mismatch_when_every_row_is_known(desk: Desk) -> None:
    """Another screen than expected is accused; the same is unreadable when a row cannot be vouched for."""
    shots, corners = photographed(screen(["消费", "交易成功", "", ""], inverse=[0]), seed=911, count=1)
    name = picture(desk, "other.jpg", shots[0].jpeg)
    told = answer(desk, [("余额不足", "text"), ("12.34", "amount")], image=name, kind="screen", corners=corners)
    assert words(told) == ["MISMATCH", "MISMATCH"]
    assert "交易成功" in told["expect"][0]["seen"]


def test_fields_of_a_slip_are_heard_where_they_stand(desk: Desk) -> None:
    """Behind labels, in double height, as a part of a line with other fields."""
    lines = [
        ("凭证号(VOUCHER NO):000123", "text"),
        ("", "8"),
        ("日期/时间:2026/11/21 15:59:25", "text"),
        ("", "8"),
        ("RMB 1,234.56", "amount"),
        ("", "120"),
    ]
    shots, corners = slip_photographed(slip(lines), seed=912, count=1)
    name = picture(desk, "slip.jpg", shots[0].jpeg)
    sound = [("000123", "voucher"), ("2026/11/21", "date"), ("15:59:25", "time"), ("1,234.56", "amount")]
    faults = [("000128", "voucher"), ("2026/11/22", "date"), ("15:59:26", "time"), ("1,284.56", "amount")]
    told = answer(desk, [*sound, *faults], image=name, kind="slip", corners=corners)
    assert words(told) == ["MATCH"] * 4 + ["MISMATCH"] * 4, told["expect"]


def test_a_character_that_the_font_lacks_is_named_and_nothing_is_accused(desk: Desk) -> None:
    """The entry has its error, its lines and an UNREADABLE."""
    shots, corners = photographed(screen(["消费", "", "", ""]), seed=913, count=1)
    name = picture(desk, "lacking.jpg", shots[0].jpeg)
    asked = [("消費é", "text"), ("消费", "text"), ("😀", "text")]
    told = answer(desk, asked, image=name, kind="screen", corners=corners)
    assert "é" in told["error"] and "lacking.jpg" in told["error"]
    assert [line["text"] for line in told["lines"]] == ["消费"]
    assert words(told) == ["UNREADABLE", "MATCH", "UNREADABLE"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"expect": "12.34"}, "expect must be a list"),
        ({"expect": [{"name": "a", "type": "colour", "text": "1"}]}, "'colour'"),
        ({"expect": [{"name": "a", "type": "text", "text": " "}]}, "text is empty"),
        ({"expect": [{"name": "a", "type": "text"}]}, "text must be a text"),
        ({"expect": [{"name": "a", "type": "text", "text": "x", "row": 1}]}, "'row'"),
        ({"corner": []}, "'corner'"),
        ({"image": []}, "image must be"),
        ({"profile": 3}, "profile must be"),
    ],
)
def test_an_entry_that_makes_no_sense_says_what_is_wrong_in_it(desk: Desk, change: dict[str, Any], named: str) -> None:
    """Keys, types and expectations are checked before any picture is opened."""
    entry = {"image": "x.jpg", "kind": "screen", "profile": "classic", "corners": None, **change}
    told = desk.answer(4, json.dumps(entry).encode())
    assert named in told["error"] and "line 4 of the list" in told["error"] and told["lines"] == []


def test_only_a_line_that_two_readers_agree_on_is_not_doubtful(desk: Desk) -> None:
    """Clear rows are vouched for; rows that lie off the grid are not, and a grid that fits nothing is an error."""
    shots, corners = photographed(screen(["消费", "交易成功", "12.34", ""]), seed=914, count=1)
    name = picture(desk, "clear.jpg", shots[0].jpeg)
    told = desk.answer(1, _entry(name, corners))
    assert [line.get("doubtful", False) for line in told["lines"]] == [False] * 3
    halfway = [[x, y + 40] for x, y in corners]
    off = desk.answer(1, _entry(name, halfway))
    assert "error" in off or all(
        line.get("doubtful") or line["text"] in ("消费", "交易成功", "12.34") for line in off["lines"]
    )


def test_a_dark_picture_is_no_blank_display(desk: Desk, tmp_path: Path) -> None:
    """Nothing lit between the corners is an error with the picture's name."""
    import cv2
    import numpy as np

    done, data = cv2.imencode(".png", np.zeros((720, 1280), np.uint8))
    assert done
    name = picture(desk, "dark.png", data.tobytes())
    told = desk.answer(1, _entry(name, [[300, 200], [900, 200], [900, 500], [300, 500]]))
    assert "dark.png" in told["error"]


def _entry(name: str, corners: Any) -> bytes:
    return json.dumps({"image": name, "kind": "screen", "profile": "classic", "corners": corners}).encode()


@pytest.mark.parametrize(
    ("texts", "expected", "kind", "found"),
    [
        (["金额:12.34"], "12.34", "amount", "12.34"),
        (["金额:112.34"], "12.34", "amount", "112.34"),
        (["12.34", "12.84"], "12.84", "amount", "12.84"),
        (["卡号:*****"], "****", "masked_pan", "*****"),
        (["2026/11/21 15:59"], "15:59", "time", "15:59"),
        (["余额 -12.34"], "12.34", "amount", "-12.34"),
        (["[51]可用余额不足"], "余额不足", "text", "余额不足"),
    ],
)
def test_a_number_is_taken_whole(texts: list[str], expected: str, kind: str, found: str) -> None:
    """The nearest place comes first, and never a part of a longer number."""
    assert find(texts, expected, kind)[0].text == found


@pytest.mark.parametrize(
    ("line", "expected", "kind", "reason"),
    [
        ("消费 12  34.56", "1234.56", "amount", "space"),
        ("笔数 12  34.56", "笔数 12 34.56", "text", ""),
        ("990012 ****** 1234", "990012******1234", "masked_pan", ""),
        ("-¥12.34", "12.34", "amount", "sign"),
        ("- 12.34", "12.34", "amount", "sign"),
        ("(12.34)", "12.34", "amount", "sign"),
        ("12.34-", "12.34", "amount", "sign"),
        ("-12.34", "-12.34", "amount", ""),
        ("2026-11-21 12.34", "12.34", "amount", ""),
        ("时间 10:12:34", "12:34", "time", "longer"),
        ("2026/11/21", "11/21", "date", "longer"),
        ("日期/时间:2026/11/21 15:59:25", "15:59:25", "time", ""),
    ],
)
def test_what_stands_beside_a_field_may_belong_to_it(line: str, expected: str, kind: str, reason: str) -> None:
    """Two columns are not one number, a minus is not lost, and a part of a time is no time."""
    told = open_at(line, find([line], expected, kind)[0], expected, kind)
    assert reason in told and bool(reason) == bool(told)


def test_a_text_is_not_found_within_a_number() -> None:
    """100 stands not in 100.00; a word in a sentence does."""
    assert cuts_number("金额:100.00", "100") and not cuts_number("金额:100.00", "金额")
    assert not cuts_number("票号1234", "票号1234")


@pytest.mark.parametrize(
    ("text", "fen"),
    [("12.34", 1234), ("¥1,234.56", 123456), ("-12.34", -1234), ("12.3", None), ("1.234", None), ("No.5 12.34", None)],
)
def test_an_expected_amount_in_fen(text: str, fen: int | None) -> None:
    """Of anything but one amount there is none: 12.3 is not 1.23."""
    assert fen_of(text) == fen


def test_types_have_the_names_that_people_use() -> None:
    """Unknown ones are refused."""
    assert [kind_of(name) for name in ("masked PAN", "voucher", "reference", "free text", "Amount")] == [
        "masked_pan", "digits", "digits", "text", "amount",
    ]  # fmt: skip
    with pytest.raises(UsageError, match="colour"):
        kind_of("colour")


@pytest.mark.parametrize(
    ("seen", "expected", "kind", "told"),
    [
        ("5      0.11", "50.11", "amount", True),
        ("8  6,737.97", "86,737.97", "amount", True),
        ("5 0.11", "50.11", "text", True),
        ("12.34", "1 2.34", "amount", True),
        ("413  64,910.50", "413     64,910.50", "amount", False),
        ("2026/11/2115:59", "2026/11/21 15:59", "date", False),
        ("RMB 12.34", "RMB12.34", "amount", False),
        ("１２．３４", "12.34", "amount", False),
    ],
)
def test_a_gap_between_figures_makes_two_numbers_of_them(seen: str, expected: str, kind: str, told: bool) -> None:
    """Elsewhere spaces do not count: recognisers lose them."""
    assert parted(seen, expected, kind) is told


def test_count_and_amount_beside_each_other_are_never_confirmed_as_one_amount(desk: Desk) -> None:
    """As in the totals of a settlement: 5 of 0.11 are not 50.11."""
    shots, corners = photographed(screen(["结算", "借记 5     0.11", "贷记 12    3.40", ""]), seed=915, count=2)
    names = [picture(desk, f"totals-{place}.jpg", shot.jpeg) for place, shot in enumerate(shots)]
    asked = [("0.11", "amount"), ("5", "digits"), ("50.11", "amount"), ("50.11", "text"), ("123.40", "amount")]
    told = answer(desk, asked, image=names, kind="screen", corners=corners)
    assert words(told)[0] == "MATCH" and "MATCH" not in words(told)[2:], told["expect"]
