"""Files that are replaced as a whole: whenever the process dies, either the old one stands or the new one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tillrig.errors import EvidenceError


def write_whole(path: Path, data: bytes) -> None:
    """Replace `path` by `data`, on the disk when this returns. Raises EvidenceError; then the old file stands."""
    name = ""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
        _sync(path.parent)
    except OSError as error:
        raise EvidenceError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        if name:
            Path(name).unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
