"""A person at the bench: fingers on keys, cards by hand, plugs pulled, instruments broken on purpose."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tillrig.simulator import wire
from tillrig.simulator.bench.board_port import BOARD_STATES, BoardState
from tillrig.simulator.bench.control import ControlError
from tillrig.simulator.bench.eyes import CAMERA_FAULTS, MEASURED_FAULTS
from tillrig.simulator.bench.relays import bounce

if TYPE_CHECKING:
    from tillrig.simulator.bench.bench import Bench
    from tillrig.simulator.bench.line import SerialLine

PRESS_MS, PAUSE_MS = 60, 80
DAMAGE = ("stripe", "chip", "contactless")

USAGE = """\
  status                                  what a person at the bench sees
  press KEY[:MS]...                       finger on keys one after the other, 60 ms each (press power:2500)
  insert SLOT|NAME    withdraw            card into the slot, out of it
  tap SLOT|NAME       untap               card into the field, out of it
  swipe SLOT|NAME                         card through the stripe reader
  damage SLOT|NAME stripe|chip|contactless|none
  power off|on                            pull every supply, put it back
  battery PERCENT     lid open|closed     battery's charge, tamper switch
  paper out|in|take|jam|free|load MM      paper under the head, torn off, jammed, a new roll
  cable ecr|console|link out|in           pull a cable
  noise ecr|console SHARE                 share of bytes that arrive damaged, 0 to 1
  baud ecr|console RATE                   speed the terminal's port really has
  camera screen|slip ok|dead|frozen|black|covered|defocused|dark|saturated|torn
  camera screen|slip moved [PX]           the camera is bumped by so many of its pixels (8)
  camera screen|slip wrong [WIDTH]        another camera answers: same size, or frames of another width
  board ok|dead|garbage|slow              relay board
  wear KEY N                              a contact that misses one press in N; 0 mends it
  firmware kill                           the processor alone crashes"""


class Hand:
    """Obeys the commands of USAGE."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    async def obey(self, argv: Sequence[str]) -> Any:
        """Do what ``argv`` says; returns something that JSON can hold. Raises ControlError."""
        if not argv:
            raise ControlError(f"what should the bench do?\n{USAGE}")
        name, *words = argv
        command = getattr(self, f"_do_{name}", None)
        if command is None:
            raise ControlError(f"no command {name!r}. Known:\n{USAGE}")
        try:
            result = command(*words)
            return await result if asyncio.iscoroutine(result) else result
        except (TypeError, ValueError) as error:
            raise ControlError(f"{' '.join(argv)}: {error}\n{USAGE}") from error

    def _do_status(self) -> dict[str, Any]:
        bench = self._bench
        closed = [name for bit, name in enumerate(wire.KEYS) if bench.terminal.keys.mask >> bit & 1]
        coils = [coil for coil, energised in enumerate(bench.board.coils) if energised]
        own = {"pid": os.getpid(), "coils_on": coils, "keys_closed": closed, "board": bench.board_port.state}
        return own | bench.terminal.status()

    async def _do_press(self, *keys: str) -> None:
        for word in keys:
            key, _, milliseconds = word.partition(":")
            await self._press(_key(key), float(milliseconds or PRESS_MS) / 1000)
            await asyncio.sleep(PAUSE_MS / 1000)

    async def _press(self, key: int, seconds: float) -> None:
        keys, rng = self._bench.terminal.keys, self._bench.rng
        loop = asyncio.get_running_loop()
        down = loop.time()
        edges = bounce(rng, True, down) + bounce(rng, False, down + seconds)
        for at, closed in edges:
            loop.call_at(at, keys.edge, key, "finger", closed, at)
        await asyncio.sleep(edges[-1][0] - down + 0.001)
        keys.settled(key, True)

    def _do_insert(self, card: str) -> None:
        self._moved(self._bench.terminal.cards.insert(self._slot(card)), f"card {card}")

    def _do_withdraw(self) -> None:
        self._moved(self._bench.terminal.cards.withdraw(), "a card in the slot")

    def _do_swipe(self, card: str) -> None:
        self._moved(self._bench.terminal.cards.swipe(self._slot(card)), f"card {card}")

    def _do_tap(self, card: str) -> None:
        self._moved(self._bench.terminal.cards.tap(self._slot(card)), f"card {card}")

    def _do_untap(self) -> None:
        self._bench.terminal.cards.untap()

    def _do_damage(self, card: str, part: str) -> None:
        slots = self._bench.terminal.cards.slots
        marks = slots[self._slot(card)]["damage"]
        if _one_of(part, (*DAMAGE, "none")) == "none":
            marks.clear()
        elif part not in marks:
            marks.append(part)

    def _do_power(self, state: str) -> None:
        on = _one_of(state, ("off", "on")) == "on"
        for supply in ("mains", "battery"):
            self._bench.terminal.feed(supply, on)

    def _do_battery(self, percent: str) -> None:
        self._bench.terminal.battery(int(percent))

    def _do_lid(self, state: str) -> None:
        self._bench.terminal.lid(_one_of(state, ("open", "closed")) == "open")

    def _do_paper(self, what: str, millimetres: str = "0") -> None:
        printer = self._bench.terminal.printer
        match _one_of(what, ("out", "in", "take", "jam", "free", "load")):
            case "out" | "in":
                printer.hold_out(what == "out")
            case "jam" | "free":
                printer.jam(what == "jam")
            case "load":
                printer.load(int(millimetres))
            case _:
                self._bench.take_paper()

    def _do_cable(self, name: str, state: str) -> None:
        in_ = _one_of(state, ("out", "in")) == "in"
        if name == "link":
            self._bench.link(in_)
        else:
            self._line(name).plug(in_)

    def _do_noise(self, name: str, share: str) -> None:
        if not 0 <= float(share) <= 1:
            raise ControlError(f"noise {share}: a share between 0 and 1 is needed")
        self._line(name).noise = float(share)

    def _do_baud(self, name: str, rate: str) -> None:
        self._line(name).baud = int(rate)

    def _do_camera(self, which: str, state: str, amount: str = "") -> None:
        eyes = self._bench.eyes
        eye = eyes.screen if _one_of(which, ("screen", "slip")) == "screen" else eyes.slip
        if amount and _one_of(state, MEASURED_FAULTS) and not 0 < float(amount) < 4000:
            raise ControlError(f"{state} by {amount}: a number of pixels between 0 and 4000 is needed")
        eye.fault(None if _one_of(state, CAMERA_FAULTS) == "ok" else state, float(amount) if amount else None)

    def _do_board(self, state: str) -> None:
        known: dict[str, BoardState] = {name: name for name in BOARD_STATES}
        self._bench.board_port.fail(known[_one_of(state, BOARD_STATES)])

    def _do_wear(self, key: str, count: str) -> None:
        self._bench.relays[_key(key)].wear = int(count)

    def _do_firmware(self, what: str) -> None:
        _one_of(what, ("kill",))
        pid = self._bench.terminal.processor.pid
        if pid is None:
            raise ControlError("the processor is not running")
        os.kill(pid, signal.SIGKILL)

    def _line(self, name: str) -> SerialLine:
        return self._bench.lines[_one_of(name, tuple(self._bench.lines))]

    def _slot(self, card: str) -> int:
        slots = self._bench.terminal.cards.slots
        for slot, plastic in slots.items():
            if card in (str(slot), plastic["name"]):
                return slot
        known = ", ".join(f"{slot} {plastic['name']}" for slot, plastic in sorted(slots.items()))
        raise ControlError(f"no card {card!r} in the changer; there are {known}")

    @staticmethod
    def _moved(done: bool, what: str) -> None:
        if not done:
            raise ControlError(f"{what}: not there, or another is in the way")


def _key(name: str) -> int:
    return wire.KEYS.index(_one_of(name, wire.KEYS))


def _one_of(word: str, known: Sequence[str]) -> str:
    if word not in known:
        raise ControlError(f"{word!r} is none of {', '.join(known)}")
    return word
