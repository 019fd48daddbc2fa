"""An action that something breaks off: what was proven by then stays, nothing else is said, the ledger is uncertain."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import msgspec
import pytest

from tillrig.actions import Sale
from tillrig.errors import CameraError, EvidenceError, InconclusiveError, SwitchError, UsageError
from tillrig.host.scenarios import Decline, NoAnswer, ScenarioQueue
from tillrig.masking import Masker
from tillrig.observations import Reading
from tillrig.observers.interrogation import ScreenInterrogator
from tillrig.operator import Hand, Operator
from tillrig.profiles.screens import bare
from tillrig.reference import Conditions
from tillrig.session.attempt import Attempt
from tillrig.session.bench import Bench as RealBench
from tillrig.session.interferences import When
from tillrig.session.outcome import Outcome
from tillrig.session.proceedings import Proceedings
from tillrig.session.session import Session
from tillrig.timeline import Timeline
from tillrig.verdicts import Verdict

from .builders import said
from .scripted import ScriptedEye, ScriptedRig, Till
from .test_evidence import finding
from .test_operator import ENGINE, LAB, SIGNED_IN

SALE = Sale(amount=12_34, card="debit-chip")


class Reader:
    """Reads what the scripted terminal showed in a frame."""

    def __init__(self, eye: ScriptedEye) -> None:
        self._eye = eye

    def testify_row(self, frames, row, text, kind):
        state = next(
            state for one in self._eye.sightings for state in one.states if frames[0] in state.frames(False)
        )  # fmt: skip
        shown = state.rows[row]
        reading = Reading.MATCH if bare(shown) == bare(text) else Reading.MISMATCH
        testimony = said(text, reading, shown)
        return SimpleNamespace(frames=testimony.frames, observed=lambda: testimony, box=None)


class Eye(ScriptedEye):
    def largest_gap(self, since: float) -> float:
        return 0.0

    def forget(self, count: int) -> None: ...


class Bench:
    """What proceedings want of a bench, around a terminal that is a script. `words`: of the instruments' check."""

    def __init__(self, profile, directory, *, sensed: bool = True) -> None:
        self.profile, self.lab, self.masker = profile, LAB, Masker(())
        self.timeline = Timeline(directory, self.masker)
        self.eye = Eye(profile, self.timeline)
        self.till = Till(self.eye)
        self.rig = ScriptedRig(self.till, sensed=sensed)
        self.rig.paper, self.rig.lines, self.rig.link, self.rig.name = None, {}, None, "fake"
        self.hand = Hand(self.rig, profile, LAB, self.eye, self.timeline)
        self.operator = Operator(self.eye, None, self.hand, profile, self.timeline, 100.0)
        self.operator.margin_s = 0.3
        self.screens = ScreenInterrogator(Reader(self.eye), profile, self.masker)
        self.screens.forget = lambda: None
        self.slip_interrogator = None
        self.worker = ThreadPoolExecutor(1)
        self.exchanges = []
        self.host_observer = SimpleNamespace(observe=lambda exchange: exchange.seen)
        self.host = Host()
        self.link_up, self.quiet = True, True
        self.words = {"screen": "clears_rig", "host": "clears_rig"}

    def host_quiet(self, deadline: float) -> bool:
        return self.quiet

    def prove(self) -> dict[str, str]:
        return self.words

    def troubles(self, since: float, until: float) -> tuple[()]:
        """Neither camera was ever troubled."""
        return ()


class Host:
    """Takes orders as the test host does; a wrong one is refused."""

    def __init__(self) -> None:
        self.scenarios = ()

    def play(self, *scenarios, message):
        self.scenarios = (*self.scenarios, ScenarioQueue().add(scenarios, message))

    def clear(self) -> None:
        self.scenarios = ()


@pytest.fixture
def till(profile, tmp_path):
    """A session at a scripted bench, an attempt open; `bench` is that."""
    return session_at(Bench(profile, tmp_path), tmp_path)


