"""The terminal's calendar clock, set by the host at sign-in."""

from __future__ import annotations

import datetime
import time


class Clock:
    """Local date and time: the processor's clock plus an offset kept on flash (seconds)."""

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def now(self) -> datetime.datetime:
        """The terminal's date and time, without zone."""
        return datetime.datetime.fromtimestamp(time.time() + self.offset)

    def year_of(self, mmdd: str) -> int:
        """The year of a host date: the terminal's, less one for December seen in January (rules H19)."""
        now = self.now()
        return now.year - 1 if mmdd[:2] == "12" and now.month == 1 else now.year

    def set_host(self, mmdd: str, hhmmss: str) -> None:
        """Take over fields 13 and 12 of an answer; a senseless date is left alone."""
        try:
            host = datetime.datetime.strptime(f"{self.year_of(mmdd)}{mmdd}{hhmmss}", "%Y%m%d%H%M%S")
        except ValueError:
            return
        self.offset += (host - self.now()).total_seconds()
