"""The rig file that describes a running bench: an ordinary one, with no word that only a simulation would need."""

from __future__ import annotations

import math
from io import StringIO
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from tillrig.simulator import wire

if TYPE_CHECKING:
    from tillrig.simulator.bench.bench import Bench
    from tillrig.simulator.optics.lens import View

SCREEN_SIZE, SLIP_SIZE = (1280, 720), (720, 1920)


def _radial(view: View) -> float:
    """The lens term as rig files have it: radius in half diagonals of the frame, not in focal lengths."""
    half_diagonal = math.hypot(view.width, view.height) / 2
    return round(view.k1 * (half_diagonal / view.focal_px) ** 2, 5)


def describe(bench: Bench) -> str:
    """Return the YAML text; paths in it are absolute."""
    options = bench.options
    host, port = bench.host
    rig = {
        "name": "virtual",
        "profile": options.model,
        "time_scale": options.time_scale,
        "simulated": True,
        "instruments": _instruments(bench),
        "roles": _roles(bench),
        "host": {"listen": f"{host}:{port}"},
    }
    yaml = YAML()
    yaml.width = 4096
    out = StringIO()
    yaml.dump(_styled(rig, 0), out)
    return out.getvalue()


def _instruments(bench: Bench) -> dict[str, Any]:
    directory = bench.directory.resolve()
    instruments: dict[str, Any] = {
        "board": {"driver": "modbus-rtu", "port": f"{directory}/board", "baud": 115200, "unit": 1, "channels": 32},
        "sense": {"driver": "modbus-rtu-inputs", "board": "board"},
    }
    pose = bench.eyes.pose
    if pose is not None:
        from tillrig.simulator.optics.scene import bezel_edge, grey_patch
        from tillrig.simulator.optics.slip import slip_marks, slip_patch

        exposure = pose.numbers.exposure_ms
        instruments["screen"] = {
            "driver": "mjpeg",
            "url": bench.eyes.screen.url,
            "size": list(SCREEN_SIZE),
            "fps": 30,
            "corners": _corners(pose.screen_corners),
            "watch": {"patch": _corners(grey_patch(pose)), "edges": [_corners(bezel_edge(pose))]},
            "distortion_k1": _radial(pose.screen),
            "exposure_ms": exposure,
            "controls": _controls(bench.eyes.screen.url),
        }
        instruments["slip"] = {
            "driver": "mjpeg",
            "url": bench.eyes.slip.url,
            "size": list(SLIP_SIZE),
            "fps": 15,
            "corners": _corners(pose.slip_corners),
            "watch": {"patch": _corners(slip_patch(pose)), "edges": [_corners(one) for one in slip_marks(pose)]},
            "distortion_k1": _radial(pose.slip),
            "exposure_ms": exposure,
            "px_per_dot": 1.3,
            "controls": _controls(bench.eyes.slip.url),
        }
    return instruments | {
        "ecr": {"driver": "pyserial", "port": f"{directory}/ecr", "baud": 9600},
        "console": {"driver": "pyserial", "port": f"{directory}/console", "baud": 115200},
        "link": {"driver": "switched-link", "board": "board", "channel": 21, "energised": "down"},
    }


def _roles(bench: Bench) -> dict[str, Any]:
    keys = {name: bit for bit, name in enumerate(wire.KEYS) if name != "power"}
    slots = {slot: card["name"] for slot, card in sorted(bench.terminal.cards.slots.items())}
    return {
        "keypad": {
            "board": "board",
            "travel_ms": 5,
            "hold_ms": 40,
            "gap_ms": 40,
            "max_on_ms": 1000,
            "keys": keys,
            "sense": {"inputs": "sense", "counter": keys},
        },
        "power": {
            "board": "board",
            "mains": {"channel": 18, "energised": "off"},
            "battery": {"channel": 19, "energised": "off"},
            "reset": 20,
            "key": 17,
        },
        "card": {
            "board": "board",
            "slot_bits": [24, 25, 26, 27],
            "insert": 28,
            "withdraw": 29,
            "swipe": 30,
            "tap": 31,
            "slots": slots,
        },
        "paper": {"board": "board", "out": {"channel": 22, "energised": "out"}, "take": 23},
    }


def _corners(corners: Any) -> list[list[float]]:
    return [[round(float(x), 2), round(float(y), 2)] for x, y in corners]


def _controls(url: str) -> str:
    return url.removesuffix(".mjpg") + "/controls"


def _styled(value: Any, depth: int) -> Any:
    """Block style down to the instruments and roles, one line for each of those."""
    if isinstance(value, dict):
        mapping = CommentedMap({key: _styled(item, depth + 1) for key, item in value.items()})
        if depth >= 2:
            mapping.fa.set_flow_style()
        return mapping
    if isinstance(value, list):
        sequence = CommentedSeq([_styled(item, depth + 1) for item in value])
        sequence.fa.set_flow_style()
        return sequence
    return value
