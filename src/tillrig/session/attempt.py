"""One run of one test: its directory, its findings, its attempt.json."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from types import TracebackType

import msgspec

from tillrig.errors import EvidenceError
from tillrig.evidence.records import ActionRecord, AttemptRecord
from tillrig.evidence.writer import new_attempt_directory, write_json
from tillrig.masking import Masker
from tillrig.timeline import Timeline
from tillrig.verdicts import Finding, Verdict, fold, of_exception


class Attempt:
    """Collects what actions find. `close` folds it into a verdict; leaving the context closes it."""

    def __init__(
        self,
        test_id: str,
        *,
        run_dir: Path,
        timeline: Timeline,
        masker: Masker,
        rig: str,
        profile: str,
        capability: str | None = None,
        requirements: tuple[str, ...] = (),
        attempt: int = 1,
        closed: Callable[[Attempt], None] = lambda attempt: None,
    ) -> None:
        self.id, self.capability = test_id, capability_of(test_id) if capability is None else capability
        self.requirements, self.attempt = requirements, attempt
        self._rig, self._profile = rig, profile
        self._timeline, self._masker, self._closed = timeline, masker, closed
        self.number, self.directory = new_attempt_directory(run_dir, test_id)
        self._run_dir = run_dir
        self._started = datetime.now().astimezone()
        self._began = time.monotonic()
        self._first_event = timeline.last
        self._findings: list[Finding] = []
        self._met_on_the_way: set[str] = set()
        self._actions: list[ActionRecord] = []
        self._notes: list[str] = []
        self._gallery: list[tuple[str, str]] = []
        self.frames_read = self.slip_lines = self.host_messages = 0
        self._record: AttemptRecord | None = None
        timeline.append("attempt", action="begin", number=self.number, test=test_id)
        self._write(ended=False)

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(self._findings)

    @property
    def actions(self) -> tuple[ActionRecord, ...]:
        return tuple(self._actions)

    @property
    def verdict(self) -> Verdict:
        """The fold so far."""
        return fold(finding.verdict for finding in self._findings)

    def add(self, *findings: Finding) -> None:
        """Findings, texts masked."""
        for finding in findings:
            texts = {name: self._masker.text(getattr(finding, name)) for name in ("expected", "seen", "reason")}
            exhibit = None if finding.exhibit is None else finding.exhibit.masked(self._masker)
            self._findings.append(msgspec.structs.replace(finding, **texts, exhibit=exhibit))

    def met_on_the_way(self, findings: Iterable[Finding]) -> None:
        """What actions that led to a state found as it should be: not kept, but judged all the same."""
        self._met_on_the_way.update(one.requirement for one in findings if one.verdict is Verdict.PASS)

    def note(self, text: str) -> None:
        """Something a reader should know that is no finding."""
        self._notes.append(self._masker.text(text))

    def show(self, picture: str, name: str) -> None:
        """A picture (blob) that says why, for the report; once."""
        if (picture, name) not in self._gallery:
            self._gallery = [*self._gallery, (picture, name)][-24:]

    def begins(self, serialised: bytes) -> None:
        """An action is about to be carried out: kept in actions.jsonl, however it ends, so that it can be replayed."""
        try:
            with (self.directory / "actions.jsonl").open("ab") as file:
                file.write(serialised + b"\n")
        except OSError as error:
            raise EvidenceError(f"cannot write actions.jsonl in {self.directory}: {error.strerror or error}") from error

    def did(self, action: ActionRecord, gallery: list[tuple[str, str]]) -> None:
        """How an action that began has ended."""
        self._actions.append(action)
        self._gallery = (self._gallery + gallery)[-24:]

    def close(self, error: BaseException | None = None) -> AttemptRecord:
        """End the attempt with the exception that aborted it, if any. Idempotent.

        A PASS that looked at nothing, or not at what the test is about, is INCONCLUSIVE; one whose evidence could not
        be kept is RIG_ERROR.
        """
        if self._record is not None:
            return self._record
        verdicts = [finding.verdict for finding in self._findings]
        if error is not None:
            verdicts.append(of_exception(error))
        verdict = fold(verdicts)
        reason = self._reason(verdict, error)
        if verdict is Verdict.PASS and (reason := self._not_looked_at()):
            verdict = Verdict.INCONCLUSIVE
        self._timeline.append("attempt", action="end", number=self.number, verdict=verdict.value)
        self._closed(self)
        lost = self._evidence_lost()
        if lost:
            self.note(lost)
            if fold([verdict, Verdict.RIG_ERROR]) is not verdict:
                verdict, reason = Verdict.RIG_ERROR, lost
        self._record = self._build(verdict, reason, _named(error, self._masker), ended=True)
        try:
            write_json(self.directory / "attempt.json", self._record)
        except EvidenceError as full:
            verdict = fold([verdict, Verdict.RIG_ERROR])
            self._record = msgspec.structs.replace(self._record, verdict=verdict, error=str(full), reason=str(full))
        return self._record

    def _not_looked_at(self) -> str:
        """What a PASS would say nothing of; "" when it stands on something."""
        judged = self._met_on_the_way.union(one.requirement for one in self._findings)
        left = [one for one in self.requirements if one not in judged]
        if left:
            return f"the test is about {', '.join(left)}, and no finding judges it: the terminal was led another way"
        return "" if self.requirements or self._findings else "nothing was judged"

    def _reason(self, verdict: Verdict, error: BaseException | None) -> str:
        finding = next((one for one in self._findings if one.verdict is verdict), None)
        if verdict is Verdict.PASS:
            return ""
        if finding is not None and (error is None or of_exception(error) is not verdict):
            return f"{finding.point}: expected {finding.expected}, seen {finding.seen} ({finding.requirement})"
        return _named(error, self._masker)

    def _build(self, verdict: Verdict, reason: str, error: str, *, ended: bool) -> AttemptRecord:
        return AttemptRecord(
            number=self.number,
            id=self.id,
            capability=self.capability,
            requirements=self.requirements,
            attempt=self.attempt,
            rig=self._rig,
            profile=self._profile,
            started=self._started.isoformat(timespec="milliseconds"),
            seconds=round(time.monotonic() - self._began, 3),
            verdict=verdict,
            reason=reason,
            error=error,
            actions=tuple(self._actions),
            findings=tuple(self._findings),
            notes=tuple(self._notes),
            frames_read=self.frames_read,
            slip_lines=self.slip_lines,
            host_messages=self.host_messages,
            money_fields=sum(finding.money for finding in self._findings),
            directory=str(self.directory.relative_to(self._run_dir)),
            gallery=tuple(self._gallery),
            ended=ended,
        )

    def _write(self, *, ended: bool) -> None:
        """What a killed process leaves behind: an attempt that says that it did not end."""
        record = self._build(Verdict.RIG_ERROR, "the process ended in the midst of this attempt", "", ended=ended)
        write_json(self.directory / "attempt.json", record)

    def _evidence_lost(self) -> str:
        """Write the timeline's part of this attempt; what of its evidence could not be stored."""
        if self._timeline.failure:
            self._timeline.release_ballast()
        try:
            with (self.directory / "timeline.jsonl").open("wb") as file:
                for event in self._timeline.events(self._first_event):
                    file.write(msgspec.json.encode(event) + b"\n")
        except OSError as error:
            return f"the timeline's part of this attempt could not be written: {error.strerror or error}"
        return self._timeline.failure

    def __enter__(self) -> Attempt:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close(error)


def capability_of(test_id: str) -> str:
    """The folder below `suites` in a test's id; "" when there is none."""
    parts = test_id.partition("::")[0].replace("\\", "/").split("/")
    return parts[parts.index("suites") + 1] if "suites" in parts[:-2] else ""


def _named(error: BaseException | None, masker: Masker) -> str:
    return "" if error is None else masker.text(f"{type(error).__name__}: {error}").strip(": ")
