"""After an action somebody has looked at the paper, or nobody has."""

from __future__ import annotations

import time

import pytest

from tillrig.actions import Sale
from tillrig.errors import CameraError
from tillrig.observers.slip import Capture
from tillrig.operator import Operator
from tillrig.vision import Frame

from .test_operator import Bench


class Paper:
    """A slip camera that finds the paper moved or not, and a slip at rest or none."""

    def __init__(self, *, moved=False, rests=True, black=False):
        self._moved, self._rests, self._black = moved, rests, black

    @property
    def frame(self):
        return Frame(time.monotonic(), b"jpeg", "slip", 1)

    def moved(self, before):
        return self._moved

    def check(self):
        if self._black:
            raise CameraError("slip camera: black")

    def at_rest(self, since, deadline):
        return Capture((self.frame,), 1, lambda last: ()) if self._rests else None


@pytest.mark.parametrize(
    ("paper", "looked", "captured"),
    [
        (Paper(), True, 0),
        (Paper(moved=True), True, 1),
        (Paper(moved=True, rests=False), False, 0),
        (Paper(black=True), False, 0),
        (None, False, 0),
    ],
)
def test_only_a_paper_at_rest_was_looked_at(profile, tmp_path, paper, looked, captured):
    """A slip that nothing announced is captured; paper that never rests, or no camera sees, tells nothing."""
    bench = Bench(profile, tmp_path)
    bench.operator = Operator(bench.eye, paper, bench.hand, profile, bench.timeline, 100.0)
    result = bench.perform(Sale(amount=12_34, cancel_at="ask_card"))
    assert (result.paper_at is not None) is looked
    assert (len(result.captures), result.unannounced) == (captured, captured > 0)
