"""Working keys: made, wrapped under the terminal's master key and laid out as field 62 (host, Keys; rules H20)."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from tillrig.protocols.des import check_value, encrypt

#: The test terminal master key of the check values (rules H20).
DEFAULT_TMK = bytes.fromhex("A0B1C2D3E4F5061728394A5B6C7D8E9F")

MakForm = Literal["single", "double"]


class WorkingKeys(msgspec.Struct, frozen=True):
    """PIN key, MAC key, and the track key when the terminal asked for one. Its repr shows check values only."""

    pik: bytes
    mak: bytes
    tdk: bytes = b""

    def __repr__(self) -> str:
        return f"WorkingKeys(pik {check_value(self.pik).hex()}, mak {check_value(self.mak).hex()})"


def make(seed: str, tid: str, number: int, network: str, mak_form: MakForm = "single") -> WorkingKeys:
    """Keys of a terminal's `number`-th sign-in, the same for the same arguments. `network` is 60.3 of the request:
    001 single-length keys, 003 double, 004 double and a track key.
    """
    size = 8 if network == "001" else 16
    mak_size = 8 if mak_form == "single" else size
    pik = _key(f"{seed}/{tid}/{number}/pik", size)
    mak = _key(f"{seed}/{tid}/{number}/mak", mak_size)
    tdk = _key(f"{seed}/{tid}/{number}/tdk", size) if network == "004" else b""
    return WorkingKeys(pik, mak, tdk)


def _key(text: str, size: int) -> bytes:
    """Bytes of odd parity, as DES keys are written."""
    material = hashlib.sha256(text.encode()).digest()[:size]
    return bytes((byte & 0xFE) | (bin(byte >> 1).count("1") + 1) % 2 for byte in material)


def wrapped(tmk: bytes, keys: WorkingKeys, spoil: str = "") -> bytes:
    """Field 62: cipher and check value of each key in turn. A single-length MAK among double-length keys has eight zero
    bytes in the second half of its cipher. `spoil` names the key (pik, mak, tdk) whose check value is made wrong.
    """
    parts = []
    for name, key in (("pik", keys.pik), ("mak", keys.mak), ("tdk", keys.tdk)):
        if key:
            check = check_value(key)
            if name == spoil:
                check = bytes(byte ^ 0xFF for byte in check)
            parts.append(encrypt(tmk, key).ljust(len(keys.pik), b"\0") + check)
    return b"".join(parts)
