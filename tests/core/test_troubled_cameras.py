"""An action during which a camera was no witness is a RIG_ERROR: neither what failed nor what passed is believed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tillrig.actions import Sale
from tillrig.errors import CameraError, InconclusiveError, SuiteError, TillrigError
from tillrig.judge.findings import failed, judged_again, passed
from tillrig.masking import Masker
from tillrig.observers.lookout import Episode
from tillrig.reference import Conditions
from tillrig.session.attempt import Attempt
from tillrig.session.outcome import Outcome
from tillrig.session.proceedings import Proceedings
from tillrig.session.seen import Counts
from tillrig.session.session import Session
from tillrig.timeline import Timeline
from tillrig.verdicts import Finding, Verdict

SALE = Sale(amount=12_34, card="credit-chip", entry="chip", pin="none")
SOUND = passed("SALE-RESULT", "screen.result", "交易成功")
PICTURE = "sha256:" + "0" * 64
COVERED = Episode(camera="screen", condition="covered", since=10.0, picture=PICTURE)
SLIP_MOVED = Episode(camera="slip", condition="moved", since=10.0, detail="by 5.0 camera pixels")


class Stage:
    """A session whose action ends as the test says; attempt and timeline are real ones."""

    def __init__(self, directory: Path) -> None:
        self.troubles: tuple[Episode, ...] = ()
        self.findings: tuple[Finding, ...] = (SOUND,)
        self.error: TillrigError | None = None
        self.session = session = Session.__new__(Session)
        session.timeline, session._masker = Timeline(directory), Masker()
        host = SimpleNamespace(play=None, clear=lambda: None, scenarios=())
        session._bench = SimpleNamespace(host=host, troubles=lambda since, until: self.troubles)  # type: ignore[assignment]
        session._proceedings = SimpleNamespace(  # type: ignore[assignment]
            run=self._run, branches=(), counts=Counts(), gallery=[], standing=Conditions, broken_off=False
        )
        self.attempt = session._attempt = Attempt(
            "suites/sale/test_one.py::test", run_dir=directory, timeline=session.timeline, masker=Masker(), rig="r",
            profile="p",
        )  # fmt: skip

    def _run(self, session: Session, action: object, changes: object) -> Outcome:
        if self.error is not None:
            raise self.error
        return Outcome(
            branch="approved", findings=self.findings, observations=(), seconds=1.0, terminal_seconds=1.0,
            troubles=self.troubles,
        )  # fmt: skip

    def verdict(self) -> tuple[Verdict, Any]:
        error: Exception | None = None
        try:
            self.session.act(SALE, judged=True)
        except Exception as raised:  # noqa: BLE001 - the attempt makes a verdict of it
            error = raised
        record = self.attempt.close(error)
        return record.verdict, record


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.session.timeline.close()


def test_a_sound_action_passes(stage: Stage) -> None:
    verdict, record = stage.verdict()
    assert (verdict, record.reason) == (Verdict.PASS, "")


def test_what_passed_before_a_covered_camera_is_no_pass(stage: Stage) -> None:
    """The reason names the condition and what to do, and the picture is in the attempt."""
    stage.troubles = (COVERED,)
    verdict, record = stage.verdict()
    assert verdict is Verdict.RIG_ERROR
    assert "screen camera: covered; look at what is before the lens" in record.reason
    assert (PICTURE, "screen camera: covered") in record.gallery
    assert record.findings == (SOUND,)


def test_doubt_while_a_camera_was_moved_is_the_rigs(stage: Stage) -> None:
    """What could not be decided then is not the terminal's doubt; a sound camera leaves it as it was."""
    stage.troubles, stage.error = (SLIP_MOVED,), InconclusiveError("the branches disagree")
    verdict, record = stage.verdict()
    assert verdict is Verdict.RIG_ERROR
    assert "slip camera: moved (by 5.0 camera pixels)" in record.reason
    assert "the branches disagree" in record.reason


@pytest.mark.parametrize(
    ("error", "verdict"),
    [(InconclusiveError("dim"), Verdict.INCONCLUSIVE), (CameraError("dead"), Verdict.RIG_ERROR)],
)
def test_other_ends_stay_what_they_are(stage: Stage, error: TillrigError, verdict: Verdict) -> None:
    stage.error = error
    assert stage.verdict()[0] is verdict


def test_a_mistake_of_the_suite_stays_one(stage: Stage) -> None:
    """A camera cannot excuse a wrong call."""
    stage.troubles, stage.error = (COVERED,), SuiteError("no such card")
    assert stage.verdict()[0] is Verdict.TEST_ERROR


@pytest.mark.parametrize(
    ("trouble", "point", "verdict"),
    [
        (COVERED, "screen.result.amount", Verdict.RIG_ERROR),
        (COVERED, "slip.merchant.amount", Verdict.RIG_ERROR),
        (COVERED, "host.sale.F4", Verdict.RIG_ERROR),
        (COVERED, "money.booked", Verdict.RIG_ERROR),
        (SLIP_MOVED, "slip.merchant.amount", Verdict.RIG_ERROR),
        (SLIP_MOVED, "screen.result.amount", Verdict.FAIL),
        (SLIP_MOVED, "host.sale.F4", Verdict.FAIL),
    ],
)
def test_a_fail_is_void_where_the_camera_stood_behind_it(trouble: Episode, point: str, verdict: Verdict) -> None:
    """Keys are pressed by what the screen shows, so all points hang on its camera; on the slip's only the slip."""
    proceedings = Proceedings.__new__(Proceedings)
    words = {"screen": "clears_rig", "slip": "clears_rig", "host": "clears_rig"}
    proceedings._bench = SimpleNamespace(  # type: ignore[assignment]
        prove=lambda: words, eye=SimpleNamespace(largest_gap=lambda since: 0.0)
    )
    proceedings._troubles = (trouble,)
    proof = proceedings._proof(SimpleNamespace(started=0.0))  # type: ignore[arg-type]
    accused = failed("SALE-AMOUNT", point, "12.34", "12.35", "differs")
    assert judged_again(accused, proof).verdict is verdict
