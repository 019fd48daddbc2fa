"""Start a simulated bench from Python, for those who test against it without the harness."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tillrig.simulator.bench.control import ControlError, ask

READY_S = 60.0
STOP_S = 10.0
_LOOK_S = 0.02


class BenchFailedError(RuntimeError):
    """The bench did not become ready: says what it wrote, or how long it was waited for."""


class SimulatedBench:
    """A bench process with its terminal; a context manager that stops it.

    >>> with SimulatedBench(Path("bench"), "--time-scale", "4") as bench:   # doctest: +SKIP
    ...     bench.do("press", "power:700")
    ...     bench.rig_file

    ``options`` are those of ``tillrig simulate`` without ``--dir``. The bench also ends with this process.
    """

    def __init__(self, directory: Path, *options: str, timeout: float = READY_S) -> None:
        """Start it and wait until it is ready. Raises BenchFailedError."""
        self.directory = directory.absolute()
        self.directory.mkdir(parents=True, exist_ok=True)
        self._log = self.directory / "bench.log"
        command = [sys.executable, "-m", "tillrig.simulator.bench", "--dir", str(self.directory)]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--with-parent", str(os.getpid()), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self._wait_ready(timeout)
        except BaseException:
            self.stop()
            raise

    @property
    def ready(self) -> dict[str, Any]:
        """What the bench says of itself: pid, addresses of cameras and host, names of the ports."""
        value: dict[str, Any] = json.loads((self.directory / "ready").read_text())
        return value

    @property
    def rig_file(self) -> Path:
        """The rig file that describes this bench."""
        return self.directory / "rig.yaml"

    def do(self, *argv: str, after: float = 0.0) -> Any:
        """A command of ``tillrig bench``, now or ``after`` seconds. Raises ControlError when it is refused."""
        return ask(self.directory, argv, after)

    def stop(self) -> None:
        """Stop the bench and its terminal; the directory stays."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()

    def __enter__(self) -> SimulatedBench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_ready(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not self._is_ready():
            if self.process.poll() is not None:
                raise BenchFailedError(f"the bench ended with code {self.process.returncode}:\n{self._log.read_text()}")
            if time.monotonic() > deadline:
                raise BenchFailedError(f"the bench was not ready within {timeout:g} s:\n{self._log.read_text()}")
            time.sleep(_LOOK_S)

    def _is_ready(self) -> bool:
        try:
            return bool(self.ready["pid"] == self.process.pid)
        except (OSError, ValueError):
            return False


__all__: Sequence[str] = ("BenchFailedError", "ControlError", "SimulatedBench")
