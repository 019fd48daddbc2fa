"""What the host saw and did, one frozen event a thing. Times are monotonic seconds; secrets are hidden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tillrig.host.masking import Hidden
from tillrig.host.scenarios import AnyScenario


class HostConnected(msgspec.Struct, frozen=True, kw_only=True, tag="host_connected"):
    """A connection stands. `connection` counts from 1."""

    connection: int
    at: float
    peer: str


class HostRequest(msgspec.Struct, frozen=True, kw_only=True, tag="host_request"):
    """A whole request has come; its HostExchange of the same `seq` follows once it is answered, or not going to be."""

    seq: int
    connection: int
    at: float
    name: str
    stan: str


class HostExchange(msgspec.Struct, frozen=True, kw_only=True, tag="host_exchange"):
    """One request and what became of it.

    seq, connection        count from 1
    at_request, at_answer  when the request's last byte came; when the answer's last byte was handed over, else None
    name                   signin signoff sale reversal settlement batch_upload upload_end echo; another name of the
                           protocol for what this host does not serve; "unknown"; "unreadable" when not even the MTI was
    mti, tpdu, header      of the request
    fields, answer         text form (rules H4) by field number as text; secrets as Hidden. `answer` is what was sent,
                           with what a scenario made wrong in it; None when no answer was made
    pads                   pad nibble of each field with an odd number of digits
    raw, answer_raw        bytes in hex, the nibbles of secrets as stars
    mac_ok                 F64 right under the key of the moment; None: the message has none; False without keys too
    pin_ok                 the PIN block holds the PIN of the card; None: no PIN block
    card                   the account's name, "" when the card is unknown
    format_errors          `F<n>: …` for each field that is missing, unexpected, impossible, or says otherwise than
                           another field or the books: what is wrong with the request
    error, error_offset    why the message could not be read, and its byte
    decision               F39; "" for a settlement answer; None when the host did not decide
    processed              whether the request was decided and booked
    scenarios              what was played
    answer_sent            all bytes meant to be sent were handed over
    answer_complete        and they were the whole of a well-formed answer
    peer_closed            the terminal had closed before the answer was ready
    booked                 change of the books in fen: + sale, − reversal
    notes                  what else the host has to say; never a defect of the request
    """

    seq: int
    connection: int
    at_request: float
    at_answer: float | None
    peer: str
    name: str
    mti: str = ""
    tpdu: str | None = None
    header: str | None = None
    fields: Mapping[str, str | Hidden] = {}
    pads: Mapping[str, str] = {}
    raw: str = ""
    mac_ok: bool | None = None
    pin_ok: bool | None = None
    card: str = ""
    format_errors: tuple[str, ...] = ()
    error: str = ""
    error_offset: int | None = None
    decision: str | None = None
    processed: bool = False
    scenarios: tuple[AnyScenario, ...] = ()
    answer_mti: str = ""
    answer_header: str | None = None
    answer: Mapping[str, str | Hidden] | None = None
    answer_raw: str = ""
    answer_sent: bool = False
    answer_complete: bool = False
    peer_closed: bool = False
    booked: int = 0
    notes: tuple[str, ...] = ()

    @property
    def played(self) -> str:
        """Names of the scenarios played, joined by +."""
        return "+".join(scenario.name for scenario in self.scenarios)

    def text(self, number: int) -> str | None:
        """A request field for comparing, secrets revealed; None when it is not there."""
        return _plain(self.fields.get(str(number)))

    def answered(self, number: int) -> str | None:
        """The same of the answer."""
        return _plain((self.answer or {}).get(str(number)))

    def masked_fields(self) -> dict[str, str]:
        """The request's fields as they may be shown."""
        return {number: str(value) for number, value in self.fields.items()}

    def masked_answer(self) -> dict[str, str]:
        """The answer's fields as they may be shown."""
        return {number: str(value) for number, value in (self.answer or {}).items()}


class HostBroken(msgspec.Struct, frozen=True, kw_only=True, tag="host_broken"):
    """A connection that ended without a whole request: closed, reset, idle too long. `received` bytes, `raw` masked."""

    connection: int
    at: float
    peer: str
    received: int
    reason: str
    raw: str = ""
    scenarios: tuple[AnyScenario, ...] = ()


HostEvent = HostConnected | HostRequest | HostExchange | HostBroken


def _plain(value: str | Hidden | None) -> str | None:
    return value.reveal() if isinstance(value, Hidden) else value


def _mask(value: object) -> str:
    if isinstance(value, Hidden):
        return value.shown
    raise NotImplementedError(f"no JSON form for {type(value).__name__}")


_ENCODER = msgspec.json.Encoder(enc_hook=_mask)


def to_json(event: HostEvent) -> bytes:
    """One event as a line of JSON without its newline; `type` names it, secrets are masked."""
    return _ENCODER.encode(event)


def to_dict(event: HostEvent) -> dict[str, Any]:
    """The same as plain Python values."""
    built: dict[str, Any] = msgspec.to_builtins(event, enc_hook=_mask)
    return built
