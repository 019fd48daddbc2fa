"""What terminals show and print: fixed texts of the specification, and random values of typed fields."""

from __future__ import annotations

import random
import re
from functools import lru_cache

import msgspec

from tillrig.profiles import load_profile

# type of a field -> the kind that the eye's testimony knows
KINDS = {
    "amount": "amount",
    "date": "date",
    "time": "time",
    "PAN": "masked_pan",
    "voucher": "digits",
    "reference": "digits",
    "number": "digits",
    "text": "text",
}
TYPES = tuple(KINDS)
NUMBERS = tuple(name for name in TYPES if name != "text")
# Prompts and messages of the specification that the classic profile does not need.
_MORE = (
    "请输入主管密码:", "请输入原凭证号:", "请输入原参考号:", "请输入原交易日期", "请输入授权码:",
    "请确认金额:", "请输入转入账号:", "请扫付款码", "请出示收款码", "请输入原密码:", "请输入新密码:",
    "请再输一遍新密码", "两次密码不一致", "修改密码成功", "主管密码错", "原交易非消费", "原交易卡号不符",
    "日期格式错", "无效付款码", "未付款,已取消", "重置成功", "请先结算", "终端被拆", "请插入SIM卡",
    "激活成功", "电量不足", "该流水已撤销", "不能撤销", "退货金额超限", "请验证指纹", "或输入密码",
    "是否打印凭证?", "可用余额:", "未付金额:",
)  # fmt: skip
MENUS = (
    ("1 消费  2 撤销", "3 退货  4 预授权", "5 扫码  6 打印", "7 管理  8 其它"),
    ("1 预授权", "2 完成请求", "3 完成通知", "4 预授权撤销"),
    ("1 扫码收款", "2 收款码", "3 扫码撤销", "4 扫码退货"),
    ("1 重打最后一笔", "2 重打任意一笔", "3 打印交易汇总", "4 重打结算单"),
    ("1 签到", "2 签退", "3 交易查询", "4 操作员"),
    ("1 交易明细", "2 交易汇总", "3 按凭证号", "4 按日期金额"),
    ("1 余额查询", "2 现金收款", "3 转账", "4 电子凭证"),
    ("1 终端参数", "2 通讯参数", "3 交易功能", "4 终端密钥"),
)
TITLES = (
    "消费",
    "撤销",
    "退货",
    "预授权",
    "扫码收款",
    "签到",
    "签退",
    "结算",
    "余额查询",
    "现金收款",
    "转账",
    "交易明细",
    "重打最后一笔",
)
ISSUERS = ("工商银行", "农业银行", "中国银行", "建设银行", "交通银行", "中信银行", "招商银行", "浦发银行", "银联中心")
MERCHANTS = (
    "测试商户便利店",
    "晨光文具店",
    "南门小吃城",
    "望江路加油站",
    "长宁大药房",
    "四季鲜果超市",
    "东湖宾馆",
    "云台山门票处",
)


class Field(msgspec.Struct, frozen=True):
    """One line of text: `type` as in TYPES, `value` its typed part ("" for free text), `grammar` what such a value
    looks like wherever it stands on the line."""

    text: str
    type: str = "text"
    value: str = ""
    grammar: str = ""

    @property
    def kind(self) -> str:
        return KINDS[self.type]


def columns(text: str) -> int:
    """Width in half-width columns."""
    return sum(2 if ord(char) > 0x7F else 1 for char in text)


@lru_cache(maxsize=1)
def prompts() -> tuple[str, ...]:
    """All fixed texts of at most 16 columns, none twice."""
    profile = load_profile("classic")
    every = [*profile.texts.values(), *profile.responses.values(), *_MORE]
    parts = [part for text in every for part in str(text).split("|")]
    return tuple(dict.fromkeys(part for part in parts if part and columns(part) <= 16))


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def amount(rng: random.Random, thousands: bool = False, most: int = 10) -> str:
    """Yuan and fen of at most `most` digits, every magnitude equally likely."""
    fen = rng.randrange(1, 10 ** rng.randint(1, most))
    return f"{fen / 100:,.2f}" if thousands and most <= 15 else f"{fen // 100}.{fen % 100:02d}"


def field(kind: str, rng: random.Random, before: str = "", after: str = "", **options: object) -> Field:
    """A random field of that type between two fixed texts."""
    value, grammar = _MAKERS[kind](rng, **options)
    return Field(f"{before}{value}{after}", kind, value, grammar)


def label(text: str) -> Field:
    return Field(text)


def number(rng: random.Random, count: int, before: str = "", after: str = "", kind: str = "number") -> Field:
    """A number of exactly `count` digits."""
    value = digits(rng, count)
    return Field(f"{before}{value}{after}", kind, value, rf"(?<!\d)\d{{{count}}}(?!\d)")


def _amount(rng: random.Random, thousands: bool = False, most: int = 10, sign: str = "") -> tuple[str, str]:
    whole = r"\d{1,3}(?:,\d{3})*" if thousands else r"\d+"
    return sign + amount(rng, thousands, most), rf"(?<![\d.,])-?{whole}\.\d{{2}}(?![\d.,])"


def _date(rng: random.Random, style: str = "{y}/{m}/{d}") -> tuple[str, str]:
    parts = {
        "y": f"{rng.randrange(2019, 2032)}",
        "m": f"{rng.randrange(1, 13):02d}",
        "d": f"{rng.randrange(1, 29):02d}",
    }
    grammar = re.escape(style).replace(r"\{y\}", r"\d{4}").replace(r"\{m\}", r"\d{2}").replace(r"\{d\}", r"\d{2}")
    return style.format(**parts), rf"(?<!\d){grammar}(?!\d)"


def _time(rng: random.Random, seconds: bool = True) -> tuple[str, str]:
    text = f"{rng.randrange(24):02d}:{rng.randrange(60):02d}" + (f":{rng.randrange(60):02d}" if seconds else "")
    return text, r"(?<!\d)" + re.sub(r"\d\d", r"\\d{2}", text) + r"(?!\d)"


def _moment(rng: random.Random, seconds: bool = True) -> tuple[str, str]:
    (day, day_grammar), (clock, clock_grammar) = _date(rng), _time(rng, seconds)
    return f"{day} {clock}", rf"{day_grammar[:-6]} ?{clock_grammar[7:]}"


def _pan(rng: random.Random, length: int = 0) -> tuple[str, str]:
    stars = (length or rng.choice((16, 16, 19))) - 10
    return f"99000{digits(rng, 1)}{'*' * stars}{digits(rng, 4)}", rf"(?<![\d*])\d{{6}}\*{{{stars}}}\d{{4}}(?![\d*])"


_MAKERS = {
    "amount": _amount,
    "date": _date,
    "moment": _moment,
    "time": _time,
    "PAN": _pan,
}


def moment(rng: random.Random, before: str = "", seconds: bool = True) -> Field:
    """Date and time on one line, a field of type date."""
    value, grammar = _moment(rng, seconds)
    return Field(f"{before}{value}", "date", value, grammar)
