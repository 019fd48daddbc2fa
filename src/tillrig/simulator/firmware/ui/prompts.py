"""Asking: digits, secrets, amounts, yes or no (rules T3, T6)."""

from __future__ import annotations

from collections.abc import Callable

from tillrig.simulator.firmware.terminal import Terminal
from tillrig.simulator.firmware.ui.screens import right, show, yuan

DIGITS = "0123456789"
MAX_AMOUNT_DIGITS = 10


class CancelledError(Exception):
    """The user pressed cancel."""


class TimedOutError(CancelledError):
    """Nobody pressed a key in time, which counts as cancel."""


def next_key(terminal: Terminal, deadline: float | None, watch: Callable[[], None] | None = None) -> str:
    """The next key pressed while this waits; ``watch`` may raise. TimedOutError at ``deadline`` (monotonic s)."""

    def ready() -> str | None:
        if watch is not None:
            watch()
        return terminal.presses.take()

    key = terminal.kernel.wait_until(ready, deadline)
    if key is None:
        raise TimedOutError
    return key


def listen(terminal: Terminal) -> None:
    """From now on keys count."""
    terminal.presses.listening = True


def ask_text(
    terminal: Terminal,
    draw: Callable[[str], None],
    *,
    longest: int,
    accept: Callable[[str], bool],
    seconds: float | None,
    leading_zeros: bool = True,
    watch: Callable[[], None] | None = None,
) -> str:
    """Let the user type digits, drawing after each; enter ends when ``accept`` agrees. Raises CancelledError."""
    typed = ""
    listen(terminal)
    try:
        draw(typed)
        deadline = None if seconds is None else terminal.kernel.after(seconds)
        while True:
            key = next_key(terminal, deadline, watch)
            if seconds is not None:
                deadline = terminal.kernel.after(seconds)
            if key == "cancel":
                raise CancelledError
            if key == "enter" and accept(typed):
                return typed
            before = typed
            if key in DIGITS and len(typed) < longest and (typed or leading_zeros or key != "0"):
                typed += key
            elif key == "clear":
                typed = typed[:-1]
            if typed != before:
                draw(typed)
    finally:
        terminal.presses.listening = False


def ask_digits(
    terminal: Terminal,
    step: str,
    title: str,
    prompt: str,
    length: int,
    *,
    seconds: float | None,
    watch: Callable[[], None] | None = None,
) -> str:
    """Ask for exactly ``length`` digits, shown as typed."""
    return ask_text(
        terminal,
        lambda typed: show(terminal, step, title, [prompt, right(typed)]),
        longest=length,
        accept=lambda typed: len(typed) == length,
        seconds=seconds,
        watch=watch,
    )


def ask_secret(
    terminal: Terminal,
    step: str,
    title: str,
    prompt: str,
    longest: int,
    *,
    below: str = "",
    watch: Callable[[], None] | None = None,
) -> str:
    """Ask for a password or PIN, shown as stars; an empty answer is possible."""
    return ask_text(
        terminal,
        lambda typed: show(
            terminal, step, title, [prompt, right(terminal.hooks.stars("*" * len(typed), typed, step)), below]
        ),
        longest=longest,
        accept=lambda typed: True,
        seconds=terminal.seconds("idle"),
        watch=watch,
    )


def ask_amount(terminal: Terminal, title: str, prompt: str) -> int:
    """Ask for an amount in fen, digit by digit; zero is not taken, a tenth digit the last."""
    step = "ask_amount"

    def draw(typed: str) -> None:
        fen = int(typed or "0")
        show(terminal, step, title, [prompt, right(terminal.hooks.amount_shown(yuan(fen), fen, step))])

    typed = ask_text(
        terminal,
        draw,
        longest=MAX_AMOUNT_DIGITS,
        accept=lambda typed: typed != "",
        seconds=terminal.seconds("idle"),
        leading_zeros=False,
    )
    return terminal.hooks.amount_entered(int(typed))


def ask_key(terminal: Terminal, wanted: Callable[[str], bool], seconds: float) -> str | None:
    """Wait for a key that ``wanted`` accepts; None when the time is over."""
    listen(terminal)
    deadline = terminal.kernel.after(seconds)
    try:
        while True:
            key = next_key(terminal, deadline)
            if wanted(key):
                return key
    except TimedOutError:
        return None
    finally:
        terminal.presses.listening = False


def confirm(terminal: Terminal, what: str) -> bool:
    """Enter is yes; cancel, or the time ``what``, is no."""
    return ask_key(terminal, lambda key: key in ("enter", "cancel"), terminal.seconds(what)) == "enter"
