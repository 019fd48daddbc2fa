"""From a decision to the bytes that go out, and what a scenario does to them. Pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec

from tillrig.errors import UsageError
from tillrig.host import scenarios as play
from tillrig.host.decisions import Outcome, Wish
from tillrig.host.scenarios import AnyScenario
from tillrig.protocols import mac
from tillrig.protocols.iso8583 import Message, encode
from tillrig.protocols.iso8583_fields import FIELDS, FieldError, write_field

Ending = Literal["wait", "close", "reset", "hold"]


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What goes out. `delay` in the terminal's seconds, `gap` between bytes (0: all at once), `ending` of the
    connection: wait for the terminal to close, close, reset, or hold it open whatever the terminal does.
    """

    payload: bytes = b""
    mti: str = ""
    header: str | None = None
    fields: dict[int, str] | None = None
    whole: bool = False
    delay: float = 0.0
    gap: float = 0.0
    ending: Ending = "wait"

    def __repr__(self) -> str:
        return f"Delivery({self.mti}, {len(self.payload)} bytes, then {self.ending})"


def validate(scenario: AnyScenario, message: str = "any") -> None:
    """Raise UsageError for a scenario whose values make no answer, or none to this message."""
    if isinstance(scenario, play.Decline) and message == "settlement":
        raise UsageError("Decline: the answer to a settlement has no F39; use SettlementSays")
    try:
        if isinstance(scenario, play.WrongField):
            write_field(
                scenario.field, "" if scenario.value is None and _is_variable(scenario.field) else _value(scenario)
            )
        elif isinstance(scenario, play.Decline):
            write_field(39, scenario.code)
    except FieldError as error:
        raise UsageError(f"{scenario.name}: {error}") from None
    for name in scenario.__struct_fields__:
        if isinstance(value := getattr(scenario, name), float) and not 0 <= value < math.inf:
            raise UsageError(f"{scenario.name}: {name} {value} is no time; use a number from 0")
    if isinstance(scenario, play.ProcessRequest) and not 0 <= scenario.nibble <= 9:
        raise UsageError(f"ProcessRequest: {scenario.nibble} is not within 0 to 9")
    if isinstance(scenario, play.Partial) and scenario.amount <= 0:
        raise UsageError("Partial: an approved amount is more than zero")


def _is_variable(number: int) -> bool:
    return number in FIELDS and FIELDS[number].prefix > 0


def _value(scenario: play.WrongField) -> str:
    if scenario.value is not None:
        return scenario.value
    form = FIELDS.get(scenario.field)
    if form is None:
        raise FieldError(f"field {scenario.field} is not in the table", scenario.field)
    return "0" * (2 * form.size if form.kind == "bytes" else form.size)


def wish(scenarios: Sequence[AnyScenario]) -> Wish:
    """What the scenarios want decided otherwise."""
    wanted = Wish()
    for scenario in scenarios:
        if isinstance(scenario, play.Decline):
            wanted = msgspec.structs.replace(wanted, code=scenario.code)
        elif isinstance(scenario, play.Partial):
            wanted = msgspec.structs.replace(wanted, partial=scenario.amount)
        elif isinstance(scenario, play.SettlementSays):
            wanted = msgspec.structs.replace(wanted, results=(scenario.result, scenario.foreign))
        elif isinstance(scenario, play.BadKeyCheck):
            wanted = msgspec.structs.replace(wanted, spoil=scenario.key)
    return wanted


def is_processed(scenarios: Sequence[AnyScenario]) -> bool:
    """Whether the host decides and books the request at all."""
    return all(getattr(scenario, "processed", not isinstance(scenario, play.HalfOpen)) for scenario in scenarios)


def silence(scenarios: Sequence[AnyScenario]) -> Delivery | None:
    """How the connection goes on when nothing is answered; None when there is an answer."""
    for scenario in scenarios:
        if isinstance(scenario, play.NoAnswer):
            return Delivery(ending="wait")
        if isinstance(scenario, play.HalfOpen):
            return Delivery(ending="hold")
        if isinstance(scenario, play.ResetAfterRequest):
            return Delivery(ending="reset")
    return None


