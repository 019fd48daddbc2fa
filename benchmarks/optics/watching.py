"""What watching costs: share of one core for an idle 1280x720 screen at 30 frames a second, decoding included, and
for the slip camera's watch; and whether memory stays flat.

`python -m benchmarks.optics.watching [--frames 3000]` prints one JSON line a scenario; exit 1 when a bound is missed.
The figures have no peer to be compared with; they are of the computer they are measured on. Processor time, not wall
clock: other load changes them little.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable

import cv2
import numpy as np
import psutil

from tillrig.observers.lookout import SLIP_EVERY
from tillrig.simulator.optics import Pose
from tillrig.simulator.optics.still import render_screen, render_slip
from tillrig.vision import DisplayGeometry, Frame, ScreenWatch
from tillrig.vision.watch import Area, CameraWatch

#: Share of a core; growth of the resident set over all frames, MB.
SCREEN_LIMIT, SLIP_LIMIT, GROWTH_MB = 0.10, 0.05, 4.0
_DISTINCT = 12


def _pictures(kind: str, pose: Pose) -> list[bytes]:
    rng = np.random.default_rng(pose.seed)
    text = np.repeat(np.repeat(rng.random((16, 32)) < 0.3, 4, 0), 4, 1)
    lines = rng.random((900, 384)) < 0.15
    found = []
    for number in range(_DISTINCT):
        screen = kind == "screen"
        picture = render_screen(text, pose, frame=number) if screen else render_slip(lines, pose, frame=number)
        found.append(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, pose.numbers.jpeg_quality])[1].tobytes())
    return found


def measure(kind: str, frames: int) -> dict[str, object]:
    """One camera's watch fed with so many frames of a scene at rest."""
    pose = Pose.draw("typical", 7)
    pictures = _pictures(kind, pose)
    fps, limit = (30.0, SCREEN_LIMIT) if kind == "screen" else (15.0, SLIP_LIMIT)
    if kind == "screen":
        screen = ScreenWatch(DisplayGeometry(), pose.screen_corners)
        feed: Callable[[Frame], object] = screen.feed
    else:
        feed = CameraWatch(Area.paper(pose.slip_corners), every=SLIP_EVERY).feed

    def run(first: int, count: int) -> float:
        began = time.process_time()
        for number in range(first, first + count):
            # A copy, as frames come from a socket: nothing may be known by its identity.
            feed(Frame(number / fps, bytes(bytearray(pictures[number % _DISTINCT])), kind, number))
        return time.process_time() - began

    run(0, 120)
    before = psutil.Process().memory_info().rss
    seconds = run(120, frames)
    grown = (psutil.Process().memory_info().rss - before) / 1e6
    share = seconds / frames * fps
    return {
        "scenario": f"{kind}, at rest, watched",
        "ms_a_frame": round(seconds / frames * 1e3, 2),
        "core_share": round(share, 3),
        "bound": limit,
        "grown_MB": round(grown, 1),
        "frames": frames,
        "holds": share <= limit and grown <= GROWTH_MB,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=3000)
    results = [measure(kind, parser.parse_args().frames) for kind in ("screen", "slip")]
    for one in results:
        sys.stdout.write(json.dumps(one) + "\n")
    return 0 if all(one["holds"] for one in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
