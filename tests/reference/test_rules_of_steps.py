"""Rules of the expectations themselves: symbols, sources, parts of fields, requirement ids."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tillrig.actions import (
    Console,
    EcrHeartbeat,
    EcrSale,
    EcrSignIn,
    PowerOn,
    Reprint,
    Sale,
    Settle,
    ShowVersion,
    SignIn,
    SignOff,
    Sleep,
)
from tillrig.reference import Conditions, Ledger, lookup
from tillrig.steps import Bind, Branch, HostMessage, Screen, Slip, Symbol, count_on

from .walking import Walk, with_ledger

ROOT = Path(__file__).parents[2]


def copied_points(point: str) -> list[str]:
    """The names that docs/points.md lists in the row of `point`: the longest run of words in backticks."""
    rows = (ROOT / "docs" / "points.md").read_text(encoding="utf-8").splitlines()
    row = next(row for row in rows if row.startswith(f"| `{point}` "))
    return max(row.split("`")[3::2], key=len).split()


EVERY = [
    *(PowerOn(), SignIn(), SignIn(wrong=3), SignOff(), Sale(amount=1), Settle(), Reprint(), ShowVersion(), Sleep()),
    *(Sale(amount=1, card="debit-chip", entry="stripe"), Sale(amount=1, card="debit-contactless", entry="contactless")),
    *(EcrHeartbeat(), EcrSignIn(), EcrSale(amount=1, order="1")),
    *(Console(command="version"), Console(command="status"), Console(command="journal export")),
]
#: As documented in docs/points.md; the entry mode is printed with the card number and judged apart.
SLIP_FIELDS = {"entry", *copied_points("slip.<copy>.<field>")}
MESSAGES = set(copied_points("host.<message>"))
SCREENS = {"partial", "announcement", *copied_points("screen.<step>")}


def everything(walk: Walk, ledger: Ledger) -> list[Branch]:
    states = [
        ledger,
        with_ledger(ledger, pending_known=False, journal_known=False),
        with_ledger(ledger, keys_good=False),
    ]
    conditions = [Conditions(), Conditions(link_up=False), Conditions(paper_in=False)]
    return [
        branch
        for state in states
        for condition in conditions
        for action in EVERY
        for branch in walk.engine.predict(state, action, condition)
    ]


def test_every_expectation_names_a_known_requirement(walk: Walk, signed_in: Ledger) -> None:
    """requirements.yaml is the list; a finding without a requirement helps nobody."""
    known = set(YAML(typ="safe").load((ROOT / "requirements.yaml").read_text(encoding="utf-8")))
    used = set()
    walk.do(Sale(amount=1), ("sale", "approved", "00"))
    for branch in everything(walk, walk.ledger):
        for step in (*branch.steps, *branch.forbidden):
            used.add(step.requirement)
            used |= {field.requirement for field in getattr(step, "fields", ())}
            used |= {field.requirement for field in getattr(step, "present", ())}
    assert used <= known
    assert len(used) > 40


def test_names_of_points_are_the_documented_ones(walk: Walk, signed_in: Ledger) -> None:
    """Points are screen.<kind>, slip.<copy>.<field>, host.<message>.F<n>: their parts have fixed names."""
    for branch in everything(walk, signed_in):
        for step in branch.steps:
            if isinstance(step, HostMessage):
                assert step.message in MESSAGES
                assert all(field.name.startswith("F") for field in (*step.fields, *step.present))
            if isinstance(step, Screen):
                assert step.kind in SCREENS
            if isinstance(step, Slip) and step.copy != "settlement":
                assert {field.name for field in step.fields} <= SLIP_FIELDS


@given(st.integers(1, 999_999), st.integers(0, 2_000_000))
def test_a_counter_never_shows_zero_and_comes_round(start: int, by: int) -> None:
    """Rules H19: 999999 is followed by 000001."""
    text = count_on(f"{start:06d}", by)
    assert 1 <= int(text) <= 999_999
    assert (int(text) - start - by) % 999_999 == 0


def test_a_symbol_has_no_value_until_it_is_bound() -> None:
    """Symbols: bound once; offset counts on; unless stands for zeros, by value or by another symbol."""
    assert Symbol("stan#1").value({}) is None
    assert Symbol("stan#1", 1).value({"stan#1": "999999"}) == "000001"
    assert Symbol("batch#1", 0, "000004").value({"batch#1": "000000"}) == "000004"
    assert Symbol("batch#1", 0, "old").value({"batch#1": "000000", "old": "000009"}) == "000009"
    assert Symbol("batch#1", 0, "000004").value({"batch#1": "000007"}) == "000007"


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("F11", "000007"),
        ("answer.F13+answer.F12", "1120112233"),
        ("answer.F44[0:8]", "01050000"),
        ("answer.F63[3:23]", "建设银行"),
        ("answer.F38", ""),
    ],
)
def test_a_bind_reads_slices_of_gbk_bytes(source: str, value: str) -> None:
    """F44 and F63 are cut by bytes, not characters; what is absent gives an empty text."""
    fields = {
        **{"F11": "000007", "answer.F13": "1120", "answer.F12": "112233"},
        **{"answer.F44": "01050000   00010000   ", "answer.F63": "CUP建设银行            更多"},
    }
    assert Bind(Symbol("x"), source).value(fields.get) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("F60.2", "000123"),
        ("F60.6", "1"),
        ("F61.2", "000007"),
        ("F55.9F26", "0102030405060708"),
        ("F55.95", None),
        ("F48.result", "1"),
        ("F48.foreign_result", "2"),
        ("F48.debit_amount", "0" * 12),
        ("F11", "own"),
        ("F2", None),
    ],
)
def test_parts_of_fields_have_names(name: str, value: str | None) -> None:
    """Rules H3, H15, H17, H18: positions within 48, 55, 60, 61."""
    fields = {
        **{"F11": "own", "F60": "22000123000601", "F61": "0000010000071120", "F48": "0" * 30 + "1" + "0" * 30 + "2"},
        "F55": "9F260801020304050607089F3602000A",
    }
    assert lookup(fields, name) == value


def test_a_short_field_60_has_no_further_parts() -> None:
    """Rules H17: eleven digits at sign-in: no 60.4."""
    assert lookup({"F60": "00000001003"}, "F60.4") is None
    assert lookup({"F55": "zz"}, "F55.95") is None
