"""A terminal that is only a script: keys and cards in, sightings out, on a real timeline."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tillrig.errors import CameraError
from tillrig.observers.screen import DARK, Sighting, State
from tillrig.profiles import Profile
from tillrig.profiles.screens import Recognition
from tillrig.roles.keypad import Tally
from tillrig.timeline import Timeline
from tillrig.vision import Frame


class ScriptedEye:
    """Shows what it is told; each state settles at once."""

    def __init__(self, profile: Profile, timeline: Timeline) -> None:
        self._profile, self._timeline = profile, timeline
        self.sightings: list[Sighting] = []
        self.broken = False
        self._frames = 0

    def show(self, *rows: str) -> None:
        now = time.monotonic()
        recognition = self._profile.recogniser.recognise(rows) if any(rows) else Recognition(kind=DARK, score=1.0)
        state = State(tuple(rows), recognition, now)
        state.settled_at = now
        for _ in range(3):
            self._frames += 1
            state.add(Frame(now, b"jpeg%d" % self._frames, "screen", self._frames))
        current = self.current
        if current is not None and current.same_screen(recognition):
            current.states.append(state)
        else:
            if current is not None:
                current.ended_at = now
            self.sightings.append(Sighting(len(self.sightings) + 1, state))
        self._timeline.append("screen", screen=recognition.kind)

    @property
    def count(self) -> int:
        return len(self.sightings)

    @property
    def current(self) -> Sighting | None:
        return self.sightings[-1] if self.sightings else None

    def since(self, count: int) -> tuple[Sighting, ...]:
        return tuple(one for one in self.sightings if one.seq > count)

    def expect(self, kinds: Any) -> None:
        self.expected = tuple(kinds)

    def check(self) -> None:
        if self.broken:
            raise CameraError("screen camera: black")


class ScriptedKeypad:
    """Passes keys on; `dead` ones are pressed without closing their contact, `deaf` ones close it unheard, `bridged`
    ones close another one with it."""

    def __init__(self, terminal: Any, *, sensed: bool = True) -> None:
        self._terminal, self._sensed = terminal, sensed
        self.closed: Counter[str] = Counter()
        self.told: Counter[str] = Counter()
        self.bridged: dict[str, str] = {}
        self.dead: set[str] = set()
        self.deaf: set[str] = set()
        self.secret_keys: list[str] = []
        self._secret = False

    def press_sequence(self, keys: Any) -> None:
        for key in keys:
            if self._secret:
                self.secret_keys.append(key)
            self.told[key] += 1
            if key in self.dead:
                continue
            for closed in filter(None, (key, self.bridged.get(key))):
                self.closed[closed] += 1
                if closed not in self.deaf:
                    self._terminal.key(closed)

    def tally(self) -> Tally:
        return Tally(dict(self.told), dict(self.closed) if self._sensed else None)

    def witness_since(self, before: Tally) -> str:
        if before.closed is None:
            return "none"
        told, closed = self.told - Counter(before.told), self.closed - Counter(before.closed)
        return "clears_rig" if told == closed else "blames_rig"

    @contextlib.contextmanager
    def secret(self) -> Iterator[None]:
        self._secret = True
        yield
        self._secret = False

    def wait_open(self, deadline: float | None = None) -> None:
        """Nothing to wait for."""


class ScriptedCard:
    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal
        self.in_field = self.inside = False
        self.moves: list[str] = []

    def inserted(self) -> bool:
        return self.inside

    def insert(self, name: str) -> None:
        self.moves.append(f"insert {name}")
        self.inside = True
        self._terminal.card()

    def swipe(self, name: str) -> None:
        self.moves.append(f"swipe {name}")
        self._terminal.card()

    def tap(self, name: str) -> None:
        self.in_field = True
        self.moves.append(f"tap {name}")
        self._terminal.card()

    def remove(self) -> None:
        self.in_field = False
        self.moves.append("remove")

    def withdraw(self) -> None:
        self.moves.append("withdraw")
        self.inside = False
        self._terminal.card_out()


class ScriptedPower:
    def __init__(self) -> None:
        self.supply = True

    def supplied(self) -> bool:
        return self.supply

    def witness(self) -> str:
        return "clears_rig" if self.supply else "blames_rig"


class ScriptedRig:
    def __init__(self, terminal: Any, *, sensed: bool = True) -> None:
        self.keypad, self.card, self.power = (
            ScriptedKeypad(terminal, sensed=sensed),
            ScriptedCard(terminal),
            ScriptedPower(),
        )

    def need(self, role: str) -> Any:
        return getattr(self, role)


class Till:
    """A sale, as short as can be: menu, amount, card, PIN, result, menu."""

    def __init__(self, eye: ScriptedEye) -> None:
        self._eye = eye
        self._digits = self._pin = ""
        self.at = "menu"
        self.hangs_at = ""
        self.shows_wrong_amount = False
        self.asks_something_else = False
        self.menu()

    def menu(self) -> None:
        self.at = "menu"
        self._eye.show("1 消费  2 撤销", "3 退货  4 预授权", "5 扫码  6 打印", "7 管理  8 其它")

    def key(self, key: str) -> None:
        if self.at == self.hangs_at:
            return
        {"menu": self._from_menu, "ask_amount": self._amount, "ask_card": self._cancel, "ask_pin": self._pin_key}.get(
            self.at, lambda key: None
        )(key)

    def _from_menu(self, key: str) -> None:
        if key == "1":
            self.at, self._digits, self._pin = "ask_amount", "", ""
            self._eye.show("消费", "请输入金额:", "0.00", "")

    def _shown(self) -> str:
        fen = int(self._digits or "0") + (1 if self.shows_wrong_amount else 0)
        return f"{fen // 100}.{fen % 100:02d}"

    def _amount(self, key: str) -> None:
        if key == "enter":
            self.at = "ask_card"
            self._eye.show("消费", "请刷卡/插卡/挥卡", self._shown(), "")
        elif key == "cancel":
            self.menu()
        else:
            self._digits += key
            self._eye.show("消费", "请输入金额:", self._shown(), "")

    def _cancel(self, key: str) -> None:
        if key == "cancel":
            self.menu()

    def card(self) -> None:
        if self.at != "ask_card" or self.hangs_at == "ask_card":
            return
        if self.asks_something_else:
            self._eye.show("消费", "请出示身份证件", "", "")
            self.at = "odd"
            return
        self.at = "ask_pin"
        self._eye.show("消费", "请输入密码", "", self._shown())

    def _pin_key(self, key: str) -> None:
        if key == "enter":
            self.at = "result"
            self._eye.show("消费", "交易成功", "", "")
            self._eye.show("消费", "请取走卡片", "", "")
        else:
            self._pin += "*"
            self._eye.show("消费", "请输入密码", self._pin, self._shown())

    def card_out(self) -> None:
        if self.at == "result":
            self.menu()
