"""`tillrig read` answers one line for each picture, in order, and goes on after a bad one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.vision.photographs import photographed, screen, slip, slip_photographed
from tillrig.cli.read import read
from tillrig.cli.read_desk import Desk


def test_pictures_are_read_in_order_and_bad_entries_are_named(tmp_path: Path) -> None:
    """Good pictures are read, bad ones say why, the exit code tells that some were bad."""
    frames, corners = photographed(
        screen(["消费", "请输入金额:", "12.34", ""], inverse=[0], right=[2]), seed=900, count=1
    )
    (tmp_path / "screen.jpg").write_bytes(frames[0].jpeg)
    papers, edges = slip_photographed(
        slip([("凭证号(VOUCHER NO):000123", "text"), ("RMB 1,234.56", "amount"), ("", "120")]), seed=901, count=1
    )
    (tmp_path / "slip.jpg").write_bytes(papers[0].jpeg)
    (tmp_path / "torn.jpg").write_bytes(frames[0].jpeg[:200])
    entries = [
        {"image": "screen.jpg", "kind": "screen", "profile": "classic", "corners": corners},
        {"image": "torn.jpg", "kind": "screen", "profile": "classic", "corners": corners},
        {"image": "screen.jpg", "kind": "screen", "profile": "classic", "corners": corners[:3]},
        {"image": "screen.jpg", "kind": "video", "profile": "classic", "corners": corners},
        {"image": "slip.jpg", "kind": "slip", "profile": "classic", "corners": edges},
    ]
    listing = tmp_path / "list.jsonl"
    listing.write_text("\n".join(map(json.dumps, entries)) + "\n{not json\n", encoding="utf-8")
    result = CliRunner().invoke(read, ["--list", str(listing), "--json"])
    answers = [json.loads(line) for line in result.output.splitlines()]
    assert result.exit_code == 1
    assert [answer["image"] for answer in answers] == [
        "screen.jpg",
        "torn.jpg",
        "screen.jpg",
        "screen.jpg",
        "slip.jpg",
        None,
    ]
    assert ["error" in answer for answer in answers] == [False, True, True, True, False, True]
    assert "torn.jpg" in answers[1]["error"] and "corners" in answers[2]["error"]
    assert [line["text"] for line in answers[0]["lines"]] == ["消费", "请输入金额:", "12.34"]
    x0, y0, x1, y1 = answers[0]["lines"][2]["box"]
    assert 600 < x0 < x1 < 1100 and 0 < y0 < y1 < 720
    assert [line["text"].replace(" ", "") for line in answers[4]["lines"]] == [
        "凭证号(VOUCHERNO):000123",
        "RMB1,234.56",
    ]
    assert all(0 <= line["confidence"] <= 1 for line in answers[4]["lines"])


BROKEN = [
    b'{"image":"x.png","kind":"screen","profile":"classic","corners":"abc"}',
    b'{"image":"x.png","kind":"screen","profile":"classic","corners":[["a",2],[1,2],[1,2],[1,2]]}',
    b'{"image":"a\\u0000b","kind":"screen","profile":"classic","corners":[[0,0],[9,0],[9,9],[0,9]]}',
    b'{"image":"\\ud800","kind":"screen","profile":"classic","corners":[[0,0],[9,0],[9,9],[0,9]]}',
    b'{"image":"\xd6\xd0"}',
    b"[" * 100_000,
    b"[1",
    b'{"image":"x.png","kind":"screen","profile":"classic","corners":[[1e308,0],[9,0],[9,9],[0,9]]}',
    b'{"image":"x.png","kind":"screen","profile":"classic","corners":[["1",0],[9,0],[9,9],[0,9]]}',
    b'{"image":"x.png","kind":"photo","expect":[{"name":"a","type":"text","text":"1\\ud800"}]}',
    b'{"image":"x.png","kind":"photo","expect":[{"name":"\\ud800","type":"text","text":"1"}]}',
    b'{"image":"x.png","kind":"photo","expect":[{"name":"a","type":"text","text":"\\u200b"}]}',
    b"",
    b'\xef\xbb\xbf{"image":"absent.png","kind":"photo"}',
]


def test_no_line_of_a_list_keeps_the_others_from_being_answered(tmp_path: Path) -> None:
    """Whatever stands in one: an error with its number, and the next line is read."""
    listing = tmp_path / "list.jsonl"
    listing.write_bytes(b"\n".join(BROKEN) + b"\n")
    done = CliRunner().invoke(read, ["--json", "--list", str(listing)])
    answers = [json.loads(line) for line in done.output.splitlines()]
    numbers = [number for number, line in enumerate(BROKEN, 1) if line]
    assert [
        f"line {number} of the list" in answer["error"] for number, answer in zip(numbers, answers, strict=True)
    ] == [True] * len(numbers)
    assert "U+200B" in answers[-2]["error"] and "absent.png cannot be read" in answers[-1]["error"]
    assert done.exit_code == 1


def test_a_bug_in_one_entry_does_not_keep_the_others_from_being_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told as what it is."""

    def stumble(*_: object) -> None:
        raise IndexError("of no list")

    monkeypatch.setattr(Desk, "_photo_readers", stumble)
    frames, _ = photographed(screen(["", "", "", ""]), seed=902, count=1)
    (tmp_path / "a.jpg").write_bytes(frames[0].jpeg)
    listing = tmp_path / "list.jsonl"
    listing.write_text('{"image":"a.jpg","kind":"photo"}\n{"image":"b.jpg","kind":"photo"}\n')
    done = CliRunner().invoke(read, ["--json", "--list", str(listing)])
    first, second = (json.loads(line)["error"] for line in done.output.splitlines())
    assert "please report it: IndexError: of no list" in first and "b.jpg cannot be read" in second
    assert done.exit_code == 1


def test_ctrl_c_ends_a_list_with_the_code_of_an_interruption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """1 would say that a picture could not be read."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Desk, "answer", interrupt)
    (tmp_path / "list.jsonl").write_text("{}\n")
    assert CliRunner().invoke(read, ["--list", str(tmp_path / "list.jsonl")]).exit_code == 130


def test_a_profile_s_path_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    """Not called a bad name."""
    frames, corners = photographed(screen(["", "", "", ""]), seed=902, count=1)
    (tmp_path / "a.jpg").write_bytes(frames[0].jpeg)
    entry = {"image": "a.jpg", "kind": "screen", "profile": "no/such", "corners": corners}
    assert "no profile at no/such" in Desk(tmp_path).answer(1, json.dumps(entry).encode())["error"]
