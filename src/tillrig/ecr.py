"""The cash register's side of its line: asks, acknowledges, keeps what the terminal answers (ecr; rules E1 to E4).

A frame that came broken is answered with NAK, as often as a request is tried, and its repeat awaited. What disturbed
the line is told apart from the answers, as an observation of `mis.LINE`: it is the rig's fault (rules E7).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from tillrig.errors import InconclusiveError, ProfileError, SerialError
from tillrig.observations import EcrSeen
from tillrig.ports.serial import SerialLine
from tillrig.protocols import mis
from tillrig.timeline import Timeline


class _Owed(msgspec.Struct, frozen=True):
    """An answer that the terminal owes: to which request, counted from 1, of which function and order number."""

    request: int
    function: str
    order: str


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
        self._lock = threading.RLock()
        self._count = self._request = 0
        self._owed: list[_Owed] = []
        self._found: list[EcrSeen] = []
        self._sent = self._last = b""
        self._heard_at = 0.0
        self._begin("")
        self._unsubscribe = line.subscribe(self._came)

    def _begin(self, function: str) -> None:
        self._function = function
        self._request += 1
        self._acked = self._refused = self._answered = self._garbled = False
        self._naks = 0
        self._disturbances: list[str] = []

    @property
    def answered(self) -> bool:
        """Whether the answer to the last request has come. Half a frame whose rest does not come is given up here."""
        with self._lock:
            self._give_up_half_a_frame()
            return self._answered

    def take(self) -> tuple[EcrSeen, ...]:
        """What came since the last time: answers, those that nobody asked for too, and what disturbed the line."""
        with self._lock:
            self._give_up_half_a_frame()
            if self._decoder.pending and not self._answered:
                self._disturbed(f"{len(self._decoder.pending)} bytes of a frame without its end")
            found, self._found = self._found, []
            if self._disturbances:
                problems = tuple(dict.fromkeys(self._disturbances))
                found.append(self._seen(time.monotonic(), mis.LINE, {}, problems))
                self._disturbances.clear()
            return tuple(found)

    def send(self, function: str, *, order: str = "", amount: int | None = None) -> None:
        """Ask for `function`; returns when the terminal has acknowledged it (or answered a heartbeat).

        Raises InconclusiveError when no try was acknowledged: the terminal's silence looks like a broken line.
        SerialError when only bytes came that mean nothing: the line is disturbed, or runs at another rate (rules E7).
        """
        with self._lock:
            self._begin(function)
        if function not in self._functions:
            raise ProfileError(f"the profile names no byte for the cash register's {function} (ecr.functions)")
        tags: list[tuple[str, bytes]] = [("001", bytes((self._functions[function],)))]
        if order:
            tags.append(("002", order.encode("ascii")))
        if amount is not None:
            tags.append(("004", str(amount).encode("ascii")))
        self._sent = mis.encode(mis.REQUEST, tags, self._dialect)
        for attempt in range(1, self._tries + 1):
            self._timeline.append("ecr_sent", function=function, order=order, amount=amount, attempt=attempt)
            with self._lock:
                self._refused = False
                self._owed.append(_Owed(self._request, function, order))
                if attempt > 1:
                    self._disturbed("the request had to be sent again")
            self._line.write(self._sent)
            if self._timeline.wait_for(self._heard, time.monotonic() + self._ack_s) and not self._refused:
                return
        self._line.check()
        text = f"the cash register's {function} was not acknowledged in {self._tries} tries of {self._ack_s:g} s"
        if self._garbled:
            raise SerialError(f"{text}, and what came is no frame; look at the line's rate, cable and connectors")
        raise InconclusiveError(text)

    def _heard(self) -> bool | None:
        return True if self._acked or self._refused or self._answered else None

    def _came(self, at: float, data: bytes) -> None:
        """In the line's reader thread."""
        with self._lock:
            self._heard_at = time.monotonic()
            self._take_events(at, self._decoder.feed(data))

    def _give_up_half_a_frame(self) -> None:
        """A length that was read wrongly may wait for bytes that never come: quiet for so long, they are noise."""
        if self._decoder.pending and time.monotonic() - self._heard_at >= self._ack_s:
            self._take_events(time.monotonic(), self._decoder.flush())
            self._ask_again()

    def _take_events(self, at: float, events: list[mis.Event]) -> None:
        for event in events:
            if isinstance(event, mis.Acknowledged):
                self._acked = True
                self._timeline.append("ecr_ack", at=at)
            elif isinstance(event, mis.Refused):
                self._take_refusal(at)
            elif isinstance(event, mis.Frame):
                self._take_frame(at, event)
            else:
                self._garbled = True
                self._disturbed(f"{len(event.data)} bytes that are no frame")
                self._timeline.append("ecr_noise", at=at, bytes=len(event.data))
        if any(isinstance(event, mis.Broken) for event in events) and not isinstance(events[-1], mis.Frame):
            self._ask_again()

    def _ask_again(self) -> None:
        """NAK: the terminal repeats its frame (rules E2); never more often than a request is tried."""
        if self._naks < self._tries:
            self._naks += 1
            self._timeline.append("ecr_nak_sent", number=self._naks)
            self._line.write(bytes((mis.NAK,)))

    def _take_refusal(self, at: float) -> None:
        self._refused = True
        self._disturbed("the terminal answered with NAK")
        if self._owed and self._owed[-1].request == self._request and not self._acked:
            self._owed.pop()  # what it refused it does not answer
        self._timeline.append("ecr_nak", at=at)

    def _take_frame(self, at: float, frame: mis.Frame) -> None:
        if frame.raw == self._sent:
            self._disturbed("the request came back as an echo")
            return
        code = frame.tags.get("001", b"")[:1]
        function = self._names.get(code[0], code.hex()) if code else ""
        self._line.write(bytes((mis.ACK,)))
        owed = self._paid(function or self._function, frame)
        if owed is None and frame.raw == self._last:
            self._disturbed("an answer came again, as when its ACK was lost")
            self._timeline.append("ecr_again", at=at, function=function)
            return
        self._last = frame.raw
        fields = frame.texts
        self._timeline.append("ecr_answer", at=at, function=function, fields=fields, asked=owed is not None)
        if owed is not None and owed.request != self._request:
            return  # too late for its action, which was judged without it
        if owed is not None and self._answered:
            self._disturbed("a request that was sent again was answered again")
            return
        self._found.append(self._seen(at, function or self._function, fields, self._problems(function, frame, owed)))
        self._answered = self._answered or owed is not None

    def _paid(self, function: str, frame: mis.Frame) -> _Owed | None:
        """The debt that this answer pays: of its function and order number, newest first; else any but for a repeat."""
        order = frame.texts.get("002", "")
        same = [one for one in self._owed if one.function == function and order in ("", one.order)]
        debts = same or ([] if frame.raw == self._last else self._owed)
        if not debts:
            return None
        self._owed.remove(debts[-1])
        return debts[-1]

    def _problems(self, function: str, frame: mis.Frame, owed: _Owed | None) -> tuple[str, ...]:
        if owed is None:
            return (mis.UNASKED,)
        problems = []
        if frame.kind != mis.ANSWER:
            problems.append(f"type {frame.kind:02X} instead of {mis.ANSWER:02X}")
        if self._wants_ack and function != "heartbeat" and not self._acked:
            problems.append(mis.NO_ACK)
        if function == "heartbeat" and self._acked:
            problems.append("an ACK before the answer to a heartbeat")
        return tuple(problems)

    def _seen(self, at: float, function: str, fields: dict[str, str], problems: tuple[str, ...]) -> EcrSeen:
        self._count += 1
        return EcrSeen(
            seq=self._count, at=at, function=function, fields=fields, acked=self._acked, problems=problems
        )  # fmt: skip

    def _disturbed(self, what: str) -> None:
        self._disturbances.append(what)

    def close(self) -> None:
        self._unsubscribe()
