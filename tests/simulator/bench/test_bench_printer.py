"""The mechanism prints 480 lines a second whatever the time scale, stops without paper, and loses what overflows."""

from __future__ import annotations

import pytest

from tests.simulator.bench.bench_support import HandClock
from tillrig.simulator.bench.printer import Printer


class Paper:
    """A printer, what came out and what it told."""

    def __init__(self, clock: HandClock, roll_mm: int = 0) -> None:
        self.out: list[bytes] = []
        self.times: list[float] = []
        self.acknowledged: list[int] = []
        self.states: list[str] = []
        self.printer = Printer(clock, self._emit, self.acknowledged.append, self.states.append, roll_mm)

    def _emit(self, lines: list[bytes], at: float) -> None:
        self.out += lines
        self.times.append(at)


def _lines(count: int) -> list[bytes]:
    return [i.to_bytes(2, "big") * 24 for i in range(count)]


def test_lines_come_out_in_order_at_sixty_millimetres_a_second(clock: HandClock) -> None:
    paper = Paper(clock)
    begin = clock.now
    todo = _lines(480)
    while len(paper.out) < 480:
        room = 64 - (480 - len(todo) - len(paper.out))
        paper.printer.take(todo[:room])
        del todo[:room]
        clock.advance(0.010)
    assert paper.out == _lines(480)
    assert paper.times[-1] - begin == pytest.approx(1.0, abs=0.04)
    assert paper.acknowledged[-1] == 480
    assert paper.printer.overruns == 0


def test_more_than_the_buffer_holds_is_lost(clock: HandClock) -> None:
    paper = Paper(clock)
    paper.printer.take(_lines(70))
    clock.advance(1)
    assert len(paper.out) == 64
    assert paper.printer.overruns == 6


def test_paper_out_stops_the_mechanism_and_paper_in_goes_on(clock: HandClock) -> None:
    paper = Paper(clock)
    paper.printer.take(_lines(60))
    clock.advance(0.040)
    seen = len(paper.out)
    assert 0 < seen < 60
    paper.printer.hold_out(True)
    clock.advance(1)
    assert (len(paper.out), paper.states) == (seen, ["out"])
    paper.printer.hold_out(False)
    clock.advance(1)
    assert (paper.out, paper.states) == (_lines(60), ["out", "in"])


def test_a_jam_stops_it_too(clock: HandClock) -> None:
    paper = Paper(clock)
    paper.printer.jam(True)
    paper.printer.take(_lines(10))
    clock.advance(1)
    assert (paper.out, paper.states) == ([], ["jam"])
    paper.printer.jam(False)
    clock.advance(1)
    assert len(paper.out) == 10


def test_a_roll_comes_near_its_end_and_ends(clock: HandClock) -> None:
    paper = Paper(clock, roll_mm=1004)
    assert paper.printer.state == "in"
    paper.printer.take(_lines(40))
    clock.advance(1)
    assert (paper.states, paper.printer.left_mm) == (["near_end"], 999)
    paper.printer.load(2)
    paper.printer.take(_lines(40))
    clock.advance(1)
    assert paper.states[-1] == "out"
    assert len(paper.out) == 40 + 16
    paper.printer.load(5000)
    clock.advance(1)
    assert (paper.states[-1], len(paper.out)) == ("in", 80)


def test_lost_supply_empties_the_buffer_and_begins_the_count_again(clock: HandClock) -> None:
    paper = Paper(clock)
    paper.printer.take(_lines(60))
    clock.advance(0.040)
    paper.printer.power_lost()
    clock.advance(1)
    assert len(paper.out) < 60
    paper.printer.take(_lines(8))
    clock.advance(1)
    assert paper.acknowledged[-1] == 8
