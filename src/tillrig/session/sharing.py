"""One session per process, shared by whoever asks, closed when the last gives it back, safe however it ends."""

from __future__ import annotations

import atexit
import os
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from tillrig.drivers.technician import Technician
from tillrig.errors import UsageError
from tillrig.evidence.writer import new_run_directory
from tillrig.rigs import Rig
from tillrig.session.session import Session

RIG_VARIABLE, RUN_VARIABLE = "TILLRIG_RIG", "TILLRIG_RUN_DIR"
DEFAULT_RIG = "rigs/virtual.yaml"


class _Shared:
    session: Session | None = None
    source: str = ""
    references = 0
    handlers: dict[int, Any] = {}  # noqa: RUF012 - one per process on purpose


_lock = threading.RLock()


def acquire(
    rig: Path | str | Rig | None = None, run_dir: Path | str | None = None, *, technician: Technician | None = None
) -> Session:
    """The session of this process; opened by the first call. Give it back with `release()` or as a context manager.

    rig      rig file or loaded rig [TILLRIG_RIG, else rigs/virtual.yaml]
    run_dir  where evidence goes [TILLRIG_RUN_DIR, else reports/runs/<stamp>]
    Raises RigFileError, ProfileError, BlockedError, UsageError (another rig is open here) and the RigError family.
    """
    source = rig if isinstance(rig, Rig) else Path(rig or os.environ.get(RIG_VARIABLE) or DEFAULT_RIG)
    name = str(source.path if isinstance(source, Rig) else source)
    with _lock:
        if _Shared.session is not None:
            if rig is not None and name != _Shared.source:
                raise UsageError(f"this process operates the rig {_Shared.source} already; release it before {name}")
            _Shared.references += 1
            return _Shared.session
        given = run_dir or os.environ.get(RUN_VARIABLE)
        directory = Path(given) if given else new_run_directory()
        session = Session(source, directory, technician=technician, released=_release)
        _Shared.session, _Shared.source, _Shared.references = session, name, 1
        _guard()
        return session


def _release(session: Session) -> None:
    with _lock:
        if _Shared.session is not session:
            return
        _Shared.references -= 1
        if _Shared.references <= 0:
            _Shared.session = None
            _unguard()
            session.close()


def _guard() -> None:
    """Contacts open before whatever a signal does next."""
    atexit.register(_at_exit)
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        _Shared.handlers[number] = signal.signal(number, _on_signal)


def _unguard() -> None:
    atexit.unregister(_at_exit)
    if threading.current_thread() is threading.main_thread():
        for number, handler in _Shared.handlers.items():
            signal.signal(number, handler)
        _Shared.handlers.clear()


def _on_signal(number: int, frame: FrameType | None) -> None:
    session = _Shared.session
    if session is not None:
        # A thread of its own: the interrupted code may hold the locks that opening the contacts needs.
        opener = threading.Thread(target=session.safe, name="tillrig-safe", daemon=True)
        opener.start()
        opener.join(0.5)
    before = _Shared.handlers.get(number)
    if callable(before):
        before(number, frame)
    elif number == signal.SIGTERM:
        raise SystemExit(128 + number)


def _at_exit() -> None:
    session = _Shared.session
    if session is not None:
        session.close("the process ended without releasing the session")
