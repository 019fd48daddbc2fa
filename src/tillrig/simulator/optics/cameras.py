"""The two cameras of the simulated rig: one on the screen, one on the paper slot."""

from __future__ import annotations

import threading
import time

import cv2
import numpy as np

from tillrig.simulator.optics.camera import Camera
from tillrig.simulator.optics.glass import Glass, Segment
from tillrig.simulator.optics.paper import Paper, unpack
from tillrig.simulator.optics.pose import SCREEN_SIZE, SLIP_SIZE, Pose
from tillrig.simulator.optics.screen import ScreenRenderer
from tillrig.simulator.optics.sensor import Frame
from tillrig.simulator.optics.slip import SlipRenderer


class ScreenCamera(Camera):
    """1280x720 at 30 frames a second, MJPEG at /screen.mjpg. Times are CLOCK_MONOTONIC seconds."""

    name = "screen"
    fps = 30.0

    def __init__(self, pose: Pose, port: int = 0) -> None:
        super().__init__(pose, port, SCREEN_SIZE, pose.screen_light, stream=0)
        self._glass = Glass(self.grade, pose.columns, pose.rows, since=time.monotonic())
        self._renderer = ScreenRenderer(pose)
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

    def compose(self, at: float) -> tuple[Frame, object]:
        half = self.grade.readout_s / 2 + self.exposure_s / 2
        segments = self._glass.during(at - half, at + half)
        look = (round(self.exposure_gain, 4), round(self.extra_sigma, 2))
        if len(segments) == 1:
            only = segments[0]
            key = (only.number, *look) if only.settled(at) else None
            if key is not None and self._last is not None and self._last[0] == key:
                return self._last[1], key
            picture = self._picture(only, at)
            self._last = (key, picture) if key is not None else None
            return picture, key
        return self._blend(segments, at), None

    def _picture(self, segment: Segment, at: float) -> Frame:
        return self._renderer.compose(segment.darkness(at), segment.backlight, self.extra_sigma, self.exposure_gain)

    def _blend(self, segments: list[Segment], at: float) -> Frame:
        """A change in mid frame: each row saw each segment for some share of its exposure (rolling shutter)."""
        rows = at + (np.arange(self._size[1]) / self._size[1] - 0.5) * self.grade.readout_s
        opens, closes = rows - self.exposure_s / 2, rows + self.exposure_s / 2
        ends = [s.start for s in segments[1:]] + [float("inf")]
        total = np.zeros((self._size[1], self._size[0], 3), np.float32)
        for i, (segment, end) in enumerate(zip(segments, ends, strict=True)):
            begin = segment.start if i else float("-inf")
            share = np.clip(np.minimum(closes, end) - np.maximum(opens, begin), 0, None) / self.exposure_s
            if share.max() > 0:
                total += self._picture(segment, at) * share[:, None, None].astype(np.float32)
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

    def compose(self, at: float) -> tuple[Frame, object]:
        with self._lock:
            paper = self._paper
            if self._gone is not None and at < self._gone[1]:
                paper = self._gone[0]
            half = self.grade.readout_s / 2 + self.exposure_s / 2
            still = not paper.moving(at - half, at + half)
            key = (paper.slip, float(paper.position(at)), round(self.exposure_gain, 4), round(self.extra_sigma, 2))
            if still and self._last is not None and self._last[0] == key:
                return self._last[1], key
            picture = self._renderer.compose(paper, at, self.exposure_s, self.extra_sigma, self.exposure_gain)
        self._last = (key, picture) if still else None
        return picture, key if still else None
