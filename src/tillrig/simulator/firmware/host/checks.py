"""Is this the answer to what was asked? In the order of rules H11; the first failure decides the text."""

from __future__ import annotations

from tillrig.simulator.firmware.host.crypto import mac
from tillrig.simulator.firmware.host.iso import Fields, pack
from tillrig.simulator.firmware.terminal import Terminal

_COMPARED = {
    "sale": ("f3", "f11", "f41", "f42", "f4"),
    "void": ("f3", "f11", "f41", "f42", "f4"),
    "reversal": ("f3", "f11", "f41", "f42", "f4"),
}
_ALWAYS = ("f11", "f41", "f42")
PARTIAL = "10"


def mismatch(terminal: Terminal, request: Fields, answer: Fields, message: str) -> str:
    """The text of the first field that differs, "" when it is our answer."""
    expected_mti = f"{int(str(request[0])) + 10:04d}"
    if answer[0] != expected_mti and (text := _failed(terminal, "mti", message)):
        return text
    for check in _COMPARED.get(message, _ALWAYS):
        number = int(check[1:])
        if number == 4 and answer.get(39) == PARTIAL:
            continue
        if answer.get(number) != request.get(number) and (text := _failed(terminal, check, message)):
            return text
    return ""


def wrong_mac(terminal: Terminal, raw: bytes, answer: Fields, message: str) -> str:
    """The text when field 64 is missing or not the MAC of the ``raw`` body, else ""."""
    right = 64 in answer and mac(terminal.session.keys["mak"], raw[:-8]) == answer[64]
    return "" if right else _failed(terminal, "mac", message)


def _failed(terminal: Terminal, check: str, message: str) -> str:
    return terminal.hooks.answer_checked(terminal.text(check), check, message)


def with_mac(terminal: Terminal, fields: Fields, message: str) -> bytes:
    """The body of a request with its field 64 (rules H12)."""
    body = pack(fields | {64: bytes(8)})
    code = mac(terminal.session.keys["mak"], body[:-8])
    return body[:-8] + terminal.hooks.host_request_mac(code, message)
