"""The terminal put together: board, storage, host link, and who is signed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tillrig.simulator import wire
from tillrig.simulator.firmware.hardware.clock import Clock
from tillrig.simulator.firmware.hardware.display import Display
from tillrig.simulator.firmware.hardware.kernel import Kernel
from tillrig.simulator.firmware.hardware.keys import LATE_EDGES, Debouncer, Press, PressQueue
from tillrig.simulator.firmware.hardware.printer import Printer
from tillrig.simulator.firmware.hardware.reader import Reader
from tillrig.simulator.firmware.hooks import Hooks
from tillrig.simulator.firmware.host.client import Link
from tillrig.simulator.firmware.options import Options
from tillrig.simulator.firmware.resources import Resources
from tillrig.simulator.firmware.storage.flash import Flash
from tillrig.simulator.firmware.storage.journal import Journal
from tillrig.simulator.firmware.storage.store import Store


class PowerOffError(Exception):
    """The power key was held: unwind to the dark terminal."""


class EcrRequest(Exception):  # noqa: N818 - an interruption, not an error
    """The cash register wants something while the terminal is idle; ``serve`` does it."""

    def __init__(self, serve: Callable[[], None]) -> None:
        super().__init__("request of the cash register")
        self.serve = serve


@dataclass
class Session:
    """RAM: who is on duty, and the working keys of the last operator's sign-in since power-on (rules T4, T5)."""

    user: str = ""
    role: str = ""
    keys: dict[str, bytes] = field(default_factory=dict)
    keys_good: bool = False
    sign_in_asked: bool = False
    last_code: str = ""


class Terminal:
    """Everything a flow needs. ``busy`` is true while a menu or transaction holds the terminal (rules E5)."""

    def __init__(self, options: Options, resources: Resources, hooks: Hooks, kernel: Kernel) -> None:
        self.options, self.resources, self.hooks, self.kernel = options, resources, hooks, kernel
        self.flash = Flash(options.flash, options.cut)
        self.store = Store(self.flash, hooks)
        self.journal = Journal(self.store, hooks)
        self.clock = Clock(float(self.store.get("clock", 0.0)))
        self.session = Session()
        self.keys, self.presses = Debouncer(wire.KEYS), PressQueue()
        scale = kernel.scale
        self.display = Display(kernel.send, self.seconds("backlight") / scale, self.seconds("sleep") / scale)
        self.printer = Printer(kernel.send, kernel.now)
        self.reader = Reader(kernel.send)
        self.link = Link(kernel, options.host, options.port)
        self.battery: dict[str, Any] = {"battery": 100, "charger": True}
        self.on = self.busy = False
        self.step = ""
        self.ecr_waits: Callable[[], None] | None = None
        self._power_spent = 0.0
        self._connect()

    def _connect(self) -> None:
        kernel = self.kernel
        kernel.on(wire.KEYS_CLOSED, self._on_keys)
        kernel.on(wire.CARD, self._on_card)
        kernel.on(wire.CHIP, self.reader.on_answer)
        kernel.on(wire.PAPER, self.printer.on_paper)
        kernel.on(wire.PRINTED, self.printer.on_printed)
        kernel.on(wire.LINK, self._on_link)
        kernel.on(wire.BATTERY, self._on_battery)
        kernel.every_round(self._keys_task)
        kernel.every_round(self.display.task)
        kernel.every_round(self.printer.task)

    # --- parameters
    def seconds(self, what: str) -> float:
        """A time of the model in seconds (unscaled)."""
        return self.hooks.seconds(float(self.resources.model["seconds"][what]), what)

    def param(self, name: str) -> Any:
        """A parameter: ``--set``, else as delivered on flash, else the model's default."""
        default = self.resources.model["params"][name]
        if name in self.resources.overrides:
            return default
        return self.store.get("params", {}).get(name, default)

    def deliver(self) -> None:
        """First start of this flash: users and parameters as the factory and the acquirer delivered them."""
        if self.store.get("params") is None:
            known = self.resources.model["params"]
            delivered = {key: value for key, value in self.options.terminal.items() if key in known}
            self.store.put("users", self.resources.model["users"])
            self.store.put("params", known | delivered)

    def leave(self) -> None:
        """Nobody is on duty any more; working keys stay good until the power goes (rules T4)."""
        self.session.user = self.session.role = ""
        self.session.sign_in_asked = False

    def text(self, name: str, **values: str) -> str:
        """A text of the model."""
        return self.resources.text(name, **values)

    # --- waiting
    def pause(self, what: str) -> None:
        """Let a time of the terminal's own pass; keys are dropped."""
        self.kernel.wait(lambda: None, self.seconds(what))
        self.presses.deafen(self.kernel.now())

    def deaf(self) -> None:
        """From here on nobody listens to keys; what is pressed until the next prompt is lost."""
        self.presses.listening = False
        self.presses.deafen(self.kernel.now())

    def interrupt(self) -> None:
        """Called while idle: raises EcrRequest when the cash register wants something."""
        if self.ecr_waits is not None:
            serve, self.ecr_waits = self.ecr_waits, None
            self.display.active(self.kernel.now())
            raise EcrRequest(serve)

    # --- board messages
    def _on_keys(self, payload: bytes) -> None:
        at, mask = wire.parse_keys(payload)
        for press in self.keys.edge(at, mask):
            self._pressed(press)

    def _keys_task(self, now: float) -> float | None:
        for press in self.keys.advance(now - LATE_EDGES):
            self._pressed(press)
        self._power_task(now)
        if self.keys.news:
            self.keys.news = False
            return now  # whoever waits must look before the loop sleeps
        moment = self.keys.next_moment()
        moments = [] if moment is None else [moment + LATE_EDGES]
        held = self.power_held()
        if held is not None:
            moments.append(held + self.seconds("power_off" if self.on else "power_on") / self.kernel.scale)
        return min(moments, default=None)

    def _power_task(self, now: float) -> None:
        held = self.power_held()
        if held is None or not self.on or not self.presses.listening:
            return
        if now - held >= self.seconds("power_off") / self.kernel.scale:
            self.spend_power()
            raise PowerOffError

    def power_held(self) -> float | None:
        """Since when the power key is held; None when it is up or that press has been used."""
        held = self.keys.held_since("power")
        return None if held is None or held == self._power_spent else held

    def power_pressed(self) -> float:
        """Length in seconds of the power press that just ended, 0 when there is none or it did its work before."""
        hold = self.keys.take_hold("power")
        return 0.0 if hold is None or hold[0] == self._power_spent else hold[1] - hold[0]

    def spend_power(self) -> None:
        """The press under way has done its work: only a new one counts."""
        self._power_spent = self.keys.held_since("power") or 0.0

    def _pressed(self, press: Press) -> None:
        if not self.on:
            return
        asleep = self.display.asleep
        self.display.active(self.kernel.now())
        if asleep:
            return
        names = [name for name in self.hooks.key([press.name], self.step) if name != "power"]
        self.presses.put(press, names)

    def _on_card(self, payload: bytes) -> None:
        self.reader.on_card(payload)
        if self.on:
            self.display.active(self.kernel.now())

    def _on_link(self, payload: bytes) -> None:
        self.link.up = bool(wire.parse_json(payload).get("link", True))

    def _on_battery(self, payload: bytes) -> None:
        self.battery = dict(wire.parse_json(payload))
