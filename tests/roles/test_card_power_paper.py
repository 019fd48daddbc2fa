"""Card, power and paper move by contacts only, believe the senses there are, and refuse what the rig cannot do."""

from __future__ import annotations

import threading
import time

import pytest

from tests.roles.role_fakes import Events, FakeInputs, FakeSwitches, traced
from tillrig.errors import RigError, UsageError
from tillrig.roles.card import Card, CardWiring
from tillrig.roles.paper import Out, Paper, PaperWiring
from tillrig.roles.power import Line, Power, PowerWiring

SLOTS = {0: "debit-stripe", 5: "credit-chip"}
WIRING = CardWiring(slot_bits=[24, 25, 26, 27], insert=28, withdraw=29, swipe=30, tap=31, pulse_ms=10, move_ms=200)
POWER = PowerWiring(mains=Line(channel=18), battery=Line(channel=19), key=17, reset=20, start_hold_ms=200)
PAPER = PaperWiring(out=Out(channel=22), take=23, take_ms=10, roll_mm=1000)


def follows(switches: FakeSwitches, channel: int, other: int) -> FakeInputs:
    """A card sense: in after a pulse on `channel`, out after one on `other`."""

    def inside() -> bool:
        moved = [number for number, _ in switches.pulses() if number in (channel, other)]
        return bool(moved) and moved[-1] == channel

    return FakeInputs(card=inside)


def test_insert_selects_the_slot_while_the_motor_is_told(switches: FakeSwitches, events: Events) -> None:
    """Slot 5 is bits 0 and 2; afterwards nothing is held."""
    card = Card(traced(switches, events), WIRING, SLOTS, events, inputs=follows(switches, 28, 29))
    card.insert("credit-chip")
    steps = [(action, channel, value) for action, channel, value, _ in switches.log]
    held = [("set", 24, 1), ("set", 25, 0), ("set", 26, 1), ("set", 27, 0)]
    assert steps == [*held, ("pulse", 28, 10), *(("set", channel, 0) for channel in (24, 25, 26, 27))]
    assert card.inserted() is True
    card.withdraw()
    assert card.inserted() is False
    assert [(event["action"], event["card"]) for event in events.of("card")] == [
        ("insert", "credit-chip"),
        ("withdraw", None),
    ]


def test_a_card_that_does_not_move_is_the_rigs_error(switches: FakeSwitches, events: Events) -> None:
    """The sense is a witness: no card was ever in the terminal."""
    card = Card(traced(switches, events), WIRING, SLOTS, events, inputs=FakeInputs(card=0))
    with pytest.raises(RigError, match=r"the card did not move: insert of credit-chip .* still reads 0"):
        card.insert("credit-chip")
    assert [event["says"] for event in events.of("witness")] == ["blames_rig"]
    assert not any(switches.levels)


def test_select_says_which_card_is_meant_later(switches: FakeSwitches, events: Events) -> None:
    """And without a selection a card must be named."""
    card = Card(traced(switches, events), WIRING, SLOTS, events)
    with pytest.raises(UsageError, match="no card is named"):
        card.swipe()
    card.select("debit-stripe")
    card.swipe()
    assert switches.pulses() == [(30, 80)]
    assert card.inserted() is None


def test_a_card_stays_in_the_field_until_it_is_removed(switches: FakeSwitches, events: Events) -> None:
    """One card at a time."""
    card = Card(traced(switches, events), WIRING, SLOTS, events)
    card.tap("credit-chip")
    assert card.in_field and switches.levels[31] and switches.levels[24] and switches.levels[26]
    with pytest.raises(UsageError, match="credit-chip is in the field"):
        card.insert("debit-stripe")
    card.remove()
    assert not card.in_field and not any(switches.levels)
    card.remove()
    assert [event["action"] for event in events.of("card")] == ["tap", "remove"]


def test_unknown_cards_and_speeds_are_told_with_those_that_exist(switches: FakeSwitches, events: Events) -> None:
    """Nothing moves."""
    card = Card(traced(switches, events), WIRING, SLOTS, events)
    with pytest.raises(
        UsageError, match=r"no slot of this rig holds the card 'gold'; it has: credit-chip, debit-stripe"
    ):
        card.insert("gold")
    with pytest.raises(UsageError, match=r"cannot swipe 'furious'; speeds: normal"):
        card.swipe("debit-stripe", speed="furious")
    with pytest.raises(UsageError, match=r"this rig cannot tap a card: roles\.card\.tap names no channel"):
        Card(traced(switches, events), CardWiring(insert=28), SLOTS, events).tap("credit-chip")
    assert switches.log == []


