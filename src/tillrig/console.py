"""The service console: a command, and the text up to the next prompt (ecr, Service console; rules E6)."""

from __future__ import annotations

import csv
import io
import threading

from tillrig.errors import InconclusiveError
from tillrig.observations import ConsoleSeen
from tillrig.ports.serial import SerialLine
from tillrig.timeline import Timeline

PROMPT = "> "


class ConsoleClient:
    """One command at a time."""

    def __init__(self, line: SerialLine, timeline: Timeline) -> None:
        self._line, self._timeline = line, timeline
        self._lock = threading.Lock()
        self._received = bytearray()
        self._at = 0.0
        self._count = 0
        self._unsubscribe = line.subscribe(self._came)

    def ask(self, command: str, deadline: float) -> ConsoleSeen:
        """Send `command` and wait for its answer. Raises InconclusiveError at `deadline` (monotonic seconds)."""
        with self._lock:
            self._received.clear()
        self._timeline.append("console_sent", command=command)
        self._line.write(f"{command}\n".encode())
        text = self._timeline.wait_for(self._complete, deadline)
        if text is None:
            self._line.check()
            with self._lock:
                shown = self._received.decode("utf-8", "replace")[-80:]
            raise InconclusiveError(f"the console did not finish its answer to '{command}'; last seen: {shown!r}")
        self._count += 1
        fields = parse(command, text)
        self._timeline.append("console_answer", command=command, text=text)
        return ConsoleSeen(seq=self._count, at=self._at, command=command, fields=fields, text=text)

    def _complete(self) -> str | None:
        with self._lock:
            text = self._received.decode("utf-8", "replace").replace("\r\n", "\n")
        if text.endswith(f"\n{PROMPT}") or text == PROMPT:
            return text.removesuffix(PROMPT).removeprefix(PROMPT)
        return None

    def _came(self, at: float, data: bytes) -> None:
        """In the line's reader thread."""
        with self._lock:
            self._received += data
            self._at = at
        self._timeline.wake()

    def close(self) -> None:
        self._unsubscribe()


def rows(text: str) -> tuple[dict[str, str], ...]:
    """The journal export's rows by its header."""
    return tuple(dict(row) for row in csv.DictReader(io.StringIO(text)))


def parse(command: str, text: str) -> dict[str, str]:
    """`key: value` lines by key; a journal as rows, row1.amount, row2.amount …"""
    if command == "journal export":
        fields: dict[str, str] = {}
        found = rows(text)
        for number, row in enumerate(found, 1):
            fields.update({f"row{number}.{key}": value or "" for key, value in row.items() if key})
        return {"rows": str(len(found)), **fields}
    pairs = (line.partition(":") for line in text.splitlines())
    return {key.strip(): value.strip() for key, colon, value in pairs if colon}
