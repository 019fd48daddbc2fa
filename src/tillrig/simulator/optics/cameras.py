"""The two cameras of the simulated rig: one on the screen, one on the paper slot."""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

import cv2
import numpy as np

from tillrig.simulator.optics.camera import Camera
from tillrig.simulator.optics.exposer import Composed
from tillrig.simulator.optics.glass import VISIBLE, Glass, Segment
from tillrig.simulator.optics.lens import Floats
from tillrig.simulator.optics.paper import Paper, unpack
from tillrig.simulator.optics.pose import SCREEN_SIZE, SLIP_SIZE, Pose
from tillrig.simulator.optics.screen import IDLE_DARKNESS, ScreenRenderer
from tillrig.simulator.optics.sensor import Frame
from tillrig.simulator.optics.slip import SlipRenderer


class Look(NamedTuple):
    """What focus and exposure do to a picture."""

    extra_sigma: float
    gain: float


class ScreenCamera(Camera):
    """1280x720 at 30 frames a second, MJPEG at /screen.mjpg. Times are CLOCK_MONOTONIC seconds."""

    name = "screen"
    fps = 30.0

    def __init__(self, pose: Pose, port: int = 0) -> None:
        super().__init__(pose, port, SCREEN_SIZE, pose.screen_light, stream=0)
        self._glass = Glass(self.grade, pose.columns, pose.rows, since=time.monotonic())
        self._renderer = ScreenRenderer(pose)
        self._parts: dict[tuple[int, float], tuple[Floats, Floats | None, Floats | None]] = {}
        self._last: tuple[object, Frame] | None = None

    def show(self, width: int, height: int, bits: int, data: bytes, at: float) -> None:
        """The firmware's framebuffer from `at` on; ValueError when it does not fit the glass."""
        self._glass.show(width, height, bits, data, at)

    def light(self, backlight: bool, powered: bool, at: float) -> None:
        """Lamp and display controller from `at` on; powered off fades to blank, the picture memory stays."""
        self._glass.light(backlight, powered, at)

    def wipe(self, at: float) -> None:
        """The supply is gone from `at` on: lamp off, picture lost."""
        self._glass.wipe(at)

    def compose(self, at: float) -> Composed:
        half = self.grade.readout_s / 2 + self.exposure_s / 2
        segments = self._glass.during(at - half, at + half)
        look = Look(round(self.extra_sigma, 2), round(self.exposure_gain, 4))
        newest = segments[-1]
        base = self._renderer.surround(newest.backlight, *look)
        base_key = (newest.backlight, look)
        if len(segments) == 1 or all(s.backlight == newest.backlight for s in segments):
            key = (newest.number, look) if len(segments) == 1 and newest.settled(at) else None
            if key is not None and self._last is not None and self._last[0] == key:
                return Composed(base, base_key, self._last[1], key, self._renderer.window)
            window_rows = self._renderer.window[0]
            patch = self._blend([self._patch(s, at, look) for s in segments], segments, at, window_rows)
            self._last = (key, patch) if key is not None else None
            return Composed(base, base_key, patch, key, self._renderer.window)
        frames = []
        for segment in segments:
            frame = self._renderer.surround(segment.backlight, *look).copy()
            frame[self._renderer.window] = self._patch(segment, at, look)
            frames.append(frame)
        return Composed(self._blend(frames, segments, at, slice(0, self._size[1])), None)

    def _patch(self, segment: Segment, at: float, look: Look) -> Frame:
        """Light of the display's window. What decays is spread once and then only scaled."""
        target, ghost, fade = self._spread(segment, look.extra_sigma)
        ghost_left, fade_left = segment.left(at)
        seen = target
        for part, left in ((ghost, ghost_left), (fade, fade_left)):
            if part is not None and left > VISIBLE:
                seen = np.asarray(cv2.scaleAdd(part, left, seen), np.float32)
        return self._renderer.window_light(seen, segment.backlight, *look)

    def _spread(self, segment: Segment, extra_sigma: float) -> tuple[Floats, Floats | None, Floats | None]:
        key = (segment.number, extra_sigma)
        if key not in self._parts:
            spread = self._renderer.spread
            target = spread(IDLE_DARKNESS + segment.target * np.float32(1 - IDLE_DARKNESS), extra_sigma)
            ghost, fade = (
                spread(part * np.float32(1 - IDLE_DARKNESS), extra_sigma) if np.abs(part).max() > VISIBLE else None
                for part in (segment.ghost, segment.fade)
            )
            while len(self._parts) >= 4:
                del self._parts[next(iter(self._parts))]
            self._parts[key] = (target, ghost, fade)
        return self._parts[key]

    def _blend(self, pictures: list[Frame], segments: list[Segment], at: float, rows: slice) -> Frame:
        """A change in mid frame: each row saw each segment for some share of its exposure (rolling shutter)."""
        if len(pictures) == 1:
            return pictures[0]
        height = self._size[1]
        times = at + (np.arange(rows.start, rows.stop) / height - 0.5) * self.grade.readout_s
        opens, closes = times - self.exposure_s / 2, times + self.exposure_s / 2
        ends = [s.start for s in segments[1:]] + [float("inf")]
        total = np.zeros(pictures[0].shape, np.float32)
        for i, (picture, end) in enumerate(zip(pictures, ends, strict=True)):
            begin = segments[i].start if i else float("-inf")
            share = np.clip(np.minimum(closes, end) - np.maximum(opens, begin), 0, None) / self.exposure_s
            if share.max() > 0:
                total += picture * share[:, None, None].astype(np.float32)
        return np.asarray(cv2.convertScaleAbs(total), np.uint8)


class SlipCamera(Camera):
    """720x1920 (portrait) at 15 frames a second, MJPEG at /slip.mjpg. Times are CLOCK_MONOTONIC seconds."""

    name = "slip"
    fps = 15.0
    latency_s = 0.030  # the printer tells of lines a little after they left the head

    def __init__(self, pose: Pose, port: int = 0) -> None:
        super().__init__(pose, port, SLIP_SIZE, pose.slip_light, stream=1)
        self._renderer = SlipRenderer(pose)
        self._lock = threading.Lock()
        self._paper = Paper(pose, 0, time.monotonic())
        self._gone: tuple[Paper, float] | None = None
        self._last: tuple[object, Frame] | None = None

    @property
    def hanging(self) -> bool:
        """Whether paper stands out of the slot."""
        return self._paper.printed > 0

    def advance(self, lines: list[bytes], at: float) -> None:
        """Dot lines of 48 bytes; the last left the head at `at`, those before it at 60 mm/s. Call every 20 ms or so."""
        dots = unpack(lines)
        with self._lock:
            self._paper.advance(dots, at)

    def take(self, at: float) -> None:
        """The hanging paper is pulled off at `at`."""
        with self._lock:
            self._gone = (self._paper, at)
            self._paper = Paper(self.pose, self._paper.slip + 1, at)

    def compose(self, at: float) -> Composed:
        with self._lock:
            paper = self._paper
            if self._gone is not None and at < self._gone[1]:
                paper = self._gone[0]
            half = self.grade.readout_s / 2 + self.exposure_s / 2
            still = not paper.moving(at - half, at + half)
            look = Look(round(self.extra_sigma, 2), round(self.exposure_gain, 4))
            key = (paper.slip, float(paper.position(at)), self.exposure_s, look)
            if still and self._last is not None and self._last[0] == key:
                return Composed(self._last[1], key)
            picture = self._renderer.compose(paper, at, self.exposure_s, *look)
        self._last = (key, picture) if still else None
        return Composed(picture, key if still else None)
