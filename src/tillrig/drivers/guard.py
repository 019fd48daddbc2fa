"""A process that opens every contact when the harness has died, for boards that cannot do so by themselves.

`python -m tillrig.drivers.guard --port … --baud … --unit … --channels N` waits on its standard input, a pipe whose
other end only the harness holds. The kernel closes it however the harness ends, `kill -9` included; then the guard
opens the port and writes all coils open, until the board confirms. The word `done` on the pipe sends it home.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys

from tillrig.drivers.modbus_board import Board
from tillrig.errors import SwitchError
from tillrig.protocols import modbus

#: Tries of the guard, each bounded by the board's timeout: the dead harness's lock on the port may linger for a moment.
_TRIES = 20
_DONE = b"done\n"


class Guard:
    """The harness's end: starts the guard, and releases it at a proper close."""

    def __init__(self, port: str, baud: int, unit: int, channels: int) -> None:
        command = [sys.executable, "-m", "tillrig.drivers.guard", "--port", port, "--baud", str(baud)]
        command += ["--unit", str(unit), "--channels", str(channels)]
        # A session of its own, so that Ctrl-C at the console does not end the guard before the harness.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"ready\n":
            self._process.kill()
            self._process.wait()
            raise SwitchError(f"the guard process for {port} did not start ({' '.join(command)})")

    @property
    def pid(self) -> int:
        return self._process.pid

    def release(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(_DONE)
            self._process.stdin.close()
        try:
            self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def open_contacts(port: str, baud: int, unit: int, channels: int) -> bool:
    """Whether the board has confirmed that all coils are open."""
    request = modbus.encode_write_coils(unit, 0, [False] * channels)
    for _ in range(_TRIES):
        try:
            board = Board("guard", port, baud=baud, unit=unit, timeout_s=0.1, retries=2)
        except SwitchError:
            # Bounded without a sleep: one slice of waiting for bytes that nobody will send.
            _pause()
            continue
        try:
            board.transact(request, "open all coils")
            return True
        except SwitchError:
            continue
        finally:
            board.close()
    return False


def _pause() -> None:
    import threading

    threading.Event().wait(0.02)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", required=True)
    for option in ("--baud", "--unit", "--channels"):
        parser.add_argument(option, type=int, required=True)
    chosen = parser.parse_args()
    os.write(1, b"ready\n")
    heard = b""
    while data := os.read(0, 64):
        heard += data
    if heard.endswith(_DONE):
        return 0
    return 0 if open_contacts(chosen.port, chosen.baud, chosen.unit, chosen.channels) else 1


if __name__ == "__main__":
    raise SystemExit(main())
