"""What each request must hold (rules H5, H7, H8, H16–H19): exact values, what must be there, what must not."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tillrig.actions import Entry, Secret
from tillrig.reference.fields import Way, absent, field, there
from tillrig.reference.ledger import Known, Ledger, Pending
from tillrig.reference.values import CardFacts, Parameters
from tillrig.steps import Bind, Field, HostMessage, Symbol

ENTRY_CODES: dict[Entry, str] = {"stripe": "02", "chip": "05", "contactless": "07"}
#: Host-decided values of a sale and where its answer holds them.
SALE_ANSWER = {
    "rrn": "answer.F37",
    "auth": "answer.F38",
    "when": "answer.F13+answer.F12",
    "code": "answer.F39",
    "issuer": "answer.F44[0:8]",
    "acquirer": "answer.F44[11:19]",
    "org": "answer.F63[0:3]",
    "remark": "answer.F63[3:63]",
}
#: Values that only the chip knows, read from the request.
CHIP_REQUEST = {"tvr": "F55.95", "atc": "F55.9F36", "arqc": "F55.9F26"}


class Presented(msgspec.Struct, frozen=True, kw_only=True):
    """A card as presented in a sale. `pin` None: no PIN was asked for; "none": asked and left empty."""

    card: CardFacts
    entry: Entry
    amount: int
    pin: Secret | None

    @property
    def pin_entered(self) -> bool:
        return self.pin in {"right", "wrong"}

    @property
    def entry_mode(self) -> str:
        """F22: how the card was read, and 1 with a PIN, 2 without (rules H3)."""
        return ENTRY_CODES[self.entry] + ("1" if self.pin_entered else "2")

    @property
    def has_chip_data(self) -> bool:
        return self.entry != "stripe"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of one request: what F11 and 60.2 must be, and what is learned from them when unknown."""

    stan: Known
    batch: Known
    binds: tuple[Bind, ...]


def identity(way: Way) -> Identity:
    """The next STAN and the batch; symbols bound by the request itself when the ledger does not know them."""
    ledger = way.ledger
    stan_symbol, batch_symbol = way.symbol("stan"), way.symbol("batch")
    binds = []
    if ledger.stan is None:
        binds.append(Bind(stan_symbol, "F11"))
    if ledger.batch is None:
        binds.append(Bind(batch_symbol, "F60.2"))
    batch = batch_symbol if ledger.batch is None else ledger.batch
    return Identity(stan=ledger.next_stan(stan_symbol.name), batch=batch, binds=tuple(binds))


def _common(parameters: Parameters, numbers: Identity) -> tuple[Field, ...]:
    return (
        field("F11", "digits", numbers.stan, "STAN"),
        *_terminal(parameters),
        field("F60.2", "digits", numbers.batch, "BATCH"),
    )


def _terminal(parameters: Parameters) -> tuple[Field, ...]:
    return (
        field("F41", "text", parameters.terminal_no, "TERMINAL-ID"),
        field("F42", "text", parameters.merchant_no, "TERMINAL-ID"),
    )


def _management(
    parameters: Parameters, message: str, requirement: str, network: str, numbers: Identity, *more: Field
) -> HostMessage:
    """A message of the 60.1 = 00 family: no MAC, F60 of 11 digits."""
    return HostMessage(
        message=message,
        requirement=requirement,
        fields=(
            *_common(parameters, numbers),
            field("F60.1", "digits", "00", requirement),
            field("F60.3", "digits", network, requirement),
            *absent(requirement, "F60.4"),
            *more,
        ),
        may=parameters.extra_fields,
        binds=numbers.binds,
        mac=False,
        pin="none",
    )


def signin(parameters: Parameters, way: Way, operator: str) -> HostMessage:
    """0800: 11 41 42 60 62c 63; the answer sets clock and batch (rules H17–H19)."""
    need = "SIGNIN-REQUEST"
    message = _management(
        parameters,
        "signin",
        need,
        parameters.network_code,
        identity(way),
        field("F63", "text", f"{operator} ", need),
    )
    learned = (
        Bind(way.symbol("when"), "answer.F13+answer.F12"),
        Bind(way.symbol("code"), "answer.F39"),
        Bind(way.symbol("newbatch"), "answer.F60.2"),
    )
    return msgspec.structs.replace(message, may=(*message.may, "F62"), binds=(*message.binds, *learned))


