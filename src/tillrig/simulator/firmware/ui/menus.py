"""Menus: four rows of items, digits choose from any page (rules T2)."""

from __future__ import annotations

from typing import Any

from tillrig.simulator.firmware.terminal import Terminal
from tillrig.simulator.firmware.ui.prompts import TimedOutError, listen, next_key
from tillrig.simulator.firmware.ui.screens import show

PAGE_ROWS = 4


def choose(terminal: Terminal, name: str) -> tuple[str, str] | None:
    """Show a menu below the main one; returns (function, item text). None for cancel; raises TimedOutError."""
    items: list[list[str]] = terminal.resources.menus[name]["items"]
    page, pages = 0, -(-len(items) // PAGE_ROWS)
    deadline = terminal.kernel.after(terminal.seconds("idle"))
    listen(terminal)
    while True:
        rows = [f"{digit} {text}" for digit, text, _ in items[page * PAGE_ROWS : (page + 1) * PAGE_ROWS]]
        show(terminal, "menu", None, rows)
        key = next_key(terminal, deadline)
        deadline = terminal.kernel.after(terminal.seconds("idle"))
        if key == "cancel":
            return None
        if key in ("down", "up"):
            page = (page + (1 if key == "down" else -1)) % pages
        elif (found := chosen(terminal, items, key)) is not None:
            return found


def chosen(terminal: Terminal, items: list[list[str]], key: str) -> tuple[str, str] | None:
    """The item of a digit, as (function, text)."""
    for digit, text, function in items:
        if digit == key:
            return terminal.hooks.menu_choice(function, key), text
    return None


def descend(terminal: Terminal, name: str) -> tuple[str, str] | None:
    """Walk through sub menus from ``name`` until a function is chosen; None when the user left."""
    path = [name]
    try:
        while path:
            found = choose(terminal, path[-1])
            if found is None:
                path.pop()
            elif found[0].startswith("menu:"):
                path.append(found[0].removeprefix("menu:"))
            else:
                return found
    except TimedOutError:
        return None
    finally:
        terminal.presses.listening = False
    return None


def main_rows(terminal: Terminal) -> list[str]:
    """The rows of the main menu."""
    rows: list[Any] = terminal.resources.menus["main"]["rows"]
    return [str(row) for row in rows]
