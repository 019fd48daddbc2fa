"""A contact that bounces is one press, 20 ms steady and 30 ms long; shorter ones are nothing; nothing repeats."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tillrig.simulator import wire
from tillrig.simulator.firmware.hardware.keys import Debouncer, Press, PressQueue

ONE = 1 << wire.KEYS.index("1")


def presses(edges: list[tuple[float, int]], until: float) -> list[str]:
    debouncer, found = Debouncer(wire.KEYS), []
    for at, mask in edges:
        found += debouncer.edge(at, mask)
    return [press.name for press in found + debouncer.advance(until)]


def test_a_press_of_30_ms_counts_and_one_of_29_does_not() -> None:
    assert presses([(1.0, ONE), (1.030, 0)], 1.2) == ["1"]
    assert presses([(1.0, ONE), (1.029, 0)], 1.2) == []


def test_a_long_press_counts_once() -> None:
    assert presses([(1.0, ONE), (3.0, 0)], 4.0) == ["1"]


@given(st.lists(st.floats(0.0001, 0.003), max_size=8), st.lists(st.floats(0.0001, 0.003), max_size=8))
def test_bounce_at_both_ends_makes_no_second_press(closing: list[float], opening: list[float]) -> None:
    at, mask, edges = 1.0, ONE, [(1.0, ONE)]
    for gap in closing + closing:
        at, mask = at + gap, mask ^ ONE
        edges.append((at, mask))
    at, mask = max(at + 0.03, 1.05), 0
    edges.append((at, mask))
    for gap in opening + opening:
        at, mask = at + gap, mask ^ ONE
        edges.append((at, mask))
    assert presses(edges, at + 1) == ["1"]


def test_two_presses_need_20_ms_between_them() -> None:
    apart = [(1.0, ONE), (1.04, 0), (1.065, ONE), (1.11, 0)]
    assert presses(apart, 2.0) == ["1", "1"]
    together = [(1.0, ONE), (1.04, 0), (1.055, ONE), (1.11, 0)]
    assert presses(together, 2.0) == ["1"]


def test_a_press_begun_while_nobody_listened_is_dropped() -> None:
    queue = PressQueue()
    queue.listening = True
    queue.deafen(2.0)
    queue.put(Press("1", 1.99), ["1"])
    queue.put(Press("2", 2.01), ["2"])
    assert [queue.take(), queue.take()] == ["2", None]
