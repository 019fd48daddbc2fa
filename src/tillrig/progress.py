"""Live progress from a suite process to `tillrig run`: one JSON object a line on the file descriptor that
TILLRIG_PROGRESS_FD names. Without that variable nothing is sent.

Events: collected {tests: [id]} · start {id, capability} · action {id, text} · end {id, verdict, reason, seconds}.
"""

from __future__ import annotations

import json
import os
from typing import Any

VARIABLE = "TILLRIG_PROGRESS_FD"


def emit(event: str, **data: Any) -> None:
    """Tell the runner; a runner that is gone is no reason to stop."""
    descriptor = os.environ.get(VARIABLE)
    if descriptor is None:
        return
    line = json.dumps({"event": event, **data}, ensure_ascii=False) + "\n"
    try:
        os.write(int(descriptor), line.encode())
    except (OSError, ValueError):
        os.environ.pop(VARIABLE, None)
