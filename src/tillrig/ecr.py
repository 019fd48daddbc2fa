"""The cash register's side of its line: asks, acknowledges, keeps what the terminal answers (ecr; rules E1 to E4)."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from tillrig.errors import InconclusiveError, ProfileError
from tillrig.observations import EcrSeen
from tillrig.ports.serial import SerialLine
from tillrig.protocols import mis
from tillrig.timeline import Timeline


class EcrClient:
    """`settings` from the profile: functions (name → byte of tag 001), ack_s, tries, length, ack_before_answer."""

    def __init__(self, line: SerialLine, timeline: Timeline, settings: Mapping[str, Any]) -> None:
        self._line, self._timeline = line, timeline
        self._ack_s, self._tries = float(settings.get("ack_s", 2)), int(settings.get("tries", 3))
        self._functions = {str(name): int(code) for name, code in settings.get("functions", {}).items()}
        self._names = {code: name for name, code in self._functions.items()}
        self._wants_ack = bool(settings.get("ack_before_answer", True))
        self._dialect = mis.Dialect(length_form=settings.get("length", "bcd"))
        self._decoder = mis.StreamDecoder(self._dialect)
        self._lock = threading.Lock()
        self._count = 0
        self._reset("")
        self._unsubscribe = line.subscribe(self._came)

    def _reset(self, function: str) -> None:
        self._function = function
        self._acked = self._refused = False
        self._problems: list[str] = []
        self._answer: EcrSeen | None = None

    @property
    def answer(self) -> EcrSeen | None:
        """The answer to the last request, once it has come."""
        with self._lock:
            return self._answer

    def take(self) -> EcrSeen | None:
        """The same, once."""
        with self._lock:
            answer, self._answer = self._answer, None
            return answer

    def send(self, function: str, *, order: str = "", amount: int | None = None) -> None:
        """Ask for `function`; returns when the terminal has acknowledged it (or answered a heartbeat).

        Raises InconclusiveError when no try was acknowledged: the terminal's silence looks like a broken line.
        """
        with self._lock:
            self._reset(function)
        if function not in self._functions:
            raise ProfileError(f"the profile names no byte for the cash register's {function} (ecr.functions)")
        tags: list[tuple[str, bytes]] = [("001", bytes((self._functions[function],)))]
        if order:
            tags.append(("002", order.encode("ascii")))
        if amount is not None:
            tags.append(("004", str(amount).encode("ascii")))
        frame = mis.encode(mis.REQUEST, tags, self._dialect)
        for attempt in range(1, self._tries + 1):
            self._timeline.append("ecr_sent", function=function, order=order, amount=amount, attempt=attempt)
            self._refused = False
            self._line.write(frame)
            if self._timeline.wait_for(self._heard, time.monotonic() + self._ack_s):
                if not self._refused:
                    return
                self._problems.append("the request was refused with NAK")
        self._line.check()
        raise InconclusiveError(
            f"the cash register's {function} was not acknowledged in {self._tries} tries of {self._ack_s:g} s"
        )

    def _heard(self) -> bool | None:
        return True if self._acked or self._refused or self._answer is not None else None

    def _came(self, at: float, data: bytes) -> None:
        """In the line's reader thread."""
        for event in self._decoder.feed(data):
            if isinstance(event, mis.Acknowledged):
                self._acked = True
                self._timeline.append("ecr_ack", at=at)
            elif isinstance(event, mis.Refused):
                self._refused = True
                self._timeline.append("ecr_nak", at=at)
            elif isinstance(event, mis.Frame):
                self._take_answer(at, event)
            else:
                self._problems.append(f"bytes that are no frame: {len(event.data)}")
                self._timeline.append("ecr_noise", at=at, bytes=len(event.data))

    def _take_answer(self, at: float, frame: mis.Frame) -> None:
        fields = frame.texts
        code = frame.tags.get("001", b"")[:1]
        function = self._names.get(code[0], code.hex()) if code else ""
        problems = list(self._problems)
        if self._wants_ack and function != "heartbeat" and not self._acked:
            problems.append("an answer without an ACK before it")
        if function == "heartbeat" and self._acked:
            problems.append("an ACK before the answer to a heartbeat")
        self._line.write(bytes((mis.ACK,)))
        with self._lock:
            self._count += 1
            self._answer = EcrSeen(
                seq=self._count, at=at, function=function or self._function, fields=fields, acked=self._acked,
                problems=tuple(problems),
            )  # fmt: skip
        self._timeline.append("ecr_answer", at=at, function=function, fields=fields)

    def close(self) -> None:
        self._unsubscribe()
