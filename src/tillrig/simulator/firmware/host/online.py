"""One online message from counter to checked answer, and what it leaves behind (rules H19, H21)."""

from __future__ import annotations

from typing import Any, NamedTuple

from tillrig.simulator.firmware.host import checks, messages
from tillrig.simulator.firmware.host.client import Exchange
from tillrig.simulator.firmware.host.iso import Fields, IsoError, pack, unpack
from tillrig.simulator.firmware.terminal import Terminal

SIGN_IN_LOST = frozenset({"A0", "99"})
MTIS = (b"\x08", b"\x02", b"\x05", b"\x03", b"\x04", b"\x01", b"\x06", b"\x09")
NOT_SENT = frozenset({"no_link", "refused", "no_connection", "not_sent"})


class Outcome(NamedTuple):
    """``code``: F39 of an answer that is ours, "" else. ``failure``: text of what went wrong, "" when an answer counts.

    ``end`` says how the exchange ended; ``reason`` is the reversal reason that failure leaves, "" for none.
    """

    code: str
    failure: str
    end: str
    reason: str
    request: Fields
    answer: Fields
    approved: bool


def send(terminal: Terminal, fields: Fields, message: str, *, new_stan: bool = True) -> tuple[Fields, Exchange]:
    """Give the request its STAN (unless it keeps an older one) and MAC, send it and wait for what comes."""
    request = dict(fields)
    if new_stan:
        request[11] = terminal.store.next_stan(message)
    request = terminal.hooks.host_request_fields(request, message)
    if message in REVERSIBLE:
        remember(terminal, request, "98")
    mac = message in messages.WITH_MAC
    body = checks.with_mac(terminal, request, message) if mac else pack(request)
    head = bytes.fromhex(str(terminal.param("tpdu")) + str(terminal.param("header")))
    frame = terminal.hooks.host_request_frame(head + body, message)
    exchange = Exchange("timeout")
    for _ in range(terminal.hooks.host_request_times(1, message)):
        exchange = terminal.link.exchange(frame, terminal.seconds("connect"), terminal.seconds("answer"))
    terminal.store.count(f"sent_{message}")
    return request, exchange


REVERSIBLE = frozenset({"sale", "void"})


def remember(terminal: Terminal, request: Fields, reason: str) -> None:
    """Store the reversal record of a request before it leaves (host page, Reversal)."""
    fields = {str(n): v.hex() if isinstance(v, bytes) else v for n, v in request.items() if n not in (35, 36, 52, 53)}
    record = terminal.hooks.reversal_record({"fields": fields, "reason": reason, "tries": 0}, reason)
    if record is not None:
        terminal.store.put("reversal", record)


def change_reason(terminal: Terminal, reason: str) -> None:
    """The pending record gets the reason that became known."""
    record: dict[str, Any] | None = terminal.store.get("reversal")
    if record is not None and record["reason"] != reason:
        kept = terminal.hooks.reversal_record(record | {"reason": reason}, reason)
        if kept is None:
            terminal.store.drop("reversal")
        else:
            terminal.store.put("reversal", kept)


def ask(terminal: Terminal, fields: Fields, message: str, *, new_stan: bool = True) -> Outcome:
    """Send and judge. A reversible request leaves its record unless it never left or was declined; when it was
    approved the record stays until the caller has journaled the transaction."""
    request, exchange = send(terminal, fields, message, new_stan=new_stan)
    outcome = judge(terminal, request, exchange, message)
    if outcome.code:
        terminal.session.last_code = outcome.code
        if outcome.code in SIGN_IN_LOST:
            terminal.session.keys_good = False
    if message in REVERSIBLE:
        if outcome.end in NOT_SENT or (outcome.code and not outcome.failure and not outcome.approved):
            terminal.store.drop("reversal")
        elif outcome.failure:
            change_reason(terminal, outcome.reason)
    return outcome


def judge(terminal: Terminal, request: Fields, exchange: Exchange, message: str) -> Outcome:
    """What rules H11 and H21 make of an exchange."""

    def failed(text: str, reason: str, code: str = "", answer: Fields | None = None) -> Outcome:
        return Outcome(code, text, exchange.end, reason, request, answer or {}, approved=False)

    if exchange.end != "answer":
        reasons = {"broken": "98", "timeout": "98", "garbled": "06"}
        return failed(terminal.text(exchange.end), reasons.get(exchange.end, ""))
    try:
        body = _body(terminal, exchange.data)
        answer = terminal.hooks.host_answer_fields(unpack(body), message)
    except IsoError:
        return failed(terminal.text("garbled"), "06")
    text = checks.mismatch(terminal, request, answer, message)
    if text:
        return failed(text, "06", answer=answer)
    code = str(answer.get(39, ""))
    if not code and message != "settlement":
        return failed(terminal.text("garbled"), "06", answer=answer)
    good = code in terminal.resources.responses["approve"] and (code != "10" or bool(terminal.param("partial")))
    approved = terminal.hooks.approved(good, code)
    if approved and message in messages.WITH_MAC:
        text = checks.wrong_mac(terminal, body, answer, message)
        if text:
            return failed(text, "A0", code, answer)
    return Outcome(code, "", exchange.end, "", request, answer, approved)


def _body(terminal: Terminal, data: bytes) -> bytes:
    """The part from the MTI on; obeys the process-request nibble of the header (rules H2; host page, Frame)."""
    for start in (11, 5, 0):
        if _is_mti(data[start : start + 2]):
            if start == 11 and data[7] & 0x0F == 3:
                terminal.session.sign_in_asked = True
                terminal.session.keys_good = False
            return data[start:]
    raise IsoError("no message type where one belongs")


def _is_mti(two: bytes) -> bool:
    return len(two) == 2 and two[:1] in MTIS and two[1] in (0x00, 0x10, 0x20, 0x30)
