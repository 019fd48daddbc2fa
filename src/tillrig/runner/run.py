"""A run: rig, check, pytest, robot, retries, summary, page, exit code."""

from __future__ import annotations

import datetime
import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from tillrig.errors import BlockedError, EvidenceError, RigError, SuiteError, TillrigError, UsageError
from tillrig.evidence.writer import new_run_directory, point_latest
from tillrig.report.publish import publish, requirement_sentences
from tillrig.report.summary import Health, RigRow, Summary, Trouble, final_rows, summarise
from tillrig.rigs import OpenRig, Rig, Simulation, load_rig, open_rig
from tillrig.rigs.reference import carry_calibration
from tillrig.rigs.trial import refused
from tillrig.runner.endings import Told, ending, tail, unrecorded
from tillrig.runner.live import LiveProgress
from tillrig.runner.processes import SilentError, ended_as_by_ctrl_c, run_suite_process
from tillrig.runner.rows import attempt_rows, damaged
from tillrig.runner.selection import Selection, has_robot, pytest_command, pytest_paths, robot_command
from tillrig.runner.table import print_summary
from tillrig.verdicts import EXIT_CODES, Verdict, of_exception

#: The machine is to blame, not the path that was asked for.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
RETRIED = (Verdict.RIG_ERROR, Verdict.INCONCLUSIVE)
#: Longer than any action takes at time scale 1: each one, and each question to a technician, is told as it begins.
SILENCE_S = 1800.0


class RunSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`retries` counts further rounds for RIG_ERROR and INCONCLUSIVE tests; a suite process that tells nothing for
    `silence_s` (at time scale 1) is stopped; the last five are for simulated rigs."""

    selection: Selection
    rig: Path
    retries: int = 1
    run_dir: Path | None = None
    silence_s: float = SILENCE_S
    faults: tuple[str, ...] = ()
    fault_files: tuple[Path, ...] = ()
    grade: str | None = None
    time_scale: float | None = None
    seed: int | None = None


def run_suites(settings: RunSettings, console: Console) -> int:
    """Run, judge, report; the exit code."""
    try:
        rig = configured(settings)
        run_dir = run_directory(settings.run_dir)
    except TillrigError as error:
        console.print(f"{type(error).__name__}: {error}", markup=False, soft_wrap=True)
        return EXIT_CODES[of_exception(error)]
    summary = _Run(settings, rig, run_dir, console).execute()
    if not summary.collected and summary.exit_code == EXIT_CODES[Verdict.BLOCKED]:
        known = requirement_sentences()
        strange = [one for one in settings.selection.requirements if known and one not in known]
        hint = f"; not in requirements.yaml: {', '.join(strange)}" if strange else ""
        console.print(f"no test was found {settings.selection.words}{hint}", markup=False, soft_wrap=True)
    summary, page = publish(summary, run_dir)
    print_summary(console, summary, page)
    return summary.exit_code


def configured(settings: RunSettings) -> Rig:
    """The rig file with what the command line changes. Raises UsageError for what no simulated bench takes."""
    rig = load_rig(settings.rig)
    wanted = {"grade": settings.grade, "time_scale": settings.time_scale, "seed": settings.seed}
    changes = {name: value for name, value in wanted.items() if value is not None}
    if changes or settings.faults or settings.fault_files:
        rig = rig.with_simulation(
            faults=list(settings.faults), fault_files=[file.resolve() for file in settings.fault_files], **changes
        )
        if rig.simulate is not None and (no := refused(rig.simulate, rig.path.parent)) is not None:
            raise UsageError(f"{rig.path}: the bench cannot be started so: {no[1]}")
    return rig


def run_directory(wanted: Path | None) -> Path:
    """A new folder under reports/runs (or `wanted`), and `latest` beside it pointing there.

    Raises EvidenceError; UsageError when `wanted` is no place for a folder.
    """
    path = new_run_directory() if wanted is None else wanted
    try:
        for folder in (path / "allure", path / "junit"):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if wanted is not None and error.errno not in _FULL:
            raise UsageError(f"--run-dir {wanted}: no folder can be made there: {error.strerror or error}") from error
        raise EvidenceError(f"cannot write the run to {path}: {error.strerror or error}") from error
    if wanted is not None:
        point_latest(path)
    return path


class _Run:
    def __init__(self, settings: RunSettings, rig: Rig, run_dir: Path, console: Console) -> None:
        self._settings = settings
        self._rig = rig
        self._dir = run_dir
        self._console = console
        self._live = LiveProgress(console)
        self._health: tuple[Health, ...] = ()
        self._rounds = 0
        self._troubles: list[Trouble] = []

    def execute(self) -> Summary:
        began = time.monotonic()
        started = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
        try:
            with ended_as_by_ctrl_c(), self._live, self._standing_rig() as rig_file:
                self._all_rounds(rig_file)
        except KeyboardInterrupt:
            self._trouble(Trouble(verdict=Verdict.BLOCKED, text="interrupted; what was seen so far is kept"))
        except (RigError, BlockedError, SuiteError, OSError) as error:
            self._trouble(Trouble(verdict=of_exception(error), text=f"{type(error).__name__}: {error}"))
        return summarise(
            version=version("tillrig"),
            rig=RigRow(
                name=self._rig.name, profile=self._rig.profile, simulated=self._rig.simulated, detail=self._detail()
            ),
            started=started,
            seconds=time.monotonic() - began,
            collected=self._collected(),
            attempts=attempt_rows(self._dir),
            health=self._health,
            troubles=(*self._troubles, *damaged(self._dir)),
        )

    def _collected(self) -> tuple[str, ...]:
        """Tests that were to be run: all, or those up to the FAIL that was looked for."""
        if self._found():
            return tuple(dict.fromkeys(row.id for row in attempt_rows(self._dir)))
        return tuple(dict.fromkeys(self._live.collected))

    def _detail(self) -> str:
        settings = self._settings
        parts = [f"grade {settings.grade}" if settings.grade else "", f"time scale {self._rig.time_scale:g}"]
        parts += [f"fault {name}" for name in settings.faults] + [f"faults of {file}" for file in settings.fault_files]
        return ", ".join(part for part in parts if part)

    @contextmanager
    def _standing_rig(self) -> Iterator[Path]:
        """A rig file that describes a bench which stands: a simulated one is started here, once for all processes."""
        if self._rig.simulate is None:
            self._check_rig(self._rig)
            yield self._settings.rig
            return
        self._live.say("starting the simulated rig")
        simulation = Simulation(self._rig)
        try:
            carry_calibration(self._rig, simulation.rig_file)
            self._check_rig(load_rig(simulation.rig_file))
            yield simulation.rig_file
        finally:
            simulation.stop()

    def _check_rig(self, rig: Rig) -> None:
        with open_rig(rig) as opened:
            self._health = _health(opened)
        for item in self._health:
            self._live.say(f"{'ok  ' if item.ok else 'DEAD'} {item.instrument}: {item.text}")
        dead = [item for item in self._health if not item.ok]
        if dead:
            raise RigError("; ".join(f"{item.instrument}: {item.text}" for item in dead))

    def _found(self) -> bool:
        """Whether the FAIL that was looked for is there."""
        return self._settings.selection.stop_at_fail and any(
            row.verdict is Verdict.FAIL for row in attempt_rows(self._dir)
        )

    def _all_rounds(self, rig_file: Path) -> None:
        self._round(self._settings.selection, rig_file)
        for _ in range(self._settings.retries):
            if self._found():
                return
            again = tuple(row.id for row in final_rows(attempt_rows(self._dir)).values() if row.verdict in RETRIED)
            if not again:
                return
            self._live.say(f"rig check, then again: {', '.join(again)}")
            self._check_rig(load_rig(rig_file))
            self._round(msgspec.structs.replace(self._settings.selection, tests=again), rig_file)

    def _round(self, selection: Selection, rig_file: Path) -> None:
        self._rounds += 1
        environment = {"TILLRIG_RIG": str(rig_file), "TILLRIG_RUN_DIR": str(self._dir), "PYTHONUNBUFFERED": "1"}
        if self._settings.seed is not None:
            environment["TILLRIG_SEED"] = str(self._settings.seed)
        commands = []
        if selection.tests and not any(".robot::" not in test for test in selection.tests):
            pass
        elif pytest_paths(selection):
            commands.append(("pytest", pytest_command(selection, self._dir, self._rounds)))
        if has_robot(selection) and (not selection.tests or any(".robot::" in test for test in selection.tests)):
            commands.append(("robot", robot_command(selection, self._dir, self._rounds)))
        for kind, command in commands:
            if self._found():
                return
            self._process(kind, command, environment)

    def _process(self, kind: str, command: list[str], environment: dict[str, str]) -> None:
        """Run one suite process and count what it did not run or record; the rest of the run goes on."""
        log = self._dir / f"{kind}.log"
        told = Told()

        def event(event: dict[str, Any]) -> None:
            told.event(event)
            self._live.event(event)

        try:
            code = run_suite_process(
                command,
                log=log,
                environment=environment,
                on_event=event,
                silence_s=self._settings.silence_s / min(1.0, self._rig.time_scale),
            )
        except SilentError as error:
            text = f"{kind} hung and was stopped: {error}; last was {told.last}"
            broken: Trouble | None = Trouble(verdict=Verdict.TEST_ERROR, text=text)
        else:
            broken = ending(kind, code, found=self._found(), explained=told.explains)
        recorded = {identity: row.verdict for identity, row in final_rows(attempt_rows(self._dir)).items()}
        for trouble in (*told.errors, *unrecorded(told, recorded)):
            self._trouble(trouble)
        if broken is not None:
            self._trouble(msgspec.structs.replace(broken, detail=f"the end of {log}:\n{tail(log)}"))

    def _trouble(self, trouble: Trouble) -> None:
        self._troubles.append(trouble)
        text = f"{trouble.verdict}: {trouble.text}"
        self._console.print(
            f"{text}; {trouble.detail}" if trouble.detail else text, markup=False, highlight=False, soft_wrap=True
        )


def _health(opened: OpenRig) -> tuple[Health, ...]:
    return tuple(Health(instrument=item.instrument, ok=item.ok, text=item.text) for item in opened.check())
