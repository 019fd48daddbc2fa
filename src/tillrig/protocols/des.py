"""DES and triple DES in ECB, single blocks or many, and key check values."""

from __future__ import annotations

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

BLOCK = 8


def _cipher(key: bytes) -> Cipher[modes.ECB]:
    """8 bytes are single DES, 16 two-key and 24 three-key triple DES."""
    if len(key) not in (8, 16, 24):
        raise ValueError(f"a DES key has 8, 16 or 24 bytes, not {len(key)}")
    # Three equal keys make triple DES the single one; two-key triple DES repeats the first.
    whole = key * 3 if len(key) == BLOCK else key + key[:BLOCK] if len(key) == 2 * BLOCK else key
    return Cipher(TripleDES(whole), modes.ECB())


def encrypt(key: bytes, data: bytes) -> bytes:
    """`data`, a multiple of 8 bytes, each block by itself. Raises ValueError for another length."""
    encryptor = _cipher(key).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def decrypt(key: bytes, data: bytes) -> bytes:
    """The inverse of `encrypt`."""
    decryptor = _cipher(key).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def xor(left: bytes, right: bytes) -> bytes:
    """Bytes of equal length, exclusive-or."""
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def check_value(key: bytes) -> bytes:
    """The first four bytes of eight zero bytes encrypted: single DES for an 8-byte key, triple DES for longer ones."""
    return encrypt(key, bytes(BLOCK))[:4]
