"""The main loop: operator prompt while nobody is on duty, else the main menu."""

from __future__ import annotations

from collections.abc import Callable

from tillrig.simulator.firmware.flows import reprint, sale, settle, signin, version
from tillrig.simulator.firmware.flows.guards import Ended, refuse, settlement_open
from tillrig.simulator.firmware.terminal import EcrRequest, Terminal
from tillrig.simulator.firmware.ui.menus import chosen, descend, main_rows
from tillrig.simulator.firmware.ui.prompts import listen
from tillrig.simulator.firmware.ui.screens import show

FUNCTIONS: dict[str, Callable[[Terminal], Ended]] = {
    "sale": sale.run,
    "reprint_last": reprint.last,
    "reprint_settlement": reprint.settlement,
    "sign_in": signin.again,
    "sign_off": signin.sign_off,
    "settle": settle.run,
    "version": version.run,
}


def serve(terminal: Terminal) -> None:
    """Serve users and the cash register until the power goes."""
    while True:
        terminal.busy = False
        if terminal.session.user:
            _menu(terminal)
        else:
            _operator_prompt(terminal)


def _operator_prompt(terminal: Terminal) -> None:
    try:
        signin.log_in(terminal, seconds=None)
    except EcrRequest as request:
        _serve_ecr(terminal, request)


def _serve_ecr(terminal: Terminal, request: EcrRequest) -> None:
    terminal.busy = True
    request.serve()
    terminal.busy = False


def _menu(terminal: Terminal) -> None:
    show(terminal, "menu", None, main_rows(terminal))
    items: list[list[str]] = terminal.resources.menus["main"]["items"]
    listen(terminal)

    def ready() -> tuple[str, str] | None:
        terminal.interrupt()
        key = terminal.presses.take()
        return chosen(terminal, items, key) if key is not None else None

    try:
        found = terminal.kernel.wait(ready)
    except EcrRequest as request:
        _serve_ecr(terminal, request)
        return
    terminal.busy = True
    if found is not None and found[0].startswith("menu:"):
        found = descend(terminal, found[0].removeprefix("menu:"))
    if found is not None:
        _run(terminal, *found)


def _run(terminal: Terminal, function: str, text: str) -> None:
    if settlement_open(terminal) and function not in terminal.resources.menus["during_settlement"]:
        refuse(terminal, text, "settle_on")
    elif function in FUNCTIONS:
        FUNCTIONS[function](terminal)
    else:
        refuse(terminal, text, "not_open")
