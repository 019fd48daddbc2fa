"""`make bench`: how fast is the closed loop, at time scale 1, against the terminal's own time?

1. Wall time of a chip sale with PIN ÷ the terminal's own time (when it takes no input, plus keys at 40 + 40 ms).
   Bar: 1.25.
2. Key presses a second, each seen on the screen before the next is pressed. Bar: 8.
3. Pace of a sequence of keys ÷ the 40 + 40 ms of its pulses. Bar: 1.1.
4. Where the rest of the time goes.
5. What the plugin costs an unrelated pytest run. Bar: 50 ms.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from tillrig import Sale, Session, acquire
from tillrig.rigs import load_rig

SALE = Sale(amount=1_234_56, card="debit-chip", entry="chip", pin="right")
HOLD_MS = GAP_MS = 40


@click.command()
@click.option("--sales", default=5, show_default=True)
@click.option("--grade", default="typical", show_default=True)
def main(sales: int, grade: str) -> None:
    """Measure the loop on the simulated rig."""
    console = Console()
    rig = load_rig("rigs/virtual.yaml").with_simulation(time_scale=1, grade=grade)
    table = Table("what", "measured", "bar", "met", box=None, pad_edge=False)
    spent: dict[str, float] = {}
    with acquire(rig) as session:
        console.print("signing in …")
        session.ready()
        ratios = []
        for number in range(1, sales + 1):
            outcome = session.do(SALE)
            ratios.append(outcome.seconds / outcome.terminal_seconds)
            for name, seconds in outcome.spent.items():
                spent[name] = spent.get(name, 0.0) + seconds / sales
            console.print(
                f"sale {number}: {outcome.verdict.value} {outcome.seconds:.2f} s, "
                f"terminal {outcome.terminal_seconds:.2f} s"
            )
            session.ready()
        _row(table, "sale ÷ terminal's own time (median)", statistics.median(ratios), 1.25, low_is_good=True)
        _row(table, "keys a second, each seen", keys_per_second(session), 8.0, low_is_good=False)
        _row(table, "keys in sequence ÷ their pulses", pace(session), 1.1, low_is_good=True)
    _row(table, "plugin in an unrelated pytest run, ms", plugin_cost_ms(), 50.0, low_is_good=True)
    console.print(table)
    console.print("where a sale's time goes: " + ", ".join(f"{name} {value:.2f} s" for name, value in spent.items()))


def _row(table: Table, what: str, value: float, bar: float, *, low_is_good: bool) -> None:
    met = value <= bar if low_is_good else value >= bar
    table.add_row(what, f"{value:.2f}", f"{'≤' if low_is_good else '≥'} {bar:g}", "yes" if met else "NO")


def keys_per_second(session: Session, presses: int = 40) -> float:
    """Digits at the amount prompt, each seen on the screen before the next; the amount is cleared in between."""
    return session.echo_rate(presses)


def pace(session: Session, presses: int = 20) -> float:
    """Time from key to key of a sequence, as a multiple of what its pulses and gaps take. The menu takes no "clear"."""
    keys = session.rig.need("keypad").press_sequence(["clear"] * presses, hold_ms=HOLD_MS, gap_ms=GAP_MS)
    return (keys[-1].at - keys[0].at) / (presses - 1) * 1000 / (HOLD_MS + GAP_MS)


def plugin_cost_ms(runs: int = 7) -> float:
    """Median wall time of a one-test pytest run with the plugin, less the same without it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        base = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder]
        timed: dict[str, list[float]] = {"with": [], "without": []}
        for _ in range(runs):
            for name, extra in (("with", []), ("without", ["-p", "no:tillrig"])):
                began = time.perf_counter()
                subprocess.run([*base, *extra], cwd=folder, capture_output=True, check=True)
                timed[name].append(time.perf_counter() - began)
    return (statistics.median(timed["with"]) - statistics.median(timed["without"])) * 1000


if __name__ == "__main__":
    main()
