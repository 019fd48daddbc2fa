"""The two serial lines: cash register (port 0) and service console (port 1)."""

from __future__ import annotations

from tillrig.simulator import wire
from tillrig.simulator.firmware.lines.console import Console
from tillrig.simulator.firmware.lines.ecr import CashRegister
from tillrig.simulator.firmware.terminal import Terminal


def plug_in(terminal: Terminal) -> None:
    """Connect both lines to the board."""
    register, console = CashRegister(terminal), Console(terminal)

    def received(payload: bytes) -> None:
        port, data = wire.parse_uart(payload)
        if terminal.on:
            (register if port == wire.PORT_ECR else console).receive(data)

    terminal.kernel.on(wire.UART, received)
    terminal.kernel.every_round(register.task)
    terminal.kernel.every_round(console.task)
