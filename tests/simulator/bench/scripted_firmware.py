"""A processor that writes down what it hears and says what the test orders, for tests of the bench.

Notes go to ``heard.jsonl`` beside the flash file; orders are JSON lines read from the FIFO ``orders`` there:
{"uart": port, "hex": ...}, {"dots": n}, {"beep": ms}, {"drawer": true}, {"light": [backlight, on]}, {"chip": {...}},
{"reboot": true}, {"exit": code}, {"raw": hex}.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tillrig.simulator import wire

OUT = sys.stdout.buffer
HERE = Path(sys.argv[sys.argv.index("--flash") + 1]).parent
NOTES = (HERE / "heard.jsonl").open("a", buffering=1)
LOCK = threading.Lock()


def note(kind: str, value: Any) -> None:
    with LOCK:
        NOTES.write(json.dumps({"kind": kind, "at": time.monotonic(), "value": value, "pid": os.getpid()}) + "\n")


def send(data: bytes) -> None:
    OUT.write(data)
    OUT.flush()


def print_lines(count: int, printed: list[int]) -> None:
    """Keep at most 64 lines ahead of the mechanism, as a firmware must."""
    sent = 0
    start = printed[0]
    while sent < count:
        room = 64 - (sent - (printed[0] - start))
        if room > 0:
            batch = min(room, count - sent)
            send(wire.dots([(sent + i).to_bytes(2, "big") * 24 for i in range(batch)]))
            sent += batch
        time.sleep(0.002)


def obey(order: dict[str, Any], printed: list[int]) -> None:
    if "uart" in order:
        send(wire.uart(order["uart"], bytes.fromhex(order["hex"])))
    if "dots" in order:
        print_lines(order["dots"], printed)
    if "beep" in order:
        send(wire.json_message(wire.BEEP, {"beep_ms": order["beep"]}))
    if "drawer" in order:
        send(wire.json_message(wire.DRAWER, {"drawer": True}))
    if "light" in order:
        send(wire.json_message(wire.LIGHT, {"backlight": order["light"][0], "on": order["light"][1]}))
    if "chip" in order:
        send(wire.json_message(wire.CHIP, order["chip"]))
    if "reboot" in order:
        send(wire.json_message(wire.RESTART, {"reboot": True}))
    if "raw" in order:
        send(bytes.fromhex(order["raw"]))
    if "exit" in order:
        os._exit(order["exit"])


def take_orders(printed: list[int]) -> None:
    fifo = HERE / "orders"
    fifo.unlink(missing_ok=True)
    os.mkfifo(fifo)
    # Opened for both: there is always a reader for the test's next order, and never an end of file between two.
    with os.fdopen(os.open(fifo, os.O_RDWR), "rb", buffering=0) as orders:
        waiting = b""
        while True:
            *lines, waiting = (waiting + orders.read(65536)).split(b"\n")
            for line in lines:
                obey(json.loads(line), printed)


def main() -> None:
    printed = [0]
    decoder = wire.Decoder()
    threading.Thread(target=take_orders, args=(printed,), daemon=True).start()
    note("start", sys.argv[1:])
    while data := os.read(0, 65536):
        for kind, payload in decoder.feed(data):
            if kind == wire.KEYS_CLOSED:
                note(kind, wire.parse_keys(payload))
            elif kind == wire.UART:
                port, received = wire.parse_uart(payload)
                note(kind, [port, received.hex()])
            elif kind == wire.PRINTED:
                printed[0] = wire.parse_printed(payload)
                note(kind, printed[0])
            else:
                note(kind, wire.parse_json(payload))


main()
