"""The settlement slip and the detail list (receipts page, Settlement slip; rules R7)."""

from __future__ import annotations

from typing import Any

from tillrig.simulator.firmware.hardware.fonts import columns
from tillrig.simulator.firmware.slips.layout import SlipLine, lay_out
from tillrig.simulator.firmware.slips.values import header, masked, money, printed_time
from tillrig.simulator.firmware.storage.journal import Record
from tillrig.simulator.firmware.terminal import Terminal

COPY = "settlement"
_NAME, _COUNT, _AMOUNT = 10, 8, 12


def settlement_lines(terminal: Terminal, kept: dict[str, Any], *, reprint: bool) -> list[SlipLine]:
    """Lines of the slip of a settlement state."""
    slips = terminal.resources.slips
    layout = slips["settlement"]
    values = header(terminal, kept["operator"]) | {
        "title": slips["titles"]["settlement"],
        "batch": kept["batch"],
        "datetime": printed_time(kept["datetime"]),
        "reprint_mark": slips["reprint_mark"] if reprint else "",
    }
    for block, digit in (("inside", kept["results"][0]), ("outside", kept["results"][1])):
        values[f"{block}_result"] = f"{layout[block]}:{layout['results'].get(digit, digit)}"
        for kind, name in layout["rows"]:
            count, fen = kept["totals"][block][kind]
            amount = money(fen)
            values[f"{block}_{kind}"] = (
                name + " " * (_NAME - columns(name)) + f"{count:>{_COUNT}d}" + f"{amount:>{_AMOUNT}}"
            )
    values = terminal.hooks.slip_fields(values, COPY)
    lines = lay_out(layout["lines"], values)
    lines.append(SlipLine("columns", layout["columns"]))
    for block in ("inside", "outside"):
        names = [f"{block}_result", *(f"{block}_{kind}" for kind, _ in layout["rows"])]
        lines += [SlipLine(_point(name), str(values[name])) for name in names if values.get(name)]
    lines.append(SlipLine("rule", "-" * 32, "rule"))
    for name in ("not_uploaded", "refused"):
        if kept.get(name):
            lines.append(SlipLine(name, layout[name]))
            lines += [line for record in kept[name] for line in detail(terminal, record)]
    return lines


def _point(name: str) -> str:
    """Names of the points: sale and refund lines are net."""
    block, kind = name.split("_", 1)
    return f"{block}_{kind}_net" if kind in ("sale", "refund", "completion", "notice") else f"{block}_{kind}"


def detail_lines(terminal: Terminal, records: list[Record]) -> list[SlipLine]:
    """The detail list."""
    slips = terminal.resources.slips
    lines = [
        SlipLine("title", slips["titles"]["detail"], align="centre"),
        SlipLine("rule", "-" * 32, "rule"),
        SlipLine("head", slips["settlement"]["detail_head"], "small"),
    ]
    return lines + [line for record in records for line in detail(terminal, record)]


def detail(terminal: Terminal, record: Record) -> list[SlipLine]:
    """Two small lines a record."""
    kind = terminal.resources.slips["short_types"][record["kind"]]
    first = " ".join(part for part in (record["voucher"], kind, record["auth"], money(record["amount"])) if part)
    return [
        SlipLine("detail", first, "small"),
        SlipLine("detail", f"  {masked(terminal, record['pan'], 'detail')} /{record['entry']}", "small"),
    ]
