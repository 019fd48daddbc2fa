"""The lesson: keys lead a terminal through screens whose text the profile knows, and its glyphs are harvested."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.vision.photographs import columns, screen
from tillrig.errors import InconclusiveError
from tillrig.lab import Operator
from tillrig.masking import Secret
from tillrig.observers.screen import Sighting, State
from tillrig.profiles.load import load_profile
from tillrig.session.lesson import Lesson, summary
from tillrig.vision import DisplayGeometry, Frame, ScreenReader
from tillrig.vision.learning import Harvest

# Where the display's dots lie in the picture, five pixels a dot.
CORNERS = [[319.5, 199.5], [959.5, 199.5], [959.5, 519.5], [319.5, 519.5]]
MENUS = {
    "4": ["1 预授权", "2 完成请求", "3 完成通知", "4 预授权撤销"],
    "5": ["1 扫码收款", "2 收款码", "3 扫码撤销", "4 扫码退货"],
    "6": ["1 重打最后一笔", "2 重打任意一笔", "3 打印交易汇总", "4 重打结算单"],
    "7": ["1 签到", "2 签退", "3 交易查询", "4 操作员"],
    "8": ["1 余额查询", "2 现金收款", "3 转账", "4 电子凭证"],
}
MENU = ["1 消费  2 撤销", "3 退货  4 预授权", "5 扫码  6 打印", "7 管理  8 其它"]
VERSION = ["版本", "型号:classic", "版本:1.0.0", "终端号:12345678"]


class Terminal:
    """A scripted terminal, its display drawn as a camera sees it, and the session around it as the lesson uses it.

    `echo` says what a typed digit shows.
    """

    def __init__(self, echo: Callable[[str], str] = str) -> None:
        self.profile, self._echo = load_profile("classic"), echo
        self.at, self.typed = "menu", ""
        self.pressed: list[str] = []
        roles = {"00": "supervisor", "01": "operator"}  # a supervisor may not sell, and never sees the amount prompt
        self.lab = SimpleNamespace(
            operators={one: Operator(number=one, role=role, password=Secret("0000")) for one, role in roles.items()}
        )
        self.hand = SimpleNamespace(
            press=self.press, keypad=SimpleNamespace(secret=self._secret, wait_open=lambda: None)
        )
        self.eye = self
        self.timeline = SimpleNamespace(wait_for=lambda wanted, deadline: wanted())
        self.screen_reader = ScreenReader(DisplayGeometry(), CORNERS)
        self.bench = self
        self._frames: dict[tuple[str, ...], list[Frame]] = {}

    @contextlib.contextmanager
    def _secret(self) -> Iterator[None]:
        yield

    # -- the terminal

    def press(self, *keys: str) -> None:
        for key in keys:
            self.pressed.append(key)
            self._press(key)

    def _press(self, key: str) -> None:
        if key == "cancel":
            self.at, self.typed = "menu", ""
        elif key == "enter":
            self.at = {"operator": "password", "password": "menu"}[self.at]
            self.typed = ""
        elif key == "clear":
            self.typed = self.typed[:-1]
        elif self.at == "menu":
            self.at = "amount" if key == "1" else key
        elif self.at == "7":
            self.at = {"down": "manage 2", "8": "version"}[key]
        else:
            self.typed += key

    def rows(self) -> tuple[list[str], list[int]]:
        shown = "".join(map(self._echo, self.typed))
        fen = int(shown or "0") if self.at == "amount" else 0
        known = MENUS | {
            "menu": MENU,
            "manage 2": ["5 网络", "6 结算", "7 锁定终端", "8 版本"],
            "version": VERSION,
            "operator": ["签到", "请输入操作员编号", shown, ""],
            "password": ["签到", "请输入操作员密码", "*" * len(self.typed), ""],
            "amount": ["消费", "请输入金额:", f"{fen // 100}.{fen % 100:02d}", ""],
        }
        titled = self.at in ("version", "operator", "password", "amount")
        return known[self.at], [0, 2] if titled and self.at != "version" else [0] if titled else []

    # -- the eye

    @property
    def current(self) -> Sighting:
        rows, titled = self.rows()
        state = State(tuple(rows), self.profile.recogniser.recognise(rows), 0.0)
        state.settled_at = 0.0
        for frame in self._photographs(rows, titled):
            state.add(frame)
        return Sighting(1, state)

    def _photographs(self, rows: list[str], titled: list[int]) -> list[Frame]:
        key = tuple(rows)
        if key not in self._frames:
            placed = [
                " " * ((16 - columns(text)) // 2) + text if not n and titled else text for n, text in enumerate(rows)
            ]
            dots = screen(placed, right=titled[1:])
            picture = np.full((720, 1280), 180, np.uint8)
            picture[200:520, 320:960] = np.where(np.kron(dots, np.ones((5, 5))), 60, 200)
            number = 10 * len(self._frames)
            noise = np.random.default_rng(number).integers(0, 5, (3, *picture.shape), np.uint8)
            self._frames[key] = [
                Frame.from_array(picture + one, 0.0, "screen", number + n) for n, one in enumerate(noise)
            ]
        return self._frames[key]

    def check(self) -> None:
        pass

    # -- the session

    def ensure(self, state: str) -> None:
        assert state == "operator_prompt"
        self.at = "operator"

    def recover(self) -> str:
        self.press("cancel")
        return "menu"


def lesson(terminal: Any) -> tuple[Harvest, Lesson]:
    harvest = Harvest(DisplayGeometry())
    given = Lesson(terminal, harvest)
    given.give()
    return harvest, given


def test_the_lesson_learns_every_digit_and_each_character_it_shows() -> None:
    """Ten digits, the decimal point, the star, and the characters of twelve screens; nothing is confirmed but the
    sign-in."""
    terminal = Terminal()
    harvest, given = lesson(terminal)
    glyphs = harvest.glyphs()
    assert set("0123456789.*:") <= set(glyphs) and harvest.missing_digits == ""
    shown = {char for rows in (MENU, *MENUS.values()) for row in rows for char in row} - {" "}
    assert shown <= set(glyphs), harvest.problems
    assert "型" in glyphs and "c" in glyphs  # the profile knows the model; the terminal's number it does not
    assert len(given.screens) >= 10
    assert terminal.pressed.count("enter") == 2 and terminal.at == "menu"
    assert any("characters" in line for line in summary(harvest, given.screens))


def test_a_terminal_that_shows_another_digit_than_was_typed_teaches_neither() -> None:
    """What does not echo as typed is not learned from: the digit is missing, and the summary says what follows."""
    harvest, given = lesson(Terminal(echo=lambda digit: "1" if digit == "7" else digit))
    # The menus show two of it, which is not enough for a digit.
    assert "7" in harvest.missing_digits and "7" not in harvest.glyphs()
    ones = [one > 0.5 for one in harvest.places["1"]]
    assert all((one == ones[0]).all() for one in ones)
    assert any("no digit is used" in line for line in summary(harvest, given.screens))


def test_a_terminal_that_shows_something_else_is_not_led_on() -> None:
    """Where the password prompt does not come, the lesson ends before anything is typed into another screen."""
    terminal = Terminal()
    terminal._press = lambda key: None  # type: ignore[method-assign]
    terminal.at = "operator"
    with pytest.raises(InconclusiveError, match="ask_password"):
        lesson(terminal)
    assert terminal.pressed == ["0", "1", "enter"]
