"""An eye that looked away is no witness, wherever in the time its gap lies."""

from __future__ import annotations

import pytest

from tillrig.observers.attention import Attention


@pytest.mark.parametrize(
    ("looked", "gap"),
    [
        ([0.1 * number for number in range(1, 10)], 0.1),
        ([0.1, 0.2, 0.7, 0.8, 0.9], 0.5),
        ([0.6, 0.7, 0.8, 0.9], 0.6),
        ([0.1, 0.2, 0.3], 0.7),
        ([0.5], 0.5),
        ([], 1.0),
        ([-3.0, 4.0], 1.0),
    ],
    ids=["closely", "amid", "at first", "at last", "once", "never", "before and after"],
)
def test_the_longest_gap_counts_from_end_to_end(looked: list[float], gap: float) -> None:
    attention = Attention()
    for at in looked:
        attention.looked(at)
    assert attention.largest_gap(0.0, 1.0) == pytest.approx(gap)
