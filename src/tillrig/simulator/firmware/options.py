"""The command line of the firmware process."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tillrig.simulator.firmware.storage.flash import Cut

_LIMITS = {"contactless": "contactless_limit", "free": "contactless_limit"}
_NAMES = {"merchant_name": "merchant", "name": "merchant", "terminal": "tid"}


class Options(NamedTuple):
    """What the bench tells the processor at its start."""

    flash: Path
    scale: float
    host: str
    port: int
    terminal: dict[str, Any]
    faults: list[str]
    fault_files: list[Path]
    cut: Cut | None
    settings: dict[str, str]
    model: str
    version: str


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line; argparse ends the process with a message and code 2 when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tillrig.simulator.firmware", description=__doc__)
    parser.add_argument("--flash", type=Path, required=True, help="file that plays the flash")
    parser.add_argument("--time-scale", type=float, default=1.0, help="divides the terminal's own waits")
    parser.add_argument("--host", required=True, metavar="HOST:PORT", help="the acquirer")
    parser.add_argument("--terminal", type=Path, help="JSON: tid, mid, merchant, tmk, limits, batch_limit, copies")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME", help="built-in fault")
    parser.add_argument("--fault-file", action="append", default=[], type=Path, metavar="F.py", help="your own hooks")
    parser.add_argument("--cut-at", type=Cut.parse, metavar="write:N:byte:K", help="power goes in the Nth flash write")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="parameter or seconds.NAME")
    parser.add_argument("--model", default="classic", choices=["classic"])
    parser.add_argument("--model-version", default="1.0", choices=["1.0"])
    args = parser.parse_args(arguments)
    if not args.time_scale > 0:
        parser.error(f"--time-scale must be positive, not {args.time_scale}")
    host, _, port = args.host.rpartition(":")
    if not host or not port.isdigit():
        parser.error(f"--host wants HOST:PORT, not {args.host!r}")
    try:
        terminal = read_terminal(args.terminal) if args.terminal else {}
    except (OSError, ValueError) as error:
        parser.error(f"--terminal {args.terminal}: {error}")
    settings = {}
    for setting in args.set:
        key, equals, value = setting.partition("=")
        if not equals:
            parser.error(f"--set wants KEY=VALUE, not {setting!r}")
        settings[key] = value
    return Options(
        args.flash, args.time_scale, host, int(port), terminal, args.fault, args.fault_file, args.cut_at, settings,
        args.model, args.model_version,
    )  # fmt: skip


def read_terminal(path: Path) -> dict[str, Any]:
    """The delivery parameters of a terminal file. Raises OSError, ValueError."""
    data = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict):
        raise ValueError("the file must hold one JSON object")
    params: dict[str, Any] = {_NAMES.get(str(key), str(key)): value for key, value in data.items() if key != "limits"}
    limits: dict[str, Any] = data.get("limits") or {}
    for key, value in limits.items():
        params[_LIMITS.get(key, key)] = value
    return params
