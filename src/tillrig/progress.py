"""Live progress from a suite process to `tillrig run`: one JSON object a line on the file descriptor that
TILLRIG_PROGRESS_FD names. Without that variable nothing is sent.

Events: collected {tests: [id]} · start {id} · action {text} · asked {} (a technician) ·
end {id, verdict, reason, seconds} ·
error {id, verdict, reason}: what pytest or Robot calls failed although the test's attempt does not.
"""

from __future__ import annotations

import json
import os
import signal
from typing import Any

VARIABLE = "TILLRIG_PROGRESS_FD"
#: Names the terminal at which a technician can be asked; a suite process has none of its own.
TERMINAL = "TILLRIG_TERMINAL"


def emit(event: str, **data: Any) -> None:
    """Tell the runner. One that is gone (killed) ends this process as SIGTERM would: nobody would give the rig back."""
    descriptor = os.environ.get(VARIABLE)
    if descriptor is None:
        return
    line = json.dumps({"event": event, **data}, ensure_ascii=False) + "\n"
    try:
        os.write(int(descriptor), line.encode())
    except BrokenPipeError:
        os.environ.pop(VARIABLE, None)
        os.kill(os.getpid(), signal.SIGTERM)
    except (OSError, ValueError):
        os.environ.pop(VARIABLE, None)
