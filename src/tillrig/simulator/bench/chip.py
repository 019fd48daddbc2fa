"""The chip on a card: counts transactions and signs them.

Application cryptogram as PBOC 3.0 part 5 describes for cryptogram version 01 (the CVN byte of the issuer application
data): session key from the card key and the ATC, then a retail MAC (ISO 9797-1 algorithm 3, padding method 2) over
the amounts, country, TVR, currency, date, type, unpredictable number, AIP, ATC and the card verification results.
A tag that the terminal did not give counts as zeros of its length. The chip always answers with an ARQC (go online).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

ARQC = "80"
_SIGNED = (("9F02", 6), ("9F03", 6), ("9F1A", 2), ("95", 5), ("5F2A", 2), ("9A", 3), ("9C", 1), ("9F37", 4))


def _encrypt(key: bytes, data: bytes) -> bytes:
    encryptor = Cipher(TripleDES(key + key[:8]), modes.CBC(bytes(8))).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def _decrypt_block(key: bytes, block: bytes) -> bytes:
    decryptor = Cipher(TripleDES(key + key[:8]), modes.CBC(bytes(8))).decryptor()
    return decryptor.update(block) + decryptor.finalize()


def session_key(card_key: bytes, atc: int) -> bytes:
    """Left half: the card key over the ATC; right half: over its complement; each filled with zeros on the left."""
    left = _encrypt(card_key, bytes(6) + atc.to_bytes(2, "big"))
    right = _encrypt(card_key, bytes(6) + (atc ^ 0xFFFF).to_bytes(2, "big"))
    return left + right


def retail_mac(key: bytes, data: bytes) -> bytes:
    """ISO 9797-1 algorithm 3 with a 16-byte key, padding method 2: 8 bytes."""
    padded = data + b"\x80"
    padded += bytes(-len(padded) % 8)
    left, right = key[:8], key[8:]
    last = _encrypt(left * 2, padded)[-8:]
    return _encrypt(left * 2, _decrypt_block(right * 2, last))


def cryptogram(card_key: bytes, atc: int, aip: bytes, iad: bytes, data: Mapping[str, str]) -> bytes:
    """Return the ARQC, 8 bytes, over the terminal's ``data`` (tag to hex)."""
    signed = b""
    for tag, length in _SIGNED:
        value = bytes.fromhex(data.get(tag, ""))[:length]
        signed += value.rjust(length, b"\x00")
    results = iad[3 : 3 + 4]  # length, key index, CVN, then the card verification results
    return retail_mac(session_key(card_key, atc), signed + aip + atc.to_bytes(2, "big") + results)


class Counters:
    """Application transaction counters of all cards; they outlive the bench, as on plastic."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._values: dict[str, int] = dict(json.loads(path.read_text()))
        except (OSError, ValueError):
            self._values = {}

    def next(self, card: str) -> int:
        """Count one transaction of ``card``: 1 to 65535."""
        self._values[card] = self._values.get(card, 0) % 0xFFFF + 1
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(self._values))
        draft.replace(self._path)
        return self._values[card]


def generate_ac(chip: Mapping[str, Any], atc: int, data: Mapping[str, str]) -> dict[str, str]:
    """Answer GENERATE AC: cryptogram information, ATC, cryptogram, issuer application data and AIP, in hex."""
    aip, iad = bytes.fromhex(chip["aip"]), bytes.fromhex(chip["iad"])
    signature = cryptogram(bytes.fromhex(chip["key"]), atc, aip, iad, data)
    return {
        "9F27": ARQC,
        "9F36": f"{atc:04X}",
        "9F26": signature.hex().upper(),
        "9F10": iad.hex().upper(),
        "82": aip.hex().upper(),
    }
