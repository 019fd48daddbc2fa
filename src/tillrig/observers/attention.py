"""How closely the eye looked: what was shown for less time than its longest gap may have passed unseen."""

from __future__ import annotations

import threading
from collections import deque
from itertools import pairwise

#: An eye that once looked away for longer (s) is no witness that nothing passed by.
BLINK_S = 0.3


class Attention:
    """Remembers when frames were looked at (monotonic s), the newest 20,000 of them: eleven minutes at 30 a second."""

    def __init__(self) -> None:
        self._looked: deque[float] = deque(maxlen=20_000)
        self._lock = threading.Lock()

    def looked(self, at: float) -> None:
        """A frame taken at `at` was looked at."""
        with self._lock:
            self._looked.append(at)

    def largest_gap(self, since: float, now: float) -> float:
        """The longest time between `since` and `now` without a frame that was looked at; the whole when there was
        none.
        """
        with self._lock:
            times = [moment for moment in self._looked if since < moment < now]
        return max(later - sooner for sooner, later in pairwise([since, *times, max(since, now)]))
