"""The report on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.reading.faults import CLASSES
from benchmarks.reading.judging import Record
from benchmarks.reading.settings import SETTINGS
from benchmarks.reading.tally import Row, Share, Speed, by, is_number, row, speeds
from benchmarks.reading.words import TYPES


def percent(value: float) -> str:
    """A share in percent, as many places as it needs."""
    text = f"{100 * value:.1f}" if 0.001 <= value <= 0.999 or value in (0, 1) else f"{100 * value:.2f}"
    return text.removesuffix(".0") + " %"


class Cell(msgspec.Struct, frozen=True):
    """`bad` where something was read wrong."""

    text: str
    bad: bool = False


def much(one: Share) -> Cell:
    """A share of which much is good: "98.1 % (≥ 96 %)"."""
    return Cell(f"{percent(one.share)} (≥ {percent(one.lower)}{'ᵖ' if one.exact else ''})" if one.of else "–")


def rest(one: Share) -> Cell:
    return Cell(percent(one.share) if one.of else "–")


def none(one: Share) -> Cell:
    """A count of which none is good: "0 of 120 (≤ 4.1 %ᵖ)"."""
    if not one.of:
        return Cell("–")
    return Cell(f"{one.count} of {one.of} (≤ {percent(one.upper)}{'ᵖ' if one.exact else ''})", one.count > 0)


_BLIND = (
    ("right", lambda row: much(row.right)),
    ("refused", lambda row: rest(row.refused)),
    ("wrong", lambda row: none(row.wrong)),
)
_SOUND = (
    ("sound: MATCH", lambda row: much(row.match)),
    ("UNREADABLE", lambda row: rest(row.unreadable)),
    ("false MISMATCH", lambda row: none(row.false_alarm)),
)
_FAULT = (
    ("fault: caught", lambda row: much(row.caught)),
    ("UNREADABLE", lambda row: rest(row.fault_refused)),
    ("called MATCH", lambda row: none(row.fault_match)),
)


class Section(msgspec.Struct, frozen=True):
    """One table: `names` say what a row's name consists of, `figures` (head, of a row)."""

    title: str
    names: tuple[str, ...]
    figures: tuple[tuple[str, Callable[[Row], Cell]], ...]
    rows: list[Row]

    @property
    def heads(self) -> list[str]:
        return [head for head, _ in self.figures]

    def cells(self, one: Row) -> list[Cell]:
        """A row's figures in the order of heads."""
        return [figure(one) for _, figure in self.figures]


def sections(records: Sequence[Record]) -> list[Section]:
    """Every table of the report."""
    order = list(SETTINGS)
    groups = by(records, "surface", "knows", "optics")
    keys = sorted(groups, key=lambda key: (key[0], key[1], order.index(key[2]) if key[2] in order else 99))
    optics, bands = ("surface", "font", "optics"), sorted(_by_band(records).items(), key=_band_order)
    numbers = [row(key, groups[key], is_number) for key in keys]
    texts = [row(key, groups[key], lambda line: not is_number(line)) for key in keys]
    types = [
        row((*band, kind), group, lambda line, kind=kind: line.type == kind) for band, group in bands for kind in TYPES
    ]
    classes = [row((*band, fault), group, fault=fault) for band, group in bands for fault in CLASSES]
    fonts = [row(key, group, is_number) for key, group in sorted(by(records, "surface", "knows", "font").items())]
    all_figures = (*_BLIND, *_SOUND, *_FAULT)
    return [
        Section("Amounts and number fields by optics", optics, all_figures, numbers),
        Section("Free text by optics", optics, all_figures, texts),
        Section("By type of field", (*optics, "type"), (*_BLIND, *_SOUND), [one for one in types if one.match.of]),
        Section("One-character faults by class", (*optics, "class"), _FAULT, [one for one in classes if one.caught.of]),
        Section("Amounts and number fields by font", ("surface", "font", "drawn in"), all_figures, fonts),
    ]


def _band_order(item: tuple[tuple[str, str, str], object]) -> tuple[str, str, int]:
    surface, knows, band = item[0]
    return surface, knows, ("clean", "typical", "bad", "beyond", "lab").index(band)


def _by_band(records: Sequence[Record]) -> dict[tuple[str, str, str], list[Record]]:
    found: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        band = record.optics if record.optics in ("clean", "typical", "bad", "lab") else "beyond"
        found.setdefault((record.surface, record.knows, band), []).append(record)
    return found


def show(records: Sequence[Record], console: Console) -> None:
    """All tables, the times, and every wrong reading with the pose that made it."""
    for section in sections(records):
        table = Table(title=section.title, title_justify="left", box=None, pad_edge=False)
        for name in (*section.names, "poses"):
            table.add_column(name, no_wrap=True)
        for head in section.heads:
            table.add_column(head, justify="right", no_wrap=True)
        for one in section.rows:
            figures = [f"[red]{cell.text}[/]" if cell.bad else cell.text for cell in section.cells(one)]
            table.add_row(*one.name, str(one.poses), *figures)
        console.print(table, "")
    console.print("ᵖ exact binomial bound on the share of poses; others: bootstrap over poses; all one-sided 95 %\n")
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
