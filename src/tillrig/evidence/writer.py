"""The run directory: numbered attempts, the `latest` link, files written whole or not at all."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from datetime import datetime
from pathlib import Path

import msgspec

from tillrig.errors import EvidenceError

DEFAULT_PARENT = Path("reports/runs")
_FORMAT = msgspec.json.Encoder()


def new_run_directory(parent: Path = DEFAULT_PARENT) -> Path:
    """Make parent/<stamp> and let parent/latest point at it. Raises EvidenceError."""
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for tail in itertools.chain([""], (f"-{n}" for n in range(2, 100))):
            directory = parent / f"{stamp}{tail}"
            with contextlib.suppress(FileExistsError):
                directory.mkdir()
                point_latest(directory)
                return directory
    except OSError as error:
        raise EvidenceError(f"cannot make a run directory in {parent}: {error.strerror or error}") from error
    raise EvidenceError(f"cannot make a run directory in {parent}: {stamp} is taken a hundred times")


def point_latest(directory: Path) -> None:
    """Replace the `latest` link beside `directory`; a file system without links goes without."""
    link, fresh = directory.parent / "latest", directory.parent / f".latest-{os.getpid()}"
    with contextlib.suppress(OSError):
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(directory.name)
        fresh.replace(link)


def slug(text: str) -> str:
    """A short name for a directory: letters, digits and dashes of the last part of a test's id."""
    tail = text.rpartition("::")[2] or text
    words = re.sub(r"[^\w]+", "-", tail, flags=re.UNICODE).strip("-_")
    return words.encode()[:60].decode(errors="ignore").strip("-") or "attempt"


def new_attempt_directory(run: Path, test_id: str) -> tuple[int, Path]:
    """The next number of the run and its directory, whoever else writes there. Raises EvidenceError."""
    parent = run / "attempts"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        taken = [int(found[0]) for path in parent.iterdir() if (found := re.match(r"\d+", path.name))]
        number = max(taken, default=0) + 1
        directory = parent / f"{number:03d}-{slug(test_id)}"
        directory.mkdir()
    except OSError as error:
        raise EvidenceError(f"cannot make an attempt's directory in {parent}: {error.strerror or error}") from error
    return number, directory


def write_json(path: Path, value: object) -> None:
    """Write whole or not at all; indented, so that people read it too. Raises EvidenceError."""
    encoded = msgspec.json.format(_FORMAT.encode(value), indent=1)
    partial = path.with_suffix(".part")
    try:
        partial.write_bytes(encoded + b"\n")
        partial.replace(path)
    except OSError as error:
        raise EvidenceError(f"cannot write {path}: {error.strerror or error}") from error


def session_path(run: Path) -> Path:
    """session.json, or session-<n>.json for the later processes of a run."""
    first = run / "session.json"
    if not first.exists():
        return first
    return next(path for n in itertools.count(2) if not (path := run / f"session-{n}.json").exists())
