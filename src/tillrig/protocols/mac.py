"""Message authentication codes of POS terminals: CUP-ECB (rules H12, H20), ANSI X9.9 and X9.19."""

from __future__ import annotations

from typing import Literal

import msgspec

from tillrig.protocols.des import BLOCK, decrypt, encrypt, xor

Algorithm = Literal["cup-ecb", "x9.9", "x9.19"]
ALGORITHMS: tuple[Algorithm, ...] = ("cup-ecb", "x9.9", "x9.19")


class Mac(msgspec.Struct, frozen=True):
    """The last cipher block, and field 64: the first eight of its upper-case hex characters, as ASCII."""

    block: bytes

    @property
    def text(self) -> str:
        """The eight characters."""
        return self.block[:4].hex().upper()

    @property
    def field(self) -> bytes:
        """The eight bytes of field 64."""
        return self.text.encode("ascii")


def pad(data: bytes) -> bytes:
    """Zero bytes up to a multiple of 8; nothing when it is one."""
    return data + bytes(-len(data) % BLOCK)


def fold(data: bytes) -> bytes:
    """The exclusive-or of all blocks of the padded data."""
    block = bytes(BLOCK)
    padded = pad(data)
    for at in range(0, len(padded), BLOCK):
        block = xor(block, padded[at : at + BLOCK])
    return block


def cup_ecb(key: bytes, data: bytes) -> Mac:
    """R is the fold, H its 16 hex characters; E1 = DES(H[0:8]), E2 = DES(E1 ⊕ H[8:16]); triple DES with 16 bytes."""
    spelled = fold(data).hex().upper().encode("ascii")
    first = encrypt(key, spelled[:BLOCK])
    return Mac(encrypt(key, xor(first, spelled[BLOCK:])))


def x9_9(key: bytes, data: bytes) -> Mac:
    """ANSI X9.9: CBC over the padded data, zero start, the last block. Triple DES throughout with a 16-byte key."""
    return Mac(_chain(key, data))


def x9_19(key: bytes, data: bytes) -> Mac:
    """ANSI X9.19, the retail MAC: CBC under the first half, then the last block decrypted under the second and
    encrypted under the first. Raises ValueError unless the key has 16 bytes.
    """
    if len(key) != 2 * BLOCK:
        raise ValueError(f"x9.19 takes a key of 16 bytes, not {len(key)}")
    left, right = key[:BLOCK], key[BLOCK:]
    return Mac(encrypt(left, decrypt(right, _chain(left, data))))


def _chain(key: bytes, data: bytes) -> bytes:
    block = bytes(BLOCK)
    padded = pad(data)
    for at in range(0, len(padded), BLOCK):
        block = encrypt(key, xor(block, padded[at : at + BLOCK]))
    return block


def compute(algorithm: Algorithm, key: bytes, data: bytes) -> Mac:
    """The MAC of `data`. Raises ValueError for a key of a length that the algorithm does not take."""
    if len(key) not in (BLOCK, 2 * BLOCK):
        raise ValueError(f"a MAC key has 8 or 16 bytes, not {len(key)}")
    return {"cup-ecb": cup_ecb, "x9.9": x9_9, "x9.19": x9_19}[algorithm](key, data)
