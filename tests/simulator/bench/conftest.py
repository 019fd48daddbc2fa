"""Fixtures for tests of the bench: a clock moved by hand, and real bench processes without cameras."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulator.bench.bench_support import FIRMWARE, HandClock, RunningBench, Start, until


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="module")
def start_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start benches without cameras; all end with the module."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*options: str, directory: Path | None = None, wait: bool = True) -> RunningBench:
        directory = directory or tmp_path_factory.mktemp("bench")
        command = [sys.executable, "-m", "tillrig.simulator.bench", "--dir", str(directory), "--no-cameras"]
        command += ["--firmware", str(FIRMWARE), "--with-parent", str(os.getpid()), *options]
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        started.append(process)
        bench = RunningBench(process, directory)
        if wait:
            until(lambda: (directory / "ready").exists() and bench.ready["pid"] == process.pid, "the bench", 15)
            until(lambda: bench.heard("start"), "the firmware", 15)
        return bench

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
    for process in started:
        process.wait(timeout=10)


@pytest.fixture(scope="module")
def bench(start_bench: Start) -> RunningBench:
    """One bench that the tests of a module share."""
    return start_bench()
