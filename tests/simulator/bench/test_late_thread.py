"""On a busy machine two presses of one key stay two presses, however late the bench's own callbacks come."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tillrig.simulator.bench.relays import KeyLines, Relay


class LateClock:
    """A clock whose callbacks do not come until they are let."""

    def __init__(self) -> None:
        self.waiting: list[tuple[float, Callable[..., object], tuple[Any, ...]]] = []

    def time(self) -> float:
        return 0.0

    def call_at(self, when: float, callback: Callable[..., object], *args: Any) -> Any:
        entry = (when, callback, args)
        self.waiting.append(entry)
        waiting = self.waiting

        class Timer:
            def cancel(self) -> None:
                if entry in waiting:
                    waiting.remove(entry)

        return Timer()

    def catch_up(self) -> None:
        while self.waiting:
            self.waiting.sort(key=lambda entry: entry[0])
            _, callback, args = self.waiting.pop(0)
            callback(*args)


def test_two_presses_are_counted_though_no_callback_came_between():
    clock, sent = LateClock(), []
    lines = KeyLines(lambda at, mask: sent.append((at, mask)), 1)
    relay = Relay(
        clock,
        random.Random(1),
        lambda closed, at: lines.edge(0, "relay", closed, at),
        lambda closed, at: lines.settled(0, closed),
    )
    for energised, at in ((True, 1.0), (False, 1.04), (True, 1.1), (False, 1.14)):
        relay.drive(energised, at)
    clock.catch_up()
    assert lines.counts == [2]
    assert lines.mask == 0
    assert [at for at, _ in sent] == sorted(at for at, _ in sent), "edges are told in the order in which they happened"


def test_a_coil_released_before_the_contact_touched_moves_nothing():
    clock, moved = LateClock(), []
    relay = Relay(clock, random.Random(1), lambda closed, at: moved.append(closed), lambda closed, at: None)
    relay.drive(True, 1.0)
    relay.drive(False, 1.001)
    clock.catch_up()
    assert moved == []
