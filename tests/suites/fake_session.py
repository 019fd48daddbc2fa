"""A session without a rig, for the adapters' tests: real attempts with real evidence, actions that are only noted.

Run as a script it is `robot` on that session: `python fake_session.py RUN_DIR REFUSED ARGUMENT…`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tillrig import suite_attempts
from tillrig.errors import EvidenceError, SerialError
from tillrig.masking import Masker
from tillrig.session import Attempt
from tillrig.timeline import Timeline
from tillrig.verdicts import Finding, Verdict


class FakeSession:
    """Every action passes. `refused`: a part of the ids of tests whose attempt cannot be stored."""

    def __init__(self, run_dir: Path, refused: str) -> None:
        self._run_dir, self._refused = run_dir, refused
        self._timeline = Timeline(run_dir)
        self._attempt: Attempt | None = None

    def attempt(self, test_id: str, *, requirements: tuple[str, ...] = ()) -> Attempt:
        self._attempt = None
        if self._refused and self._refused in test_id:
            raise EvidenceError("cannot write attempt.json: no space left")
        self._attempt = Attempt(
            test_id, run_dir=self._run_dir, timeline=self._timeline, masker=Masker(), rig="fake", profile="fake"
        )
        return self._attempt

    def do(self, action: object, **_: object) -> None:
        with (self._run_dir / "done.txt").open("a", encoding="utf-8") as file:
            file.write(f"{action}\n")
        self.report(Verdict.PASS)

    def report(self, verdict: Verdict) -> None:
        if self._attempt is not None:
            finding = Finding(requirement="X", point="screen.menu", verdict=verdict, expected="a", seen="b")
            self._attempt.add(finding)

    def release(self) -> None:
        self._timeline.close()
        (self._run_dir / "released.txt").touch()


def install(run_dir: Path, refused: str = "") -> None:
    """What `till` gets in this process. `refused` "rig": the rig itself cannot be opened."""

    def acquire(rig: str | None) -> FakeSession:
        if refused == "rig":
            raise SerialError("the relay board's port is gone")
        return FakeSession(run_dir, refused)

    suite_attempts.acquire = acquire  # type: ignore[assignment]


if __name__ == "__main__":
    from robot import run_cli

    install(Path(sys.argv[1]), sys.argv[2])
    run_cli(sys.argv[3:])
