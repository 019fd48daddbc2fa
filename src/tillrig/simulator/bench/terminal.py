"""The terminal's case: supply, processor, printer, reader and ports, and what passes between them."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import sys
from pathlib import Path
from typing import Any

from tillrig.simulator import wire
from tillrig.simulator.bench.cards import Card, CardChanger, load_cards, plastic
from tillrig.simulator.bench.chip import Counters
from tillrig.simulator.bench.eyes import Eyes
from tillrig.simulator.bench.line import SerialLine
from tillrig.simulator.bench.options import Options
from tillrig.simulator.bench.printer import PaperState, Printer
from tillrig.simulator.bench.processor import Processor
from tillrig.simulator.bench.relays import KeyLines

WATCHDOG_S = 10.0  # rules T13; the terminal's own wait, so it is scaled
DRAWER_OPEN_S = 1.0
_logger = logging.getLogger(__name__)
DARK_MA, AWAKE_MA, LIGHT_MA, PRINT_MA = 14, 118, 42, 870


def wishes(options: Options) -> list[str]:
    """The faults and parameters in ``options``, as words of the firmware's command line."""
    given = (("--fault", options.faults), ("--fault-file", options.fault_files), ("--set", options.settings))
    return [word for name, values in given for value in values for word in (name, str(value))]


