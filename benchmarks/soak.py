"""`make soak N=300`: many random sales on one simulated rig, settling whenever the batch is full.

Bar: 0 FAIL, 0 RIG_ERROR, at least 99.5 % PASS at the first attempt. Prints money fields judged and sales per hour.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tillrig import Sale, Settle, acquire
from tillrig.rigs import load_rig
from tillrig.verdicts import Verdict

BATCH_LIMIT = 40
#: card → entry modes in which it is used. Debit cards need a PIN outside the contactless limit.
CARDS = {
    "debit-stripe": ("stripe",),
    "credit-stripe": ("stripe",),
    "debit-chip": ("chip", "contactless"),
    "credit-chip": ("chip", "contactless"),
    "debit-contactless": ("chip", "contactless"),
}
FREE_LIMIT = 1_000_00


def random_sale(generator: random.Random) -> Sale:
    """Card, entry mode, PIN and amount (0.01 to 50,000.00, digits uniform) as a tester might choose them."""
    card = generator.choice(list(CARDS))
    entry = generator.choice(CARDS[card])
    digits = generator.randint(1, 7)
    amount = min(50_000_00, generator.randrange(10 ** (digits - 1), 10**digits))
    free = entry == "contactless" and amount <= FREE_LIMIT
    pin = "none" if free or (card.startswith("credit") and generator.random() < 0.3) else "right"
    return Sale(amount=amount, card=card, entry=entry, pin=pin)


@click.command()
@click.option("--sales", default=300, show_default=True)
@click.option("--grade", default="typical", show_default=True, type=click.Choice(["clean", "typical", "bad"]))
@click.option("--seed", default=1, show_default=True)
@click.option("--time-scale", type=float, help="Speed of the terminal's own waits [rig file].")
@click.option("--rig", "rig_file", default="rigs/virtual.yaml", show_default=True, type=click.Path(path_type=Path))
def main(sales: int, grade: str, seed: int, time_scale: float | None, rig_file: Path) -> None:
    """Soak a simulated rig with random sales."""
    console = Console()
    generator = random.Random(seed)
    rig = load_rig(rig_file)
    changes = {} if time_scale is None else {"time_scale": time_scale}
    if rig.simulate is not None:
        rig = rig.with_simulation(grade=grade, seed=seed, options=["--set", f"batch_limit={BATCH_LIMIT}"], **changes)
    verdicts: Counter[Verdict] = Counter()
    money = settled = 0
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )
    began = time.monotonic()
    with acquire(rig) as session, bar:
        task = bar.add_task("sales", total=sales)
        for number in range(1, sales + 1):
            sale = random_sale(generator)
            attempt = session.attempt(f"soak::{number:04d}", capability="soak")
            error: Exception | None = None
            try:
                session.ready()
                if len(session.ledger.journal) >= BATCH_LIMIT:
                    session.do(Settle())
                    settled += 1
                    session.ready()
                session.do(sale)
            except Exception as raised:  # noqa: BLE001 - its verdict is recorded, and the soak goes on
                error = raised
            record = attempt.close(error)
            verdicts[record.verdict] += 1
            money += record.money_fields
            if record.verdict is not Verdict.PASS:
                bar.console.print(f"{record.verdict} {record.id} {sale}: {record.reason}", markup=False)
            bar.update(task, advance=1, description=" ".join(f"{v.value} {n}" for v, n in verdicts.items()))
        run_dir = session.run_dir
    seconds = time.monotonic() - began
    passed = verdicts[Verdict.PASS] / sales
    met = passed >= 0.995 and not verdicts[Verdict.FAIL] and not verdicts[Verdict.RIG_ERROR]
    console.print(", ".join(f"{verdict.value} {count}" for verdict, count in verdicts.items()), highlight=False)
    console.print(
        f"{sales} sales on grade {grade}, {settled} settlements, {money} money fields judged, "
        f"{sales / seconds * 3600:.0f} sales per hour, PASS at first attempt {passed:.2%} "
        f"({'meets' if met else 'misses'} the bar of 99.5 %, no FAIL, no RIG_ERROR)\nevidence: {run_dir}",
        highlight=False,
    )
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
