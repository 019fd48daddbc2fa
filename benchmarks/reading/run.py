"""Runs poses, one or several at a time, and keeps every record at once, so that a run can be broken off and resumed.

Records belong to one state of eye and corpus: their file is named after a digest of both, and a changed eye begins
anew.
"""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import msgspec

from benchmarks.reading.judging import Record
from benchmarks.reading.poses import Plan, judge

_HERE = Path(__file__).resolve().parent
_COUNTING = ("tally.py", "table.py", "page.py", "run.py", "__main__.py", "page.html.j2")


def fingerprint() -> str:
    """Digest of the eye's source and of what draws and judges the corpus."""
    import tillrig.vision

    eye = Path(str(tillrig.vision.__file__)).parent
    files = [*sorted(eye.rglob("*.py")), *sorted(path for path in _HERE.glob("*.py") if path.name not in _COUNTING)]
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


class Store:
    """Records as JSON lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def load(self) -> dict[int, Record]:
        """By pose number; a last line that was cut off is left out."""
        found = {}
        for line in self.path.read_bytes().splitlines() if self.path.exists() else []:
            try:
                record = msgspec.json.decode(line, type=Record)
            except msgspec.DecodeError:
                continue
            found[record.number] = record
        return found

    def add(self, record: Record) -> None:
        with self.path.open("ab") as file:
            file.write(msgspec.json.encode(record) + b"\n")


def _undisturbed() -> None:
    """Ctrl-C reaches the whole group: only the parent acts on it, a pose under way is finished."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def run(plans: Sequence[Plan], jobs: int) -> Iterator[Record]:
    """Records in the order they are finished."""
    if jobs <= 1:
        for plan in plans:
            yield judge(plan)
        return
    # Each process draws and reads on one core.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with ProcessPoolExecutor(jobs, initializer=_undisturbed) as pool:
        waiting = [pool.submit(judge, plan) for plan in plans]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            for future in waiting:
                future.cancel()
