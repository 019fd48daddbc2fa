"""The fields of the host's answers (rules H5, H7, H8, H15, H19, H28)."""

from __future__ import annotations

from datetime import datetime

from tillrig.host.accounts import Account
from tillrig.protocols import ber_tlv
from tillrig.protocols.des import encrypt, xor
from tillrig.protocols.iso8583 import Message

Fields = dict[int, str]

#: The acquirer's identification: F32, and the second half of F44.
ACQUIRER = "00010000"
_ECHOED = {
    "signin": (11, 41, 42, 60),
    "signoff": (11, 41, 42, 60),
    "echo": (41, 42, 60),
    "settlement": (11, 41, 42, 48, 49, 60, 63),
    "batch_upload": (11, 41, 42, 48, 60),
    "upload_end": (11, 41, 42, 48, 60),
    "sale": (2, 3, 4, 11, 14, 23, 25, 41, 42, 49, 53, 59, 60, 62),
    "reversal": (2, 3, 4, 11, 14, 23, 25, 41, 42, 49, 60),
}
#: What the host adds, besides date and time.
_ADDED = {
    "signin": (32, 37, 39),
    "signoff": (32, 37, 39),
    "echo": (39,),
    "settlement": (15, 32, 37),
    "batch_upload": (37, 39),
    "upload_end": (37, 39),
    "sale": (15, 32, 37, 38, 39, 44, 63),
    "reversal": (15, 32, 37, 39, 44),
}
_PAYMENTS = ("sale", "reversal")


class AnswerMaker:
    """Makes answers; keeps the counters of F37 and F38, so that no reference comes twice in a clearing day."""

    def __init__(self) -> None:
        self._references = 0
        self._authorisations = 0

    def fields(
        self, name: str, request: Message, code: str, approved: bool, *, account: Account | None, now: datetime
    ) -> Fields:
        """All fields but F64. A declined answer leaves out 15, 37 and 38. For a message that is not served, and for one
        that could be read in part only: what was readable of the payment's fields.
        """
        asked = request.fields
        answer = {n: asked[n] for n in _ECHOED.get(name, _ECHOED["sale"]) if n in asked}
        answer |= {12: now.strftime("%H%M%S"), 13: now.strftime("%m%d")}
        for number in _ADDED.get(name, (39,)):
            if approved or name == "settlement" or number not in (15, 37, 38, 63):
                answer[number] = self._added(number, code, account, now)
        if name in _PAYMENTS and account is not None:
            # A stripe sends no F2 and no F14; the answer has the card's own (rules H5, H19).
            answer |= {2: account.pan, 14: account.expiry}
        if name in _PAYMENTS and account is None:
            answer.pop(63, None)
        if approved and name == "sale" and account is not None and 55 in asked:
            answer |= _chip_answer(request.data(55), account.key, code)
        return dict(sorted(answer.items()))

    def _added(self, number: int, code: str, account: Account | None, now: datetime) -> str:
        if number == 37:
            self._references = self._references % 999_999 + 1
            return now.strftime("%H%M%S") + f"{self._references:06d}"
        if number == 38:
            self._authorisations = self._authorisations % 999_999 + 1
            # Spread over six digits, so that a slip cannot show a right number by luck of leading zeros.
            return f"{self._authorisations * 600_011 % 1_000_003 % 1_000_000:06d}"
        issuer = account.issuer if account else ""
        organisation = account.organisation if account else "000"
        return {
            15: now.strftime("%m%d"),
            32: ACQUIRER,
            39: code,
            44: f"{issuer:<11}{ACQUIRER:<11}",
            63: organisation + " " * 60,
        }[number]


def _chip_answer(data: bytes, key: bytes, code: str) -> Fields:
    """Field 55 of an approval: the counter back, and ARPC with the response code (method 1, session key of PBOC)."""
    tags = {found.tag: found.value for found in ber_tlv.parse(data)[0]}
    counter, cryptogram = tags.get("9F36", b""), tags.get("9F26", b"")
    if len(counter) != 2 or len(cryptogram) != 8 or len(key) != 16:
        return {}
    session = encrypt(key, bytes(6) + counter) + encrypt(key, bytes(6) + bytes(byte ^ 0xFF for byte in counter))
    response = code.encode("ascii")
    proof = encrypt(session, xor(cryptogram, response.ljust(8, b"\0")))
    return {55: ber_tlv.encode([("9F36", counter), ("91", proof + response)]).hex().upper()}
