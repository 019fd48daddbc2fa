"""What the pytest plugin and the Robot library share: one attempt at a time on the session of this process."""

from __future__ import annotations

import atexit
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from tillrig import progress
from tillrig.errors import BlockedError
from tillrig.session import Attempt, Session, acquire
from tillrig.verdicts import Verdict, of_exception


class VerdictError(Exception):
    """A verdict that is neither PASS nor FAIL nor BLOCKED; reports show it as broken, not as failed."""


class Word(msgspec.Struct, frozen=True):
    """How an attempt ended; `text` is the verdict, a colon, and the reason."""

    verdict: Verdict
    text: str

    def raise_for_pytest(self, error: BaseException | None) -> None:
        """Nothing for PASS; else the exception whose kind pytest and Allure show rightly: failed, skipped, broken."""
        import pytest

        if self.verdict is Verdict.PASS:
            return
        if self.verdict is Verdict.FAIL:
            raise AssertionError(self.text) from error
        if self.verdict is Verdict.BLOCKED:
            pytest.skip(self.text)
        raise VerdictError(self.text) from error


class _State:
    session: Session | None = None
    attempt: Attempt | None = None
    begun: bool = False
    began: float = 0.0
    raised: BaseException | None = None
    identity: str = ""


_state = _State()
#: The verdict that was last told of each test of this process.
_told_of: dict[str, Verdict] = {}


def begin(test_id: str, *, requirements: list[str], rig: str | None) -> None:
    """Open the session when this is the first attempt, and begin the attempt. Raises what `acquire` raises."""
    _state.identity, _state.began, _state.raised = test_id, time.monotonic(), None
    _state.attempt, _state.begun = None, True
    progress.emit("start", id=test_id)
    if _state.session is None:
        _state.session = acquire(rig)
        atexit.register(_at_exit)  # before the session's own: robot tells nobody that it is done
    _state.attempt = _state.session.attempt(test_id, requirements=tuple(requirements))


def begun() -> bool:
    """Whether a test has begun that has not ended: its attempt is open, or could not be opened."""
    return _state.begun


def till() -> Session:
    """The session, while an attempt is open. Raises BlockedError when none is: nothing done then would count."""
    if _state.session is None:
        raise BlockedError(f"{_state.identity or 'this test'}: the rig could not be opened")
    if _state.attempt is None:
        where = f"{_state.identity}: its attempt could not begin" if _state.begun else "no test has begun"
        raise BlockedError(f"{where}; nothing that is done now would count")
    return _state.session


@contextmanager
def noting_errors() -> Iterator[None]:
    """Remember the exception that leaves the block: Robot turns it into a text, which has no verdict."""
    try:
        yield
    except BaseException as error:
        _state.raised = error
        raise


def take_error() -> BaseException | None:
    """The exception noted since the attempt began, once."""
    raised, _state.raised = _state.raised, None
    return raised


def end(error: BaseException | None) -> Word:
    """End the attempt with what the test raised (None: nothing) and say how. A second call without an error changes
    nothing."""
    attempt, _state.attempt = _state.attempt, None
    begun, _state.begun = _state.begun, False
    if attempt is None:
        return _without_attempt(error, begun)
    record = attempt.close(error)
    return _told(record.id, record.verdict, record.reason)


def _without_attempt(error: BaseException | None, begun: bool) -> Word:
    """How a test ended whose attempt could not begin; PASS only when there is no such test."""
    if error is None and not begun:
        return Word(Verdict.PASS, "")
    cause = error or BlockedError("its attempt could not begin")
    return _told(_state.identity, of_exception(cause), f"{type(cause).__name__}: {cause}".strip(": "))


def explained(identity: str) -> bool:
    """Whether an attempt of the test has told why the test does not pass."""
    return _told_of.get(identity, Verdict.PASS) is not Verdict.PASS


def _told(identity: str, verdict: Verdict, reason: str) -> Word:
    seconds = time.monotonic() - _state.began
    _told_of[identity] = verdict
    progress.emit("end", id=identity, verdict=verdict.value, reason=reason, seconds=seconds)
    return Word(verdict, f"{verdict.value}: {reason}")


def _at_exit() -> None:
    if not _state.begun:
        release()


def release() -> None:
    """Give the session back at the end of the process's suites."""
    session, _state.session = _state.session, None
    if session is not None:
        session.release()
