"""One finger: never two keys at once, exact times, a witness for every press, and nothing said of a secret."""

from __future__ import annotations

import threading
import time
import traceback
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.roles.role_fakes import Events, FakeInputs, FakeSwitches, traced
from tillrig.errors import RigError, SwitchError, UsageError
from tillrig.roles.keypad import Keypad, Timing

KEYS = {**{str(digit): digit for digit in range(10)}, "enter": 11, "cancel": 12}
QUICK = Timing(travel_ms=5, hold_ms=20, gap_ms=10, max_on_ms=100)


@pytest.fixture
def keypad(switches: FakeSwitches, events: Events) -> Keypad:
    return Keypad(traced(switches, events), KEYS, events, timing=QUICK, chords=[["1", "cancel"]])


def test_a_press_is_one_pulse_of_the_boards(keypad: Keypad, switches: FakeSwitches) -> None:
    """The board times it; the harness says how long."""
    keypad.press("7")
    keypad.press("enter", hold_ms=33)
    assert switches.pulses() == [(7, 20), (11, 33)]


def test_press_returns_while_the_key_is_down_and_says_when_it_opens(keypad: Keypad, events: Events) -> None:
    """So that the screen can be read meanwhile."""
    press = keypad.hold("7", 100)
    assert time.monotonic() < press.opens_at
    assert press.closes_at == pytest.approx(press.at + 0.005)
    assert press.opens_at == pytest.approx(press.closes_at + 0.1)
    (event,) = events.of("key")
    assert (event["key"], event["hold_ms"], event["at"]) == ("7", 100, press.at)


def test_the_next_key_waits_for_hold_and_gap(keypad: Keypad, switches: FakeSwitches) -> None:
    """Between two confirmations lie hold + gap, and little more."""
    keypad.press_sequence("1234")
    starts = [at for _, _, _, at in switches.log]
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert all(0.030 <= gap < 0.060 for gap in gaps)


def test_a_sequence_is_keys_or_characters(keypad: Keypad, switches: FakeSwitches) -> None:
    """A string is one key a character; names go as a list."""
    keypad.press_sequence("12")
    keypad.press_sequence(["3", "enter"], gap_ms=5)
    assert [channel for channel, _ in switches.pulses()] == [1, 2, 3, 11]


def test_a_sequence_with_an_unknown_key_presses_nothing(keypad: Keypad, switches: FakeSwitches) -> None:
    """Half an amount is worse than none."""
    with pytest.raises(UsageError, match=r"no key 'x'; keys of this rig: 0 1"):
        keypad.press_sequence("12x")
    assert switches.log == []


@pytest.mark.parametrize("ms", [0, -1, 101])
def test_no_key_is_held_longer_than_allowed(keypad: Keypad, switches: FakeSwitches, ms: int) -> None:
    """`max_on_ms` protects the solenoid, and the terminal from a key that never ends."""
    with pytest.raises(UsageError, match=r"allowed: 1 to 100 \(max_on_ms\)"):
        keypad.hold("1", ms)
    assert switches.log == []