def test_power_on_gives_supply_and_holds_the_key_for_the_scaled_time(switches: FakeSwitches, events: Events) -> None:
    """200 ms at scale 2 are 100 ms and a quarter more."""
    power = Power(traced(switches, events), POWER, events, time_scale=2.0)
    power.cut()
    assert switches.levels[18] and switches.levels[19]
    began = time.monotonic()
    power.on()
    assert not switches.levels[18] and not switches.levels[19]
    assert switches.pulses() == [(17, 125)]
    assert time.monotonic() - began >= 0.125
    assert [event["action"] for event in events.of("power")] == ["cut", "restore", "press_power"]


def test_one_line_can_be_cut_alone(switches: FakeSwitches, events: Events) -> None:
    """A battery model needs both; a line that is not there is told."""
    power = Power(traced(switches, events), POWER, events)
    power.cut("battery")
    assert switches.levels[19] and not switches.levels[18]
    with pytest.raises(UsageError, match=r"no supply line 'solar'; it has: mains, battery"):
        power.cut("solar")


def test_a_contact_that_closes_to_give_power_works_the_other_way(switches: FakeSwitches, events: Events) -> None:
    """`energised: on`."""
    wiring = PowerWiring(mains=Line(channel=18, energised="on"))
    power = Power(traced(switches, events), wiring, events)
    power.restore()
    assert switches.levels[18]
    power.cut()
    assert not switches.levels[18]


def test_off_believes_the_supply_sense(switches: FakeSwitches, events: Events) -> None:
    """A relay that sticks is the rig's error, with a witness."""
    sound = Power(traced(switches, events), POWER, events, inputs=FakeInputs(supply=lambda: not switches.levels[18]))
    sound.off()
    assert sound.supplied() is False
    assert sound.witness() == "clears_rig"
    stuck = Power(traced(switches, events), POWER, events, inputs=FakeInputs(supply=1, current_ma=118))
    with pytest.raises(RigError, match="supply is still there 1 s after mains and battery were cut"):
        stuck.off()
    assert stuck.witness() == "blames_rig"
    assert stuck.current_ma() == 118
    blind = Power(traced(switches, events), POWER, events)
    assert (blind.supplied(), blind.current_ma(), blind.witness()) == (None, None, "none")


def test_power_cut_by_an_interference_does_not_wait_for_a_held_key(switches: FakeSwitches, events: Events) -> None:
    """The cut must come at its moment, not after the power key."""
    power = Power(traced(switches, events), POWER, events)
    holder = threading.Thread(target=power.press_power, args=(500,))
    holder.start()
    time.sleep(0.05)
    began = time.monotonic()
    power.cut("mains")
    assert time.monotonic() - began < 0.2
    holder.join()


def test_paper_goes_out_and_comes_back(switches: FakeSwitches, events: Events) -> None:
    """A level, because a printer without paper stays without."""
    paper = Paper(traced(switches, events), PAPER, events)
    paper.out()
    assert switches.levels[22] and paper.state == "out"
    paper.restore()
    assert not switches.levels[22] and paper.state == "in"
    assert [(event["action"], event["state"]) for event in events.of("paper")] == [("out", "out"), ("restore", "in")]


def test_a_slip_is_taken_and_seen_to_be_gone(switches: FakeSwitches, events: Events) -> None:
    """Where it still hangs, the rig is to blame."""
    paper = Paper(traced(switches, events), PAPER, events, inputs=FakeInputs(paper=lambda: not switches.pulses()))
    assert paper.hanging() is True
    paper.take()
    assert paper.hanging() is False
    jammed = Paper(traced(switches, events), PAPER, events, inputs=FakeInputs(paper=1))
    with pytest.raises(RigError, match="still hangs"):
        jammed.take()


def test_the_roll_is_counted_down(switches: FakeSwitches, events: Events) -> None:
    """As far as somebody says what came out."""
    paper = Paper(traced(switches, events), PAPER, events)
    paper.used(120.5)
    assert paper.remaining_mm == 879.5
    paper.new_roll()
    assert paper.remaining_mm == 1000
    assert Paper(traced(switches, events), PaperWiring(take=23), events).remaining_mm is None


def test_all_contacts_opened_behind_a_role_are_known_to_it(switches: FakeSwitches, events: Events) -> None:
    """After `safe` the card is out of the field, the paper in and the supply there."""
    card = Card(traced(switches, events), WIRING, SLOTS, events)
    paper = Paper(traced(switches, events), PAPER, events)
    power = Power(traced(switches, events), POWER, events, inputs=FakeInputs(supply=1))
    card.tap("credit-chip")
    paper.out()
    power.cut()
    switches.open_all()
    for role in (card, paper, power):
        role.forget()
    assert not card.in_field
    assert paper.state == "in"
    assert power.witness() == "clears_rig"
