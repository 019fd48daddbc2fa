"""PIN blocks of ISO 9564 format 0 under a PIN key."""

from __future__ import annotations

from tillrig.errors import ProtocolError
from tillrig.protocols.des import decrypt, encrypt, xor


def _account(pan: str) -> bytes:
    """Four zeros and the twelve rightmost digits of the card number without its check digit."""
    if len(pan) < 13 or not pan.isdigit():
        raise ValueError("a card number for a PIN block has at least 13 digits")
    return bytes.fromhex("0000" + pan[-13:-1])


def clear_block(pin: str, pan: str) -> bytes:
    """Format 0 in clear: 0, length, PIN, F to the end, exclusive-or the account. Raises ValueError without the PIN."""
    if not 4 <= len(pin) <= 12 or not pin.isdigit():
        raise ValueError("a PIN has 4 to 12 digits")
    return xor(bytes.fromhex(f"0{len(pin):X}{pin}".ljust(16, "F")), _account(pan))


def encrypt_block(key: bytes, pin: str, pan: str) -> bytes:
    """Field 52: eight bytes."""
    return encrypt(key, clear_block(pin, pan))


def decrypt_block(key: bytes, block: bytes, pan: str) -> str:
    """The PIN in field 52. Raises ProtocolError (no offset, no content) when it is no format 0 block of this card."""
    spelled = xor(decrypt(key, block), _account(pan)).hex().upper()
    size = int(spelled[1], 16)
    pin, filler = spelled[2 : 2 + size], spelled[2 + size :]
    if spelled[0] != "0" or not 4 <= size <= 12 or not pin.isdigit() or filler.strip("F"):
        raise ProtocolError("the PIN block does not hold a PIN of this card under this key")
    return pin
