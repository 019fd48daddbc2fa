"""Working keys, PIN block and CUP-ECB MAC (rules H12, H20; host page, Keys, MAC, PIN)."""

from __future__ import annotations

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes


def des_encrypt(key: bytes, data: bytes) -> bytes:
    """DES-ECB (8-byte key) or two-key 3DES-ECB (16 bytes)."""
    encryptor = Cipher(TripleDES(_triple(key)), modes.ECB()).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def des_decrypt(key: bytes, data: bytes) -> bytes:
    """Inverse of ``des_encrypt``."""
    decryptor = Cipher(TripleDES(_triple(key)), modes.ECB()).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def _triple(key: bytes) -> bytes:
    return key * 3 if len(key) == 8 else key + key[:8]


def xor(left: bytes, right: bytes) -> bytes:
    """Bytewise exclusive or."""
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def mac(key: bytes, data: bytes) -> bytes:
    """Field 64: eight ASCII hex characters over ``data`` (MTI up to the byte before field 64)."""
    data += bytes(-len(data) % 8)
    folded = bytes(8)
    for at in range(0, len(data), 8):
        folded = xor(folded, data[at : at + 8])
    text = folded.hex().upper().encode()
    first = des_encrypt(key, text[:8])
    return des_encrypt(key, xor(first, text[8:])).hex().upper().encode()[:8]


def check_value(key: bytes) -> bytes:
    """First four bytes of eight zero bytes enciphered."""
    return des_encrypt(key, bytes(8))[:4]


def pin_block(key: bytes, pin: str, pan: str) -> bytes:
    """ISO 9564 format 0 under ``key``."""
    field = bytes.fromhex(f"0{len(pin):X}{pin}".ljust(16, "F"))
    number = bytes.fromhex("0000" + pan[:-1][-12:].rjust(12, "0"))
    return des_encrypt(key, xor(field, number))


class BadCheckValueError(Exception):
    """A working key's check value is wrong (密钥校验失败); ``keys`` are what was sent all the same."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        super().__init__("check value of a working key is wrong")
        self.keys = keys


def working_keys(tmk: bytes, field62: bytes) -> dict[str, bytes]:
    """``pik`` and ``mak`` (``tdk``) of field 62. Raises ValueError for its length, BadCheckValueError."""
    size = 8 if len(field62) == 24 else 16
    step = size + 4
    if len(field62) < 2 * step or len(field62) % step:
        raise ValueError(f"field 62 with {len(field62)} bytes holds no working keys")
    keys, good = {}, True
    for name, at in zip(("pik", "mak", "tdk"), range(0, len(field62), step), strict=False):
        cipher, check = field62[at : at + size], field62[at + size : at + step]
        if size == 16 and cipher[8:] == bytes(8):
            cipher = cipher[:8]
        keys[name] = des_decrypt(tmk, cipher)
        good = good and check_value(keys[name]) == check
    if not good:
        raise BadCheckValueError(keys)
    return keys
