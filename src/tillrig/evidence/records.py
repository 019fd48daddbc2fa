"""The JSON files of a run directory as frozen values."""

from __future__ import annotations

import msgspec

from tillrig.verdicts import Finding, Verdict


class HealthRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What an instrument said when it was asked to prove itself."""

    instrument: str
    ok: bool
    text: str


class ActionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One action of an attempt. Times in seconds; `terminal_seconds`: the terminal took no input."""

    type: str
    text: str
    branch: str = ""
    verdict: Verdict = Verdict.PASS
    seconds: float = 0.0
    terminal_seconds: float = 0.0


class AttemptRecord(msgspec.Struct, frozen=True, kw_only=True):
    """attempt.json: one run of one test. `attempt` counts repetitions of the test, `number` the attempts of the run.

    `reason`: one line, what made the verdict. `error`: the exception that aborted it. `directory` relative to the run.
    `gallery`: (blob id, caption) of what was seen last at each point. Counts are of what was judged.
    """

    number: int
    id: str
    capability: str = ""
    requirements: tuple[str, ...] = ()
    attempt: int = 1
    rig: str = ""
    profile: str = ""
    started: str = ""
    seconds: float = 0.0
    verdict: Verdict = Verdict.INCONCLUSIVE
    reason: str = ""
    error: str = ""
    actions: tuple[ActionRecord, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    frames_read: int = 0
    slip_lines: int = 0
    host_messages: int = 0
    money_fields: int = 0
    directory: str = ""
    gallery: tuple[tuple[str, str], ...] = ()
    ended: bool = True


class SessionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """session.json: one process on one rig. `ended` is "" while it runs, else why it ended."""

    tillrig: str
    rig: str
    profile: str = ""
    simulated: bool = False
    time_scale: float = 1.0
    started: str = ""
    seconds: float = 0.0
    ended: str = ""
    error: str = ""
    verdict: Verdict | None = None
    health: tuple[HealthRecord, ...] = ()
    pid: int = 0
