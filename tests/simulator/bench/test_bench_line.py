"""A byte arrives no sooner than its last bit plus the adapter's 1 to 2 ms; speed, noise and cable have their effect."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator.bench.bench_support import HandClock
from tillrig.simulator.bench.line import Pacer, SerialLine, sampled


class Wire:
    """A line and when bytes came out at either end."""

    def __init__(self, clock: HandClock, baud: int = 9600) -> None:
        self.clock = clock
        self.client: list[tuple[float, bytes]] = []
        self.terminal: list[tuple[float, bytes]] = []
        self.client_baud = baud
        self.line = SerialLine(
            clock,
            random.Random(1),
            baud,
            to_client=lambda data: self.client.append((clock.now, data)),
            to_terminal=lambda data: self.terminal.append((clock.now, data)),
            client_baud=lambda: self.client_baud,
        )

    @property
    def at_terminal(self) -> bytes:
        return b"".join(data for _, data in self.terminal)

    @property
    def at_client(self) -> bytes:
        return b"".join(data for _, data in self.client)


@given(
    st.sampled_from([1200, 9600, 115200]), st.lists(st.tuples(st.binary(min_size=1, max_size=40), st.floats(0, 0.05)))
)
def test_no_byte_overtakes_the_baud_rate(baud: int, bursts: list[tuple[bytes, float]]) -> None:
    clock = HandClock()
    begin, arrived = clock.now, []
    pacer = Pacer(clock, random.Random(3), baud, lambda data: arrived.append((clock.now, data)))
    for data, pause in bursts:
        pacer.push(data)
        clock.advance(pause)
    clock.advance(20)
    assert b"".join(data for _, data in arrived) == b"".join(data for data, _ in bursts)
    count = 0
    for at, data in arrived:
        count += len(data)
        assert at - begin >= count * 10 / baud + 0.001 - 1e-9


def test_a_busy_line_loses_no_time(clock: HandClock) -> None:
    wire = Wire(clock)
    begin = clock.now
    wire.line.from_client(bytes(960))  # one second at 9600
    clock.advance(2)
    assert wire.terminal[-1][0] - begin == pytest.approx(1.0015, abs=0.0006)
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise(wire.terminal)]
    assert max(gaps) < 0.004


@given(st.binary(max_size=50))
def test_equal_speeds_read_what_was_sent(data: bytes) -> None:
    assert sampled(data, 9600, 9600) == data


def test_a_wrong_speed_reads_something_else_both_ways(clock: HandClock) -> None:
    wire = Wire(clock)
    wire.client_baud = 115200
    wire.line.from_client(b"\x02\x00\x10123456")
    wire.line.from_terminal(b"\x02\x00\x10123456")
    clock.advance(1)
    assert wire.at_terminal != b"\x02\x00\x10123456"
    assert wire.at_client != b"\x02\x00\x10123456"


@pytest.mark.parametrize(
    ("sent", "sent_at", "read_at", "read"),
    [
        # 18 half bits low, then high: a byte of zeros with a framing error, then start, seven zeros, one 1
        (b"\x00", 9600, 19200, b"\x00\x80"),
        # low for the length of 2.5 of the reader's bits: start, one 0, ones
        (b"\xf0", 19200, 9600, b"\xfe"),
    ],
)
def test_wrong_speed_bytes_are_those_worked_out_by_hand(sent: bytes, sent_at: int, read_at: int, read: bytes) -> None:
    assert sampled(sent, sent_at, read_at) == read


def test_a_pulled_cable_loses_what_is_on_the_line(clock: HandClock) -> None:
    wire = Wire(clock)
    wire.line.from_client(b"a" * 96)
    clock.advance(0.05)
    wire.line.plug(False)
    wire.line.from_terminal(b"lost")
    clock.advance(1)
    assert 40 <= len(wire.at_terminal) <= 50
    assert wire.client == []
    wire.line.plug(True)
    wire.line.from_client(b"again")
    clock.advance(1)
    assert wire.at_terminal.endswith(b"aagain")


def test_noise_damages_its_share_of_bytes(clock: HandClock) -> None:
    wire = Wire(clock, 115200)
    wire.line.noise = 0.1
    wire.line.from_terminal(bytes(2000))
    clock.advance(1)
    assert len(wire.at_client) == 2000
    assert 120 < sum(byte != 0 for byte in wire.at_client) < 280


def test_a_client_that_floods_is_made_to_wait(clock: HandClock) -> None:
    wire = Wire(clock)
    wire.line.from_client(bytes(5000))
    assert wire.line.congested
    clock.advance(2)
    assert not wire.line.congested
