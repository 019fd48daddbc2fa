"""What a person sees while suites run: one line an attempt, and a status line with what is being done."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.text import Text

from tillrig.verdicts import Verdict

COLOURS = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.RIG_ERROR: "magenta",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.BLOCKED: "blue",
    Verdict.TEST_ERROR: "bold magenta",
}


class LiveProgress:
    """Prints attempts as they end. Usable with and without a terminal: colours and the status line only with one."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = console.status("starting") if console.is_terminal else None
        self.collected: list[str] = []
        self.done = 0
        self._current = ""
        self._began = time.monotonic()

    def __enter__(self) -> LiveProgress:
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def say(self, text: str) -> None:
        """A line of its own."""
        self._console.print(Text(text, style="dim"))

    def event(self, event: dict[str, Any]) -> None:
        """Take one progress event of a suite process."""
        if self._status:  # a question to a technician stands at the same terminal
            self._status.stop() if event["event"] == "asked" else self._status.start()
        match event["event"]:
            case "collected":
                self.collected.extend(event["tests"])
            case "start":
                self._current = event["id"]
                self._show("")
            case "action":
                self._show(event["text"])
            case "end":
                self._end(event)

    def _show(self, text: str) -> None:
        if self._status:
            where = f"[{self.done + 1}/{len(self.collected)}] {self._current}"
            self._status.update(Text(f"{where}  {text}"))

    def _end(self, event: dict[str, Any]) -> None:
        self.done += 1
        verdict = Verdict(event["verdict"])
        line = Text(f"[{self.done:3}/{len(self.collected)}] ")
        line.append(f"{verdict.value:12}", style=COLOURS[verdict])
        line.append(f" {event['seconds']:6.1f} s  {event['id']}")
        if event.get("reason"):
            line.append(f"\n{'':14}{event['reason']}", style="dim")
        self._console.print(line, soft_wrap=True)
