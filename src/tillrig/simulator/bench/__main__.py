"""``python -m tillrig.simulator.bench --dir DIR ...``: run the simulated rig until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Sequence

from filelock import FileLock, Timeout

from tillrig.simulator.bench.bench import Bench, clean_up_after
from tillrig.simulator.bench.cards import CardsError
from tillrig.simulator.bench.eyes import mount_eyes, no_eyes
from tillrig.simulator.bench.options import Options, parse
from tillrig.simulator.bench.trial import refusal

SWITCH_INTERVAL_S = 0.0005  # the board answers within 2 ms although the cameras compute in threads of this process


async def run(options: Options) -> None:
    """Run a bench until SIGTERM, SIGINT, or the end of the process named by ``--with-parent``."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(signal_number, stopped.set)
    watched = _watch_parent(loop, options.with_parent, stopped)
    bench = Bench(loop, options, mount_eyes(options.grade, options.seed) if options.cameras else no_eyes())
    try:
        await bench.start()
        await stopped.wait()
    finally:
        bench.stop()
        if watched is not None:
            loop.remove_reader(watched)
            os.close(watched)


def _watch_parent(loop: asyncio.AbstractEventLoop, pid: int, stopped: asyncio.Event) -> int | None:
    """Stop with process ``pid``. By its descriptor: PR_SET_PDEATHSIG fires when the *thread* that started us ends."""
    if not pid:
        return None
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        stopped.set()
        return None
    loop.add_reader(descriptor, stopped.set)
    return descriptor


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code: 0 stopped as asked, 2 cannot run with these options."""
    logging.basicConfig(level=logging.WARNING, format="tillrig simulate: %(message)s")
    options = parse(sys.argv[1:] if arguments is None else arguments)
    if reason := refusal(options):
        return _refuse(reason)
    options.directory.mkdir(parents=True, exist_ok=True)
    lock = FileLock(options.directory / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return _refuse(f"a bench is already running in {options.directory}; stop it, or choose another --dir")
    clean_up_after(options.directory)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        asyncio.run(run(options))
    except CardsError as error:
        return _refuse(str(error))
    finally:
        with contextlib.suppress(OSError):
            lock.release()
    return 0


def _refuse(reason: str) -> int:
    sys.stderr.write(f"tillrig simulate: {reason}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
