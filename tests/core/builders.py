"""Hand-made steps and observations: small ones, each part named."""

from __future__ import annotations

from typing import Any

from tillrig.observations import HostSeen, Line, Reading, ScreenSeen, SlipSeen, Testimony
from tillrig.steps import AnyStep, Branch, Field, Guard, HostMessage, Screen, Slip


def said(
    expected: str, reading: Reading = Reading.MATCH, seen: str | None = None, frames: int = 2, readers: int = 2
) -> Testimony:
    """The eye's word on one expected text."""
    return Testimony(
        expected=expected,
        reading=reading,
        seen=expected if seen is None else seen,
        why="" if reading is Reading.MATCH else "told so",
        frames=tuple(f"screen-{n:06d}" for n in range(frames)),
        readers=tuple(("atlas", "rapidocr", "tesseract")[:readers]),
    )


def line(text: str, *testimonies: Testimony) -> Line:
    return Line(text=text, confidence=0.99, box=(1.0, 2.0, 30.0, 40.0), testimonies=testimonies, blank=not text)


def screen(
    kind: str, rows: dict[int, str], *, seq: int = 1, words: tuple[tuple[int, Testimony], ...] = (), **more: Any
) -> ScreenSeen:
    """A sighting whose rows are all confirmed, but for `words`."""
    lines = []
    for number in range(4):
        text = rows.get(number, "")
        told = tuple(word for row, word in words if row == number) or (said(text),)
        lines.append(line(text, *told))
    return ScreenSeen(
        seq=seq,
        at=float(seq),
        kind=kind,
        fields=more.pop("fields", {}),
        lines=tuple(lines),
        frames=("screen-000001", "screen-000002"),
        picture="sha256:" + "0" * 64,
        **more,
    )


def field(name: str, kind: str, value: Any, requirement: str = "REQ", **more: Any) -> Field:
    return Field(name=name, kind=kind, value=value, requirement=requirement, **more)  # type: ignore[arg-type]


def ask_amount(fen: int) -> Screen:
    return Screen(
        kind="ask_amount",
        requirement="SALE-PROMPTS",
        give="amount",
        value=fen,
        fields=(
            field("title", "key", "txn.sale", "SALE-PROMPTS"),
            field("prompt", "key", "prompt.ask_amount", "SALE-PROMPTS"),
            field("amount", "amount", fen, "SALE-AMOUNT-SCREEN", money=True),
        ),
    )


AMOUNT_ROWS = {0: "消费", 1: "请输入金额:", 2: "12.34"}


def branch(
    *steps: AnyStep,
    name: str = "only",
    outcomes: tuple[tuple[str, Any, str], ...] = (),
    forbidden: tuple[AnyStep, ...] = (),
) -> Branch:
    return Branch(name=name, guard=Guard(outcomes=outcomes), steps=steps, ledger=None, forbidden=forbidden)


def sale_message(**fields: str) -> HostMessage:
    given = {"F3": "000000", "F11": "000007", "F41": "10000001", **fields}
    return HostMessage(
        message="sale",
        requirement="SALE-REQUEST",
        fields=(
            field("F3", "digits", given["F3"], "SALE-REQUEST"),
            field("F4", "amount", 1234, "SALE-AMOUNT-SENT", money=True),
            field("F11", "digits", given["F11"], "STAN"),
            field("F41", "text", given["F41"], "TERMINAL-ID"),
        ),
        may=("F22",),
    )


def host(
    message: str = "sale",
    *,
    seq: int = 1,
    outcome: str = "approved",
    code: str = "00",
    fields: dict[str, str] | None = None,
    **more: Any,
) -> HostSeen:
    sent = {"F3": "000000", "F4": "000000001234", "F11": "000007", "F22": "051", "F41": "10000001"}
    return HostSeen(
        seq=seq,
        at=float(seq),
        message=message,
        fields={**sent, **(fields or {})},
        mac_ok=more.pop("mac_ok", True),
        pin_ok=more.pop("pin_ok", None),
        problems=(),
        outcome=outcome,
        code=code,
        answer=more.pop("answer", {"F39": code}),
        **more,
    )


MERCHANT = Slip(
    copy="merchant",
    requirement="SLIP-COPIES",
    fields=(
        field("title", "key", "slip.title", "SLIP-HEADER"),
        field("copy", "key", "slip.copy.merchant", "SLIP-HEADER"),
        field("card_no", "masked_pan", "990003*********6786", "SLIP-CARD"),
        field("entry", "key", "entry.chip", "SLIP-CARD"),
        field("voucher", "digits", "000007", "SLIP-VOUCHER"),
        field("auth", "digits", "600011", "SLIP-AUTH"),
        field("amount", "amount", 123456, "SLIP-AMOUNT", money=True),
        field("signature", "presence", True, "SLIP-SIGNATURE"),
        field("waiver", "amount", None, "FREE-LIMIT"),
    ),
)
MERCHANT_LINES = (
    "POS签购单/POS SALES SLIP",
    "商户存根/MERCHANT COPY",
    "卡号 CARD NO:",
    "990003*********6786 /I",
    "凭证号 VOUCHER NO:000007",
    "授权码 AUTH NO:600011",
    "金额 AMOUNT:",
    "RMB 1,234.56",
    "持卡人签名 CARDHOLDER SIGNATURE",
    "本人确认以上交易,同意将其计入本卡账户",
    "I ACKNOWLEDGE SATISFACTORY RECEIPT OF RELATIVE G",
    "OODS/SERVICE",
)


def slip(
    lines: tuple[str, ...] = MERCHANT_LINES,
    *,
    words: dict[int, tuple[Testimony, ...]] | None = None,
    copy: str = "merchant",
    complete: bool = True,
) -> SlipSeen:
    """A slip whose lines are all confirmed, but for `words`."""
    told = words or {}
    return SlipSeen(
        seq=1,
        at=9.0,
        copy=copy,
        fields={},
        field_lines={},
        complete=complete,
        frames=("slip-000001", "slip-000002"),
        picture="sha256:" + "1" * 64,
        lines=tuple(line(text, *told.get(number, (said(text),))) for number, text in enumerate(lines)),
    )
