"""6-1 and 6-4: the last transaction and the last settlement once more (rules T11)."""

from __future__ import annotations

from tillrig.simulator.firmware.flows.guards import Ended, refuse
from tillrig.simulator.firmware.slips.printing import print_lines, print_record
from tillrig.simulator.firmware.slips.settlement import settlement_lines
from tillrig.simulator.firmware.terminal import Terminal

LAST, SETTLEMENT = "重打最后一笔", "重打结算单"


def last(terminal: Terminal) -> Ended:
    """All copies of the last journal record that prints, marked."""
    records = terminal.journal.records
    if not records:
        return refuse(terminal, LAST, "no_record")
    print_record(terminal, LAST, records[-1], reprint=True)
    return Ended("00", LAST, records[-1])


def settlement(terminal: Terminal) -> Ended:
    """The slip of the last settlement, marked."""
    kept = terminal.store.get("last_settlement")
    if kept is None:
        return refuse(terminal, SETTLEMENT, "no_record")
    print_lines(terminal, SETTLEMENT, settlement_lines(terminal, kept, reprint=True), "settlement")
    return Ended("00", SETTLEMENT)
