"""Reads a run directory, also one that a killed process left half written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

import msgspec

from tillrig.evidence.records import AttemptRecord, SessionRecord
from tillrig.timeline import blob_path

R = TypeVar("R")
_BLOB = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


class Run(msgspec.Struct, frozen=True):
    """`attempts` in order of their numbers; `damaged` names files that could not be read, and why."""

    directory: Path
    session: SessionRecord | None = None
    sessions: tuple[SessionRecord, ...] = ()
    attempts: tuple[AttemptRecord, ...] = ()
    damaged: tuple[str, ...] = ()

    def blob(self, identity: str) -> bytes | None:
        """The stored bytes ("sha256:<hex>"), or None when they are not there."""
        found = _BLOB.fullmatch(identity)
        if found is None:
            return None
        try:
            return blob_path(self.directory, found[1]).read_bytes()
        except OSError:
            return None


def load_run(directory: Path | str) -> Run:
    """Everything of `directory` that can be read. Never raises for what is in it."""
    run = Path(directory)
    damaged: list[str] = []
    sessions = [_read(path, SessionRecord, damaged) for path in sorted(run.glob("session*.json"), key=_session_order)]
    known = tuple(session for session in sessions if session is not None)
    attempts = []
    for path in sorted((run / "attempts").glob("*"), key=lambda path: (_number(path), path.name)):
        if not path.is_dir():
            continue
        record = _read(path / "attempt.json", AttemptRecord, damaged)
        if record is not None:
            attempts.append(record)
    return Run(run, known[0] if known else None, known, tuple(attempts), tuple(damaged))


def _number(path: Path) -> int:
    found = re.match(r"\d+", path.name)
    return int(found[0]) if found else 0


def _session_order(path: Path) -> int:
    found = re.search(r"-(\d+)$", path.stem)
    return int(found[1]) if found else 1


def _read(path: Path, kind: type[R], damaged: list[str]) -> R | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError) as error:
        damaged.append(f"{path}: {error}")
        return None
