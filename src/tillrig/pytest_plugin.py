"""pytest plugin: the fixture `till`, Robot files as items, verdicts as outcomes.

A thin adapter. Nothing heavy is imported before the first test that uses `till` runs; other tests are left alone.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tillrig import progress
from tillrig.errors import BlockedError, UsageError

if TYPE_CHECKING:
    from tillrig.session import Session

#: pytest's exit code when SIGTERM ended it (128 + 15, as of a shell).
ENDED_FROM_OUTSIDE = 143


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tillrig")
    group.addoption("--rig", help="rig file [TILLRIG_RIG, or rigs/virtual.yaml]")
    group.addoption("--requirement", action="append", default=[], help="only tests that check this requirement id")
    group.addoption("--shuffle", type=int, help="random order by this seed")
    group.addoption("--stop-at-fail", action="store_true", help="end the run at the first proven FAIL")
    group.addoption("--no-robot", action="store_true", help="leave Robot files to robot")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "requirement(*ids): ids of requirements.yaml that the test checks")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix != ".robot" or parent.config.getoption("--no-robot"):
        return None
    from tillrig.robot_collector import RobotFile

    collector: pytest.Collector = RobotFile.from_parent(parent, path=file_path)
    return collector


def requirements_of(item: pytest.Item) -> list[str]:
    """Ids that the item's markers, or its Robot tags, name."""
    tags = [tag.partition(":")[2] for tag in getattr(item, "tags", ()) if tag.startswith("requirement:")]
    return tags + [identity for marker in item.iter_markers("requirement") for identity in marker.args]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = set(config.getoption("--requirement"))
    if wanted:
        left_out = [item for item in items if not wanted.intersection(requirements_of(item))]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    seed = config.getoption("--shuffle")
    if seed is not None:
        random.Random(seed).shuffle(items)


def pytest_collection_finish(session: pytest.Session) -> None:
    progress.emit("collected", tests=[item.nodeid for item in session.items if _operates(item)])


def _operates(item: pytest.Item) -> bool:
    return "till" in getattr(item, "fixturenames", ()) or item.path.suffix == ".robot"


@pytest.fixture
def till(request: pytest.FixtureRequest) -> Iterator[Session]:
    """The terminal of the rig and the tester at it. An attempt begins and ends with the test."""
    from tillrig import suite_attempts

    suite_attempts.begin(
        request.node.nodeid, requirements=requirements_of(request.node), rig=request.config.getoption("--rig")
    )
    try:
        yield suite_attempts.till()
    finally:
        if suite_attempts.begun():  # neither the set-up's end nor the call's has ended it
            suite_attempts.end(BlockedError(f"{request.node.nodeid}: its set-up ended and it was not called"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test whose set-up fails once its attempt has begun is never called: the attempt ends with that error."""
    try:
        return (yield)
    except BaseException as error:
        _judge(item, error)
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Turn the attempt's verdict into the test's outcome, once the test's own code has run."""
    try:
        value = yield
    except BaseException as error:
        _judge(item, error)
        raise
    _judge(item, None)
    return value


def _judge(item: pytest.Item, error: BaseException | None) -> None:
    """End the attempt, if the test has begun one, and raise as pytest and Allure show its verdict."""
    suite_attempts = sys.modules.get("tillrig.suite_attempts")
    if suite_attempts is None or not suite_attempts.begun():
        return
    skipped = isinstance(error, pytest.skip.Exception)
    word = suite_attempts.end(BlockedError(str(error)) if skipped else error)
    if isinstance(error, KeyboardInterrupt):
        raise error
    if isinstance(error, SystemExit):  # SIGTERM: pytest would go on with the next test
        pytest.exit(f"ended from outside ({error})", returncode=ENDED_FROM_OUTSIDE)
    if word.verdict == "FAIL" and item.config.getoption("--stop-at-fail"):
        item.session.shouldstop = word.text
    word.raise_for_pytest(error)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Tell the runner what fails outside an attempt: a test without `till`, or a fixture as it is taken down."""
    report = yield
    if report.failed and os.environ.get(progress.VARIABLE):
        _tell(item, call)
    return report


def _tell(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    from tillrig.verdicts import of_exception

    module = sys.modules.get("tillrig.suite_attempts")
    if call.when == "teardown" or module is None or not module.explained(item.nodeid):
        error = call.excinfo.value if call.excinfo else UsageError("it ended otherwise than pytest was told to expect")
        reason = f"{call.when}: {type(error).__name__}: {error}"
        progress.emit("error", id=item.nodeid, verdict=of_exception(error).value, reason=reason)


def pytest_sessionfinish(session: pytest.Session) -> None:
    module = sys.modules.get("tillrig.suite_attempts")
    if module is not None:
        module.release()
