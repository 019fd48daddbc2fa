"""The session: acts, observes, judges, and keeps what is known of the terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import cast

import msgspec

from tillrig import progress
from tillrig.actions import Action
from tillrig.console import ConsoleClient
from tillrig.drivers.technician import Technician
from tillrig.errors import BlockedError, CameraError, EvidenceError, InconclusiveError, TillrigError, UsageError
from tillrig.evidence.records import ActionRecord, HealthRecord, SessionRecord
from tillrig.evidence.writer import session_path, write_json
from tillrig.host import TestHost
from tillrig.host.scenarios import AnyScenario, Scenario
from tillrig.lab import Lab, load_lab
from tillrig.masking import Masker
from tillrig.observers.lookout import Episode
from tillrig.profiles import Profile
from tillrig.reference import CardFacts, Conditions, Engine, Ledger, Parameters
from tillrig.rigs import OpenRig, Rig
from tillrig.session.attempt import Attempt
from tillrig.session.bench import Bench
from tillrig.session.echo import echo_rate
from tillrig.session.interferences import Interferer, When
from tillrig.session.outcome import Outcome, proven_by_sight
from tillrig.session.predicted import conditions_of, refuse_unpredicted
from tillrig.session.proceedings import Proceedings
from tillrig.session.states import Navigator
from tillrig.session.unmet import unmet, void
from tillrig.timeline import Timeline
from tillrig.verdicts import Finding, fold, of_exception

HostPlan = Sequence[tuple[str, Scenario | Sequence[Scenario]]]


class Session:
    """Made by `acquire`. Use it from one thread."""

    def __init__(
        self,
        source: Path | Rig,
        run_dir: Path,
        *,
        technician: Technician | None = None,
        released: Callable[[Session], None] = lambda session: session.close(),
    ) -> None:
        self.run_dir = run_dir.resolve()
        self._released = released
        self._began, self._started = time.monotonic(), datetime.now().astimezone()
        self._attempt: Attempt | None = None
        self._closed = False
        self._orders = 0
        self.lab: Lab = load_lab()
        self._masker = Masker(self.lab.pans)
        self.timeline = Timeline(self.run_dir, self._masker)
        self._path = session_path(self.run_dir)
        self._source = str(source.path if isinstance(source, Rig) else source)
        self._bench: Bench | None = None
        try:
            self._bench = Bench(source, self.lab, self.timeline, self._masker, technician)
            self.engine = Engine(self._parameters(), self._cards())
            self.ledger: Ledger = self.engine.start()
            self.bindings: dict[str, str] = {}
            self._proceedings = Proceedings(self.bench, self.engine)
            self._navigator = Navigator(self)
            self._write_record()
        except BaseException as error:
            self.close("opening failed", error)
            raise

    # -- what it stands on --------------------------------------------------------------------------------------------
    @property
    def bench(self) -> Bench:
        """Everything around the terminal."""
        if self._bench is None:
            raise UsageError("this session is closed")
        return self._bench

    @property
    def rig(self) -> OpenRig:
        return self.bench.rig

    @property
    def profile(self) -> Profile:
        return self.bench.profile

    @property
    def host(self) -> TestHost:
        return self.bench.host

    @property
    def console(self) -> ConsoleClient:
        """The service console. Raises BlockedError on a rig without one."""
        return self._proceedings.lines.console

    @property
    def time_scale(self) -> float:
        return self.bench.scale

    @property
    def seconds(self) -> float:
        """Since the session was opened."""
        return time.monotonic() - self._began

    def _parameters(self) -> Parameters:
        merchant = next(iter(self.lab.merchants.values()))
        profile = self.profile
        given = {name: getattr(profile.parameters, name) for name in profile.parameters.__struct_fields__}
        return Parameters(
            terminal_no=merchant.terminal_no,
            merchant_no=merchant.merchant_no,
            merchant_name=merchant.name,
            model=profile.model,
            version=profile.version,
            password_lengths={number: len(one.password) for number, one in self.lab.operators.items()},
            **given,
        )

    def _cards(self) -> dict[str, CardFacts]:
        return {name: CardFacts.from_lab(name, card.facts) for name, card in self.lab.cards.items()}

    # -- attempts -----------------------------------------------------------------------------------------------------
    def attempt(
        self, test_id: str, *, capability: str | None = None, requirements: Sequence[str] = (), attempt: int = 1
    ) -> Attempt:
        """Begin an attempt. Raises UsageError while another is open, EvidenceError when it cannot be stored."""
        if self._attempt is not None:
            raise UsageError(f"the attempt {self._attempt.id} has not ended")
        self.timeline.forget(self.timeline.last)
        self._attempt = Attempt(
            test_id,
            run_dir=self.run_dir,
            timeline=self.timeline,
            masker=self._masker,
            rig=self.rig.name,
            profile=self.profile.name,
            capability=capability,
            requirements=tuple(requirements),
            attempt=attempt,
            closed=self._attempt_closed,
        )
        return self._attempt

    def _attempt_closed(self, attempt: Attempt) -> None:
        if self._attempt is attempt:
            self._attempt = None

    # -- actions ------------------------------------------------------------------------------------------------------
    def do(self, action: Action, *, host: HostPlan = (), interferences: Sequence[When] = ()) -> Outcome:
        """Carry `action` out, judge it, and take over what it leaves behind.

        host   (message, scenario or scenarios) in order, each played once
        Findings never raise. Raises the RigError family, InconclusiveError, BlockedError, SuiteError.
        """
        self._navigator.prepare(action)
        return self.act(action, host=host, interferences=interferences, judged=True)

    def act(self, action: Action, *, host: HostPlan = (), interferences: Sequence[When] = (), judged: bool) -> Outcome:
        """`do` from the state in which the terminal is. `judged` False: on the way to a state, where only a proven FAIL
        counts for the attempt.
        """
        began = time.monotonic()
        progress.emit("action", text=describe(action))
        interferer = Interferer(self, interferences)
        try:
            for message, scenarios in host:
                refuse_unpredicted(orders := _listed(scenarios))
                self.host.play(*orders, message=message)
            conditions = conditions_of(interferences, self._proceedings.standing())
            outcome = self._carry_out(action, conditions, interferer)
            undone = tuple(unmet(self._proceedings.branches, self.host.scenarios, interferer.missed))
        except TillrigError as stopped:
            self._blame_camera(began, stopped)
            raise
        finally:
            self.host.clear()
        found = outcome.findings
        if interferer.unpredicted:
            found = tuple(map(void, found))
            self.ledger = msgspec.structs.replace(self.ledger, uncertain=True)
        outcome = msgspec.structs.replace(outcome, findings=(*found, *undone))
        self._keep(action, outcome, judged=judged)
        if outcome.troubles:
            raise CameraError(self._shown(outcome.troubles))
        for failure in interferer.errors:
            raise failure
        return outcome

    def _carry_out(self, action: Action, conditions: Conditions, interferer: Interferer) -> Outcome:
        """The action, on record before it begins and however it ends."""
        if self._attempt is not None:
            self._attempt.begins(msgspec.json.encode(action))
        began = time.monotonic()
        try:
            with interferer:
                return self._proceedings.run(self, action, conditions)
        except BaseException as error:
            self._keep_broken_off(action, error, interferer, time.monotonic() - began)
            raise

    def _keep_broken_off(self, action: Action, error: BaseException, interferer: Interferer, seconds: float) -> None:
        """What an action had proven when `error` broke it off; nothing when an act that it counted on was missed."""
        attempt = self._attempt
        if attempt is None:
            return
        proceedings = self._proceedings
        found: tuple[Finding, ...] = ()
        if isinstance(error, Exception) and proceedings.broken_off and not interferer.unpredicted:
            found = proceedings.proven_before(error)
        attempt.add(*found)
        verdict = fold([of_exception(error), *(one.verdict for one in found)])
        text = f"{describe(action)} (broken off)"
        record = ActionRecord(type=type(action).__name__, text=text, verdict=verdict, seconds=round(seconds, 3))
        attempt.did(record, proceedings.gallery if found else [])

    def _blame_camera(self, began: float, error: TillrigError) -> None:
        """What stopped an action while a camera was no witness is the camera's doing. Keeps its picture; raises
        CameraError in place of what is not certain."""
        troubles = self.bench.troubles(began, time.monotonic())
        if troubles:
            text = self._shown(troubles)
            unnamed = isinstance(error, CameraError) and text not in str(error)
            if isinstance(error, InconclusiveError | BlockedError) or unnamed:
                raise CameraError(f"{text} (meanwhile: {error})") from error

    def _shown(self, troubles: Sequence[Episode]) -> str:
        """Their pictures into the attempt's gallery; what they were, in words."""
        for one in troubles:
            if self._attempt is not None and one.picture:
                self._attempt.show(one.picture, f"{one.camera} camera: {one.condition}")
        return "; ".join(dict.fromkeys(one.text for one in troubles))

    def report(self, finding: Finding) -> None:
        """Add a finding that no action made to the attempt that is open."""
        if self._attempt is not None:
            self._attempt.add(finding)

    def remark(self, text: str) -> None:
        """Add what its reader should know to the attempt that is open."""
        if self._attempt is not None:
            self._attempt.note(text)

    def _keep(self, action: Action, outcome: Outcome, *, judged: bool) -> None:
        attempt = self._attempt
        if attempt is None:
            return
        attempt.add(*(outcome.findings if judged else filter(proven_by_sight, outcome.findings)))
        if not judged:
            attempt.met_on_the_way(outcome.findings)
            for one in outcome.failures:
                text = f"{one.verdict} {one.point}: {one.expected} / {one.seen} {one.reason}"
                attempt.note(f"on the way, {describe(action)}: {text}")
        counts = self._proceedings.counts
        if judged:
            attempt.frames_read += counts.frames
            attempt.slip_lines += counts.slip_lines
            attempt.host_messages += counts.host_messages
        record = ActionRecord(
            type=type(action).__name__,
            text=describe(action) + ("" if judged else " (to get ready)"),
            branch=outcome.branch,
            verdict=outcome.verdict,
            seconds=round(outcome.seconds, 3),
            terminal_seconds=round(outcome.terminal_seconds, 3),
        )
        attempt.did(record, self._proceedings.gallery if judged else [])

    def ready(self, records: int | None = None) -> None:
        """Signed in, menu shown. `records` 0: an empty batch; n: at least n records in it. Raises BlockedError."""
        began = time.monotonic()
        try:
            self._navigator.ready(records)
        except (BlockedError, CameraError) as error:
            self._blame_camera(began, error)
            raise

    def ensure(self, state: str) -> None:
        """dark, operator_prompt, menu or empty_batch. Raises BlockedError when it cannot be had."""
        self._navigator.ensure(state)

    def recover(self) -> str:
        """Bring the terminal to menu or ask_operator through ports only; the kind of screen reached."""
        return self._navigator.recover()

    def new_order(self) -> str:
        """An order number for the cash-register line that was never used before."""
        self._orders += 1
        return f"{self._started:%y%m%d%H%M%S}{self._orders:04d}"

    def echo_rate(self, presses: int = 40) -> float:
        """Keys a second at the amount prompt, each seen on the screen before the next is pressed."""
        return echo_rate(self, presses)

    # -- end ----------------------------------------------------------------------------------------------------------
    def check(self) -> tuple[HealthRecord, ...]:
        """Every instrument asked whether it works."""
        found = [HealthRecord(instrument=one.instrument, ok=one.ok, text=one.text) for one in self.rig.check()]
        asked = [("screen seen", self.bench.eye.check), ("test host", self.host.check)]
        asked += [(f"{one.name} seen", one.check) for one in self.bench.lookouts if one.name != "screen"]
        for name, check in asked:
            try:
                check()
                found.append(HealthRecord(instrument=name, ok=True, text="ok"))
            except TillrigError as error:
                found.append(HealthRecord(instrument=name, ok=False, text=str(error)))
        return tuple(found)

    def safe(self) -> tuple[str, ...]:
        """All contacts open now; what failed."""
        return () if self._bench is None else self._bench.rig.safe()

    def release(self) -> None:
        """Give one reference back."""
        self._released(self)

    def close(self, reason: str = "released", error: BaseException | None = None) -> None:
        """Contacts open, everything closed, records written. Idempotent."""
        if self._closed:
            return
        self._closed = True
        bench = self._bench
        if self._attempt is not None:
            self._attempt.close(error or BlockedError(f"the attempt was interrupted: {reason}"))
        health: tuple[HealthRecord, ...] = ()
        if bench is not None:
            bench.rig.safe()
            try:
                health = () if error is not None else self.check()
            finally:
                bench.close()
        self._write_record(reason, error, health)
        self.timeline.close()
        self._bench = None

    def _write_record(
        self, ended: str = "", error: BaseException | None = None, health: tuple[HealthRecord, ...] = ()
    ) -> None:
        from tillrig import __version__

        bench = self._bench
        record = SessionRecord(
            tillrig=__version__,
            rig=bench.rig.name if bench else self._source,
            profile=bench.profile.name if bench else "",
            simulated=bench.rig.simulated if bench else False,
            time_scale=bench.scale if bench else 1.0,
            started=self._started.isoformat(timespec="milliseconds"),
            seconds=round(self.seconds, 3),
            ended=ended,
            error=self._masker.text(f"{type(error).__name__}: {error}") if error else self.timeline.failure,
            verdict=of_exception(error) if error else None,
            health=health,
        )
        if self.timeline.failure:
            self.timeline.release_ballast()
        try:
            write_json(self._path, record)
        except EvidenceError:
            if not ended:
                raise

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


def describe(action: Action) -> str:
    """The action in a few words, without secrets."""
    default = type(action)
    parts = []
    for name in action.__struct_fields__:
        value = getattr(action, name)
        if value in (None, (), "") or value == _default(default, name):
            continue
        parts.append(f"{value // 100}.{value % 100:02d}" if name == "amount" else f"{name} {value}")
    return f"{default.__name__} {', '.join(map(str, parts))}".strip()


def _default(kind: type[Action], name: str) -> object:
    return next((field.default for field in msgspec.structs.fields(kind) if field.name == name), None)


def _listed(scenarios: Scenario | Sequence[Scenario]) -> tuple[AnyScenario, ...]:
    given = (scenarios,) if isinstance(scenarios, Scenario) else tuple(scenarios)
    return cast("tuple[AnyScenario, ...]", given)
