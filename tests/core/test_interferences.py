"""An act that an action counts on is done, and in time, or nothing that was predicted for it accuses anybody."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from tillrig.errors import RigError, UsageError
from tillrig.host.scenarios import Decline, ProcessRequest
from tillrig.reference import Conditions
from tillrig.session.interferences import Interferer, When
from tillrig.session.predicted import conditions_of, refuse_unpredicted
from tillrig.timeline import Timeline

STANDING = Conditions()


class Card:
    """Comes out after so many seconds; `sensed` False: nobody tells when."""

    def __init__(self, *, seconds: float = 0.0, sensed: bool = True, sticks: bool = False) -> None:
        self._seconds, self._sensed, self._sticks = seconds, sensed, sticks

    def withdraw(self) -> None:
        time.sleep(self._seconds)
        if self._sticks:
            raise RigError("the card did not move")

    def inserted(self) -> bool | None:
        return False if self._sensed else None


def session(tmp_path, card: Card | None = None):
    quiet = SimpleNamespace(up=lambda: None, down=lambda: None)
    rig = SimpleNamespace(
        card=card or Card(), link=quiet, paper=SimpleNamespace(out=lambda: None, restore=lambda: None), name="fake",
        rig=SimpleNamespace(roles=SimpleNamespace(card=SimpleNamespace(move_ms=3000))),
    )  # fmt: skip
    rig.need = lambda role: getattr(rig, role)
    hand = SimpleNamespace(press=lambda *keys: None)
    return SimpleNamespace(timeline=Timeline(tmp_path), rig=rig, bench=SimpleNamespace(hand=hand))


def missed(till, when: When, *events: tuple[str, dict], wait: float = 0.4) -> Interferer:
    """The interferer after an action in which these came."""
    interferer = Interferer(till, [when])
    with interferer:
        for kind, data in events:
            till.timeline.append(kind, **data)
        time.sleep(wait)
    return interferer


def request(message: str = "sale") -> tuple[str, dict]:
    return "host_request", {"name": message}


def answer(message: str = "sale", after: float = 0.0) -> tuple[str, dict]:
    return "host_exchange", {"name": message, "at_answer": time.monotonic() + after}


def screen(kind: str) -> tuple[str, dict]:
    return "screen", {"screen": kind}


def test_an_act_that_is_done_in_time_is_not_missed(tmp_path):
    till = session(tmp_path)
    done = missed(till, When("host.sale", "pull_card"), request(), answer(after=5.0))
    assert done.missed == () and not done.unpredicted


def test_an_act_that_failed_is_missed(tmp_path):
    """The card stuck: the sale was not disturbed, whatever became of it."""
    failed = missed(session(tmp_path, Card(sticks=True)), When("host.sale", "pull_card"), request(), answer(after=5.0))
    assert [one.why for one in failed.missed] == ["it failed: the card did not move"]
    assert failed.unpredicted and len(failed.errors) == 1


@pytest.mark.parametrize(
    ("card", "after"), [(Card(seconds=0.2), 0.05), (Card(sensed=False), 1.0)], ids=["slow", "not sensed"]
)
def test_a_card_that_came_out_after_the_answer_disturbed_nothing(tmp_path, card, after):
    """Where nothing senses the card it counts as out when it must be."""
    late = missed(session(tmp_path, card), When("host.sale", "pull_card"), request(), answer(after=after))
    assert [one.why for one in late.missed] == ["host.sale.answered had come before it was done"]


def test_a_card_that_was_out_before_an_answer_that_never_came_is_in_time(tmp_path):
    unanswered = ("host_exchange", {"name": "sale", "at_answer": None})
    assert not missed(session(tmp_path), When("host.sale", "pull_card"), request(), unanswered).missed


@pytest.mark.parametrize("came", [screen("busy"), request(), request("reversal"), screen("settling")])
def test_a_link_that_went_down_once_the_terminal_called_is_too_late(tmp_path, came):
    when = When("screen.ask_card", "link_down", delay_ms=100)
    assert missed(session(tmp_path), when, screen("ask_card"), came).unpredicted


def test_a_link_that_was_down_before_the_terminal_called_is_in_time(tmp_path):
    till = session(tmp_path)
    interferer = Interferer(till, [When("screen.ask_card", "link_down")])
    with interferer:
        till.timeline.append("screen", screen="ask_card")
        time.sleep(0.3)
        till.timeline.append("screen", screen="busy")
    assert interferer.missed == ()


def test_paper_that_went_out_amid_the_printing_is_too_late(tmp_path):
    when = When("host.sale", "paper_out", delay_ms=100)
    assert missed(session(tmp_path), when, request(), screen("printing")).unpredicted


def test_an_act_whose_point_never_came_is_missed(tmp_path):
    never = missed(session(tmp_path), When("screen.ask_pin", "link_down"), screen("ask_card"), wait=0.1)
    assert [one.why for one in never.missed] == ["screen.ask_pin never came"]


def test_a_key_pressed_after_the_answer_is_too_late(tmp_path):
    """The terminal listens to its keys again."""
    when = When("host.sale", "press:cancel", delay_ms=100)
    assert missed(session(tmp_path), when, request(), answer()).unpredicted
    assert not missed(session(tmp_path / "2"), when, request(), answer(after=5.0)).unpredicted


@pytest.mark.parametrize("act", ["press:cancel", "press:5"])
@pytest.mark.parametrize("point", ["screen.ask_pin", "screen.menu", "host.sale.answered"])
def test_a_key_at_a_prompt_is_refused(act, point):
    """It is somebody's answer to the prompt, and what follows would be judged as the terminal's own doing."""
    with pytest.raises(UsageError, match="is not predicted"):
        conditions_of([When(point, act)], STANDING)
    assert conditions_of([When("host.sale", act)], STANDING) == STANDING


def test_what_stands_already_is_part_of_the_conditions():
    down = conditions_of([], Conditions(link_up=False))
    assert not down.link_up
    both = conditions_of([When("screen.ask_card", "link_down"), When("screen.result", "link_up")], STANDING)
    assert not both.link_up


@pytest.mark.parametrize(
    ("when", "standing"),
    [
        (When("screen.ask_card", "link_up"), Conditions(link_up=False)),
        (When("screen.busy", "paper_in"), Conditions(paper_in=False)),
    ],
)
def test_what_is_restored_amid_an_action_that_depends_on_it_is_refused(when, standing):
    with pytest.raises(UsageError, match="is not predicted"):
        conditions_of([when], standing)
    assert conditions_of([when], STANDING) == STANDING


def test_a_request_of_the_host_that_nobody_predicts_is_refused():
    """The terminal signs in again in a later action, which would be blamed for it."""
    with pytest.raises(UsageError, match=r"ProcessRequest\(3\) leads to is not predicted"):
        refuse_unpredicted([ProcessRequest(3)])
    refuse_unpredicted([Decline("51"), ProcessRequest(0)])
