"""A minimal bench: the firmware process behind its pipes, with keys, cards, paper and serial lines moved by hand."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.simulator.firmware.firmware_glyphs import read_screen, read_slip
from tillrig.simulator import wire

SCALE = 60.0
TIMEOUT = 30.0
Card = dict[str, Any]


class Desk:
    """One firmware process. ``screens`` keeps every picture's rows in order; ``slips`` every copy's text."""

    def __init__(self, folder: Path, host: str, *options: str, scale: float = SCALE, terminal: Card | None = None):
        (folder / "terminal.json").write_text(json.dumps(terminal or {}), encoding="utf-8")
        command = [
            sys.executable, "-m", "tillrig.simulator.firmware", "--flash", str(folder / "flash.bin"), "--host", host,
            "--time-scale", str(scale), "--terminal", str(folder / "terminal.json"), *options,
        ]  # fmt: skip
        self.log = folder / "firmware.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        assert self.process.stdin
        assert self.process.stdout
        self._in, self._out = self.process.stdin.fileno(), self.process.stdout.fileno()
        self._decoder = wire.Decoder()
        self.screens: list[list[str]] = []
        self.light: dict[str, bool] = {}
        self._dots: list[bytes] = []
        self.slips: list[list[str]] = []
        self.serial = {0: bytearray(), 1: bytearray()}
        self._printed = 0
        self.scale = scale
        self.paper = "in"
        self.chip_answers = True
        self._atc = 0

    # --- hands
    def send(self, frame: bytes) -> None:
        """One frame to the firmware."""
        os.write(self._in, frame)

    def press(self, *names: str, hold: float = 0.035) -> None:
        """Press keys one after the other, bounce included. Edges run ahead of the clock: typing takes no time."""
        for name in names:
            mask = 1 << wire.KEYS.index(name)
            at = max(time.monotonic(), self._ahead)
            for offset, contacts in ((0.0, mask), (0.001, 0), (0.002, mask), (hold, 0)):
                self.send(wire.keys(at + offset, contacts))
            self._ahead = at + hold + 0.026

    _ahead = 0.0

    def press_now(self, name: str, hold: float) -> None:
        """Press one key for ``hold`` seconds of real time."""
        mask = 1 << wire.KEYS.index(name)
        self.pump(self._ahead)
        at = time.monotonic()
        self.send(wire.keys(at, mask))
        self.pump(at + hold)
        self.send(wire.keys(at + hold, 0))
        self._ahead = at + hold + 0.026

    def hold_power(self, seconds: float) -> None:
        """Hold the power key for seconds of the terminal's own time, and a little."""
        self.press_now("power", seconds / self.scale + 0.06)

    def card(self, event: str, card: Card | None = None) -> None:
        """A card moves."""
        self.send(wire.json_message(wire.CARD, {"event": event, "card": {"damage": [], **(card or {})}}))

    def set_paper(self, state: str) -> None:
        """Paper in, out, jam."""
        self.paper = state
        self.send(wire.json_message(wire.PAPER, {"state": state}))

    def serial_send(self, port: int, data: bytes) -> None:
        """Bytes on a serial line."""
        self.send(wire.uart(port, data))

    # --- eyes
    @property
    def screen(self) -> list[str]:
        """Rows of the picture shown now."""
        return self.screens[-1] if self.screens else ["", "", "", ""]

    def pump(self, until: float) -> None:
        """Take what the firmware sends until a moment of the monotonic clock."""
        while (left := until - time.monotonic()) > 0:
            if select.select([self._out], [], [], left)[0] and not self._read():
                return

    def wait(self, found: Callable[[], Any], what: str) -> Any:
        """Pump until ``found`` gives something true."""
        deadline = time.monotonic() + TIMEOUT
        while not (value := found()):
            assert time.monotonic() < deadline, (
                f"no {what}; last screens {self.screens[-6:]}, log {self.log.read_text()[-800:]}"
            )
            if select.select([self._out], [], [], 0.05)[0] and not self._read():
                break
        value = value or found()
        assert value, f"firmware ended before {what}: {self.log.read_text()[-800:]}"
        return value

    def see(self, *texts: str) -> list[str]:
        """Wait for a picture, now or since the last ``see``, whose rows hold each text; returns its rows."""

        def found() -> list[str] | None:
            while self._seen < len(self.screens):
                rows = self.screens[self._seen]
                if all(any(text in row for row in rows) for text in texts):
                    return rows
                self._seen += 1
            return None

        rows: list[str] = self.wait(found, f"screen with {texts}")
        return rows

    _seen = 0

    def wait_slips(self, count: int) -> list[list[str]]:
        """Wait until ``count`` copies are out."""
        return self.wait(lambda: self.slips if len(self.slips) >= count else None, f"{count} slips")

    def _read(self) -> bool:
        data = os.read(self._out, 65536)
        for message in self._decoder.feed(data):
            self._take(message)
        return bool(data)

    def _take(self, message: wire.Message) -> None:
        if message.kind == wire.SCREEN:
            self.screens.append(read_screen(wire.parse_screen(message.payload)[3]))
        elif message.kind == wire.LIGHT:
            self.light = wire.parse_json(message.payload)
        elif message.kind == wire.DOTS:
            self._print(wire.parse_dots(message.payload))
        elif message.kind == wire.UART:
            port, data = wire.parse_uart(message.payload)
            self.serial[port] += data
        elif message.kind == wire.CHIP and self.chip_answers:
            self._atc += 1
            question = wire.parse_json(message.payload)
            answer = {"9F27": "80", "9F36": f"{self._atc:04X}", "9F26": "0102030405060708", "9F10": "07010103A00002"}
            self.send(wire.json_message(wire.CHIP, {"id": question["id"], **answer}))

    def _print(self, lines: list[bytes]) -> None:
        if self.paper == "out":
            return
        assert len(lines) <= wire.PRINTER_BUFFER_LINES
        self._dots += lines
        self._printed += len(lines)
        self.send(wire.printed(self._printed))
        if len(self._dots) > 120 and not any(any(line) for line in self._dots[-120:]):
            self.slips.append(read_slip(self._dots))
            self._dots = []

    # --- whole walks
    def boot(self) -> None:
        """Power key to operator prompt."""
        self.hold_power(2)
        self.see("请输入操作员编号")

    def sign_in(self, user: str = "01", password: str = "0000") -> None:
        """Boot and sign in; ends at the main menu."""
        self.boot()
        self.press(*user, "enter")
        self.see("请输入操作员密码")
        self.press(*password, "enter")
        self.see("签到成功")
        self.see("1 消费")

    def sale(self, amount: str, card: Card, event: str = "inserted", pin: Sequence[str] | None = "1234") -> None:
        """Type and present a sale up to its busy screen."""
        self.press("1")
        self.see("请输入金额")
        self.press(*amount, "enter")
        self.see("请刷卡/插卡/挥卡")
        self.card(event, card)
        if pin is not None:
            self.see("请输入密码")
            self.press(*pin, "enter")

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            pipe.close()
