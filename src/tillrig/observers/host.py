"""Host records to observations: what became of each request, in the words of the engine's guards (rules H11, H21)."""

from __future__ import annotations

import re
from collections.abc import Collection

from tillrig.host import HostExchange
from tillrig.observations import HostSeen
from tillrig.reference.exchanges import CHECKED

_FIELD = re.compile(r"(?:the length of )?field (\d+)\b")


class HostObserver:
    """`answer_s`: how long the terminal waits for an answer, in real seconds; `approvals`: F39 that approve."""

    def __init__(self, answer_s: float, approvals: Collection[str]) -> None:
        self._answer_s, self._approvals = answer_s, frozenset(approvals) - {"10"}

    def observe(self, exchange: HostExchange) -> HostSeen:
        """One exchange, masked."""
        outcome, code = self.outcome(exchange)
        return HostSeen(
            seq=exchange.seq,
            at=exchange.at_request,
            message=exchange.name,
            fields=_named(exchange.masked_fields()),
            mac_ok=exchange.mac_ok,
            pin_ok=exchange.pin_ok,
            problems=(*exchange.format_errors, *_unread(exchange)),
            outcome=outcome,
            code=code,
            answer=_named(exchange.masked_answer()),
            played=exchange.played,
            at_answer=exchange.at_answer,
            raw=exchange.raw,
            card=exchange.card,
            booked=exchange.booked,
        )

    def outcome(self, exchange: HostExchange) -> tuple[str, str]:  # noqa: PLR0911 - the table of rules H21, in its order
        """Outcome and code of one exchange as the terminal must take it."""
        played = set(exchange.played.split("+"))
        if exchange.answer is None or exchange.at_answer is None or not exchange.answer_sent:
            gone = played & {"ResetAfterRequest", "ResetBeforeRequest", "Truncated"}
            return ("closed" if gone else "no_answer"), ""
        if exchange.peer_closed or exchange.at_answer - exchange.at_request > self._answer_s:
            return "no_answer", ""
        if not exchange.answer_complete:
            return ("closed" if "Truncated" in played else "unreadable"), ""
        wrong = self._wrong(exchange)
        if wrong:
            return "bad_answer", wrong
        code = exchange.answered(39) or ""
        if exchange.name == "settlement":
            return "approved", code
        if code not in self._approvals and not (code == "10" and exchange.name == "sale"):
            return "declined", code
        if exchange.name == "signin" and "BadKeyCheck" in played:
            return "bad_answer", "F62"
        if played & {"WrongMac", "MissingMac"} and exchange.name in ("sale", "reversal"):
            return "bad_mac", code
        return "approved", code

    @staticmethod
    def _wrong(exchange: HostExchange) -> str:
        """The first thing in which the answer differs from its request, in the terminal's order; "" for none."""
        return next((name for name in CHECKED if _differs(exchange, name)), "")


def _differs(exchange: HostExchange, name: str) -> bool:
    if name == "mti":
        return bool(exchange.answer_mti) and exchange.answer_mti != _answer_mti(exchange.mti)
    number = int(name.removeprefix("F"))
    if number == 4 and exchange.answered(39) == "10":
        return False
    asked, answered = exchange.text(number), exchange.answered(number)
    return asked is not None and answered is not None and asked != answered


def _unread(exchange: HostExchange) -> tuple[str, ...]:
    """Why the request could not be read; as `F<n>: …` where the error begins with the field that is wrong."""
    if not exchange.error:
        return ()
    field = _FIELD.match(exchange.error)
    return (f"F{field[1]}: {exchange.error}" if field else f"unreadable: {exchange.error}",)


def _named(fields: dict[str, str]) -> dict[str, str]:
    return {f"F{number}": text for number, text in fields.items()}


def _answer_mti(mti: str) -> str:
    """The message type that answers `mti`."""
    return f"{mti[:2]}{int(mti[2]) + 1}{mti[3]}" if len(mti) == 4 and mti[2].isdigit() else mti