def answer(request: Message, outcome: Outcome, scenarios: Sequence[AnyScenario], swap_tpdu: bool) -> Delivery:
    """The answer to `request` with what the scenarios do to it."""
    fields, mti = dict(outcome.fields), f"{int(request.mti) + 10:04d}"
    key, mac_of = outcome.mac_key, _right_mac(outcome.mac_key)
    nibble = "0"
    for scenario in scenarios:
        match scenario:
            case play.WrongField():
                fields[scenario.field] = _spoiled(fields.get(scenario.field), scenario)
            case play.WrongMti():
                mti = scenario.mti or ("0810" if mti != "0810" else "0210")
            case play.ForeignAnswer():
                fields |= _foreign(fields)
                mac_of = _right_mac(bytes(byte ^ 0x5A for byte in key) if key else None)
            case play.WrongMac():
                mac_of = _wrong_mac(key) if key else None
            case play.MissingMac():
                mac_of = None
            case play.ProcessRequest():
                nibble = str(scenario.nibble)
            case _:
                pass
    header = None if request.header is None else request.header[:5] + nibble + request.header[6:]
    tpdu = _swapped(request.tpdu) if swap_tpdu else request.tpdu
    payload = encode(mti, fields, tpdu=tpdu, header=header, mac=mac_of, length=request.length is not None)
    if mac_of is not None:
        fields[64] = payload[-8:].hex().upper()
    sent = Delivery(payload=payload, mti=mti, header=header, fields=fields, whole=True)
    for scenario in scenarios:
        sent = _distorted(sent, scenario)
    return sent


def _right_mac(key: bytes | None) -> Callable[[bytes], bytes] | None:
    return None if key is None else lambda data: mac.cup_ecb(key, data).field


def _wrong_mac(key: bytes) -> Callable[[bytes], bytes]:
    """Eight characters none of which is the right one."""
    other = bytes.maketrans(b"0123456789ABCDEF", b"123456789ABCDEF0")
    return lambda data: mac.cup_ecb(key, data).field.translate(other)


def _swapped(tpdu: str | None) -> str | None:
    """A direct host answers with the two addresses of the TPDU swapped."""
    return None if tpdu is None else tpdu[:2] + tpdu[6:10] + tpdu[2:6]


def _spoiled(right: str | None, scenario: play.WrongField) -> str:
    if scenario.value is not None:
        return scenario.value
    if not right:
        return _value(scenario)
    last = right[-1]
    return right[:-1] + (str((int(last) + 1) % 10) if last.isdigit() else "0")


def _foreign(fields: dict[int, str]) -> dict[int, str]:
    stan = f"{int(fields.get(11, '0')) % 999_999 + 1:06d}"
    other = {11: stan, 41: "90909090", 42: "898999999999999"}
    return {number: value for number, value in other.items() if number in fields}


def _distorted(sent: Delivery, scenario: AnyScenario) -> Delivery:
    """What happens to whole answers on their way."""
    payload = sent.payload
    changes: dict[str, Any] = {}
    match scenario:
        case play.Late():
            changes = {"delay": sent.delay + scenario.seconds}
        case play.SlowBytes():
            changes = {"gap": scenario.ms / 1000}
        case play.Twice():
            changes = {"payload": payload * 2}
        case play.Truncated():
            kept = max(len(payload) - scenario.missing, 1)
            changes = {"payload": payload[:kept], "whole": False, "ending": "close"}
        case play.LyingLength():
            said = (int.from_bytes(payload[:2], "big") + scenario.difference) & 0xFFFF
            changes = {"payload": said.to_bytes(2, "big") + payload[2:], "whole": False, "ending": "close"}
        case play.Garbage():
            noise = _noise(scenario.size)
            prefix = len(noise).to_bytes(2, "big") if scenario.framed else b""
            changes = {"payload": prefix + noise, "whole": False, "fields": None, "ending": "close"}
        case _:
            pass
    return msgspec.structs.replace(sent, **changes)


def _noise(size: int) -> bytes:
    """Bytes that are no message: the first is neither a TPDU's nor a message type's."""
    noise = b"\xff"
    while len(noise) < size:
        noise += hashlib.sha256(noise).digest()
    return noise[:size]
