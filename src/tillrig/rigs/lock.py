"""One rig, one user: a file lock that dies with its process, and a note that says who holds it."""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import os
import tempfile
import time
from pathlib import Path

from filelock import FileLock, Timeout

from tillrig.errors import BlockedError


def _folder() -> Path:
    # Not below the rig file: that may be read-only, or on a share where locks are no good.
    folder = Path(tempfile.gettempdir()) / "tillrig-locks"
    folder.mkdir(mode=0o1777, exist_ok=True)
    return folder


class RigLock:
    """Held from `__init__` to `release`. Raises BlockedError naming the holder when the rig is taken for `wait_s`."""

    def __init__(self, path: Path, wait_s: float = 0.0) -> None:
        digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
        stem = _folder() / f"{path.stem}-{digest}"
        self._note = stem.with_suffix(".holder")
        # Every thread of this process is the same user; whoever opens a rig twice has made a mistake that must show.
        self._lock = FileLock(stem.with_suffix(".lock"), timeout=wait_s, thread_local=False)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise BlockedError(
                f"the rig {path} is in use by {self._holder()}; wait for it, or take another rig"
            ) from error
        with contextlib.suppress(OSError):
            self._note.write_text(f"pid {os.getpid()} ({_user()}) since {time.strftime('%Y-%m-%d %H:%M:%S')}")

    def release(self) -> None:
        if self._lock.is_locked:
            with contextlib.suppress(OSError):
                self._note.unlink(missing_ok=True)
            self._lock.release()

    def _holder(self) -> str:
        try:
            return self._note.read_text() or "another process"
        except OSError:
            return "another process"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"
