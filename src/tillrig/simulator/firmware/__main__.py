"""``python -m tillrig.simulator.firmware``: run until the bench goes or the power is cut."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from tillrig.simulator.firmware.faults.chain import FaultError
from tillrig.simulator.firmware.faults.loader import load
from tillrig.simulator.firmware.flows.boot import boot, wait_for_power_key
from tillrig.simulator.firmware.flows.idle import serve
from tillrig.simulator.firmware.hardware.fonts import FontMissingError
from tillrig.simulator.firmware.hardware.kernel import BenchGoneError, Kernel
from tillrig.simulator.firmware.lines import plug_in
from tillrig.simulator.firmware.options import parse
from tillrig.simulator.firmware.resources import Resources
from tillrig.simulator.firmware.terminal import PowerOffError, Terminal


def main(arguments: Sequence[str]) -> int:
    """Play the processor. Returns 0 when the bench closed the pipe, 2 for a wrong start, 3 for a broken fault."""
    options = parse(arguments)
    try:
        hooks = load(options.faults, options.fault_files)
        resources = Resources(options.model, options.version, options.settings)
    except (FaultError, ValueError) as error:
        return _complain(str(error), 2)
    wire_out = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    kernel = Kernel(options.scale, sys.stdin.fileno(), wire_out)
    try:
        terminal = Terminal(options, resources, hooks, kernel)
        plug_in(terminal)
        while True:
            try:
                wait_for_power_key(terminal)
                boot(terminal)
                serve(terminal)
            except PowerOffError:
                terminal.deaf()
    except BenchGoneError:
        return 0
    except FontMissingError as error:
        return _complain(str(error), 2)
    except FaultError as error:
        return _complain(str(error), 3)


def _complain(text: str, code: int) -> int:
    sys.stderr.write(f"firmware: {text}\n")
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
