"""A terminal that went dark by itself: accused only when supply and key are known to have reached it."""

from __future__ import annotations

import pytest

from tillrig.judge.standing import went_dark
from tillrig.verdicts import Verdict

SOUND = {"supply": "clears_rig", "the key": "clears_rig"}


@pytest.mark.parametrize("left", ["menu", "operator_prompt"])
def test_one_that_was_left_on_is_accused(left: str) -> None:
    (found,) = went_dark(left, SOUND)  # type: ignore[arg-type]
    assert (found.verdict, found.requirement, found.point) == (Verdict.FAIL, "STAYS-ON", "screen.dark")


@pytest.mark.parametrize("word", ["none", "blames_rig"])
@pytest.mark.parametrize("name", list(SOUND))
def test_without_a_witness_nobody_is(name: str, word: str) -> None:
    (found,) = went_dark("menu", SOUND | {name: word})  # type: ignore[arg-type]
    assert found.verdict is Verdict.INCONCLUSIVE
    assert name in found.reason


@pytest.mark.parametrize("left", ["dark", "unknown"])
def test_one_that_was_dark_before_is_no_finding(left: str) -> None:
    assert list(went_dark(left, SOUND)) == []  # type: ignore[arg-type]
