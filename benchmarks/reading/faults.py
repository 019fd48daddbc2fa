"""One-character faults: what a buggy terminal shows instead of what it should."""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec

from benchmarks.reading.words import Field

CLASSES = ("digit", "dot", "star", "hanzi", "letter")
# Characters of GB 2312 that a tired eye takes for each other.
_ALIKE = """
    未末 人入 己已 土士 日曰 成戌 请清 余佘 卡卞 大太 失矢 天夭 输轮 码玛 密蜜 易昜 凭恁 证征 元无
    金全 终络 编偏 操噪 作昨 次欠 授援 权杈 效郊 户尸 名各 持特 签笺 名召 收攸 交父 类娄 型刑 打扛
    印卯 机朽 纸纱 确硝 费贵 撤撒 销消 退腿 货贷 借惜 平乎 网冈 连莲 超趋 主王 主玉 管菅 员贝 正止
    冲仲 功切 重里 试拭 挥浑 拒柜 通涌 讯迅 中申 稍捎 候侯 读续 板版 片爿 本木 结给 总忌 计汁 明朋
    细纽 流硫 付对 不木 待侍 商南 店庄 厂广 行彳 号弓 操澡 存在 满潢 时吋 额颔 式武 更便 再冉 联耿
    系糸 误娱 刷涮 插捅 取耻 走起 工土 农衣 建健 招沼 浦蒲 银根 东车 长卡 门闩 药约
"""
_HANZI: dict[str, list[str]] = {}
for _pair in _ALIKE.split():
    for _one, _other in (_pair, _pair[::-1]):
        try:
            _other.encode("gb2312")
            _one.encode("gb2312")
        except UnicodeEncodeError:
            continue
        _HANZI.setdefault(_one, []).append(_other)
_DIGITS = dict(zip("0123456789", ("8695", "74", "73", "85", "91", "638", "580", "12", "3069", "840"), strict=True))
_LETTERS = {
    "O": "0Q",
    "I": "1l",
    "B": "8E",
    "S": "5",
    "E": "F",
    "F": "E",
    "C": "G",
    "G": "C",
    "D": "O",
    "M": "N",
    "N": "M",
    "T": "I",
}


class Fault(msgspec.Struct, frozen=True):
    """`text` is the line with one character other than it should be."""

    text: str
    fault: str


def faults(field: Field, rng: random.Random) -> Iterator[Fault]:
    """One fault of each class that the line can have, in random places."""
    text = field.text
    at = text.find(field.value) if field.value else 0
    inside = range(at, at + len(field.value)) if field.value else range(len(text))
    yield from _swapped(text, [place for place in inside if text[place] in _DIGITS], _digit, "digit", rng)
    if field.type == "amount":
        yield Fault(_dot(text, text.index(".", at), rng), "dot")
    if field.type == "PAN":
        yield Fault(_star(text, [place for place in inside if text[place] == "*"], rng), "star")
    yield from _swapped(text, [place for place, char in enumerate(text) if char in _HANZI], _hanzi, "hanzi", rng)
    if field.type == "text" and any(char.isdigit() for char in text) and not _HANZI.keys() & set(text):
        yield from _swapped(
            text, [place for place, char in enumerate(text) if char in _LETTERS], _letter, "letter", rng
        )


def _swapped(text: str, places: list[int], swap: object, fault: str, rng: random.Random) -> Iterator[Fault]:
    if places:
        place = rng.choice(places)
        yield Fault(text[:place] + swap(text[place], rng) + text[place + 1 :], fault)  # type: ignore[operator]


def _digit(char: str, rng: random.Random) -> str:
    """Half the time a digit that looks like it."""
    return rng.choice(_DIGITS[char] if rng.random() < 0.5 else [one for one in "0123456789" if one != char])


def _hanzi(char: str, rng: random.Random) -> str:
    return rng.choice(_HANZI[char])


def _letter(char: str, rng: random.Random) -> str:
    return rng.choice(_LETTERS[char])


def _dot(text: str, dot: int, rng: random.Random) -> str:
    """Gone, a comma, or one place off."""
    way = rng.choice(("gone", "comma", "left", "right"))
    if way == "gone":
        return text[:dot] + text[dot + 1 :]
    if way == "comma":
        return text[:dot] + "," + text[dot + 1 :]
    if way == "left" and dot > 0 and text[dot - 1].isdigit():
        return text[: dot - 1] + "." + text[dot - 1] + text[dot + 1 :]
    return text[:dot] + text[dot + 1] + "." + text[dot + 2 :]


def _star(text: str, stars: list[int], rng: random.Random) -> str:
    """A digit that should be hidden, a star too few, a star too many."""
    place = rng.choice(stars)
    way = rng.choice(("bare", "bare", "few", "many"))
    if way == "bare":
        return text[:place] + rng.choice("0123456789") + text[place + 1 :]
    return text[:place] + text[place + 1 :] if way == "few" else text[:place] + "*" + text[place:]
