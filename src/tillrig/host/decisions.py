"""What the host answers: the checks of rules H28 in their order, and what is booked. No I/O; the time is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from tillrig.host import settlement
from tillrig.host.accounts import Account
from tillrig.host.answers import AnswerMaker, Fields
from tillrig.host.bank import Bank, CardUse, Limits, check_pin
from tillrig.host.keys import wrapped
from tillrig.host.ledger import Booking, Ledger, Settlement
from tillrig.host.messages import SERVED, contradictions, essential_missing, format_errors, name_of, reserved
from tillrig.host.terminals import Terminal, TerminalPolicy, Terminals
from tillrig.masking import mask_pan
from tillrig.protocols import mac
from tillrig.protocols.iso8583 import Message

#: F39 that approve (rules H13).
APPROVALS = frozenset({"00", "10", "11", "A2", "A4", "A5", "A6"})
_NO_MAC = frozenset({"signin", "signoff", "settlement", "batch_upload", "upload_end", "echo"})


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a scenario wants decided otherwise: an F39, a part of the amount, settlement digits, a bad key check."""

    code: str = ""
    partial: int | None = None
    results: tuple[int, int] = (0, 0)
    spoil: str = ""


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """What can be said of a request without deciding it. `format_errors`: what is wrong with it; `notes`: all else."""

    name: str
    tid: str = ""
    mac_ok: bool | None = None
    pin_ok: bool | None = None
    pin_readable: bool = True
    account: Account | None = None
    pan: str = ""
    format_errors: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the host decided: F39 ("" where the answer has none), the answer's fields without F64, the key for it (None:
    no MAC), and the change of the books in fen. `defects`: what the books show to be wrong with it, as `F<n>: …`.
    """

    code: str
    fields: Fields
    mac_key: bytes | None = None
    booked: int = 0
    notes: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Outcome({self.code}, booked {self.booked})"


class Acquirer:
    """The host's mind and books. Not thread-safe; its owner serialises calls."""

    def __init__(self, accounts: Mapping[str, Account], policy: TerminalPolicy, limits: Limits) -> None:
        self.bank = Bank(accounts, limits)
        self.terminals = Terminals(policy)
        self.answers = AnswerMaker()
        self._books: dict[tuple[str, str, str], Booking] = {}
        self._reversed: set[tuple[str, str, str]] = set()
        self._handlers: dict[str, Callable[[Message, Examination, Terminal, Wish, datetime], Outcome]] = {
            "signin": self._sign_in,
            "sale": self._sale,
            "reversal": self._reversal,
            "settlement": self._settlement,
            "upload_end": self._upload_end,
            "batch_upload": self._batch_upload,
            "signoff": self._accept,
            "echo": self._accept,
        }

    @property
    def ledger(self) -> Ledger:
        """The books now."""
        return Ledger(tuple(self._books.values()))

    def examine(self, request: Message) -> Examination:
        """Check MAC, PIN block and fields under the keys of the moment; changes nothing."""
        fields = request.fields
        name = name_of(request)
        terminal = self.terminals.find(fields.get(41, ""))
        keys = terminal.keys if terminal else None
        pan = fields.get(2) or fields.get(35, "").partition("D")[0]
        account = self.bank.find(pan) if pan else None
        mac_ok: bool | None = None
        if name not in _NO_MAC:
            mac_ok = bool(keys and 64 in fields and mac.cup_ecb(keys.mak, request.mac_input).field == request.data(64))
        pin_ok, readable = None, True
        if 52 in fields:
            pin_ok, readable = check_pin(account, keys.pik, request.data(52), pan) if keys else (False, False)
        # Who was wrong, the first message or this one, the host cannot know: no defect of this one.
        other = terminal is not None and fields.get(42) != terminal.mid
        notes = (f"F42: {fields.get(42, 'none')}, first seen with {terminal.mid}",) if terminal and other else ()
        return Examination(
            name=name,
            tid=fields.get(41, ""),
            mac_ok=mac_ok,
            pin_ok=pin_ok,
            pin_readable=readable,
            account=account,
            pan=pan,
            format_errors=format_errors(name, request) + contradictions(request),
            notes=notes,
        )

    def decide(self, request: Message, seen: Examination, wish: Wish, now: datetime) -> Outcome:
        """Decide and book one request."""
        missing = essential_missing(seen.name, request)
        if seen.name not in SERVED:
            return self._refuse("12" if seen.name == "unknown" else "40", request, seen, now)
        if missing:
            return self._refuse("30", request, seen, now, f"unreadable without F{missing[0]}")
        terminal, code = self.terminals.admit(request.fields[41], request.fields[42])
        if terminal is None or code:
            return self._refuse(code, request, seen, now)
        if seen.name not in _NO_MAC and not (terminal.keys and seen.mac_ok):
            note = "MAC wrong or missing" if terminal.keys else "never signed in"
            return self._refuse("A0", request, seen, now, note)
        return self._handlers[seen.name](request, seen, terminal, wish, now)

    def unreadable(self, partial: Message, now: datetime) -> Outcome:
        """The answer to a message whose fields could only be read in part (F39 30)."""
        return self._refuse("30", partial, Examination(name=name_of(partial), tid=partial.fields.get(41, "")), now)

    def _refuse(self, code: str, request: Message, seen: Examination, now: datetime, note: str = "") -> Outcome:
        notes = (note,) if note else ()
        extra: Fields = {}
        if seen.name == "settlement":
            # Its answer has no F39: both result digits say error.
            extra = {48: settlement.answer(request.fields.get(48, ""), Settlement(""), 3, 3)}
        return self._outcome(code, request, seen, now, extra=extra, notes=notes)

    def _outcome(
        self,
        code: str,
        request: Message,
        seen: Examination,
        now: datetime,
        *,
        extra: Fields | None = None,
        booked: int = 0,
        notes: tuple[str, ...] = (),
        defects: tuple[str, ...] = (),
    ) -> Outcome:
        """The answer with these fields; every answer to a message that carries a MAC has one when a key is known."""
        fields = self.answers.fields(seen.name, request, code, code in APPROVALS, account=seen.account, now=now) | (
            extra or {}
        )
        terminal = self.terminals.find(seen.tid)
        keyed = terminal is not None and terminal.keys is not None and seen.name not in _NO_MAC
        key = terminal.keys.mak if keyed and terminal and terminal.keys else None
        shown = fields.get(39, "")
        return Outcome(code=shown, fields=fields, mac_key=key, booked=booked, notes=notes, defects=defects)

    def _accept(self, request: Message, seen: Examination, terminal: Terminal, wish: Wish, now: datetime) -> Outcome:
        return self._outcome(wish.code or "00", request, seen, now)

    def _sign_in(self, request: Message, seen: Examination, terminal: Terminal, wish: Wish, now: datetime) -> Outcome:
        code = wish.code or "00"
        if code not in APPROVALS:
            return self._outcome(code, request, seen, now)
        network = reserved(request).network
        keys = self.terminals.sign_in(terminal, network)
        extra = {60: f"00{terminal.batch}{network}", 62: wrapped(terminal.tmk, keys, wish.spoil).hex().upper()}
        return self._outcome(code, request, seen, now, extra=extra)

    def _sale(self, request: Message, seen: Examination, terminal: Terminal, wish: Wish, now: datetime) -> Outcome:
        fields = request.fields
        batch, voucher = reserved(request).batch, fields[11]
        key = (terminal.tid, batch, voucher)
        if (batch, voucher) in terminal.seen:
            return self._refuse("94", request, seen, now, "terminal, batch and STAN seen before")
        if key in self._reversed:
            return self._refuse("94", request, seen, now, "reversed before it came")
        terminal.seen.add((batch, voucher))
        asked = int(fields[4])
        use = CardUse(
            account=seen.account,
            entry=fields[22][:2],
            amount=asked,
            has_pin=52 in fields,
            pin_ok=seen.pin_ok,
            pin_readable=seen.pin_readable,
        )
        own = self.bank.decide(use, now)
        code, amount, notes = _wished(own, asked, wish, reserved(request).partial_approval)
        approved = code in APPROVALS and seen.account is not None
        extra: Fields = {4: f"{amount:012d}"} if approved else {}
        outcome = self._outcome(code, request, seen, now, extra=extra, booked=amount if approved else 0, notes=notes)
        if approved and seen.account:
            self.bank.book(seen.account, amount, now)
        self._books[key] = Booking(
            tid=terminal.tid,
            mid=fields[42],
            batch=batch,
            voucher=voucher,
            kind="sale",
            state="approved" if approved else "declined",
            asked=asked,
            amount=amount if approved else 0,
            code=code,
            at=now,
            card=seen.account.name if seen.account else "",
            card_number=mask_pan(seen.pan),
            organisation=seen.account.organisation if seen.account else "",
            entry=fields[22],
            reference=outcome.fields.get(37, ""),
            authorisation=outcome.fields.get(38, ""),
        )
        return outcome

    def _reversal(self, request: Message, seen: Examination, terminal: Terminal, wish: Wish, now: datetime) -> Outcome:
        """Matches terminal, merchant, batch, STAN and amount; counts once, however often it comes (rules H22, H28)."""
        if wish.code and wish.code not in APPROVALS:
            return self._outcome(wish.code, request, seen, now)
        fields = request.fields
        key = (terminal.tid, reserved(request).batch, fields[11])
        original = self._books.get(key)
        if original is None or original.asked != int(fields[4]) or original.mid != fields[42]:
            self._reversed.add(key)
            note = "no such original" if original is None else "the original has another amount or merchant"
            return self._outcome("25", request, seen, now, notes=(note,))
        if original.state == "declined":
            return self._outcome("12", request, seen, now, notes=("the original was declined",))
        if original.state == "reversed":
            return self._outcome("00", request, seen, now, notes=("reversed before",))
        self._books[key] = msgspec.structs.replace(original, state="reversed")
        self._reversed.add(key)
        self.bank.unbook(original.card, original.amount, original.at)
        return self._outcome(wish.code or "00", request, seen, now, booked=-original.amount)

    def _settlement(
        self, request: Message, seen: Examination, terminal: Terminal, wish: Wish, now: datetime
    ) -> Outcome:
        expected = self.ledger.settlement(terminal.tid, reserved(request).batch)
        said, notes, defects = settlement.compare(request.fields[48], expected)
        results = tuple(wished or own for wished, own in zip(wish.results, said, strict=True))
        extra = {48: settlement.answer(request.fields[48], expected, results[0], results[1])}
        return self._outcome("", request, seen, now, extra=extra, notes=notes, defects=defects)

    def _batch_upload(
        self, request: Message, seen: Examination, terminal: Terminal, wish: Wish, now: datetime
    ) -> Outcome:
        batch = reserved(request).batch
        numbers = {account.name: account.pan for account in self.bank.accounts.values()}
        entries = self.ledger.select(tid=terminal.tid, batch=batch, state="approved")
        defects = settlement.check_upload(request.fields.get(48, ""), entries, numbers)
        return self._outcome(wish.code or "00", request, seen, now, defects=defects)

    def _upload_end(
        self, request: Message, seen: Examination, terminal: Terminal, wish: Wish, now: datetime
    ) -> Outcome:
        """Closes the batch it names; repeated, because the answer was lost, it is accepted again and closes nothing."""
        code = wish.code or "00"
        batch = reserved(request).batch
        notes: tuple[str, ...] = ()
        if code in APPROVALS:
            if batch == terminal.batch:
                terminal.next_batch()
            elif batch in terminal.closed:
                notes = (f"batch {batch} was closed before",)
            else:
                notes = (f"batch {batch} ended, the host has {terminal.batch} open",)
                terminal.batch = batch
                terminal.next_batch()
        return self._outcome(code, request, seen, now, notes=notes)


def _wished(own: str, asked: int, wish: Wish, partial_ok: bool) -> tuple[str, int, tuple[str, ...]]:
    """F39, amount and notes after what a scenario asks for: a wish never approves what the host declines."""
    if wish.code and wish.code not in APPROVALS:
        return wish.code, 0, ((f"by itself {own}",) if own != wish.code else ())
    if own != "00":
        return own, 0, (("the approval asked for was not given",) if wish.code or wish.partial is not None else ())
    if wish.partial is not None:
        if partial_ok and 0 < wish.partial < asked:
            return "10", wish.partial, ()
        return own, asked, ("no partial approval: not announced in 60.6, or not a part",)
    return wish.code or own, asked, ()
