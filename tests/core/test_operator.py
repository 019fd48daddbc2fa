"""The operator answers what is shown, gives up when lost, and never blames the terminal for a key of the rig."""

from __future__ import annotations

import time

import pytest

from tillrig.actions import Sale
from tillrig.errors import CameraError, InconclusiveError, RigError, SwitchError
from tillrig.lab import load_lab
from tillrig.operator import Hand, Operator
from tillrig.reference import CardFacts, Engine, Parameters
from tillrig.reference.ledger import Ledger
from tillrig.timeline import Timeline

from .scripted import ScriptedEye, ScriptedRig, Till

LAB = load_lab()
ENGINE = Engine(
    Parameters(terminal_no="10000001", merchant_no="898111153110001", merchant_name="测试商户便利店", version="1.0.0"),
    {name: CardFacts.from_lab(name, card.facts) for name, card in LAB.cards.items()},
)
SIGNED_IN = Ledger(
    position="menu",
    operator="01",
    keys_good=True,
    stan="000007",
    batch="000001",
    journal_known=True,
    pending_known=True,
)


class Bench:
    def __init__(self, profile, directory, *, sensed=True, scale=100.0):
        self.timeline = Timeline(directory)
        self.eye = ScriptedEye(profile, self.timeline)
        self.till = Till(self.eye)
        self.rig = ScriptedRig(self.till, sensed=sensed)
        self.hand = Hand(self.rig, profile, LAB, self.eye, self.timeline)
        self.operator = Operator(self.eye, None, self.hand, profile, self.timeline, scale)
        self.operator.margin_s = 0.8

    def perform(self, action):
        branches = ENGINE.predict(SIGNED_IN, action)
        return self.operator.perform(action, branches, None, lambda: True)


@pytest.fixture
def bench(profile, tmp_path):
    return Bench(profile, tmp_path)


def test_a_sale_is_carried_through_by_what_the_screens_ask(bench):
    result = bench.perform(Sale(amount=12_34, card="debit-chip"))
    assert bench.rig.card.moves == ["insert debit-chip", "withdraw"]
    assert result.abandoned is None
    assert result.absent == []
    assert bench.till.at == "menu"


def test_the_pin_is_keyed_under_secrecy_and_stands_in_no_record(bench):
    bench.perform(Sale(amount=12_34, card="debit-chip"))
    pin = LAB.card("debit-chip").pin.reveal()
    assert "".join(bench.rig.keypad.secret_keys) == pin
    assert pin not in (bench.timeline.directory / "timeline.jsonl").read_text()


def test_a_wrong_pin_is_keyed_when_a_wrong_one_is_meant(bench):
    bench.perform(Sale(amount=12_34, card="debit-chip", pin="wrong"))
    assert "".join(bench.rig.keypad.secret_keys) == LAB.card("debit-chip").wrong_pin().reveal()


def test_a_key_that_never_closed_is_the_rigs_fault(bench):
    """The amount does not echo, and the contact sense says why."""
    bench.rig.keypad.dead = {"3"}
    with pytest.raises(SwitchError, match="contacts did not close"):
        bench.perform(Sale(amount=12_34))


def test_a_wrong_amount_on_the_screen_is_left_to_the_judge(bench):
    """The contacts closed: what is shown is the terminal's doing, and the sale goes on."""
    bench.till.shows_wrong_amount = True
    result = bench.perform(Sale(amount=12_34))
    assert result.abandoned is None
    assert bench.eye.sightings[1].last.recognition.fields["amount"] == "12.35"


def test_an_unexpected_screen_is_told_and_given_up(bench):
    bench.till.asks_something_else = True
    result = bench.perform(Sale(amount=12_34))
    assert result.abandoned is not None
    assert "请出示身份证件" in result.abandoned.why


def test_a_terminal_that_hangs_is_found_within_its_own_times(bench):
    """Every instrument is sound: the silence is the terminal's."""
    bench.till.hangs_at = "ask_card"
    began = time.monotonic()
    result = bench.perform(Sale(amount=12_34))
    (absent,) = result.absent
    assert absent.witness == "clears_rig"
    assert "请刷卡" in absent.why
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("card", "entry", "witness"),
    [("debit-chip", "chip", "clears_rig"), ("debit-stripe", "stripe", "none"), ("credit-chip", "contactless", "none")],
)
def test_nobody_vouches_for_a_card_that_no_sense_has_seen(bench, card, entry, witness):
    """A chip stands in the sensed slot; whether a stripe or a field was read, nothing tells."""
    bench.till.hangs_at = "ask_card"
    (absent,) = bench.perform(Sale(amount=12_34, card=card, entry=entry)).absent
    assert absent.witness == witness


def test_a_terminal_that_hangs_after_it_has_seen_the_card_has_no_excuse(bench):
    bench.till.hangs_at = "ask_pin"
    (absent,) = bench.perform(Sale(amount=12_34, card="debit-stripe", entry="stripe")).absent
    assert absent.witness == "clears_rig"


def test_a_key_that_closes_its_neighbour_is_the_rigs_fault(bench):
    """The terminal shows what it was told, and that is not what was meant."""
    bench.rig.keypad.bridged = {"3": "4"}
    with pytest.raises(SwitchError, match="neighbour"):
        bench.perform(Sale(amount=12_34))


def test_a_hang_without_key_sense_has_no_witness(profile, tmp_path):
    """Nobody can tell a deaf terminal from a dead relay."""
    bench = Bench(profile, tmp_path, sensed=False)
    bench.till.hangs_at = "ask_amount"
    with pytest.raises(InconclusiveError, match="nothing on this rig tells whether the keys"):
        bench.perform(Sale(amount=12_34))
    assert not bench.rig.keypad.closed["enter"], "what nobody can vouch for is not confirmed"


def test_a_hang_without_supply_is_the_rigs_fault(bench):
    bench.till.hangs_at = "ask_card"
    bench.rig.power.supply = False
    with pytest.raises(RigError, match="supply"):
        bench.perform(Sale(amount=12_34))


def test_a_black_camera_ends_the_wait_at_once(bench):
    bench.till.hangs_at = "ask_card"
    bench.eye.broken = True
    began = time.monotonic()
    with pytest.raises(CameraError, match="black"):
        bench.perform(Sale(amount=12_34))
    assert time.monotonic() - began < 3


def test_cancel_is_pressed_at_the_prompt_that_was_meant(bench):
    bench.perform(Sale(amount=12_34, cancel_at="ask_card"))
    assert bench.till.at == "menu"
    assert bench.rig.card.moves == []


def test_the_terminals_own_time_counts_keys_and_screens_that_take_none(bench):
    result = bench.perform(Sale(amount=12_34, cancel_at="ask_card"))
    assert result.presses == 7
    assert result.terminal_seconds(()) == pytest.approx(7 * 0.08)
