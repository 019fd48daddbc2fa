"""One process on one rig: what suites, keywords and commands use to operate a terminal and to judge it."""

from __future__ import annotations

from tillrig.session.attempt import Attempt
from tillrig.session.interferences import When
from tillrig.session.outcome import Outcome
from tillrig.session.session import Session
from tillrig.session.sharing import acquire

#: The word suites use: the terminal and the tester at it.
Till = Session

__all__ = ["Attempt", "Outcome", "Session", "Till", "When", "acquire"]
