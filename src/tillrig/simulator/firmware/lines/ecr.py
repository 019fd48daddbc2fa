"""The cash register's line: heartbeat, sign-in, sale (rules E1-E5)."""

from __future__ import annotations

from collections.abc import Callable

from tillrig.simulator import wire
from tillrig.simulator.firmware.flows import guards, sale, signin
from tillrig.simulator.firmware.flows.cards import ask_back
from tillrig.simulator.firmware.flows.guards import Ended
from tillrig.simulator.firmware.lines import mis
from tillrig.simulator.firmware.slips.values import masked
from tillrig.simulator.firmware.storage.journal import Record
from tillrig.simulator.firmware.terminal import Terminal

SALE, HEARTBEAT, SIGN_IN = b"\x02", b"\x04", b"\x01"
TRIES = 3
TEXT_CODES = "gb2312"
LONGEST_ORDER = 32
_ECHOED = ("001", "002", "004")


class CashRegister:
    """Answers frames; at most one answer waits for its ACK."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._receiver = mis.Receiver()
        self._unacknowledged = b""
        self._tries = 0
        self._resend_at = 0.0
        self._rest_until = 0.0

    def receive(self, data: bytes) -> None:
        """Bytes from the line."""
        self._rest_until = self._terminal.kernel.after(self._terminal.seconds("ack"))
        for piece in self._receiver.feed(data):
            if isinstance(piece, mis.Frame):
                self._frame(piece)
            elif isinstance(piece, mis.BadFrame):
                self._send(mis.NAK)
            elif piece == mis.ACK:
                self._unacknowledged = b""
            elif self._unacknowledged:
                self._again()

    def task(self, now: float) -> float | None:
        """Send an answer again that got no ACK; forget half a frame."""
        if self._receiver.open and now >= self._rest_until:
            self._receiver.give_up()
            self._send(mis.NAK)
        if self._unacknowledged and now >= self._resend_at:
            self._again()
        moments = [self._rest_until] if self._receiver.open else []
        return min([*moments, self._resend_at] if self._unacknowledged else moments, default=None)

    def _again(self) -> None:
        if self._tries >= TRIES:
            self._unacknowledged = b""
            return
        self._tries += 1
        self._resend_at = self._terminal.kernel.after(self._terminal.seconds("ack"))
        self._send(self._unacknowledged)

    def _send(self, data: bytes) -> None:
        self._terminal.kernel.send(wire.uart(wire.PORT_ECR, data))

    def _frame(self, frame: mis.Frame) -> None:
        if frame.kind != mis.REQUEST:
            self._send(mis.NAK)
            return
        try:
            tags = mis.parse_tags(frame.body)
        except ValueError:
            tags = {}
        function = tags.get("001", b"")
        if function == HEARTBEAT:
            self._send(mis.frame(mis.ANSWER, self._terminal.hooks.ecr_answer({"001": HEARTBEAT}, "heartbeat")))
            return
        self._send(mis.ACK)
        refusal = self._unreadable(tags)
        if refusal is None and self._terminal.busy:
            refusal = Ended(guards.BUSY, self._terminal.text("busy_line"))
        if refusal is not None:
            self._answer(tags, refusal)
            return
        self._terminal.busy = True
        self._terminal.ecr_waits = lambda: self._answer(tags, self._serve(tags))

    def _unreadable(self, tags: dict[str, bytes]) -> Ended | None:
        order, amount = tags.get("002", b""), tags.get("004", b"")
        good = len(tags.get("001", b"")) == 1 and len(order) <= LONGEST_ORDER and order.isascii()
        if tags.get("001") == SALE:
            good = good and amount.isdigit() and len(amount) <= 10 and int(amount) > 0
        return None if good else Ended(guards.UNREADABLE, self._terminal.text("bad_request"))

    def _serve(self, tags: dict[str, bytes]) -> Ended:
        served: dict[bytes, Callable[[dict[str, bytes]], Ended]] = {SALE: self._sale, SIGN_IN: self._sign_in}
        serve = served.get(tags["001"])
        if serve is None:
            return Ended(guards.REFUSED, self._terminal.text("not_open"))
        return serve(tags)

    def _sign_in(self, tags: dict[str, bytes]) -> Ended:
        terminal, session = self._terminal, self._terminal.session
        if session.keys_good:
            return Ended(guards.REFUSED, terminal.text("already_in"))
        if session.role == "operator":
            return signin.sign_in(terminal, session.user)
        return signin.log_in(terminal, seconds=terminal.seconds("idle"))

    def _sale(self, tags: dict[str, bytes]) -> Ended:
        terminal = self._terminal
        order, fen = tags.get("002", b"").decode("ascii"), int(tags["004"])
        known = terminal.journal.by_order(order)
        if known is not None:
            same = known["kind"] == "sale" and known["asked"] == fen
            text = terminal.text("approved" if same else "order_amount")
            return Ended(known["code"], text, known) if same else Ended(guards.OTHER_AMOUNT, text)
        ended = sale.run(terminal, fen, order)
        ask_back(terminal, sale.TITLE)
        return ended

    def _answer(self, tags: dict[str, bytes], ended: Ended) -> None:
        terminal = self._terminal
        answer = {tag: tags[tag] for tag in _ECHOED if tag in tags}
        answer |= {"039": ended.code.encode(), "040": ended.text.encode(TEXT_CODES, errors="replace")}
        answer |= {"041": str(terminal.param("tid")).encode(), "042": str(terminal.param("mid")).encode()}
        if ended.record is not None and not ended.code.startswith("C"):
            answer |= self._of_record(ended.record)
        function = {SALE: "sale", SIGN_IN: "sign_in"}.get(tags.get("001", b""), "other")
        answer = {tag: answer[tag] for tag in sorted(terminal.hooks.ecr_answer(answer, function))}
        self._unacknowledged = mis.frame(mis.ANSWER, answer)
        self._tries = 0
        self._again()

    def _of_record(self, record: Record) -> dict[str, bytes]:
        values = {
            "004": str(record["amount"]), "011": record["voucher"], "037": record["ref"], "038": record["auth"],
            "102": masked(self._terminal, record["pan"], "ecr"), "103": record["product"], "112": record["datetime"],
        }  # fmt: skip
        return {tag: value.encode("ascii") for tag, value in values.items() if value}
