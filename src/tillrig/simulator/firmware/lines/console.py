"""The service console: text lines, prompt ``> `` (ecr page; rules E6)."""

from __future__ import annotations

from collections.abc import Callable

from tillrig.simulator import wire
from tillrig.simulator.firmware.slips.values import masked
from tillrig.simulator.firmware.storage.journal import Record
from tillrig.simulator.firmware.terminal import Terminal

PROMPT = "> "
LONGEST_LINE = 200
HEADER = "seq,datetime,type,batch,voucher,entry,card,amount,auth,ref,code,operator,orig_voucher,voided,uploaded"
_EDITING = {0x08, 0x7F}


class Console:
    """Answers commands; with the log on, tells every screen step as it appears."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._line = bytearray()
        self._greeted = False
        self._log = False
        self._last_step = ""

    def receive(self, data: bytes) -> None:
        """Bytes from the line."""
        for byte in data:
            if byte in b"\r\n":
                line, self._line = bytes(self._line), bytearray()
                if line.strip():
                    self._command(line.decode("utf-8", errors="replace").strip())
            elif byte in _EDITING:
                del self._line[-1:]
            elif len(self._line) < LONGEST_LINE:
                self._line.append(byte)

    def task(self, now: float) -> float | None:
        """Greet with the prompt after power-on; write the log."""
        terminal = self._terminal
        if not terminal.on:
            self._greeted = self._log = False
        elif not self._greeted:
            self._greeted = True
            self._send(PROMPT)
        if self._log and terminal.step != self._last_step:
            self._last_step = terminal.step
            self._send(f"log: step {terminal.step}\n")
        return None

    def _send(self, text: str) -> None:
        self._terminal.kernel.send(wire.uart(wire.PORT_CONSOLE, text.encode()))

    def _command(self, line: str) -> None:
        words = line.split()
        known: dict[tuple[str, ...], Callable[[], list[str]]] = {
            ("version",): self._version,
            ("status",): self._status,
            ("counters",): self._counters,
            ("journal", "export"): self._export,
            ("log", "on"): lambda: self._set_log(on=True),
            ("log", "off"): lambda: self._set_log(on=False),
        }
        run = known.get(tuple(words))
        lines = run() if run is not None else [f"? {words[0]}"]
        lines = self._terminal.hooks.console_lines(lines, " ".join(words) if run is not None else "unknown")
        self._send("".join(f"{line}\n" for line in lines) + PROMPT)

    def _version(self) -> list[str]:
        model = self._terminal.resources.model
        return [f"model: {model['model']}", f"version: {model['version']}"]

    def _status(self) -> list[str]:
        terminal = self._terminal
        state = "transaction" if terminal.busy else "idle" if terminal.session.user else "signed off"
        values = {
            "state": state,
            "operator": terminal.session.user or "-",
            "batch": terminal.store.batch,
            "voucher": f"{int(terminal.store.get('stan', 0)):06d}",
            "records": len(terminal.journal.records),
            "pending": 0 if terminal.store.get("reversal") is None else 1,
            "paper": terminal.printer.paper,
            "battery": terminal.battery.get("battery", 100),
            "link": "up" if terminal.link.up else "down",
        }
        return [f"{key}: {value}" for key, value in values.items()]

    def _counters(self) -> list[str]:
        counters = self._terminal.store.get("counters", {})
        return [f"{key}: {value}" for key, value in sorted(counters.items())] + [
            f"flash_writes: {self._terminal.flash.writes}"
        ]

    def _set_log(self, *, on: bool) -> list[str]:
        self._log, self._last_step = on, self._terminal.step
        return [f"log: {'on' if on else 'off'}"]

    def _export(self) -> list[str]:
        rows = [self._row(number, record) for number, record in enumerate(self._terminal.journal.records, 1)]
        return [HEADER, *rows]

    def _row(self, number: int, record: Record) -> str:
        kinds = self._terminal.resources.slips["export_types"]
        values = [
            number, record["datetime"], kinds[record["kind"]], record["batch"], record["voucher"], record["entry"],
            masked(self._terminal, record["pan"], "console"), record["amount"], record["auth"], record["ref"],
            record["code"], record["operator"], record.get("orig_voucher", ""), int(record["voided"]),
            record["uploaded"] or 0,
        ]  # fmt: skip
        return ",".join(str(value) for value in values)
