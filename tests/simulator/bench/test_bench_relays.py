"""A contact follows its coil after its travel, bounces 1 to 3 ms, and every edge carries the time it happened."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator.bench.bench_support import HandClock
from tillrig.simulator.bench.relays import KeyLines, Relay, bounce


class Contact:
    """One relay and what its contact did."""

    def __init__(self, clock: HandClock, seed: int = 1) -> None:
        self.edges: list[tuple[bool, float]] = []
        self.rests: list[tuple[bool, float]] = []
        self.relay = Relay(
            clock,
            random.Random(seed),
            lambda closed, at: self.edges.append((closed, at)),
            lambda closed, at: self.rests.append((closed, at)),
        )


@given(st.integers(), st.booleans(), st.floats(0, 1e6))
def test_bounce_begins_and_ends_in_the_new_state_within_three_milliseconds(seed: int, closed: bool, at: float) -> None:
    edges = bounce(random.Random(seed), closed, at)
    times = [when for when, _ in edges]
    assert times == sorted(times)
    assert (edges[0], edges[-1][1]) == ((at, closed), closed)
    assert all(a[1] != b[1] for a, b in pairwise(edges))
    assert times[-1] - at <= 0.003 + 1e-6
    assert not closed or len(edges) >= 3


@given(st.integers(0, 500))
def test_travel_is_four_milliseconds_give_or_take_one(seed: int) -> None:
    assert 0.003 <= Contact(HandClock(), seed).relay.travel <= 0.005


def test_a_late_thread_delivers_edges_with_the_times_they_had(clock: HandClock) -> None:
    contact = Contact(clock)
    begin = clock.now
    contact.relay.drive(True, begin)
    clock.now += 0.3
    clock.advance(0)
    assert contact.edges[0] == (True, begin + contact.relay.travel)
    assert contact.rests[0][1] <= begin + 0.0081


def test_a_press_of_forty_milliseconds_rests_closed_that_long_less_its_bounce(clock: HandClock) -> None:
    contact = Contact(clock)
    contact.relay.drive(True, clock.now)
    clock.advance(0.040)
    contact.relay.drive(False, clock.now)
    clock.advance(0.040)
    (_, closed_at), (_, _opened_at) = contact.rests
    parted_at = next(at for closed, at in contact.edges if not closed and at > closed_at)
    assert 0.036 < parted_at - closed_at < 0.040


def test_a_pulse_shorter_than_the_travel_moves_nothing(clock: HandClock) -> None:
    contact = Contact(clock)
    contact.relay.drive(True, clock.now)
    clock.advance(0.002)
    contact.relay.drive(False, clock.now)
    clock.advance(0.1)
    assert contact.edges == []


def test_a_release_called_back_before_the_contact_parts_changes_nothing(clock: HandClock) -> None:
    contact = Contact(clock)
    contact.relay.drive(True, clock.now)
    clock.advance(0.05)
    seen = len(contact.edges)
    contact.relay.drive(False, clock.now)
    clock.advance(0.001)
    contact.relay.drive(True, clock.now)
    clock.advance(0.05)
    assert len(contact.edges) == seen
    contact.relay.drive(False, clock.now)
    clock.advance(0.05)
    assert contact.rests[-1][0] is False


def test_a_worn_contact_misses_one_closure_in_n(clock: HandClock) -> None:
    contact = Contact(clock)
    contact.relay.wear = 3
    for _ in range(9):
        contact.relay.drive(True, clock.now)
        clock.advance(0.05)
        contact.relay.drive(False, clock.now)
        clock.advance(0.05)
    assert [closed for closed, _ in contact.rests].count(True) == 6


def test_the_witness_counts_a_press_once_however_it_bounces() -> None:
    sent: list[tuple[float, int]] = []
    lines = KeyLines(lambda at, mask: sent.append((at, mask)), 18)
    for at, closed in bounce(random.Random(4), True, 5.0):
        lines.edge(3, "relay", closed, at)
    lines.settled(3, True)
    assert lines.counts[3] == 1
    assert lines.mask == 1 << 3
    assert [mask for _, mask in sent][:2] == [8, 0]


def test_a_key_stays_closed_while_relay_or_finger_holds_it() -> None:
    sent: list[tuple[float, int]] = []
    lines = KeyLines(lambda at, mask: sent.append((at, mask)), 18)
    for by, closed in (("relay", True), ("finger", True), ("relay", False)):
        lines.edge(0, by, closed, 1.0)
    assert sent == [(1.0, 1)]
    lines.edge(0, "finger", False, 2.0)
    assert sent[-1] == (2.0, 0)
    assert pytest.approx(2.0) == sent[-1][0]
