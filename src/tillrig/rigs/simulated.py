"""A simulated bench as a child process. The harness meets it only through the rig file that it writes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from tillrig.errors import RigError, RigFileError
from tillrig.rigs.schema import Rig, SimulateSpec

#: A name, not an import: the harness knows nothing of what plays the terminal.
_BENCH = "tillrig.simulator.bench"
#: Keys of `simulate` that are text, or many texts, and the bench's option for each.
OPTIONS = {
    "model": "--model",
    "cut_at": "--cut-at",
    "host": "--host",
    "cards": "--cards",
    "terminal": "--terminal",
    "faults": "--fault",
    "settings": "--set",
    "wear": "--wear",
    "hand": "--hand",
    "fault_files": "--fault-file",
}
_PATHS = ("cards", "terminal", "fault_files")
_READY_S = 60.0
_END_S = 5.0
_LOOK_S = 0.02
_TAIL_LINES = 15


class Simulation:
    """A running bench. `directory` holds its rig file, its log and the terminal's flash."""

    def __init__(self, rig: Rig) -> None:
        """Start it and wait until it is ready. Raises RigError with the end of its log when it is not."""
        if rig.simulate is None:
            raise RigFileError(f"{rig.path}: no `simulate:` here")
        self._temporary = rig.simulate.directory is None
        self.directory = _directory(rig)
        self._log = self.directory / "bench.log"
        (self.directory / "ready").unlink(missing_ok=True)
        self.command = [sys.executable, "-m", _BENCH, *arguments(rig.simulate, self.directory, rig.path.parent)]
        with self._log.open("wb") as log:
            # A session of its own: Ctrl-C is the harness's to handle, which then ends the bench after making it safe.
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        try:
            self._wait_ready()
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def rig_file(self) -> Path:
        return self.directory / "rig.yaml"

    def alive(self) -> bool:
        return self._process.poll() is None

    def check(self) -> None:
        """Raises RigError when the bench has ended by itself."""
        code = self._process.poll()
        if code is not None:
            raise RigError(f"the simulated bench has ended with code {code}:\n{self.log_tail()}")

    def log_tail(self, lines: int = _TAIL_LINES) -> str:
        """The last lines of the bench's log and of the terminal's."""
        parts = []
        for path in (self._log, self.directory / "firmware.log"):
            with contextlib.suppress(OSError):
                parts += path.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join(f"    {line}" for line in parts) or "    (its log is empty)"

    def stop(self) -> None:
        """End the bench and, unless the rig file names it, remove its directory."""
        self._process.terminate()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._temporary:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _wait_ready(self) -> None:
        ready = self.directory / "ready"
        deadline = time.monotonic() + _READY_S
        while not ready.exists():
            try:
                code = self._process.wait(_LOOK_S)
            except subprocess.TimeoutExpired:
                if time.monotonic() < deadline:
                    continue
                raise RigError(
                    f"the simulated bench was not ready within {_READY_S:g} s; the end of its log:\n{self.log_tail()}"
                ) from None
            raise RigError(f"the simulated bench ended at its start with code {code}:\n{self.log_tail()}")
        try:
            json.loads(ready.read_text())
        except ValueError as error:
            raise RigError(f"{ready} is no JSON: {error}") from error


def arguments(spec: SimulateSpec, directory: Path, base: Path) -> Iterator[str]:
    """The bench's command line. Relative paths of the rig file refer to its folder, `base`."""
    yield from ("--dir", str(directory), "--with-parent", str(os.getpid()))
    yield from ("--grade", spec.grade, "--time-scale", f"{spec.time_scale:g}", "--seed", str(spec.seed))
    for key in OPTIONS:
        value = getattr(spec, key)
        for one in value if isinstance(value, tuple) else (value,) if value else ():
            yield from words(key, one, base)
    if spec.battery:
        yield "--battery"
    if spec.roll_mm:
        yield from ("--roll-mm", str(spec.roll_mm))
    yield from spec.options


def words(key: str, value: str, base: Path) -> tuple[str, str]:
    """Option and value for one value of a key that is in OPTIONS."""
    return OPTIONS[key], str((base / value).resolve()) if key in _PATHS else value


def described(
    rig: Rig, simulation: Simulation, load: Callable[[Path], Rig], calibrated: Callable[[Rig, str], Rig]
) -> Rig:
    """The bench's own description under the name and path of the rig file that started it, with the calibration that
    was made of this very pose."""
    assert rig.simulate is not None
    found = load(simulation.rig_file)
    found = msgspec.structs.replace(found, name=rig.name, profile=rig.profile, path=rig.path, simulate=rig.simulate)
    return calibrated(found, pose_of(rig.simulate))


def pose_of(spec: SimulateSpec) -> str:
    """What draws the cameras' pose: a calibration holds for one of them."""
    return f"{spec.grade} seed {spec.seed}"


def _directory(rig: Rig) -> Path:
    assert rig.simulate is not None
    if rig.simulate.directory is None:
        return Path(tempfile.mkdtemp(prefix="tillrig-"))
    directory = (rig.path.parent / rig.simulate.directory).resolve()
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RigFileError(
            f"{rig.path}: simulate.directory: {directory} cannot be made: {error.strerror or error}"
        ) from error
    return directory