def session_at(bench: Bench, directory) -> Session:
    session = object.__new__(Session)
    session._bench, session.engine, session.ledger, session.bindings = bench, ENGINE, SIGNED_IN, {}
    session.timeline = bench.timeline
    session._proceedings = Proceedings(bench, ENGINE)
    session._attempt = Attempt(
        "suites/sale/test_x.py::test_one", run_dir=directory, timeline=bench.timeline, masker=bench.masker,
        rig="fake", profile="classic",
    )  # fmt: skip
    return session


def broken_at(till: Session, step: str, error: Exception) -> None:
    """The operator meets with `error` where that screen is shown."""
    hand = till.bench.hand
    give = hand.give

    def gives(wanted, sighting, action):
        if wanted.kind == step:
            raise error
        give(wanted, sighting, action)

    hand.give = gives


def carried_out(till: Session, error: type[Exception]):
    with pytest.raises(error):
        till.act(SALE, judged=True)
    return till._attempt.findings


@pytest.mark.parametrize("error", [CameraError("slip: unplugged"), InconclusiveError("busy")])
def test_a_wrong_amount_seen_before_is_kept(till, error):
    till.bench.till.shows_wrong_amount = True
    # The echo is not as typed, the contacts prove that it was typed: the sale goes on.
    broken_at(till, "ask_pin", error)
    found = carried_out(till, type(error))
    assert [(one.point, one.verdict, one.seen) for one in found if "ask_amount" in one.point] == [
        ("screen.ask_amount.amount", Verdict.FAIL, "12.35")
    ]
    assert till.ledger.uncertain
    record = till._attempt.close(error)
    assert record.verdict is Verdict.FAIL
    assert [(one.type, one.verdict) for one in record.actions] == [("Sale", Verdict.FAIL)]


def test_of_a_sound_terminal_nothing_is_said(till):
    """What did not come any more is not missed, and no PASS stands for half an action."""
    broken_at(till, "ask_pin", CameraError("slip: unplugged"))
    assert carried_out(till, CameraError) == ()
    assert till.ledger.uncertain
    record = till._attempt.close(CameraError("slip: unplugged"))
    assert (record.verdict, [one.verdict for one in record.actions]) == (Verdict.RIG_ERROR, [Verdict.RIG_ERROR])
    assert b'"Sale"' in (till._attempt.directory / "actions.jsonl").read_bytes()


def test_an_amount_half_typed_accuses_nobody(till):
    """The board fails in the midst of the digits: the screen shows those that were pressed."""
    keypad = till.bench.rig.keypad

    def fails(keys):
        type(keypad).press_sequence(keypad, list(keys)[:2] if len(list(keys)) > 2 else keys)
        if len(list(keys)) > 2:
            raise SwitchError("the board is gone")

    keypad.press_sequence = fails
    assert carried_out(till, SwitchError) == ()


def test_keys_without_a_witness_accuse_nobody(profile, tmp_path):
    till = session_at(Bench(profile, tmp_path, sensed=False), tmp_path)
    till.bench.till.shows_wrong_amount = True
    assert carried_out(till, InconclusiveError) == ()


def test_proof_from_an_instrument_that_fails_its_check_is_void(till):
    till.bench.till.shows_wrong_amount = True
    till.bench.words = {"screen": "blames_rig"}
    broken_at(till, "ask_pin", CameraError("screen: unplugged"))
    assert carried_out(till, CameraError) == ()


def test_an_act_that_was_missed_voids_what_was_proven_too(till):
    till.bench.till.shows_wrong_amount = True
    broken_at(till, "ask_pin", CameraError("slip: unplugged"))
    with pytest.raises(CameraError):
        till.act(SALE, interferences=[When("screen.confirm_settle", "link_down")], judged=True)
    assert till._attempt.findings == ()


