"""What is shown: screens of an LCD, screens of a colour display, printed slips, each with the truth about every line.

A sheet's line may carry a fault: then the picture shows `Fault.text` of the pair or the expectation does, never both.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec

from benchmarks.reading.faults import Fault, faults
from benchmarks.reading.words import (
    ISSUERS,
    MENUS,
    MERCHANTS,
    TITLES,
    Field,
    amount,
    columns,
    field,
    label,
    moment,
    number,
    prompts,
)

# Share of the faults that are shown by the terminal; the others are in the expectation.
_SHOWN_FAULTY = 0.4


class Line(msgspec.Struct, frozen=True):
    """One line in the picture: `shown` stands there, `field` is what should. `others` must not be called MATCH.

    `well_formed`: what is shown obeys its field's grammar, so that a blind reading and a sound expectation can be
    judged on it.
    """

    field: Field
    shown: str
    others: tuple[Fault, ...] = ()
    place: str = (
        ""  # screen: "left", "right", "title", "chosen", "centre"; slip: "text", "small", "amount", "rule", "centre"
    )

    @property
    def well_formed(self) -> bool:
        if self.shown == self.field.text:
            return True
        return self.others[0].fault not in ("dot", "star") and self.field.type not in ("date", "time")

    @property
    def value(self) -> str:
        """The typed part as it is shown, "" for free text."""
        if not self.field.value:
            return ""
        before, after = self.field.text.split(self.field.value, 1)
        return self.shown[len(before) : len(self.shown) - len(after)] if after else self.shown[len(before) :]


def line(item: Field, rng: random.Random, place: str, shows: Callable[[str], bool], width: int) -> Line:
    """The field with its faults: one of them may be what the terminal shows."""
    possible = [
        one for one in faults(item, rng) if shows(one.text) and columns(one.text) <= width and one.text != item.text
    ]
    if possible and rng.random() < _SHOWN_FAULTY:
        fault = rng.choice(possible)
        return Line(item, fault.text, (Fault(item.text, fault.fault),), place)
    return Line(item, item.text, tuple(possible), place)


def screen_fields(rng: random.Random) -> list[tuple[Field, str]]:  # noqa: PLR0911 - a return a layout
    """Four rows of at most 16 columns, each with its place."""
    title = (label(rng.choice(TITLES)), "title")
    prompt = (label(rng.choice(prompts())), "left")
    pick = rng.randrange(9)
    if pick == 0:
        return [(label(text), "left") for text in rng.choice(MENUS)]
    if pick in (1, 2):
        stars = (label("*" * rng.randint(1, 6)), "right")
        money = (field("amount", rng), "right")
        return [title, prompt, stars, money] if pick == 1 else [title, prompt, money, (Field(""), "left")]
    if pick == 3:
        return [
            title,
            (label("签到成功"), "left"),
            (moment(rng, seconds=False), "left"),
            (number(rng, 8, "终端号:"), "left"),
        ]
    if pick == 4:
        return [
            (number(rng, 6, "凭证号:", kind="voucher"), "left"),
            (field("PAN", rng, length=16), "left"),
            (field("amount", rng, "金额:"), "left"),
            (field("time", rng, "时间:"), "left"),
        ]
    if pick == 5:
        return [
            (label("参考号:"), "left"),
            (number(rng, 12, kind="reference"), "right"),
            (field("date", rng, "日期:", style=rng.choice(("{y}/{m}/{d}", "{m}/{d}", "{y}-{m}-{d}"))), "left"),
            (number(rng, 6, "批次号:"), "left"),
        ]
    if pick == 6:
        return [title, (label("可用余额:"), "left"), (field("amount", rng), "right"), prompt]
    if pick == 7:
        return [
            (field("amount", rng, "应收:", most=8), "left"),
            (field("amount", rng, "实收:", most=8), "left"),
            (field("amount", rng, "找零:", most=8), "left"),
            (label(rng.choice(prompts())), "left"),
        ]
    rest = rng.sample(prompts(), 3)
    return [title, *((label(text), "left") for text in rest)]


def number_fields(rng: random.Random) -> list[tuple[Field, str]]:
    """Four rows of figures: more of what must not be read wrong than screens of a sale show."""
    makers = (
        lambda: (field("amount", rng), "right"),
        lambda: (field("amount", rng, rng.choice(("金额:", "余额:", "应收:", "小费:")), most=8), "left"),
        lambda: (number(rng, 6, "凭证号:", kind="voucher"), "left"),
        lambda: (number(rng, 6, "批次号:"), "left"),
        lambda: (number(rng, 8, "终端号:"), "left"),
        lambda: (number(rng, 12, kind="reference"), "right"),
        lambda: (number(rng, 15), "right"),
        lambda: (field("PAN", rng, length=16), "left"),
        lambda: (field("time", rng, "时间:"), "left"),
        lambda: (field("date", rng, "日期:", style=rng.choice(("{y}/{m}/{d}", "{m}/{d}", "{y}-{m}-{d}"))), "left"),
    )
    return [make() for make in rng.sample(makers, 4)]


def slip_fields(rng: random.Random) -> list[tuple[Field, str]]:
    """A sale's slip or a settlement's, one acquirer's layout or another's; "" is blank paper."""
    return _settlement(rng) if rng.random() < 0.2 else _sale(rng)


_RULE = (Field("-" * 32), "rule")


def _sale(rng: random.Random) -> list[tuple[Field, str]]:
    kind = rng.choice(
        (
            "消费(SALE)",
            "消费撤销(VOID)",
            "退货(REFUND)",
            "预授权(AUTH)",
            "预授权完成(AUTH COMPLETE)",
            "扫码消费(QR SALE)",
        )
    )
    sign = "-" if "VOID" in kind or "REFUND" in kind else ""
    one_line = rng.random() < 0.5
    after = (lambda text: text) if one_line else (lambda _: "")

    def named(name: str, made: Field) -> list[tuple[Field, str]]:
        return [(made, "text")] if one_line else [(label(name), "text"), (made, "text")]

    found = [
        (label("POS签购单/POS SALES SLIP"), "centre"),
        (label(rng.choice(("商户存根/MERCHANT COPY", "持卡人存根/CARDHOLDER COPY", "银行存根/BANK COPY"))), "centre"),
        _RULE,
        (label("商户名称 MERCHANT NAME:"), "text"),
        (label(rng.choice(MERCHANTS)), "text"),
        *named("商户编号 MERCHANT NO:", number(rng, 15, after("商户编号:"))),
        (number(rng, 8, "终端编号 TERMINAL NO:"), "text"),
        (number(rng, 2, "操作员号 OPERATOR NO:"), "text"),
        _RULE,
        (label(f"发卡行 ISSUER:{rng.choice(ISSUERS)}"), "text"),
        (label("卡号 CARD NO:"), "text"),
        (field("PAN", rng, after=rng.choice((" /S", " /I", " /C"))), "text"),
        (label("交易类型 TXN TYPE:"), "text"),
        (label(kind), "text"),
        (field("date", rng, "有效期 EXP DATE:", style="{y}/{m}"), "text"),
        (number(rng, 6, "批次号 BATCH NO:"), "text"),
        (number(rng, 6, "凭证号 VOUCHER NO:", kind="voucher"), "text"),
        (number(rng, 6, "授权码 AUTH NO:"), "text"),
        *named("日期/时间 DATE/TIME:", moment(rng, after("日期:"))),
        (field("time", rng, "受理时间 TIME:"), "text"),
        *named("参考号 REF NO:", number(rng, 12, after("参考号 REF NO:"), kind="reference")),
        (label("金额 AMOUNT:"), "text"),
        (field("amount", rng, "RMB ", thousands=True, most=8, sign=sign), "amount"),
    ]
    if rng.random() < 0.5:
        found += [
            _RULE,
            (label(f"AID:A000000333010{rng.randrange(1, 4)}"), "small"),
            (label(f"TVR:{rng.randrange(16**10):010X}"), "small"),
            (number(rng, 4, "ATC:"), "small"),
            (label(f"ARQC:{rng.randrange(16**16):016X}"), "small"),
            (number(rng, 3, "CSN:"), "small"),
        ]
    if rng.random() < 0.3:
        found.append((label("****重打印/DUPLICATED****"), "centre"))
    if rng.random() < 0.5:
        found += [
            (label("持卡人签名 CARDHOLDER SIGNATURE"), "text"),
            (label("本人确认以上交易,同意将其计入本卡账户"), "small"),
        ]
    else:
        found.append((label("未超1000.00元,免密免签"), "text"))
    return found


def _settlement(rng: random.Random) -> list[tuple[Field, str]]:
    def total(name: str) -> tuple[Field, str]:
        count, money = str(rng.randrange(10 ** rng.randint(1, 3))), amount(rng, thousands=True, most=9)
        text = f"{name}{' ' * (10 - columns(name))}{count:>8}{money:>14}"
        # Spaces do not survive a recogniser, so count and amount are judged as one.
        return (
            Field(text, "amount", text[text.index(f" {count}") + 1 :], r"(?<![\d.,])[\d,]+\.\d{2}(?![\d.,])"),
            "text",
        )

    block = [total(name) for name in ("消费", "退货", "完成", "完成(通知)", "借记", "贷记")]
    return [
        (label("结算总计单"), "centre"),
        _RULE,
        (label("商户名称 MERCHANT NAME:"), "text"),
        (label(rng.choice(MERCHANTS)), "text"),
        (number(rng, 8, "终端编号 TERMINAL NO:"), "text"),
        (number(rng, 6, "批次号 BATCH NO:"), "text"),
        (label("日期/时间 DATE/TIME:"), "text"),
        (moment(rng), "text"),
        _RULE,
        (label("类型/TYPE 笔数/SUM 金额/AMOUNT"), "text"),
        (label(f"内卡:{rng.choice(('对账平', '对账不平', '对账出错', '对帐平'))}"), "text"),
        *block,
        (label("外卡:对账平"), "text"),
        *[total(name) for name in ("消费", "退货", "借记", "贷记")],
        _RULE,
    ]


def sheet(
    items: list[tuple[Field, str]], rng: random.Random, shows: Callable[[str, str], bool], widths: dict[str, int]
) -> list[Line]:
    """Every item as a line; an item that the fonts lack a character for is left blank."""
    lines = []
    for item, place in items:
        if place == "rule" or not item.text:
            lines.append(Line(item, item.text, (), place))
            continue
        width = widths.get(place, max(widths.values()))
        lines.append(line(item, rng, place, lambda text, place=place: shows(text, place), width))
    return lines


def as_it_should_be(items: list[tuple[Field, str]]) -> list[Line]:
    """Every item as a line that shows what it should."""
    return [Line(item, item.text, (), place) for item, place in items]
