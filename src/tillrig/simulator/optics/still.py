"""Single pictures without cameras or servers: dots in, photograph out. For corpora and tests; deterministic by seed.

`python -m tillrig.simulator.optics.still --kind screen --grade typical --seed 7 IN.png OUT.jpg`
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tillrig.simulator.optics.grades import GRADES
from tillrig.simulator.optics.paper import Paper
from tillrig.simulator.optics.pose import SLIP_DOTS_WIDE, Pose
from tillrig.simulator.optics.scene import bezel_edge, grey_patch
from tillrig.simulator.optics.screen import ScreenRenderer
from tillrig.simulator.optics.sensor import Frame, Sensor
from tillrig.simulator.optics.slip import SlipRenderer, slip_patch


def render_screen(
    dots: NDArray[np.bool_] | bytes,
    pose: Pose,
    *,
    frame: int = 0,
    before: NDArray[np.bool_] | None = None,
    after_s: float = 0.0,
) -> Frame:
    """Photograph of a display showing `dots`, BGR uint8 (720, 1280, 3).

    `dots`: bool (rows, columns), True = dark, or the packed framebuffer (1 bpp, MSB first). `frame` picks other noise
    and flicker of the same pose. With `before`, the ghost of that screen is there as it is `after_s` after the change.
    """
    shown = _framebuffer(dots, pose)
    grade = pose.numbers
    darkness = shown.astype(np.float32)
    if before is not None and grade.ghost:
        left = grade.ghost * np.exp(-after_s / grade.ghost_tau_s)
        darkness += np.float32(left) * (before.astype(np.float32) - darkness)
    renderer = ScreenRenderer(pose)
    phase = pose.screen_light.flicker_phase
    return _photograph(
        renderer.compose(darkness, backlight=True), Sensor(grade, 1280, 720, pose.seed, phase), frame, 30.0
    )


def render_slip(dots: NDArray[np.bool_], pose: Pose, *, frame: int = 0) -> Frame:
    """Photograph of a hanging slip, BGR uint8 (1920, 720, 3). `dots`: bool (h, 384), True = burnt."""
    lines = np.asarray(dots, dtype=bool)
    if lines.ndim != 2 or lines.shape[1] != SLIP_DOTS_WIDE:
        raise ValueError(f"a slip is (lines, {SLIP_DOTS_WIDE}) dots, got {lines.shape}")
    paper = Paper(pose, slip=0, since=-1e6)
    paper.advance(lines, at=-1e3)
    renderer = SlipRenderer(pose)
    composed = renderer.compose(paper, 0.0, pose.numbers.exposure_ms / 1e3)
    sensor = Sensor(pose.numbers, renderer.width, renderer.height, pose.seed, pose.slip_light.flicker_phase)
    return _photograph(composed, sensor, frame, 15.0)


def _photograph(composed: Frame, sensor: Sensor, frame: int, rate: float) -> Frame:
    picture = sensor.expose(composed, 1.0, sensor.flicker_step(frame / (rate * 1.003)))
    sensor.settle(picture)
    for _ in range(frame):
        sensor.skip()
    return sensor.read(picture).copy()


def _framebuffer(dots: NDArray[np.bool_] | bytes, pose: Pose) -> NDArray[np.bool_]:
    if isinstance(dots, bytes):
        needed = pose.rows * pose.columns // 8
        if len(dots) != needed:
            raise ValueError(f"a {pose.columns}x{pose.rows} framebuffer is {needed} bytes, got {len(dots)}")
        return np.unpackbits(np.frombuffer(dots, np.uint8)).reshape(pose.rows, pose.columns).astype(bool)
    if dots.shape != (pose.rows, pose.columns):
        raise ValueError(f"the pose's display is {pose.columns}x{pose.rows} dots, got {dots.shape[::-1]}")
    return np.asarray(dots, dtype=bool)


def read_dots(path: Path) -> NDArray[np.bool_]:
    """Dots of a picture file (PNG, PBM ...): darker than mid grey is dark. ValueError when it is no picture."""
    picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise ValueError(f"{path} is not a picture that can be read")
    return np.asarray(picture < 128)


def describe(kind: str, pose: Pose) -> dict[str, object]:
    """What a reader of the picture may know (calibrated corners) and what only a test may (true corners)."""
    screen = kind == "screen"
    return {
        "kind": kind,
        "grade": pose.grade,
        "seed": pose.seed,
        "corners": pose.screen_corners if screen else pose.slip_corners,
        "true_corners": pose.true_screen_corners if screen else pose.true_slip_corners,
        "columns": pose.columns if screen else SLIP_DOTS_WIDE,
        "rows": pose.rows if screen else pose.slip_dots,
        "grey_patch": grey_patch(pose) if screen else slip_patch(pose),
        "bezel": bezel_edge(pose) if screen else None,
        "k1": (pose.screen if screen else pose.slip).k1,
        "focal_px": (pose.screen if screen else pose.slip).focal_px,
    }


def main(arguments: list[str] | None = None) -> int:
    """Command line; prints one JSON object per picture made, exit 2 on unusable input."""
    parser = argparse.ArgumentParser(prog="python -m tillrig.simulator.optics.still", description=__doc__)
    parser.add_argument("--kind", choices=["screen", "slip"], required=True)
    parser.add_argument("--grade", choices=sorted(GRADES), default="typical")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--frame", type=int, default=0, help="another exposure of the same pose: other noise, other flicker phase"
    )
    parser.add_argument("--before", type=Path, help="screen shown before, for its ghost")
    parser.add_argument("--after-ms", type=float, default=0.0, help="time since the change from --before")
    parser.add_argument(
        "input", type=Path, help="PNG or PBM of dots: screen columns x rows, slip 384 wide; dark = dark dot"
    )
    parser.add_argument("output", type=Path, help="JPEG (the grade's quality) or PNG (no compression)")
    options = parser.parse_args(arguments)
    try:
        dots = read_dots(options.input)
        if options.kind == "screen":
            pose = Pose.draw(options.grade, options.seed, columns=dots.shape[1], rows=dots.shape[0])
            before = read_dots(options.before) if options.before else None
            picture = render_screen(dots, pose, frame=options.frame, before=before, after_s=options.after_ms / 1e3)
        else:
            pose = Pose.draw(options.grade, options.seed)
            picture = render_slip(dots, pose, frame=options.frame)
        quality = [cv2.IMWRITE_JPEG_QUALITY, pose.numbers.jpeg_quality]
        done, data = cv2.imencode(
            options.output.suffix, picture, quality if options.output.suffix.startswith(".j") else []
        )
        if not done:
            raise ValueError(f"cannot write a picture as {options.output.suffix}")
        options.output.write_bytes(bytes(data))
    except (OSError, ValueError, cv2.error) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps({"image": str(options.output), **describe(options.kind, pose)}) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
