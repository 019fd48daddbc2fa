"""One action from prediction to judgement: predict, perform, read, judge, let the instruments prove themselves."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from tillrig.actions import Action, Console, EcrHeartbeat, EcrSale, EcrSignIn, PowerOn
from tillrig.errors import InconclusiveError, RigError
from tillrig.judge import Judgement, Witnesses, bind, judge
from tillrig.judge.findings import PASSING_BY
from tillrig.judge.judgement import choose_branch
from tillrig.judge.screens import is_passing, pair
from tillrig.judge.slips import align_lines
from tillrig.observations import Abandoned, HostSeen, Observation, PaperSeen
from tillrig.observers.attention import BLINK_S
from tillrig.observers.lookout import Episode
from tillrig.observers.screen import DARK, Sighting
from tillrig.observers.slip import Capture
from tillrig.operator import Performance, Track
from tillrig.profiles.screens import render_screen
from tillrig.profiles.slips import copy_of, slip_lines
from tillrig.reference import Conditions, Engine
from tillrig.session.bench import Bench
from tillrig.session.lines import Lines
from tillrig.session.money import money_findings
from tillrig.session.outcome import Outcome, proven_by_sight
from tillrig.session.seen import Counts, counted, gallery
from tillrig.steps import Branch, Screen, Slip
from tillrig.verdicts import Finding, Verdict

if TYPE_CHECKING:
    from tillrig.session.session import Session

#: A request that came is answered, or known not to be, within so many seconds after the action.
HOST_S = 15.0
#: Reading ahead must have come to an end so long after it is needed.
READ_S = 120.0
#: A terminal without supply is dark so soon; what it showed until then belongs to the time before.
DARK_S = 2.0


class Proceedings:
    """Holds what belongs to one action at a time."""

    def __init__(self, bench: Bench, engine: Engine) -> None:
        self._bench, self._engine = bench, engine
        self.lines = Lines(bench)
        self._jobs: list[Future[None]] = []
        self._bindings: dict[str, str] = {}
        self._branches: tuple[Branch, ...] = ()
        self._began, self._first_exchange = 0.0, 0
        self._first, self._broken_off_at = 0, 0.0
        self._captures: list[Capture] = []
        self._looked = 0.0
        self._troubles: tuple[Episode, ...] = ()
        self.counts = Counts()
        self.gallery: list[tuple[str, str]] = []
        bench.operator.on_sighting = self._prefetch_screen
        bench.operator.on_capture = self._prefetch_slip

    def run(self, session: Session, action: Action, conditions: Conditions) -> Outcome:
        """Carry out and judge `action`; the session's ledger and bindings go on from what was judged. When anything
        breaks it off, what the terminal holds is uncertain.

        `conditions`: those under which it runs, interferences included.
        """
        began = time.monotonic()
        bench = self._bench
        self._begin(session, action, conditions)
        try:
            performance = bench.operator.perform(
                action,
                self._branches,
                self._starter(action),
                lambda: self.lines.answered(action),
                self.lines.point(action),
            )
            self._drain()
            operated = time.monotonic() - began
            if not bench.host_quiet(time.monotonic() + HOST_S):
                raise InconclusiveError(
                    f"the host was still busy with a request {HOST_S:g} s after the terminal had gone on; "
                    "what became of it is not known"
                )
            sightings = bench.eye.since(performance.first)
            judgement, observations = self._judge(performance, sightings)
        except BaseException:
            self._broken_off_at = time.monotonic()
            with contextlib.suppress(Exception):  # what stopped the action is told, not what reading ahead met with
                self._drain()
            session.ledger = msgspec.structs.replace(session.ledger, uncertain=True)
            raise
        self._settle(session, judgement)
        money = (
            money_findings(session.ledger, bench.host, self._engine.parameters.terminal_no, observations)
            if judgement.certain and not self._troubles
            else ()
        )
        self.counts = counted(observations, len(bench.screens.frames_read))
        self.gallery = gallery(observations)
        self._take_paper(performance)
        bench.eye.forget(bench.eye.count - 1)
        bench.screens.forget()
        return Outcome(
            branch=judgement.branch.name,
            findings=(*judgement.findings, *money),
            observations=tuple(observations),
            seconds=time.monotonic() - began,
            terminal_seconds=performance.terminal_seconds(sightings),
            operating_seconds=operated,
            spent=bench.hand.watch.take(),
            troubles=self._troubles,
        )

    @property
    def branches(self) -> tuple[Branch, ...]:
        """All that were predicted for the action."""
        return self._branches

    # -- before and while ---------------------------------------------------------------------------------------------
    def _begin(self, session: Session, action: Action, conditions: Conditions) -> None:
        bench = self._bench
        self._broken_off_at = 0.0
        self._began, self._first_exchange = time.monotonic(), len(bench.exchanges)
        self._troubles = ()
        self._bindings = {**session.bindings, "year": f"{datetime.now():%Y}"}
        bench.hand.watch.take()
        with bench.hand.watch("engine"):
            self._branches = self._engine.predict(session.ledger, action, conditions)  # type: ignore[arg-type]
        self._first = bench.eye.count
        current = bench.eye.current
        if current is not None and current.kind in Track(self._branches).first and not isinstance(action, PowerOn):
            self._first = current.seq - 1
        self._captures.clear()
        self.counts, self.gallery = Counts(), []
        bench.timeline.append(
            "action", action=msgspec.to_builtins(action), branches=[one.name for one in self._branches]
        )

    def standing(self) -> Conditions:
        """Under what conditions an action runs that nothing interferes with, as the instruments stand now."""
        from tillrig.host.scenarios import RefuseConnection

        bench = self._bench
        refusing = any(isinstance(one, RefuseConnection) for order in bench.host.scenarios for one in order.scenarios)
        paper = bench.rig.paper
        return Conditions(
            link_up=bench.link_up, host_listening=not refusing, paper_in=paper is None or paper.state == "in"
        )

    def _starter(self, action: Action) -> Callable[[], None] | None:
        bench = self._bench
        if isinstance(action, PowerOn):

            def power() -> None:
                bench.rig.need("power").off()
                bench.timeline.wait_for(
                    lambda: True if bench.eye.current is not None and bench.eye.current.kind == DARK else None,
                    time.monotonic() + DARK_S,
                )
                bench.hand.power_on()

            return power
        if isinstance(action, Console | EcrHeartbeat | EcrSale | EcrSignIn):
            return lambda: self.lines.start(action)
        return None

    def _submit(self, job: Callable[[], None]) -> None:
        self._jobs.append(self._bench.worker.submit(job))

    def _drain(self) -> None:
        """Wait for what reads ahead: the readers are one thread's at a time."""
        wait(self._jobs, READ_S)
        jobs, self._jobs = self._jobs, [job for job in self._jobs if not job.done()]
        for job in jobs:
            job.result(timeout=0)

    def _prefetch_screen(self, sighting: Sighting, steps: tuple[Screen, ...]) -> None:
        """Read a screen that is over while the terminal is busy with the next."""

        bindings = self._bindings

        def read() -> None:
            wanted = [row for step in steps for row in render_screen(self._bench.profile, step, bindings)]
            self._bench.screens.ask(sighting, dict.fromkeys(wanted))

        self._submit(read)

    def _prefetch_slip(self, capture: Capture, track: Track) -> None:
        """Read the first slip while the second prints."""
        branches, number, bindings = track.branches, len(self._captures), self._bindings
        self._captures.append(capture)

        def read() -> None:
            heard = self._heard()
            branch, _ = choose_branch(branches, heard)
            self._ask_slip(capture, branch, bind(branch, heard, bindings), number)

        self._submit(read)

    def _ask_slip(self, capture: Capture, branch: Branch, bindings: dict[str, str], number: int) -> None:
        """Read the action's slip of that `number`, with what the branch expects of it in mind; ask about each line."""
        interrogator, profile = self._bench.slip_interrogator, self._bench.profile
        if interrogator is None:
            return
        slips = [step for step in branch.steps if isinstance(step, Slip)]
        hints = slip_lines(profile, slips[number], bindings) if number < len(slips) else ()
        interrogator.read(capture, [line.text for line in hints if not line.unbound])
        texts = [line.text for line in capture.lines or ()]
        copy = copy_of(profile, texts)
        for step in slips:
            if step.copy == copy or not copy:
                expected = slip_lines(profile, step, bindings)
                interrogator.ask(capture, expected, align_lines(expected, texts))

    @property
    def broken_off(self) -> bool:
        """Whether the action was begun and not judged to its end."""
        return self._broken_off_at > 0.0

    # -- when it is broken off ----------------------------------------------------------------------------------------
    def proven_before(self, error: Exception) -> tuple[Finding, ...]:
        """What an action had proven when `error` broke it off: FAILs by sight, whichever way it would have gone on."""
        if self._jobs:
            return ()  # the readers are still at work
        try:
            return self._proven(error)
        except Exception as more:  # noqa: BLE001 - what broke the action off is told, not what judging it met with
            self._bench.timeline.append("not_judged", why=str(more))
            return ()

    def _proven(self, error: Exception) -> tuple[Finding, ...]:
        bench = self._bench
        keys = bench.hand.key_witness() if bench.hand.presses else "clears_rig"
        if keys == "blames_rig":
            return ()
        performance = Performance(self._first)
        performance.started = self._began
        performance.captures = list(self._captures)
        at = time.monotonic() if keys == "clears_rig" else self._began
        performance.abandoned = Abandoned(seq=bench.eye.count, at=at, point="screen", why=str(error), witness=keys)
        # The screen at which it was broken off may show half of what was to be typed.
        over = self._broken_off_at
        sightings = [one for one in bench.eye.since(self._first) if one.ended_at is not None and one.ended_at <= over]
        heard = self._heard()
        branch, exact = choose_branch(self._branches, heard)
        self._interrogate(branch, bind(branch, heard, self._bindings), performance, sightings)
        observations = self._observations(performance, sightings, heard)
        self.gallery = gallery(observations)
        possible = (branch,) if exact else self._branches
        if not _in_all(self._failures(one, observations) for one in possible):
            return ()
        proof = self._proof(performance)
        return _in_all(self._failures(one, observations, proof) for one in possible)

    def _failures(
        self, branch: Branch, observations: Sequence[Observation], proof: Witnesses | None = None
    ) -> tuple[Finding, ...]:
        judgement = judge((branch,), observations, self._bindings, self._bench.profile, proof)
        return tuple(filter(proven_by_sight, judgement.findings))

    # -- after --------------------------------------------------------------------------------------------------------
    def _heard(self) -> list[HostSeen]:
        observer = self._bench.host_observer
        mine = [one for one in self._bench.exchanges[self._first_exchange :] if one.at_request >= self._began]
        return [observer.observe(exchange) for exchange in mine]

    def _judge(self, performance: Performance, sightings: Sequence[Sighting]) -> tuple[Judgement, list[Observation]]:
        heard = self._heard()
        branch, _ = choose_branch(self._branches, heard)
        watch = self._bench.hand.watch
        with watch("read"):
            self._interrogate(branch, bind(branch, heard, self._bindings), performance, sightings)
            observations = self._observations(performance, sightings, heard)
        with watch("engine"):
            judgement = judge(self._branches, observations, self._bindings, self._bench.profile)
        self._troubles = self._bench.troubles(self._began, self._looked)
        if self._troubles or any(one.verdict is not Verdict.PASS for one in judgement.findings):
            witnesses: Witnesses = self._proof(performance)
            judgement = judge(self._branches, observations, self._bindings, self._bench.profile, witnesses)
        return judgement, observations

    def _proof(self, performance: Performance) -> Witnesses:
        """The instruments' word, and whether the eye looked often enough to have seen screens that only passed by."""
        words = dict(self._bench.prove())
        if self._bench.eye.largest_gap(performance.started) > BLINK_S:
            words[PASSING_BY] = "none"
        for trouble in self._troubles:
            # Whoever operates by a screen that is not to be trusted proves nothing at the other points either.
            blamed = ("slip",) if trouble.camera == "slip" else ("screen", "slip", "host", "ecr", "console")
            words |= dict.fromkeys(blamed, "blames_rig")
        return words  # type: ignore[return-value]

    def _interrogate(
        self, branch: Branch, bindings: dict[str, str], performance: Performance, sightings: Sequence[Sighting]
    ) -> None:
        bench = self._bench
        self._last_settles(sightings)
        seen = [bench.screens.observe(one, one.seq) for one in sightings]
        steps = [step for step in branch.steps if isinstance(step, Screen)]
        for i, j in pair(steps, seen):
            if i is not None and j is not None:
                bench.screens.ask(sightings[j], render_screen(bench.profile, steps[i], bindings))
            elif j is not None and not seen[j].kind and seen[j].settled:
                bench.screens.ask_as_read(sightings[j])
        self._looked = time.monotonic()
        for number, capture in enumerate(performance.captures):
            self._ask_slip(capture, branch, bindings, number)
            if bench.slip_interrogator is not None:
                bench.slip_interrogator.ask_as_read(capture)
        if performance.unannounced and not performance.captures[-1].lines:
            performance.captures.pop()  # the slip before was taken away meanwhile

    def _last_settles(self, sightings: Sequence[Sighting]) -> None:
        """The screen at which the action ended goes on standing there: it is read once it is at rest."""
        if sightings:
            last = sightings[-1]

            def at_rest() -> bool | None:
                return True if last.ended_at is not None or last.last.settled_at is not None else None

            self._bench.timeline.wait_for(at_rest, time.monotonic() + 1.0)

    def _observations(
        self, performance: Performance, sightings: Sequence[Sighting], heard: Sequence[HostSeen]
    ) -> list[Observation]:
        bench = self._bench
        found: list[Observation] = []
        for sighting in sightings:
            found.append(bench.screens.observe(sighting, sighting.seq, self._picture(sighting), bench.timeline.blob))
        for capture in performance.captures:
            if bench.slip_interrogator is not None:
                picture = bench.timeline.blob(bench.slip_interrogator.picture(capture))
                store = bench.timeline.blob
                found.append(bench.slip_interrogator.observe(capture, capture.number, picture, store))
        if performance.paper_at is not None:
            found.append(PaperSeen(seq=bench.eye.count, at=performance.paper_at))
        found.extend(heard)
        found.extend(self.lines.observations())
        found.extend(performance.absent)
        if performance.abandoned is not None:
            found.append(performance.abandoned)
        return found

    def _picture(self, sighting: Sighting) -> str:
        frames = self._bench.screens.frames(sighting)
        if not frames or (is_passing(sighting.kind) and len(frames) < 2):
            return ""
        shown = self._bench.screens.picture(sighting)
        return self._bench.timeline.blob(shown) if shown else ""

    def _settle(self, session: Session, judgement: Judgement) -> None:
        """The branch that fits becomes the ledger, as far as it is certain."""
        session.bindings = {**session.bindings, **judgement.bindings}
        ledger = self._engine.resolve(judgement.ledger, judgement.bindings)  # type: ignore[arg-type]
        if not judgement.certain or self._troubles:
            ledger = msgspec.structs.replace(ledger, uncertain=True)
        session.ledger = ledger

    def _take_paper(self, performance: Performance) -> None:
        """Off with the slips, so that the next ones stand alone before the camera."""
        paper = self._bench.rig.paper
        if performance.captures and paper is not None and paper.can_take:
            try:
                paper.take()
            except RigError as error:
                self._bench.timeline.append("paper_stuck", why=str(error))


def _in_all(judged: Iterable[tuple[Finding, ...]]) -> tuple[Finding, ...]:
    """Findings that are the same whichever branch was judged."""
    first, *others = judged
    return tuple(one for one in first if all(any(_same(one, two) for two in found) for found in others))


def _same(one: Finding, two: Finding) -> bool:
    return (one.point, one.expected, one.seen, one.at) == (two.point, two.expected, two.seen, two.at)
