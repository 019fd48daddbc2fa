"""Printing the copies of a record, with paper and without (terminal, Flows; rules T6, T11)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tillrig.actions import Prompt
from tillrig.reference import screens
from tillrig.reference.fields import Way
from tillrig.reference.ledger import Record
from tillrig.reference.slips import copies, sale_slip
from tillrig.reference.values import Conditions, Parameters
from tillrig.steps import Give, Slip


def print_copies(
    way: Way,
    parameters: Parameters,
    conditions: Conditions,
    record: Record,
    title: str,
    leaves: Callable[[Prompt], Give | None],
    *,
    reprint: bool = False,
) -> Way:
    """Every copy in order, the prompt to go on between two; without paper, the paper prompt, which ends printing."""
    wanted = copies(parameters)
    if not conditions.paper_in:
        return paper_out(way, title, *wanted)
    for number, copy in enumerate(wanted):
        if number:
            # any key goes on, cancel too; left alone it goes on by itself after 2 s (rules T6)
            give = leaves("continue_print")
            need = "CANCEL" if give == "cancel" else "IDLE-TIMEOUT" if give == "wait" else "SLIP-COPIES"
            way = way.then(screens.prompt("continue_print", title, need, give=give or "enter", optional=True))
        way = way.then(screens.printing(title), sale_slip(parameters, record, copy, reprint=reprint))
    return way


def paper_out(way: Way, title: str, *unprinted: str) -> Way:
    """打印机缺纸: cancel ends printing, what was done stands and can be printed again (rules T6)."""
    prompt = screens.says("paper_out", title, "text.paper_out", "SLIP-COPIES")
    way = way.named("paper out").then(screens.printing(title), msgspec.structs.replace(prompt, give="cancel"))
    return way.never(*(Slip(copy=copy, requirement="SLIP-COPIES") for copy in unprinted))
