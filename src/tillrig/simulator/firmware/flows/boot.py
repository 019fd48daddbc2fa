"""From the dark glass to the operator prompt, and back (rules T13; terminal page, Power-on to ready)."""

from __future__ import annotations

from tillrig.simulator.firmware.host.reversal import drop_if_journaled
from tillrig.simulator.firmware.terminal import Session, Terminal
from tillrig.simulator.firmware.ui.prompts import ask_key
from tillrig.simulator.firmware.ui.screens import centre, show

LOW_BATTERY = 5
_FOREVER = 1e9


def wait_for_power_key(terminal: Terminal) -> None:
    """Dark until the power key has been held long enough."""
    terminal.on = terminal.busy = False
    terminal.ecr_waits = None
    terminal.session = Session()
    terminal.display.off()
    hold = terminal.seconds("power_on") / terminal.kernel.scale
    terminal.power_pressed()
    while True:
        held = terminal.power_held()
        if held is not None and terminal.kernel.now() >= held + hold:
            terminal.spend_power()
            return
        if terminal.power_pressed() >= hold:  # a short press can be over before this process has started
            return
        terminal.kernel.round(None if held is None else held + hold)


def boot(terminal: Terminal) -> None:
    """Boot screen with model and version, self-test, welcome; records are put in order meanwhile."""
    terminal.on = True
    terminal.deaf()
    model = terminal.resources.model
    brand = str(model["brand"])
    rows = [
        terminal.text("model_row", model=model["model"]),
        terminal.text("version_row", version=model["version"]),
    ]
    show(terminal, "boot", brand, rows)
    terminal.deliver()
    drop_if_journaled(terminal)
    terminal.pause("boot")
    for device in model["self_test"]:
        name = terminal.text(device)
        show(terminal, "boot", brand, [*rows, terminal.text("testing", device=name)])
        terminal.pause("self_test")
        if not _works(terminal, device):
            fault = terminal.text("device_fault", device=name)
            show(terminal, "boot", brand, [fault, terminal.text("go_on")])
            ask_key(terminal, lambda key: key == "enter", _FOREVER)
    show(terminal, "boot", brand, [*rows, terminal.text("tested")])
    terminal.pause("self_test")
    show(terminal, "welcome", brand, ["", centre(terminal.text("welcome"))])
    terminal.pause("welcome")


def _works(terminal: Terminal, device: str) -> bool:
    if device == "printer":
        return terminal.printer.paper != "jam"
    if device == "battery":
        return bool(terminal.battery.get("charger", True)) or int(terminal.battery.get("battery", 100)) > LOW_BATTERY
    return True
