"""What the bench's command line wants of the processor, tried before the bench stands.

A processor that ends by itself is started again and again by its watchdog, so a misspelt fault would never be told.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile

from tillrig.simulator.bench.options import Options
from tillrig.simulator.bench.terminal import FIRMWARE_MODULE, wishes

_TRIAL_S = 30.0
_WRONG_START = 2


def refusal(options: Options) -> str:
    """Why the processor would not start with these faults, files and parameters; "" when it would."""
    wanted = wishes(options)
    if options.terminal:
        wanted += ["--terminal", str(options.terminal)]
    if options.cut_at:
        wanted += ["--cut-at", options.cut_at]
    if options.firmware or not wanted:
        return ""
    with tempfile.TemporaryDirectory(prefix="tillrig-") as folder:
        start = [sys.executable, *FIRMWARE_MODULE, "--flash", f"{folder}/flash", "--host", "127.0.0.1:9", *wanted]
        try:
            # The pipe that feeds it is at its end from the beginning, so that it ends at once.
            done = subprocess.run(start, input=b"", capture_output=True, timeout=_TRIAL_S, check=False)
        except subprocess.TimeoutExpired:
            return ""
    if done.returncode != _WRONG_START:
        return ""
    told = done.stderr.decode(errors="replace").strip()
    return told.rpartition(": error: ")[2].removeprefix("firmware: ")
