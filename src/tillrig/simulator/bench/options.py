"""The command line of the simulated bench."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tillrig.simulator.bench.cards import DEFAULT_CARDS
from tillrig.simulator.wire import KEYS

GRADES = ("clean", "typical", "bad")
MODELS = ("classic",)


@dataclass(frozen=True)
class Options:
    """How a bench is set up. ``host`` is HOST:PORT of the test host, None to choose a free port."""

    directory: Path
    model: str = "classic"
    grade: str = "typical"
    time_scale: float = 1.0
    seed: int = 1
    host: str | None = None
    cards: Path = DEFAULT_CARDS
    terminal: Path | None = None
    faults: tuple[str, ...] = ()
    fault_files: tuple[Path, ...] = ()
    cut_at: str = ""
    settings: tuple[str, ...] = ()
    battery: bool = False
    roll_mm: int = 0
    wear: tuple[tuple[str, int], ...] = ()
    hand: tuple[str, ...] = ()
    cameras: bool = True
    with_parent: int = 0
    firmware: Path | None = None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tillrig simulate",
        description="Run the simulated rig until it is stopped. It is ready when DIR/ready exists; "
        "DIR/rig.yaml describes it like any other rig.",
    )
    add = parser.add_argument
    add("--dir", dest="directory", type=Path, required=True, help="directory of this bench; made if missing")
    add("--model", choices=MODELS, default="classic", help="terminal model")
    add("--grade", choices=GRADES, default="typical", help="optics grade of the cameras")
    add("--time-scale", type=_positive, default=1.0, help="how much faster the terminal's own waits run")
    add("--seed", type=int, default=1, help="draws the camera pose and every relay's travel")
    add("--host", type=_address, default=None, metavar="HOST:PORT", help="test host; default: a free port")
    add("--cards", type=Path, default=DEFAULT_CARDS, help="cards in the changer (YAML)")
    add("--terminal", type=Path, help="terminal parameters (JSON); default: the sample terminal")
    add("--fault", dest="faults", action="append", default=[], metavar="NAME", help="seed a firmware fault")
    add("--fault-file", dest="fault_files", action="append", type=Path, default=[], metavar="FILE.py")
    add("--cut-at", default="", metavar="write:N:byte:K", help="tear a flash write of the first start")
    add("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE", help="terminal parameter")
    add("--battery", action="store_true", help="the terminal has a battery: both supplies must be cut")
    add("--roll-mm", type=int, default=0, help="paper on the roll in mm; 0: a roll without end")
    add(
        "--wear",
        type=_wear,
        action="append",
        default=[],
        metavar="KEY:N",
        help="a contact that misses one press in N",
    )
    add("--hand", action="append", default=[], metavar="COMMAND", help="a `tillrig bench` command to begin with")
    add("--no-cameras", dest="cameras", action="store_false", help="lines, relays and power only")
    add("--with-parent", type=int, default=0, metavar="PID", help="stop when that process ends")
    add("--firmware", type=Path, metavar="FILE.py", help="another firmware (Python program) in place of the model's")
    return parser


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line; exits with 2 and a message when it is wrong."""
    parser = _parser()
    values = vars(parser.parse_args(arguments))
    for name in ("cards", "terminal", "firmware"):
        if values[name] and not values[name].is_file():
            parser.error(f"--{name}: no file {values[name]}")
    for path in values["fault_files"]:
        if not path.is_file():
            parser.error(f"--fault-file: no file {path}")
    if any("=" not in setting for setting in values["settings"]):
        parser.error("--set wants KEY=VALUE")
    known: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    return Options(**known)


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return value


def _wear(text: str) -> tuple[str, int]:
    key, _, count = text.partition(":")
    if key not in KEYS or not count.isdigit():
        raise argparse.ArgumentTypeError(f"wants KEY:N with KEY one of {', '.join(KEYS)}, not {text!r}")
    return key, int(count)


def _address(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit():
        raise argparse.ArgumentTypeError(f"wants HOST:PORT, not {text!r}")
    return text
