"""Field 55: what the terminal says to the chip and what it sends on (rules H15)."""

from __future__ import annotations

import secrets
from typing import Any

from tillrig.simulator.firmware.host.iso import IsoError, tlv, untlv
from tillrig.simulator.firmware.terminal import Terminal

REQUEST_ORDER = (
    "9F26", "9F27", "9F10", "9F37", "9F36", "95", "9A", "9C", "9F02", "5F2A", "82", "9F1A", "9F03", "9F33", "9F34",
    "9F35", "9F1E", "84", "9F09", "9F41",
)  # fmt: skip
REVERSAL_ORDER = ("95", "9F1E", "9F10", "9F36")
TSI = "E800"


class ChipGoneError(Exception):
    """The chip did not answer: pulled, or damaged."""


def first_cryptogram(terminal: Terminal, card: dict[str, Any], fen: int, pin: str) -> dict[str, str]:
    """Let the chip compute its ARQC; returns every tag of field 55. Raises ChipGoneError."""
    tags = _terminal_data(terminal, card, fen, pin)
    asked = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82")
    number = terminal.reader.ask({tag: tags[tag] for tag in asked})
    answer = terminal.kernel.wait(lambda: terminal.reader.answer(number), terminal.seconds("chip_answer"))
    if answer is None or "error" in answer:
        raise ChipGoneError
    return tags | {tag: str(value).upper() for tag, value in answer.items() if tag != "id"}


def _terminal_data(terminal: Terminal, card: dict[str, Any], fen: int, pin: str) -> dict[str, str]:
    chip = card["chip"]
    serial = str(terminal.param("serial")).rjust(8, "0")[-8:]
    verified = "020300" if pin else "1F0302"
    return {
        "9F37": secrets.token_hex(4).upper(),
        "95": "0000040000" if pin else "0000000000",
        "9A": terminal.clock.now().strftime("%y%m%d"),
        "9C": "00",
        "9F02": f"{fen:012d}",
        "5F2A": "0156",
        "82": str(chip.get("aip", "0000")).upper(),
        "9F1A": "0156",
        "9F03": "000000000000",
        "9F33": "E0F8C8",
        "9F34": verified,
        "9F35": "22",
        "9F1E": serial.encode().hex().upper(),
        "84": str(chip["aid"]).upper(),
        "9F09": "0020",
        "9F41": f"{int(terminal.store.get('stan', 0)) + 1:08d}",
        "9B": TSI,
    }


def request_data(tags: dict[str, str]) -> bytes:
    """Field 55 of the request."""
    return tlv({tag: tags[tag] for tag in REQUEST_ORDER if tag in tags})


def reversal_data(request: bytes) -> bytes:
    """Field 55 of the reversal of a request."""
    try:
        tags = untlv(request)
    except IsoError:
        return b""
    return tlv({tag: tags[tag] for tag in REVERSAL_ORDER if tag in tags})


def slip_tags(tags: dict[str, str], card: dict[str, Any]) -> dict[str, str]:
    """What the slip prints of the chip (rules R5)."""
    return {
        "aid": tags["84"], "tvr": tags["95"], "tsi": tags["9B"], "atc": tags.get("9F36", ""),
        "arqc": tags.get("9F26", ""), "applab": str(card["chip"].get("label", "")), "csn": card["sequence"].zfill(3),
    }  # fmt: skip
