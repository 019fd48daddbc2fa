"""Every event of every instrument on one monotonic clock: append-only, on disk at once, and the only thing to wait on.

Cameras, serial lines, host and roles append from their own threads; `wait_for` wakes at each event. What cannot be
stored (disk full) is remembered and raised in the thread that waits, so that the run still ends properly with what is
there: a ballast file is given back to the file system for the records that close the run.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tillrig.errors import EvidenceError
from tillrig.masking import Masker

T = TypeVar("T")
BALLAST_BYTES = 1 << 20
_ENCODER = msgspec.json.Encoder()


class Event(msgspec.Struct, frozen=True):
    """`seq` counts from 1 within a timeline; `at` monotonic seconds; `data` plain, masked."""

    seq: int
    at: float
    kind: str
    data: dict[str, Any] = {}


class Timeline:
    """Thread-safe. `path` is a JSONL file (appended to); blobs go to `directory`/blobs."""

    def __init__(self, directory: Path, masker: Masker | None = None, *, path: Path | None = None) -> None:
        self.directory = directory
        self._masker = masker or Masker()
        self._changed = threading.Condition()
        self._events: list[Event] = []
        self._dropped = 0
        self._failure: str = ""
        self._closed = False
        self._blobs: set[str] = set()
        self._ballast = directory / ".ballast"
        target = path or directory / "timeline.jsonl"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._ballast.write_bytes(b"\0" * BALLAST_BYTES)
            self._file = target.open("ab")
        except OSError as error:
            raise EvidenceError(
                f"cannot record in {directory}: {error.strerror or error}; free space or name another directory"
            ) from error

    # -- writing ------------------------------------------------------------------------------------------------------
    def append(self, kind: str, *, at: float | None = None, **data: Any) -> Event:
        """Record one event and wake who waits. Never raises for the disk: see `failure`."""
        masked = self._masker.data(data)
        with self._changed:
            event = Event(self._dropped + len(self._events) + 1, time.monotonic() if at is None else at, kind, masked)
            self._events.append(event)
            self._write(event)
            self._changed.notify_all()
        return event

    def wake(self) -> None:
        """Let those who wait look again (something changed that is no event of its own)."""
        with self._changed:
            self._changed.notify_all()

    def _write(self, event: Event) -> None:
        if self._failure or self._closed:
            return
        try:
            self._file.write(_ENCODER.encode(event) + b"\n")
            self._file.flush()
        except OSError as error:
            self._fail(f"cannot record in {self._file.name}: {error.strerror or error}")

    def _fail(self, text: str) -> None:
        self._failure = text
        with contextlib.suppress(OSError):
            self._ballast.unlink()

    def blob(self, data: bytes) -> str:
        """Store `data` once; its id is "sha256:<hex>". Raises EvidenceError."""
        digest = hashlib.sha256(data).hexdigest()
        if digest not in self._blobs:
            path = blob_path(self.directory, digest)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                if not path.exists():
                    partial = path.with_suffix(".part")
                    partial.write_bytes(data)
                    partial.replace(path)
            except OSError as error:
                with self._changed:
                    self._fail(f"cannot store a picture in {self.directory}: {error.strerror or error}")
                self.check()
            self._blobs.add(digest)
        return f"sha256:{digest}"

    @property
    def failure(self) -> str:
        """Why nothing more is stored; "" while all is well."""
        return self._failure

    def check(self) -> None:
        """Raise EvidenceError when something could not be stored."""
        if self._failure:
            raise EvidenceError(f"{self._failure}; free space, then run again")

    def release_ballast(self) -> None:
        """Give the reserve back, for the records that end the run."""
        with contextlib.suppress(OSError):
            self._ballast.unlink()

    # -- reading ------------------------------------------------------------------------------------------------------
    @property
    def last(self) -> int:
        """Number of the newest event."""
        with self._changed:
            return self._dropped + len(self._events)

    def events(self, after: int = 0, kind: str | None = None) -> tuple[Event, ...]:
        """Events with a number above `after` that are still in memory, oldest first."""
        with self._changed:
            found = self._events[max(0, after - self._dropped) :]
        return tuple(event for event in found if kind is None or event.kind == kind)

    def forget(self, before: int) -> None:
        """Drop events up to `before` from memory (they stay on disk)."""
        with self._changed:
            count = max(0, min(before - self._dropped, len(self._events)))
            del self._events[:count]
            self._dropped += count

    def wait_for(self, predicate: Callable[[], T | None], deadline: float) -> T | None:
        """What `predicate` returns as soon as that is not None; None at `deadline` (monotonic seconds).

        The predicate is asked at once and after every event, in the waiting thread. Raises EvidenceError when nothing
        can be stored any more.
        """
        seen = -1
        while True:
            self.check()
            with self._changed:
                current = self._dropped + len(self._events)
            found = predicate()
            if found is not None:
                return found
            with self._changed:
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    return None
                seen = self._dropped + len(self._events)
                if seen == current:
                    self._changed.wait(min(remaining, 0.5))

    def close(self) -> None:
        """Flush and close the file; later events stay in memory only."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            with contextlib.suppress(OSError):
                self._file.close()
        self.release_ballast()


def blob_path(directory: Path, digest: str) -> Path:
    """Where the blob of that SHA-256 lies in a run directory."""
    return directory / "blobs" / digest[:2] / digest


def as_plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """Builtin values only, ready for `append`."""
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
