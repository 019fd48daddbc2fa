"""A harness that closes a contact and then waits to be killed: PORT LEVEL|PULSE."""

from __future__ import annotations

import sys
import threading

from tillrig.drivers.modbus_rtu import ModbusSwitches, Options

switches = ModbusSwitches("board", Options(port="", timeout_ms=300), sys.argv[1])
if sys.argv[2] == "LEVEL":
    switches.set({3: True})
else:
    switches.pulse(3, 5000)
sys.stdout.write(f"closed {switches.protection}\n")
sys.stdout.flush()
threading.Event().wait()
