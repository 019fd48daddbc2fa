"""How fast keys can go in when each is seen on the screen before the next (benchmarks, loop)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tillrig.errors import InconclusiveError
from tillrig.profiles.screens import bare
from tillrig.profiles.texts import amount_text

if TYPE_CHECKING:
    from tillrig.session.session import Session

DIGITS = "123456789"
ECHO_S = 2.0


def echo_rate(session: Session, presses: int) -> float:
    """Keys a second over `presses` digits and clears at the amount prompt; the terminal is left at the menu.

    Raises BlockedError when the prompt cannot be had, InconclusiveError when a key does not echo.
    """
    session.ensure("menu")
    bench = session.bench
    count = bench.eye.count
    bench.hand.press("1")

    def prompt() -> bool | None:
        return True if any(one.kind == "ask_amount" for one in bench.eye.since(count)) else None

    if not bench.timeline.wait_for(prompt, time.monotonic() + 5):
        raise InconclusiveError("the amount prompt did not come within 5 s")
    typed = ""
    began = time.monotonic()
    for number in range(presses):
        if len(typed) < len(DIGITS) and (number // len(DIGITS)) % 2 == 0:
            key = DIGITS[len(typed)]
            typed += key
        else:
            key, typed = "clear", typed[:-1]
        bench.hand.press(key)
        wanted = bare(amount_text(int(typed or "0"), session.profile.formats.screen_thousands))

        def echoed(wanted: str = wanted) -> bool | None:
            return True if any(bare(row) == wanted for row in bench.eye.glimpse) else None

        if not bench.timeline.wait_for(echoed, time.monotonic() + ECHO_S):
            raise InconclusiveError(f"key {number + 1} did not echo; the screen reads {bench.eye.glimpse}")
    seconds = time.monotonic() - began
    bench.hand.press("cancel")
    session.recover()
    return presses / seconds
