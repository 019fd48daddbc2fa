"""The bench put together: which coil moves what, what the board senses, which port leads where."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import socket
from pathlib import Path
from typing import Any

from tillrig.simulator import wire
from tillrig.simulator.bench import rigfile
from tillrig.simulator.bench.board import COILS, RelayBoard
from tillrig.simulator.bench.board_port import BAUD as BOARD_BAUD
from tillrig.simulator.bench.board_port import BoardPort
from tillrig.simulator.bench.control import ControlServer
from tillrig.simulator.bench.eyes import Eyes
from tillrig.simulator.bench.forwarder import Forwarder
from tillrig.simulator.bench.hand import Hand
from tillrig.simulator.bench.line import SerialLine
from tillrig.simulator.bench.options import Options
from tillrig.simulator.bench.pty_port import PtyPort
from tillrig.simulator.bench.relays import Relay
from tillrig.simulator.bench.terminal import Terminal

MAINS_CUT, BATTERY_CUT, RESET_BUTTON, LINK_CUT, PAPER_OUT, PAPER_TAKE = 18, 19, 20, 21, 22, 23
SLOT_BITS = (24, 25, 26, 27)
CARD_COILS = {28: "insert", 29: "withdraw", 30: "swipe", 31: "tap"}
ECR_BAUD, CONSOLE_BAUD = 9600, 115200
COUNTERS, CURRENT, AMBIENT, BEEPS, DRAWER_OPENINGS = 0x0000, 0x0100, 0x0101, 0x0102, 0x0103
LAMP_LUX = 640
_PORTS = (20000, 32000)  # below the range from which the kernel gives ports to others


class Bench:
    """One simulated rig. ``start`` opens every port and writes DIR/ready; ``stop`` leaves no port and no process."""

    def __init__(self, loop: asyncio.AbstractEventLoop, options: Options, eyes: Eyes) -> None:
        self._loop = loop
        self.options = options
        self.directory = options.directory
        self.eyes = eyes
        self.rng = random.Random(options.seed)
        self.terminal = Terminal(loop, options, eyes, self.rng)
        self.board = RelayBoard(loop, self._drive, self)
        self.relays = [self._relay(coil) for coil in range(COILS)]
        host, _, port = (options.host or f"127.0.0.1:{_free_port()}").rpartition(":")
        self.host = (host, int(port))
        self.forwarder = Forwarder(self.host)
        self.control = ControlServer(self.directory, Hand(self).obey)
        self.ports: dict[str, PtyPort] = {}
        self.lines: dict[str, SerialLine] = {}
        self.board_port: BoardPort
        for key, count in options.wear:
            self.relays[wire.KEYS.index(key)].wear = count

    async def start(self) -> None:
        """Open the ports, power the terminal, tell that the bench is ready."""
        (self.directory / "ready").unlink(missing_ok=True)
        self._open_board()
        for number, name, baud in ((wire.PORT_ECR, "ecr", ECR_BAUD), (wire.PORT_CONSOLE, "console", CONSOLE_BAUD)):
            self._open_line(number, name, baud)
        await self.forwarder.start()
        self.eyes.start()
        self.eyes.screen.wipe(self._loop.time())
        await self.control.start()
        if self.eyes.pose is not None:
            (self.directory / "pose.json").write_text(_json_text(self.eyes.pose.to_json()))
        (self.directory / "rig.yaml").write_text(rigfile.describe(self), encoding="utf-8")
        self.terminal.power_up(f"127.0.0.1:{self.forwarder.port}")
        for command in self.options.hand:
            self.control.schedule(command.split(), 0)
        self._tell_ready()

    def stop(self) -> None:
        """End everything; rig file, flash and log stay."""
        (self.directory / "ready").unlink(missing_ok=True)
        self.control.stop()
        self.terminal.shut_down()
        self.forwarder.stop()
        for port in self.ports.values():
            port.close()
        self.eyes.stop()

    def discrete(self) -> list[bool]:
        """The board's discrete inputs."""
        terminal = self.terminal
        return [
            terminal.keys.mask != 0,
            terminal.cards.inserted is not None,
            bool(self.eyes.slip.hanging),
            terminal.buzzing,
            terminal.drawer_open,
            terminal.supplied,
            True,  # the bench lamp burns
        ]

    def register(self, address: int) -> int | None:
        """The board's input registers."""
        terminal = self.terminal
        if COUNTERS <= address < COUNTERS + len(wire.KEYS):
            return terminal.keys.counts[address - COUNTERS]
        if address == AMBIENT:
            return round(self.rng.gauss(LAMP_LUX, 3))
        values = {CURRENT: terminal.current_ma, BEEPS: terminal.beeps, DRAWER_OPENINGS: terminal.drawer_openings}
        return values.get(address)

    def link(self, up: bool) -> None:
        """Network cable in or out."""
        self.forwarder.cable(up)
        self.terminal.link(up)

    def take_paper(self) -> None:
        """Tear off what hangs out of the slot."""
        self.eyes.slip.take(self._loop.time())

    def _relay(self, coil: int) -> Relay:
        keys = self.terminal.keys
        if coil < len(wire.KEYS):
            return Relay(
                self._loop,
                self.rng,
                lambda closed, at: keys.edge(coil, "relay", closed, at),
                lambda closed, _at: keys.settled(coil, closed),
            )
        return Relay(self._loop, self.rng, lambda _closed, _at: None, lambda closed, at: self._act(coil, closed, at))

    def _drive(self, coil: int, energised: bool, at: float) -> None:
        self.relays[coil].drive(energised, at)

    def _act(self, coil: int, closed: bool, at: float) -> None:
        """The contact of a relay that is no key came to rest."""
        terminal = self.terminal
        if coil in SLOT_BITS:
            terminal.cards.select(SLOT_BITS.index(coil), closed)
        elif coil in CARD_COILS:
            terminal.cards.contact(CARD_COILS[coil], closed, at)
        elif coil in (MAINS_CUT, BATTERY_CUT):
            terminal.feed("mains" if coil == MAINS_CUT else "battery", not closed)
        elif coil == RESET_BUTTON:
            terminal.reset_button(closed)
        elif coil == LINK_CUT:
            self.link(not closed)
        elif coil == PAPER_OUT:
            terminal.printer.hold_out(closed)
        elif coil == PAPER_TAKE and closed:
            self.take_paper()

    def _open_board(self) -> None:
        port = PtyPort(self._loop, self.directory / "board", BOARD_BAUD, self._board_received)
        self.board_port = BoardPort(self._loop, self.rng, self.board, port.write, lambda: port.client_baud)
        self.ports["board"] = port

    def _board_received(self, data: bytes) -> None:
        self.board_port.received(data)

    def _open_line(self, number: int, name: str, baud: int) -> None:
        def to_terminal(data: bytes) -> None:
            self.terminal.processor.send(wire.uart(number, data))
            if not line.congested:
                port.listen(True)

        def from_client(data: bytes) -> None:
            if self.terminal.supplied:
                line.from_client(data)
                port.listen(not line.congested)

        port = PtyPort(self._loop, self.directory / name, baud, from_client)
        line = SerialLine(
            self._loop,
            self.rng,
            baud,
            to_client=port.write,
            to_terminal=to_terminal,
            client_baud=lambda: port.client_baud,
        )
        self.ports[name] = port
        self.lines[name] = self.terminal.lines[number] = line

    def _tell_ready(self) -> None:
        ready = {
            "pid": os.getpid(),
            "host": list(self.host),
            "forwarder": self.forwarder.port,
            "screen": self.eyes.screen.url,
            "slip": self.eyes.slip.url,
            "ports": {name: str(port.link) for name, port in self.ports.items()},
            "rig": str(self.directory / "rig.yaml"),
        }
        draft = self.directory / "ready.new"
        draft.write_text(json.dumps(ready, indent=1))
        draft.replace(self.directory / "ready")


def _free_port() -> int:
    """A port that nobody listens on and that the kernel will not hand to somebody else before the host opens it."""
    chooser = random.SystemRandom()
    while True:
        port = chooser.randrange(*_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _json_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=1)


def clean_up_after(directory: Path) -> None:
    """Remove what a bench that was killed left behind; its processor died with it."""
    for name in ("ready", "ready.new", "control", "board", "ecr", "console"):
        (directory / name).unlink(missing_ok=True)
