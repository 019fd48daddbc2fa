"""What a rig file wants of a simulated bench, tried before there is one: by the simulator, in processes of its own.

Only what differs from the default costs a process.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tillrig.rigs.schema import SimulateSpec
from tillrig.rigs.simulated import words

#: Text, not an import: the harness knows nothing of what plays the terminal.
_PARSE = ("-c", "import sys; from tillrig.simulator.bench.options import parse; parse(sys.argv[1:])")
_TERMINAL = ("-m", "tillrig.simulator.firmware")
_HAND = ("-m", "tillrig.simulator.bench.client", "--help")
_TRIAL_S = 30.0
#: What stands before the reason, and before that of one option.
_BEFORE = re.compile(r"^(?:firmware|.*: error): ", re.MULTILINE)
_OPTION = re.compile(r"^(?:argument )?--[\w-]+: ")

Trial = Callable[[str, Sequence[str], Path], str]


def refused(spec: SimulateSpec, base: Path) -> tuple[tuple[str | int, ...], str] | None:
    """The first key of `simulate` (and the number of its entry) that the bench would not take, and why; or None."""
    unset = SimulateSpec()
    for key, trial in _TRIALS.items():
        value = getattr(spec, key)
        if value == getattr(unset, key):
            continue
        entries: tuple[str, ...] = value if isinstance(value, tuple) else (value,)
        if not (reason := trial(key, entries, base)):
            continue
        if isinstance(value, tuple) and key != "options":
            for number, entry in enumerate(entries):
                if alone := trial(key, (entry,), base):
                    return (key, number), alone
        return (key,), reason
    return None


def _by_bench(key: str, entries: Sequence[str], base: Path) -> str:
    """As the bench reads its command line."""
    start = (*_PARSE, "--dir", str(base))
    if key == "options":
        return _said([*start, *entries])
    return _OPTION.sub("", _said([*start, *_given(key, entries, base)]))


def _by_terminal(key: str, entries: Sequence[str], base: Path) -> str:
    """As the terminal's processor starts with it; its bench is gone at once, so that it ends."""
    with tempfile.TemporaryDirectory(prefix="tillrig-") as folder:
        start = (*_TERMINAL, "--flash", f"{folder}/flash", "--host", "127.0.0.1:9")
        return _said([*start, *_given(key, entries, base)])


def _by_both(key: str, entries: Sequence[str], base: Path) -> str:
    return _by_bench(key, entries, base) or _by_terminal(key, entries, base)


def _by_hand(key: str, entries: Sequence[str], base: Path) -> str:
    """Whether the commands are among those that `tillrig bench --help` tells."""
    told = _run(_HAND).stdout.partition("commands:")[2]
    known = dict.fromkeys(
        word for line in told.splitlines() for word in re.findall(r"(?:^ | {4}) ?([a-z]+)", line[:42])
    )
    known.pop("screenshot", None)
    for entry in entries:
        if entry.partition(" ")[0] not in known:
            return f"{entry!r} is no command of the bench; allowed: {', '.join(known)}"
    return ""


_TRIALS: dict[str, Trial] = {
    "model": _by_bench,
    "faults": _by_terminal,
    "fault_files": _by_both,
    "settings": _by_terminal,
    "wear": _by_bench,
    "hand": _by_hand,
    "cards": _by_bench,
    "terminal": _by_both,
    "options": _by_bench,
}


def _given(key: str, entries: Sequence[str], base: Path) -> list[str]:
    return [word for entry in entries for word in words(key, entry, base)]


def _said(arguments: Sequence[str]) -> str:
    """Why a process ended with an error; "" when it did not, or not in time."""
    try:
        done = _run(arguments)
    except subprocess.TimeoutExpired:
        return ""
    if done.returncode == 0:
        return ""
    told = _BEFORE.split(done.stderr, maxsplit=1)[-1].strip()
    return told or f"the simulator ends with code {done.returncode}"


def _run(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    # The pipe that feeds it is at its end from the beginning.
    return subprocess.run(
        [sys.executable, *arguments], input="", capture_output=True, text=True, timeout=_TRIAL_S, check=False
    )
