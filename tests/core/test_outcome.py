"""A suite says how an action is to end; when it ended otherwise, the test was not played."""

from __future__ import annotations

import pytest

from tillrig import suite_attempts
from tillrig.errors import InconclusiveError, UsageError
from tillrig.robot_keywords import Keywords
from tillrig.session import Outcome
from tillrig.verdicts import Verdict, of_exception

from .builders import host, screen


def outcome(branch, *observations):
    return Outcome(branch=branch, findings=(), observations=observations, seconds=1.0, terminal_seconds=1.0)


DECLINED = outcome("declined", host("reversal"), host(seq=2, outcome="declined", code="61"), screen("menu", {}, seq=3))


def test_an_outcome_that_was_meant_is_handed_on():
    """A reversal of another test may go first."""
    assert DECLINED.ended("declined", "61") is DECLINED
    for branch in ("approved", "reversal done, approved"):
        assert outcome(branch).ended("approved").branch == branch


@pytest.mark.parametrize(
    ("ended", "branch", "code", "told"),
    [
        (outcome("approved", host()), "declined", "61", "'approved 00', not as 'declined 61'"),
        (DECLINED, "declined", "51", "'declined 61', not as 'declined 51'"),
        (outcome("partly approved"), "approved", "", "'partly approved', not as 'approved'"),
        (outcome("approved"), "reversal done, approved", "", "'approved', not as 'reversal done, approved'"),
    ],
)
def test_an_outcome_that_was_not_meant_is_inconclusive(ended, branch, code, told):
    """An approval where a decline was to be seen says nothing of declines."""
    with pytest.raises(InconclusiveError, match=told) as caught:
        ended.ended(branch, code)
    assert of_exception(caught.value) is Verdict.INCONCLUSIVE


def test_a_keyword_says_the_same(monkeypatch):
    class Till:
        def do(self, action, host):
            return DECLINED

    monkeypatch.setattr(suite_attempts, "till", Till)
    keywords = Keywords()
    with pytest.raises(UsageError, match="no action has ended"):
        keywords.action_ended_as("declined")
    keywords.show_version()
    keywords.action_ended_as("declined", code="61")
    with pytest.raises(InconclusiveError):
        keywords.action_ended_as("approved")
    assert isinstance(suite_attempts.take_error(), InconclusiveError)