@pytest.mark.parametrize(("where", "kept"), [("_drain", []), ("_judge", ["screen.ask_amount.amount"])])
def test_whatever_fails_after_the_operating_leaves_the_ledger_uncertain(till, monkeypatch, where, kept):
    """The sale may be through: what the terminal holds is asked anew. Readers at work are left alone."""

    def fails(*_):
        raise EvidenceError("cannot store a picture: no space left")

    till.bench.till.shows_wrong_amount = True
    monkeypatch.setattr(till._proceedings, where, fails)
    found = carried_out(till, EvidenceError)
    assert [one.point for one in found if "ask_amount" in one.point] == kept
    assert till.ledger.uncertain


def test_a_host_that_stays_busy_leaves_the_ledger_uncertain(till):
    till.bench.quiet = False
    carried_out(till, InconclusiveError)
    assert till.ledger.uncertain


def test_a_wrong_order_leaves_none_before_it_queued(till):
    """It would be played in another test."""
    with pytest.raises(UsageError):
        till.act(SALE, host=[("sale", NoAnswer()), ("sales", Decline("51"))], judged=True)
    assert till.bench.host.scenarios == ()
    assert till._attempt.actions == ()


class Foreseen:
    """Proceedings whose action has ended already with these findings."""

    def __init__(self, findings) -> None:
        self.findings, self.branches, self.counts, self.gallery = findings, ENGINE.predict(SIGNED_IN, SALE), None, []
        self.broken_off = False

    def standing(self) -> Conditions:
        return Conditions()

    def run(self, session, action, conditions):
        session.timeline.append("host_request", name="sale")
        return Outcome(
            branch="x", findings=self.findings, observations=(), seconds=1, terminal_seconds=1, operating_seconds=1
        )


def test_a_card_that_stuck_accuses_nobody_of_what_was_predicted_for_it(till):
    """The approval was stored soundly; what was predicted was a reversal."""
    till._proceedings = Foreseen((finding(Verdict.FAIL, "交易成功"), finding(Verdict.PASS)))
    till._proceedings.counts = SimpleNamespace(frames=0, slip_lines=0, host_messages=0)

    def sticks():
        raise CameraError("the card did not move")

    till.bench.rig.card.withdraw = sticks
    till.bench.rig.card.inserted = lambda: True
    with pytest.raises(CameraError):
        till.act(SALE, interferences=[When("host.sale", "pull_card")], judged=True)
    words = {one.verdict for one in till._attempt.findings}
    assert words == {Verdict.INCONCLUSIVE, Verdict.PASS}
    assert till.ledger.uncertain
    assert till._attempt.close(CameraError("stuck")).verdict is Verdict.RIG_ERROR


def test_on_the_way_a_field_that_a_message_lacks_still_counts(till):
    """The message came, so it was seen that the field is not in it; a message or screen that did not come is not."""
    lacking = [
        msgspec.structs.replace(finding(Verdict.FAIL, "(absent)"), point=point)
        for point in ("host.reversal.F55", "host.sale.F60.2", "host.sale", "screen.menu")
    ]
    till._proceedings = Foreseen(tuple(lacking))
    till._proceedings.counts = SimpleNamespace(frames=0, slip_lines=0, host_messages=0)
    till.act(SALE, judged=False)
    assert [one.point for one in till._attempt.findings] == ["host.reversal.F55", "host.sale.F60.2"]


def test_a_link_that_is_down_and_paper_that_is_out_are_predicted(till):
    """Whoever left them so."""
    bench = till.bench
    assert till._proceedings.standing() == Conditions()
    bench.link_up = False
    bench.rig.paper = SimpleNamespace(state="out")
    assert till._proceedings.standing() == Conditions(link_up=False, paper_in=False)


def test_the_link_is_as_it_reported_last(till):
    real = object.__new__(RealBench)
    real.timeline, real.link_up = till.bench.timeline, True
    for action, up in (("shape", True), ("down", False), ("shape", False), ("up", True)):
        real._emit("link", action=action)
        assert real.link_up is up
    real._emit("card", action="down")
    assert real.link_up