def signoff(parameters: Parameters, way: Way, *, optional: bool = False) -> HostMessage:
    """0820: 11 41 42 60, 60.3 002."""
    message = _management(parameters, "signoff", "SIGNOFF", "002", identity(way))
    return msgspec.structs.replace(
        message, optional=optional, binds=(*message.binds, Bind(way.symbol("code"), "answer.F39"))
    )


def settlement(parameters: Parameters, way: Way, operator: str, totals: str | None) -> HostMessage:
    """0500: 11 41 42 48 49 60 63; `totals` the 62 digits of F48, None when the batch's records are not all known."""
    need = "SETTLE-REQUEST"
    sums = there("F48", need) if totals is None else field("F48", "digits", totals, need, money=True)
    message = _management(
        parameters,
        "settlement",
        need,
        "201",
        identity(way),
        field("F49", "text", "156", need),
        field("F63", "text", f"{operator} ", need),
        *([] if totals is None else [sums]),
    )
    learned = (
        Bind(way.symbol("when"), "answer.F13+answer.F12"),
        Bind(way.symbol("result_in"), "answer.F48[30:31]"),
        Bind(way.symbol("result_out"), "answer.F48[61:62]"),
    )
    return msgspec.structs.replace(message, present=(sums,) if totals is None else (), binds=(*message.binds, *learned))