def test_two_threads_never_hold_two_keys(keypad: Keypad, switches: FakeSwitches) -> None:
    """An interference presses a key while an action types."""
    threads = [threading.Thread(target=keypad.press_sequence, args=(keys,)) for keys in ("1111", "2222")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert switches.overlaps == 0
    typed = "".join(str(channel) for channel, _ in switches.pulses())
    assert typed in ("11112222", "22221111")


def test_only_declared_chords_close_two_contacts(keypad: Keypad, switches: FakeSwitches) -> None:
    """And both are open again afterwards."""
    keypad.chord(["cancel", "1"], 30)
    assert [(channel, on) for _, channel, on, _ in switches.log] == [(1, 1), (12, 1), (1, 0), (12, 0)] or {
        (channel, on) for _, channel, on, _ in switches.log
    } == {(1, 1), (12, 1), (1, 0), (12, 0)}
    assert not any(switches.levels)
    with pytest.raises(UsageError, match=r"2 \+ cancel is no declared chord; declared: 1 \+ cancel"):
        keypad.chord(["cancel", "2"], 30)


def test_a_closed_rig_ends_a_wait(keypad: Keypad) -> None:
    """Ctrl-C does not wait for fingers."""
    keypad.hold("1", 100)
    keypad.close()
    with pytest.raises(RigError, match="closed in the midst"):
        keypad.press("2")


def test_nothing_tells_a_secret(keypad: Keypad, switches: FakeSwitches, events: Events) -> None:
    """Neither key names nor coil numbers nor what press returns."""
    with keypad.secret():
        presses = keypad.press_sequence("8302")
        with pytest.raises(UsageError) as unknown:
            keypad.press("x8")
    assert {press.key for press in presses} == {"*"}
    assert {event["key"] for event in events.of("key")} == {"*"}
    assert {event["channel"] for event in events.of("relay")} == {None}
    assert {event["note"] for event in events.of("relay")} == {"key *"}
    assert "x8" not in str(unknown.value)
    keypad.press("5")
    assert events.of("key")[-1]["key"] == "5"
    assert events.of("relay")[-1]["channel"] == 5


def test_an_error_at_a_secret_key_names_no_coil(keypad: Keypad, switches: FakeSwitches) -> None:
    """Not in the message, not in what it was caused by."""
    switches.broken = True
    with keypad.secret(), pytest.raises(SwitchError) as caught:
        keypad.press("7")
    assert "details withheld" in str(caught.value)
    assert caught.value.__context__ is None
    told = "".join(traceback.format_exception(caught.value))
    assert "coil 7" not in told and "02 07" not in told


@given(secret=st.text("0123456789", min_size=4, max_size=12))
@settings(max_examples=15, deadline=None)
def test_no_secret_can_be_told_from_the_events(secret: str) -> None:
    """Two secrets of the same length leave the same trace but for its times."""
    traces = []
    for typed in (secret, "0" * len(secret)):
        events = Events()
        fast = Timing(hold_ms=1, gap_ms=0)
        keypad = Keypad(traced(FakeSwitches(), events), KEYS, events, timing=fast)
        with keypad.secret():
            keypad.press_sequence(typed)
        times = ("at", "closes_at", "opens_at")
        traces.append([{key: value for key, value in event.items() if key not in times} for event in events])
    assert traces[0] == traces[1]


@pytest.mark.parametrize(
    ("closures", "says"), [(1, "clears_rig"), (0, "blames_rig"), (2, "blames_rig")], ids=["once", "not", "twice"]
)
def test_the_contacts_counter_is_the_witness(switches: FakeSwitches, events: Events, closures: int, says: str) -> None:
    """One press closes once: a worn contact misses, a bouncing one counts twice."""
    inputs = FakeInputs(**{f"closures.{channel}": 7 for channel in KEYS.values()})
    counters = {key: f"closures.{channel}" for key, channel in KEYS.items()}
    keypad = Keypad(traced(switches, events), KEYS, events, timing=QUICK, inputs=inputs, counters=counters)
    before = keypad.counts()
    keypad.press("5")
    inputs.values["closures.5"] += closures
    assert keypad.witness("5", before, keypad.counts()) == says
    (event,) = events.of("witness")
    assert (event["key"], event["says"], event["seen"]) == ("5", says, closures)


def test_a_counter_that_wraps_still_counts(switches: FakeSwitches, events: Events) -> None:
    """16-bit registers start again after 65535."""
    inputs = FakeInputs(count=65535)
    keypad = Keypad(traced(switches, events), KEYS, events, inputs=inputs, counters={"5": "count"})
    before = keypad.counts()
    inputs.values["count"] = 0
    assert keypad.witness("5", before, keypad.counts()) == "clears_rig"


def test_without_a_sense_there_is_no_witness(keypad: Keypad) -> None:
    """And nobody pretends."""
    assert keypad.counts() is None
    assert keypad.witness("5", None, None) == "none"


def sensed(switches: FakeSwitches, events: Events) -> tuple[Keypad, FakeInputs]:
    inputs = FakeInputs(**{f"closures.{channel}": 7 for channel in KEYS.values()})
    counters = {key: f"closures.{channel}" for key, channel in KEYS.items()}
    return Keypad(traced(switches, events), KEYS, events, timing=QUICK, inputs=inputs, counters=counters), inputs


@pytest.mark.parametrize(
    ("closed", "says"),
    [
        (("5", "5", "enter"), "clears_rig"),
        (("5", "enter"), "blames_rig"),
        (("5", "5", "5", "enter"), "blames_rig"),
        (("5", "5", "6", "enter"), "blames_rig"),
    ],
    ids=["as told", "one missed", "one bounced", "a neighbour with it"],
)
def test_all_contacts_together_are_the_witness(
    switches: FakeSwitches, events: Events, closed: tuple[str, ...], says: str
) -> None:
    """A key that closes its neighbour too is as bad as one that does not close."""
    keypad, inputs = sensed(switches, events)
    keypad.press("6")
    inputs.values["closures.6"] += 1
    before = keypad.tally()
    keypad.press_sequence(["5", "5", "enter"])
    for key in closed:
        inputs.values[f"closures.{KEYS[key]}"] += 1
    assert keypad.witness_since(before) == says
    (event,) = events.of("witness")
    assert (event["says"], event["expected"], event["seen"]) == (says, 3, len(closed))
    assert "key" not in event


def test_nothing_pressed_and_nothing_sensed_are_no_witness(
    switches: FakeSwitches, events: Events, keypad: Keypad
) -> None:
    silent, _ = sensed(switches, events)
    assert silent.witness_since(silent.tally()) == "none"
    before = keypad.tally()
    keypad.press("5")
    assert keypad.witness_since(before) == "none"