class Terminal:
    """What is behind the case; the bench moves it through ``feed``, ``keys``, ``cards``, ``printer`` and ``lines``."""

    def __init__(self, loop: asyncio.AbstractEventLoop, options: Options, eyes: Eyes, rng: random.Random) -> None:
        self._loop = loop
        self._options = options
        self._eyes = eyes
        self._rng = rng
        self._command: list[str] = []
        self._watchdog: asyncio.TimerHandle | None = None
        self._awake = self._backlight = False
        self._beep_until = self._drawer_until = 0.0
        self._feeds = {"mains": True, "battery": options.battery}
        self._link_up = True
        self.battery_percent = 80 if options.battery else 100
        self.lid_open = False
        self.beeps = self.drawer_openings = 0
        directory = options.directory
        self.processor = Processor(loop, directory / "firmware.log", self._message, self._died)
        self.keys = KeyLines(lambda at, mask: self._send(wire.keys(at, mask)), len(wire.KEYS))
        counters = Counters(directory / "atc.json")
        self.cards = CardChanger(loop, load_cards(options.cards), counters, self._card_event)
        self.printer = Printer(
            loop, eyes.slip.advance, lambda lines: self._send(wire.printed(lines)), self._paper, options.roll_mm
        )
        self.lines: dict[int, SerialLine] = {}

    @property
    def supplied(self) -> bool:
        """Whether any supply reaches the terminal."""
        return any(self._feeds.values())

    @property
    def buzzing(self) -> bool:
        """Whether the buzzer sounds now."""
        return self._loop.time() < self._beep_until

    @property
    def drawer_open(self) -> bool:
        """Whether the drawer was opened just now."""
        return self._loop.time() < self._drawer_until

    @property
    def current_ma(self) -> int:
        """Supply current, with the meter's noise."""
        if not self.supplied:
            return 0
        draw = DARK_MA
        if self.processor.pid and self._awake:
            draw = AWAKE_MA
        if self._backlight:
            draw += LIGHT_MA
        if self.printer.busy:
            draw += PRINT_MA
        return max(1, round(self._rng.gauss(draw, 0.5 + draw * 0.01)))

    def status(self) -> dict[str, Any]:
        """What a person at the bench can see."""
        inserted, tapped = self.cards.inserted, self.cards.tapped
        return {
            "supplied": self.supplied,
            "processor": self.processor.pid,
            "starts": self.processor.starts,
            "display": self._awake,
            "backlight": self._backlight,
            "current_ma": self.current_ma,
            "card": inserted["name"] if inserted else None,
            "in_field": tapped["name"] if tapped else None,
            "paper": self.printer.state,
            "paper_left_mm": self.printer.left_mm,
            "slip_hanging": self._eyes.slip.hanging,
            "lines_printed": self.printer.printed,
            "printer_overruns": self.printer.overruns,
            "beeps": self.beeps,
            "drawer_openings": self.drawer_openings,
            "link": self._link_up,
        }

    def power_up(self, host: str) -> None:
        """First power: from now on the processor runs while there is a supply. ``host`` is its way to the test host."""
        options = self._options
        terminal = options.terminal or self._default_parameters()
        self._command = [sys.executable, *([str(options.firmware)] if options.firmware else FIRMWARE_MODULE)]
        self._command += ["--flash", str(options.directory / "flash.bin"), "--time-scale", str(options.time_scale)]
        self._command += ["--host", host, "--terminal", str(terminal)]
        self._command += wishes(options)
        self._start()

    def feed(self, supply: str, on: bool) -> None:
        """``mains`` or ``battery`` is connected or cut. A terminal without a battery ignores the latter."""
        if supply == "battery" and not self._options.battery:
            return
        before, self._feeds[supply] = self.supplied, on
        if before and not self.supplied:
            self._kill()
        elif self.supplied and not before:
            self._silence()  # what was sent to a dead UART is lost, its last bits too
            self._start()
        else:
            self._send(self._battery())

    def crash(self) -> None:
        """Kill the processor alone; its watchdog starts it again."""
        if self.processor.pid:
            self.processor.kill()
            self._died(-9)

    def shut_down(self) -> None:
        """End of the bench."""
        self._command = []
        self._kill()

    def link(self, up: bool) -> None:
        """The network cable is in or out."""
        self._link_up = up
        self._send(wire.json_message(wire.LINK, {"link": up}))

    def lid(self, is_open: bool) -> None:
        """The case is opened or closed (tamper switch)."""
        self.lid_open = is_open
        self._send(wire.json_message(wire.LID, {"lid": is_open}))

    def battery(self, percent: int) -> None:
        """Set the battery's charge."""
        self.battery_percent = percent
        self._send(self._battery())

    def reset_button(self, pressed: bool) -> None:
        """The hole with the reset button (rules T13)."""
        self._send(wire.json_message(wire.BUTTON, {"reset": pressed}))

    def _start(self) -> None:
        if not self._command or not self.supplied:
            return
        first = self.processor.starts == 0 and self._options.cut_at
        self.processor.start([*self._command, *(["--cut-at", self._options.cut_at] if first else [])])
        self._send(wire.keys(self._loop.time(), self.keys.mask))
        self._paper(self.printer.state)
        self._send(wire.json_message(wire.LINK, {"link": self._link_up}))
        self._send(self._battery())
        if self.lid_open:
            self.lid(True)
        for event, card in (("inserted", self.cards.inserted), ("tapped", self.cards.tapped)):
            if card:
                self._card_event(event, plastic(card))

    def _kill(self) -> None:
        self.processor.kill()
        self._stop_watchdog()
        self._awake = self._backlight = False
        self._beep_until = 0.0
        self._eyes.screen.wipe(self._loop.time())
        self.printer.power_lost()
        self._silence()

    def _silence(self) -> None:
        for line in self.lines.values():
            line.silence()

    def _died(self, returncode: int) -> None:
        """The processor ended by itself: glass and lamps stay as they are until its hardware watchdog acts."""
        if self.supplied and self._command:
            _logger.warning("the processor ended by itself (%d)", returncode)
            self._watchdog = self._loop.call_later(WATCHDOG_S / self._options.time_scale, self._restart)

    def _restart(self) -> None:
        self._kill()
        self._start()

    def _stop_watchdog(self) -> None:
        if self._watchdog:
            self._watchdog.cancel()
            self._watchdog = None

    def _message(self, message: wire.Message) -> None:
        now = self._loop.time()
        match message.kind:
            case wire.SCREEN:
                self._eyes.screen.show(*wire.parse_screen(message.payload), at=now)
            case wire.LIGHT:
                lamps = wire.parse_json(message.payload)
                self._awake, self._backlight = bool(lamps["on"]), bool(lamps["on"] and lamps["backlight"])
                self._eyes.screen.light(self._backlight, self._awake, now)
            case wire.DOTS:
                self.printer.take(wire.parse_dots(message.payload))
            case wire.UART:
                port, data = wire.parse_uart(message.payload)
                if port in self.lines:
                    self.lines[port].from_terminal(data)
            case wire.CHIP:
                self._send(wire.json_message(wire.CHIP, self.cards.ask_chip(wire.parse_json(message.payload))))
            case wire.BEEP:
                self._beep_until = now + wire.parse_json(message.payload)["beep_ms"] / 1000
                self.beeps += 1
            case wire.DRAWER:
                self.drawer_openings += 1
                self._drawer_until = now + DRAWER_OPEN_S
            case wire.RESTART:
                self._loop.call_soon(self._restart)
            case other:
                _logger.warning("the firmware sent an unknown message %r", other)

    def _send(self, data: bytes) -> None:
        self.processor.send(data)

    def _card_event(self, event: str, card: Card) -> None:
        self._send(wire.json_message(wire.CARD, {"event": event, "card": card}))

    def _paper(self, state: PaperState) -> None:
        self._send(wire.json_message(wire.PAPER, {"state": state}))

    def _battery(self) -> bytes:
        return wire.json_message(wire.BATTERY, {"battery": self.battery_percent, "charger": self._feeds["mains"]})

    def _default_parameters(self) -> Path:
        path = self._options.directory / "terminal.json"
        if not path.exists():
            path.write_text(json.dumps(SAMPLE_TERMINAL, ensure_ascii=False, indent=1))
        return path


FIRMWARE_MODULE = ["-m", "tillrig.simulator.firmware"]
SAMPLE_TERMINAL = {
    "tid": "10000001",
    "mid": "898111153110001",
    "merchant": "测试商户便利店",
    "tmk": "A0B1C2D3E4F5061728394A5B6C7D8E9F",
}