def batch_upload(parameters: Parameters, way: Way, records: int | None) -> HostMessage:
    """0320, 60.3 201: one to eight records a block (rules H9, H23). `records` None: not all known.

    How many blocks, and whether one is repeated, is the terminal's choice, so their STANs are not judged.
    """
    message = _management(parameters, "batch_upload", "SETTLE-END", "201", identity(way))
    at_least, at_most = (1, parameters.batch_limit) if records is None else (-(-records // 8), records)
    return msgspec.structs.replace(
        message,
        fields=tuple(known for known in message.fields if known.name != "F11"),
        binds=(),
        present=(there("F11", "STAN"), there("F48", "SETTLE-END")),
        sends=(at_least, at_most * 3),
    )


def upload_end(parameters: Parameters, way: Way, network: str, uploaded: str | None) -> HostMessage:
    """0320, 60.3 207 balanced or 202 not; F48 the number of records uploaded in four digits, None when not known."""
    counted = () if uploaded is None else (field("F48", "digits", uploaded, "SETTLE-END"),)
    message = _management(parameters, "upload_end", "SETTLE-END", network, identity(way), *counted)
    return msgspec.structs.replace(
        message, present=(there("F48", "SETTLE-END"),) if uploaded is None else (), may=parameters.extra_fields
    )


def sale(parameters: Parameters, way: Way, presented: Presented) -> HostMessage:
    """0200 of a sale: H5 with what the entry mode sends (H16)."""
    need, card = "SALE-REQUEST", presented.card
    numbers = identity(way)
    fields: list[Field] = [
        field("F3", "digits", "000000", need),
        field("F4", "amount", presented.amount, "SALE-AMOUNT-SENT", money=True),
        *_common(parameters, numbers),
        field("F22", "digits", presented.entry_mode, "SALE-ENTRY-MODE"),
        field("F25", "digits", "00", need),
        field("F35", "track2", card.masked, need),
        field("F49", "text", "156", need),
        *_function_60(parameters, "22", need, fallback=False),
        *([field("F60.6", "digits", "1", need)] if parameters.partial_approval else absent(need, "F60.6")),
        *absent(need, "F37", "F38", "F39", "F59"),
    ]
    present = [there("F64", "MAC")]
    if presented.has_chip_data:
        fields += _plastic(card, need)
        present.append(there("F55", need))
        if card.chip is not None:
            fields.append(field("F55.84", "hex", card.chip.aid, need))
        fields.append(field("F55.9F02", "amount", presented.amount, "SALE-AMOUNT-SENT", money=True))
    else:
        fields += absent(need, "F2", "F14", "F23", "F55")
    if presented.pin_entered:
        fields += [field("F26", "digits", "12", need), field("F53", "digits", "2600000000000000", need)]
        present.append(there("F52", "PIN-BLOCK"))
    else:
        fields += [*absent("PIN-BLOCK", "F52"), *absent(need, "F26", "F53")]
    sources = SALE_ANSWER | (CHIP_REQUEST if presented.has_chip_data else {}) | {"amount": "answer.F4"}
    return HostMessage(
        message="sale",
        requirement="SALE-ONCE",
        fields=tuple(fields),
        present=tuple(present),
        may=(*parameters.extra_fields, *(("F36",) if presented.entry == "stripe" else ())),
        binds=(*numbers.binds, *_binds(way, sources)),
        pin="right" if presented.pin == "right" else "wrong" if presented.pin == "wrong" else "none",
        card=card.name,
    )


def reversal(parameters: Parameters, pending: Pending) -> HostMessage:
    """0400 of `pending` (rules H7): the original's STAN, batch, amount and entry mode, never 35, 36, 37 or 52."""
    first, need = "REVERSAL-FIRST", "REVERSAL-REQUEST"
    fields: list[Field] = [
        *_terminal(parameters),
        *absent(need, "F26", "F35", "F36", "F37", "F52", "F53"),
    ]
    present = [there("F64", "MAC")]
    may = ["F38", "F62", "F60.6", *parameters.extra_fields]
    if pending.known:
        fields += [
            field("F3", "digits", "000000", need),
            field("F4", "amount", pending.amount, first, money=True),
            field("F11", "digits", pending.stan, first),
            field("F22", "digits", pending.entry_mode, need),
            field("F25", "digits", "00", need),
            field("F39", "text", pending.reason, need),
            field("F49", "text", "156", need),
            field("F60.2", "digits", pending.batch, first),
            *_function_60(parameters, "22", need, fallback=False),
        ]
        if pending.entry == "stripe":
            may += ["F2", "F14", "F23"]
        else:
            fields += _plastic_of(pending.masked, pending.expiry, pending.sequence, need)
            present.append(there("F55", need))
    else:
        present += [there(name, need) for name in ("F3", "F4", "F11", "F22", "F25", "F39", "F49", "F60.2")]
        may += ["F2", "F14", "F23", "F55", "F59", "F61"]
    return HostMessage(
        message="reversal",
        requirement=first,
        fields=tuple(fields),
        present=tuple(present),
        may=tuple(may),
        pin="none",
        card=pending.card,
        sends=(1, parameters.reversal_tries),
    )


def _function_60(parameters: Parameters, function: str, need: str, *, fallback: bool) -> tuple[Field, ...]:
    return (
        field("F60.1", "digits", function, need),
        field("F60.3", "digits", "000", need),
        field("F60.4", "digits", "6" if parameters.contactless else "5", need),
        field("F60.5", "digits", "2" if fallback else "0", need),
    )


def _plastic(card: CardFacts, need: str) -> tuple[Field, ...]:
    return _plastic_of(card.masked, card.expiry, card.sequence, need)


def _plastic_of(masked: str, expiry: str, sequence: str, need: str) -> tuple[Field, ...]:
    return (
        field("F2", "masked_pan", masked, need),
        field("F14", "expiry", expiry, need),
        field("F23", "digits", sequence, need),
    )


def _binds(way: Way, sources: dict[str, str]) -> Iterable[Bind]:
    return (Bind(way.symbol(what), source) for what, source in sources.items())


def advanced(ledger: Ledger, numbers: Identity) -> Ledger:
    """The ledger after a request took `numbers`."""
    return msgspec.structs.replace(ledger, stan=numbers.stan, batch=numbers.batch)


def batch_or(symbol: Symbol, before: Known) -> Symbol:
    """The batch that a sign-in answer sets: its 60.2, or the one before when that is zero (rules H19)."""
    before = before.name if isinstance(before, Symbol) else before
    return Symbol(symbol.name, 0, before)
