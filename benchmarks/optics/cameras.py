"""What the simulated cameras cost: share of one core and ms a frame, with one client in another process.

`python benchmarks/optics/cameras.py [--seconds 4] [--grade typical]` prints one JSON line a scenario; exit 1 when a
bound is missed: screen camera at most 0.25 core at 30 frames a second, nothing without a client.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import threading
import time
import urllib.request
from multiprocessing.connection import Connection

import numpy as np
import psutil

from tillrig.simulator.optics import Pose, ScreenCamera, SlipCamera

# scenario -> camera, client, bound in cores (None: reported only)
SCENARIOS: dict[str, tuple[str, bool, float | None]] = {
    "screen, nobody looks": ("screen", False, 0.01),
    "screen, static": ("screen", True, 0.25),
    "screen, 5 changes a second": ("screen", True, 0.25),
    "screen, a change every frame": ("screen", True, None),
    "slip, nobody looks": ("slip", False, 0.01),
    "slip, hanging at rest": ("slip", True, 0.25),
    "slip, printing": ("slip", True, None),
}


def _screens(count: int) -> list[bytes]:
    rng = np.random.default_rng(0)
    glyphs = rng.random((count, 4, 16, 128)) < 0.25  # the ink of four lines of 16-dot text
    return [np.packbits(g.reshape(64, 128)).tobytes() for g in glyphs]


def _act(scenario: str, camera: ScreenCamera | SlipCamera, ending: threading.Event) -> None:
    if isinstance(camera, ScreenCamera):
        now = time.monotonic()
        camera.light(True, True, now)
        screens = _screens(16)
        camera.show(128, 64, 1, screens[0], now)
        period = {"screen, 5 changes a second": 0.2, "screen, a change every frame": 1 / 30}.get(scenario)
        number = 0
        while period and not ending.wait(period):
            number += 1
            camera.show(128, 64, 1, screens[number % 16], time.monotonic())
        return
    line = bytes([0x5A] * 48)
    camera.advance([line] * 900, time.monotonic())
    while scenario == "slip, printing" and not ending.wait(1 / 60):
        camera.advance([line] * 8, time.monotonic())


def _rig(grade: str, scenario: str, pipe: Connection) -> None:
    pose = Pose.draw(grade, 7)
    camera = ScreenCamera(pose) if SCENARIOS[scenario][0] == "screen" else SlipCamera(pose)
    camera.start()
    ending = threading.Event()
    actor = threading.Thread(target=_act, args=(scenario, camera, ending))
    actor.start()
    pipe.send(camera.url)
    pipe.recv()
    ending.set()
    actor.join()
    camera.stop()


def _watch(url: str, seconds: float) -> tuple[int, int]:
    """Frames and bytes read in so many seconds."""
    frames = size = 0
    with urllib.request.urlopen(url, timeout=10) as stream:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            length = 0
            while (line := stream.readline().strip()) or not length:
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            size += len(stream.read(length))
            stream.readline()
            frames += 1
    return frames, size


def measure(grade: str, scenario: str, seconds: float) -> dict[str, object]:
    """One scenario in a process of its own."""
    _, client, bound = SCENARIOS[scenario]
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_rig, args=(grade, scenario, theirs))
    process.start()
    url = ours.recv()
    if client:
        _watch(url, 1.0)  # caches made, flicker phases seen
    else:
        time.sleep(2.0)
    meter = psutil.Process(process.pid)
    before, start = meter.cpu_times(), time.monotonic()
    frames, size = _watch(url, seconds) if client else (0, 0)
    if not client:
        time.sleep(seconds)
    after, passed = meter.cpu_times(), time.monotonic() - start
    resident = meter.memory_info().rss
    ours.send("end")
    process.join(10)
    cpu = (after.user - before.user) + (after.system - before.system)
    return {
        "scenario": scenario,
        "grade": grade,
        "core_share": round(cpu / passed, 3),
        "fps": round(frames / passed, 1),
        "cpu_ms_a_frame": round(cpu / frames * 1e3, 2) if frames else None,
        "kB_a_frame": round(size / frames / 1e3, 1) if frames else None,
        "rss_MB": round(resident / 1e6),
        "bound": bound,
        "holds": bound is None or cpu / passed <= bound,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--grade", default="typical")
    options = parser.parse_args()
    results = [measure(options.grade, scenario, options.seconds) for scenario in SCENARIOS]
    for one in results:
        sys.stdout.write(json.dumps(one) + "\n")
    return 0 if all(one["holds"] for one in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
