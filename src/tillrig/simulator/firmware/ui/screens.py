"""Four rows of sixteen columns: composing and showing them (rules T2)."""

from __future__ import annotations

from collections.abc import Sequence

from tillrig.simulator.firmware.hardware.display import COLUMNS
from tillrig.simulator.firmware.hardware.fonts import columns, wrap
from tillrig.simulator.firmware.terminal import Terminal

TITLE = frozenset({0})
NO_TITLE: frozenset[int] = frozenset()


def centre(text: str) -> str:
    """``text`` in the middle of a row."""
    return " " * ((COLUMNS - columns(text)) // 2) + text


def right(text: str) -> str:
    """``text`` at the right edge of a row."""
    return " " * (COLUMNS - columns(text)) + text


def broken(text: str) -> list[str]:
    """A text in rows: at its ``|``, and greedily at sixteen columns (rules H14)."""
    return [row for part in text.split("|") for row in wrap(part, COLUMNS)]


def yuan(fen: int) -> str:
    """Fen as a screen shows them: two decimals, no separator (rules R3)."""
    return f"{fen // 100}.{fen % 100:02d}"


def show(terminal: Terminal, step: str, title: str | None, rows: Sequence[str]) -> None:
    """Show a step: its title inverse and centred in row 1, ``rows`` below; without title four rows."""
    terminal.step = step
    full = [*rows] if title is None else [centre(title), *rows]
    full = (full + [""] * 4)[:4]
    shown = terminal.hooks.screen_rows(full, step)
    terminal.display.active(terminal.kernel.now())
    terminal.display.show(shown, NO_TITLE if title is None else TITLE)


def message(terminal: Terminal, step: str, title: str, text: str, what: str = "message") -> None:
    """Show a text under a title for its time; keys are dropped."""
    terminal.deaf()
    show(terminal, step, title, broken(text))
    terminal.pause(what)
