"""What a run leaves on disk, and its reader: attempts, findings, pictures and counts. Needs no rig."""

from __future__ import annotations

from tillrig.evidence.reader import Run, load_run
from tillrig.evidence.records import ActionRecord, AttemptRecord, HealthRecord, SessionRecord

__all__ = ["ActionRecord", "AttemptRecord", "HealthRecord", "Run", "SessionRecord", "load_run"]
