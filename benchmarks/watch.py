"""`make bench-watch N=100`: a camera of the simulated rig fails at a random moment of a running sale, N times.

Bar: RIG_ERROR that names the condition, with its picture, in N of N; and in as many sound sales none.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import Counter
from itertools import cycle
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from benchmarks.soak import random_sale
from tillrig import Settle, acquire
from tillrig.errors import CameraError
from tillrig.rigs import load_rig
from tillrig.session.session import Session
from tillrig.simulator.bench.control import ask
from tillrig.verdicts import Verdict

#: What is done to the camera → conditions of which one must be named.
FAULTS: dict[str, tuple[str, ...]] = {
    "covered": ("covered",),
    "defocused": ("defocused",),
    "moved": ("moved",),
    "dark": ("dark",),
    "saturated": ("saturated",),
    "frozen": ("frozen",),
    "torn": ("torn stream",),
    "wrong": ("wrong device",),
    "wrong 640": ("wrong device",),
    "black": ("black",),
    "dead": ("no frames",),
}
#: A bump of so many camera pixels.
BUMP_PX = (3.0, 40.0)
#: Shares of a sale's length between which a fault begins.
FROM, UNTIL = 0.05, 0.75
MEND_S = 20.0


class Trial:
    """One sale, with or without a fault in its midst."""

    def __init__(self, session: Session, directory: Path, number: int, sale_s: float, generator: random.Random) -> None:
        self._session, self._directory, self._number = session, directory, number
        self._sale_s, self._generator = sale_s, generator
        self.began_at: float | None = None
        self.seconds = 0.0
        self.reason = ""
        self.pictures = 0

    def run(self, camera: str, fault: str) -> Verdict:
        """`fault` "" is a control."""
        session = self._session
        attempt = session.attempt(f"watch::{self._number:04d}", capability="watch")
        words = fault.split()
        if fault == "moved":
            words.append(f"{self._generator.uniform(*BUMP_PX):.1f}")
        delay = self._generator.uniform(FROM, UNTIL) * self._sale_s
        timer = threading.Timer(delay, self._break, (["camera", camera, *words],))
        error: Exception | None = None
        began = time.monotonic()
        try:
            if fault:
                timer.start()
            outcome = session.do(random_sale(self._generator))
            self.seconds = outcome.operating_seconds
        except Exception as raised:  # noqa: BLE001 - its verdict is what is counted
            error = raised
        finally:
            timer.cancel()
            if fault:
                timer.join()
        if self.began_at is not None and self.seconds and self.began_at > began + self.seconds:
            self.began_at = None
        record = attempt.close(error)
        self.reason, self.pictures = record.reason or record.error, len(record.gallery)
        return record.verdict

    def _break(self, words: list[str]) -> None:
        ask(self._directory, words)
        self.began_at = time.monotonic()


def mend(session: Session, directory: Path, camera: str) -> None:
    """The camera as it was, and the watch convinced of it; the terminal at its menu."""
    ask(directory, ["camera", camera, "ok"])
    deadline = time.monotonic() + MEND_S
    while True:
        try:
            now = time.monotonic()
            if not session.bench.troubles(now, now):
                session.ready()
                break
        except CameraError:
            if time.monotonic() > deadline:
                raise
    if len(session.ledger.journal) >= 40:
        session.do(Settle())
        session.ready()


@click.command()
@click.option("--faults", default=100, show_default=True, help="Sales in which a camera fails.")
@click.option("--controls", default=None, type=int, help="Sound sales between them [as many].")
@click.option("--grade", default="typical", show_default=True, type=click.Choice(["clean", "typical", "bad"]))
@click.option("--seed", default=1, show_default=True)
@click.option("--rig", "rig_file", default="rigs/virtual.yaml", show_default=True, type=click.Path(path_type=Path))
def main(faults: int, controls: int | None, grade: str, seed: int, rig_file: Path) -> None:
    """Break cameras in mid-sale and count verdicts."""
    console, generator = Console(), random.Random(seed)
    controls = faults if controls is None else controls
    rig = load_rig(rig_file).with_simulation(grade=grade, seed=seed)
    kinds = cycle([(camera, fault) for fault in FAULTS for camera in ("screen", "slip")])
    counted: dict[tuple[str, str], Counter[str]] = {}
    late = wrong = number = 0
    sale_s = 6.0
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with acquire(rig) as session, Progress(*columns, console=console) as progress:
        task = progress.add_task("sales", total=faults + controls + 1)
        assert session.rig.simulation is not None
        directory = session.rig.simulation.directory
        session.ready()
        plan = [True] * faults + [False] * controls
        generator.shuffle(plan)
        plan.insert(0, False)  # how long a sale takes
        while plan:
            broken = plan.pop(0)
            camera, fault = next(kinds) if broken else ("", "")
            while True:
                number += 1
                trial = Trial(session, directory, number, sale_s, generator)
                verdict = trial.run(camera, fault)
                mend(session, directory, camera or "screen")
                if not broken or trial.began_at is not None:
                    break
                late += 1  # the sale was over before the fault came: another one
            if trial.seconds:
                sale_s += 0.3 * (trial.seconds - sale_s)
            told = not broken or any(name in trial.reason for name in FAULTS[fault])
            good = verdict is Verdict.RIG_ERROR and told and trial.pictures > 0 if broken else verdict is Verdict.PASS
            accused = verdict in (Verdict.FAIL, Verdict.RIG_ERROR)
            wrong += int(not good if broken else accused)
            key = (camera, fault) if broken else ("", "control")
            counted.setdefault(key, Counter())[verdict.value if told else f"{verdict.value} unnamed"] += 1
            progress.update(task, advance=1, description=f"sales · {wrong} wrong")
            if not good:
                console.print(f"{number} {camera} {fault or 'control'}: {verdict} {trial.reason}", markup=False)
        run_dir = session.run_dir
    table = Table("camera", "fault", "verdicts")
    for (camera, fault), verdicts in sorted(counted.items()):
        table.add_row(camera, fault, ", ".join(f"{name} {count}" for name, count in verdicts.items()))
    console.print(table)
    console.print(
        f"{faults} faults, {controls + 1} controls on grade {grade}; {late} faults came after the sale and were "
        f"repeated; wrong verdicts: {wrong} ({'meets' if not wrong else 'misses'} the bar of none)\n"
        f"evidence: {run_dir}",
        highlight=False,
    )
    sys.exit(0 if not wrong else 1)


if __name__ == "__main__":
    main()
