"""The report as one HTML file with its pictures inside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from benchmarks.reading.judging import Case, Record
from benchmarks.reading.settings import SETTINGS
from benchmarks.reading.table import sections
from benchmarks.reading.tally import speeds

_MOST_WRONG, _MOST_REFUSED = 120, 40


def write(records: Sequence[Record], path: Path, fingerprint: str) -> None:
    """Tables, times, and the worst cases: wrong readings first, then refusals in good light."""
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    pairs = [(record, case) for record in records for case in record.cases]
    wrong = [pair for pair in pairs if pair[1].what != "blind refused"]
    refused = [pair for pair in pairs if pair[1].what == "blind refused"]
    numbers_first = sorted(refused, key=lambda pair: (pair[1].type == "text", pair[0].number))
    page = environment.get_template("page.html.j2").render(
        poses=len(records),
        lines=sum(len(record.lines) for record in records),
        wrong_count=sum(record.wrong for record in records),
        fingerprint=fingerprint,
        tables=[
            (one.title, one.names, one.heads, [(row.name, row.poses, one.cells(row)) for row in one.rows])
            for one in sections(records)
        ],
        speeds=speeds(records),
        wrong=_worst_first(wrong)[:_MOST_WRONG],
        wrong_left=max(0, len(wrong) - _MOST_WRONG),
        refused=numbers_first[:_MOST_REFUSED],
        refused_left=max(0, len(refused) - _MOST_REFUSED),
        settings=[(setting.name, setting.title) for setting in SETTINGS.values()],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, "utf-8")


def _worst_first(pairs: list[tuple[Record, Case]]) -> list[tuple[Record, Case]]:
    """A fault that passed, then a sound terminal accused, then a wrong blind reading; numbers before free text."""
    order = ("MATCH", "false", "blind")

    def rank(pair: tuple[Record, Case]) -> tuple[int, bool, int]:
        what = pair[1].what
        place = next(number for number, word in enumerate(order) if word in what)
        return place, pair[1].type == "text", pair[0].number

    return sorted(pairs, key=rank)
