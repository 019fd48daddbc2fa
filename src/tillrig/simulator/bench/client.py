"""``python -m tillrig.simulator.bench.client --dir DIR [--after SECONDS] COMMAND...``: a person's hand on the bench."""

from __future__ import annotations

import argparse
import json
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from tillrig.simulator.bench.control import ControlError, ask
from tillrig.simulator.bench.hand import USAGE

_CAMERAS = ("screen", "slip")


def screenshot(directory: Path, target: Path, camera: str = "screen") -> int:
    """Save what a camera sees now as JPEG; returns its size in bytes. Raises ControlError."""
    if camera not in _CAMERAS:
        raise ControlError(f"{camera!r} is none of {', '.join(_CAMERAS)}")
    try:
        url = json.loads((directory / "ready").read_text())[camera]
    except FileNotFoundError:
        raise ControlError(f"no bench is ready in {directory}") from None
    if not url:
        raise ControlError("this bench has no cameras")
    try:
        with urllib.request.urlopen(url.removesuffix(".mjpg") + ".jpg", timeout=10) as answer:
            picture: bytes = answer.read()
    except OSError as error:
        raise ControlError(f"the {camera} camera at {url} gives no picture: {error}") from error
    try:
        target.write_bytes(picture)
    except OSError as error:
        raise ControlError(f"the picture cannot be written to {target}: {error.strerror}") from error
    return len(picture)


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code: 0 done, 1 refused."""
    parser = argparse.ArgumentParser(
        prog="tillrig bench",
        description="Hand operation of a running simulated bench; also breaks its instruments on purpose.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"commands:\n{USAGE}\n  screenshot FILE [slip]                  what a camera sees now (JPEG)",
    )
    parser.add_argument("--dir", dest="directory", type=Path, required=True, help="directory of the running bench")
    parser.add_argument("--after", type=_seconds, default=0.0, help="obey later: 20, 20s or 500ms from now")
    parser.add_argument("command", nargs="+", help="see below")
    options = parser.parse_args(arguments)
    try:
        if options.command[0] == "screenshot":
            if not 2 <= len(options.command) <= 3:
                raise ControlError("screenshot wants FILE, and which camera when it is not the screen's: FILE slip")
            result: object = screenshot(options.directory, Path(options.command[1]), *options.command[2:])
        else:
            result = ask(options.directory, options.command, options.after)
    except ControlError as error:
        sys.stderr.write(f"tillrig bench: {error}\n")
        return 1
    if result is not None:
        sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    return 0


def _seconds(text: str) -> float:
    return float(text.removesuffix("ms")) / 1000 if text.endswith("ms") else float(text.removesuffix("s"))


if __name__ == "__main__":
    sys.exit(main())
