"""The report on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.reading.faults import CLASSES
from benchmarks.reading.poses import Record
from benchmarks.reading.settings import SETTINGS
from benchmarks.reading.tally import Row, Share, Speed, by, is_number, row, speeds
from benchmarks.reading.words import TYPES


def percent(value: float) -> str:
    """A share in percent, as many places as it needs."""
    text = f"{100 * value:.1f}" if 0.001 <= value <= 0.999 or value in (0, 1) else f"{100 * value:.2f}"
    return text.removesuffix(".0") + " %"


def told(one: Share, good: bool = True) -> str:
    """ "98.1 % (≥ 96.0 %)" where much is good, "0 of 120 (≤ 4.1 % of poses)" where none is."""
    if not one.of:
        return "–"
    where = " of poses" if one.exact else ""
    if good:
        return f"{percent(one.share)} (≥ {percent(one.lower)}{where})"
    return f"{one.count} of {one.of} (≤ {percent(one.upper)}{where})"


HEADS = (
    "right", "refused", "wrong", "sound: MATCH", "UNREADABLE", "false MISMATCH",
    "fault: caught", "refused", "called MATCH",
)  # fmt: skip


def cells(one: Row) -> list[str]:
    """A row's figures in the order of HEADS."""
    return [
        told(one.right),
        percent(one.refused.share) if one.refused.of else "–",
        told(one.wrong, good=False),
        told(one.match),
        percent(one.unreadable.share) if one.unreadable.of else "–",
        told(one.false_alarm, good=False),
        told(one.caught),
        percent(one.fault_refused.share) if one.fault_refused.of else "–",
        told(one.fault_match, good=False),
    ]


def sections(records: Sequence[Record]) -> list[tuple[str, tuple[str, ...], list[Row]]]:
    """(title, what a row's name consists of, rows) of every table."""
    order = list(SETTINGS)
    groups = by(records, "surface", "knows", "optics")
    keys = sorted(groups, key=lambda key: (key[0], key[1], order.index(key[2]) if key[2] in order else 99))
    numbers = [row(key, groups[key], is_number) for key in keys]
    texts = [row(key, groups[key], lambda line: not is_number(line)) for key in keys]
    kinds = [
        row((surface, knows, kind), group, lambda line, kind=kind: line.type == kind)
        for (surface, knows), group in sorted(by(records, "surface", "knows").items())
        for kind in TYPES
    ]
    classes = [
        row((surface, knows, band, fault), group, fault=fault)
        for (surface, knows, band), group in sorted(_by_band(records).items())
        for fault in CLASSES
    ]
    fonts = [row(key, group, is_number) for key, group in sorted(by(records, "surface", "knows", "font").items())]
    return [
        ("Amounts and number fields by optics", ("surface", "font", "optics"), numbers),
        ("Free text by optics", ("surface", "font", "optics"), texts),
        ("By type of field, all optics", ("surface", "font", "type"), kinds),
        (
            "One-character faults by class",
            ("surface", "font", "optics", "class"),
            [one for one in classes if one.caught.of],
        ),
        ("Amounts and number fields by font, all optics", ("surface", "font", "drawn in"), fonts),
    ]


def _by_band(records: Sequence[Record]) -> dict[tuple[str, str, str], list[Record]]:
    found: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        band = record.optics if record.optics in ("clean", "typical", "bad", "lab") else "beyond"
        found.setdefault((record.surface, record.knows, band), []).append(record)
    return found


def show(records: Sequence[Record], console: Console) -> None:
    """All tables, the times, and every wrong reading with the pose that made it."""
    for title, names, rows in sections(records):
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for name in (*names, "poses"):
            table.add_column(name, no_wrap=True)
        for head in HEADS:
            table.add_column(head, justify="right")
        for one in rows:
            table.add_row(*one.name, str(one.poses), *cells(one))
        console.print(table, "")
    console.print(_times(speeds(records)), "")
    wrong = [(record, case) for record in records for case in record.cases if case.what != "blind refused"]
    for record, case in sorted(wrong, key=lambda pair: pair[0].number):
        asked = f", asked {case.asked!r}" if case.asked else ""
        console.print(
            f"[red]wrong[/] --pose {record.number} ({record.surface}, {record.knows}, {record.optics}, {record.font}): "
            f"{case.what}: shown {case.shown!r}{asked}: {case.said}",
            highlight=False,
        )


def _times(rows: Sequence[Speed]) -> Table:
    table = Table(title="Processor time of a step, one core", title_justify="left", box=None, pad_edge=False)
    for head in ("surface", "font", "step", "count", "median ms", "95 % ms", "× faster than pytesseract"):
        table.add_column(head, justify="left" if head in ("surface", "font", "step") else "right")
    for one in rows:
        ratio = f"{one.ratio:.1f}" if one.ratio else ""
        table.add_row(one.surface, one.knows, one.step, str(one.count), f"{one.median:.1f}", f"{one.p95:.1f}", ratio)
    return table
