"""Copies on paper: the order, the prompt between them, and paper that runs out (rules R6, T6, T11)."""

from __future__ import annotations

from tillrig.simulator import wire
from tillrig.simulator.firmware.slips.layout import FEED, SlipLine, lay_out, rasterise
from tillrig.simulator.firmware.slips.values import sale_values
from tillrig.simulator.firmware.storage.journal import Record
from tillrig.simulator.firmware.terminal import Terminal
from tillrig.simulator.firmware.ui.prompts import ask_key, confirm
from tillrig.simulator.firmware.ui.screens import broken, show


def print_record(terminal: Terminal, title: str, record: Record, *, reprint: bool) -> None:
    """Print every copy of a journal record; the user may end it at the paper prompt."""
    record = terminal.hooks.slip_record(record, reprint)
    slips = terminal.resources.slips
    copies = terminal.hooks.slip_copies(list(slips["copy_order"][str(terminal.param("copies"))]), reprint)
    for number, copy in enumerate(copies):
        if number:
            show(terminal, "continue_print", title, [terminal.text("continue_print")])
            ask_key(terminal, lambda key: True, terminal.seconds("copy"))
        values = terminal.hooks.slip_fields(sale_values(terminal, record, copy, reprint=reprint), copy)
        if not print_lines(terminal, title, lay_out(slips["lines"], values), copy):
            return


def print_lines(terminal: Terminal, title: str, lines: list[SlipLine], copy: str) -> bool:
    """Print one copy and its feed. False when the user gave up for want of paper."""
    lines = terminal.hooks.slip_lines(lines, copy)
    dots = terminal.hooks.slip_dots([*rasterise(lines), *[bytes(wire.DOT_BYTES)] * FEED], copy)
    while True:
        terminal.deaf()
        if terminal.printer.ready:
            show(terminal, "printing", title, [terminal.text("printing")])
            terminal.printer.start(dots)
            terminal.kernel.wait(lambda: True if terminal.printer.idle or not terminal.printer.ready else None)
            if terminal.printer.idle:
                terminal.deaf()
                return True
            terminal.printer.abandon()
        if not _paper_again(terminal, title):
            return False


def _paper_again(terminal: Terminal, title: str) -> bool:
    text = "printer_fault" if terminal.printer.paper == "jam" else "paper_out"
    show(terminal, "paper_out", title, broken(terminal.text(text)))
    return confirm(terminal, "paper")
