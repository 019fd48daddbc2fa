"""What both cameras share: the render thread, viewers, controls, faults."""

from __future__ import annotations

import math
import threading
import time
from typing import Any

import numpy as np

from tillrig.simulator.optics.exposer import Composed, Exposer
from tillrig.simulator.optics.mishaps import FAULTS, Mishap, torn
from tillrig.simulator.optics.mjpeg import CameraServer, Shot
from tillrig.simulator.optics.pose import Light, Pose
from tillrig.simulator.optics.sensor import Sensor

DEFOCUS_SIGMA_PX = 9.0
FOCUS_SIGMA_PX = 0.06  # blur a step of the focus control away from the best
COVERED_LEVEL = 11
BLACK_LEVEL = 2


class Camera:
    """Base of the two cameras: mid exposure time -> light -> sensor -> JPEG, rendered only while somebody looks."""

    name = "camera"
    fps = 30.0
    latency_s = 0.004  # from the end of the read-out to the frame being given away

    def __init__(self, pose: Pose, port: int, size: tuple[int, int], light: Light, stream: int) -> None:
        self.pose = pose
        self.grade = pose.numbers
        self._port = port
        self._sensor = Sensor(self.grade, size[0], size[1], pose.seed * 2 + stream, light.flicker_phase)
        self._size = size
        self._changed = threading.Condition()
        self._viewers = 0
        self._shot: Shot | None = None
        self._number = 0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._server: CameraServer | None = None
        self._fault: str | None = None
        self._mishap: Mishap | None = None
        self._mishaps = 0
        self._exposure_ms = self.grade.exposure_ms
        self._focus = pose.best_focus
        self._auto_exposure = True
        self._auto_focus = True
        self._exposer = Exposer(self._sensor)

    # -- life ---------------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Listen (port 0: a free one) and be ready to render; OSError when the port is taken."""
        self._server = CameraServer(self._port, self)
        self._port = int(self._server.server_address[1])
        self._server.start()
        if self._fault == "dead":  # broken before it was switched on: it has an address and refuses
            self._server.close()
            self._server = None
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=f"{self.name}-render", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End both threads and all connections; safe to call twice."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._thread is not None:
            self._thread.join(timeout=3.0)
            self._thread = None

    @property
    def url(self) -> str:
        """Address of the MJPEG stream."""
        return f"http://127.0.0.1:{self._port}/{self.name}.mjpg"

    def fault(self, kind: str | None, amount: float | None = None) -> None:
        """Break the camera (a word of FAULTS) or mend it (None). `amount`: pixels of a bump (moved), width of the
        frames of another device (wrong; without it they have the size of this one's). ValueError on another word.
        """
        if kind not in FAULTS:
            raise ValueError(f"unknown camera fault {kind!r}; known: {', '.join(str(f) for f in FAULTS)}")
        mishap = Mishap(kind, amount, self._size, self._mishaps) if kind is not None else None
        self._mishaps += 1
        before, self._fault, self._mishap = self._fault, kind, mishap
        if kind == "dead" and self._server is not None:
            self._server.close()
            self._server = None
        elif before == "dead" and kind != "dead" and self._thread is not None:
            self._server = CameraServer(self._port, self)
            self._server.start()

    # -- viewers ------------------------------------------------------------------------------------------------------
    def watch(self) -> None:
        with self._changed:
            self._viewers += 1
            self._changed.notify_all()

    def unwatch(self) -> None:
        with self._changed:
            self._viewers -= 1

    @property
    def last_number(self) -> int:
        return self._number

    def next_shot(self, after: int, timeout: float) -> Shot | None:
        with self._changed:
            self._changed.wait_for(lambda: self._number > after or self._stopping.is_set(), timeout)
            return self._shot if self._number > after else None

    # -- controls -----------------------------------------------------------------------------------------------------
    def controls(self) -> dict[str, Any]:
        """Exposure, focus and their automatic modes, as they are now."""
        return {
            "exposure_ms": self._exposure_ms,
            "focus": self._focus,
            "auto_exposure": self._auto_exposure,
            "auto_focus": self._auto_focus,
        }

    def set_controls(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Set some controls and read all back.

        A value under its automatic mode is not taken, as with V4L2: the read-back tells.
        ValueError on an unknown control or a value out of range; nothing is changed then.
        """
        self._check(wanted)
        self._auto_exposure = wanted.get("auto_exposure", self._auto_exposure)
        self._auto_focus = wanted.get("auto_focus", self._auto_focus)
        if self._auto_exposure:
            self._exposure_ms = self.grade.exposure_ms
        elif "exposure_ms" in wanted:
            self._exposure_ms = float(wanted["exposure_ms"])
        if self._auto_focus:
            self._focus = self.pose.best_focus
        elif "focus" in wanted:
            self._focus = int(wanted["focus"])
        return self.controls()

    def _check(self, wanted: dict[str, Any]) -> None:
        longest = 1000 / self.fps
        for key, value in wanted.items():
            if key in ("auto_exposure", "auto_focus"):
                good, range_ = isinstance(value, bool), "true or false"
            elif key == "exposure_ms":
                number = isinstance(value, int | float) and not isinstance(value, bool)
                good, range_ = number and 0.1 <= value <= longest, f"0.1 to {longest:.1f}"
            elif key == "focus":
                number = isinstance(value, int) and not isinstance(value, bool)
                good, range_ = number and 0 <= value <= 255, "a whole number, 0 to 255"
            else:
                raise ValueError(f"unknown control {key!r}; known: {', '.join(self.controls())}")
            if not good:
                raise ValueError(f"control {key} cannot be {value!r}; it is {range_}")

    # -- rendering ----------------------------------------------------------------------------------------------------
    @property
    def exposure_s(self) -> float:
        return self._exposure_ms / 1e3

    @property
    def exposure_gain(self) -> float:
        """Brightness against the grade's own exposure; the sensor's gain is fixed."""
        return self._exposure_ms / self.grade.exposure_ms

    @property
    def extra_sigma(self) -> float:
        """Blur on top of the lens: focus off its best, or the fault."""
        off = abs(self._focus - self.pose.best_focus) * FOCUS_SIGMA_PX
        return math.hypot(off, DEFOCUS_SIGMA_PX if self._fault == "defocused" else 0.0)

    def _hunting(self, at: float) -> float:
        """Gain of a wandering automatic exposure: the grade's stops up and down, one second each way."""
        if not self._auto_exposure or not self.grade.hunting_stops:
            return 1.0
        return float(2 ** (0.5 * self.grade.hunting_stops * math.sin(math.pi * at)))

    def compose(self, at: float) -> Composed:
        """Light of a frame with mid exposure `at` (CLOCK_MONOTONIC, s)."""
        raise NotImplementedError

    def photograph(self, at: float) -> bytes:
        """One JPEG with mid exposure `at`."""
        mishap = self._mishap
        if mishap is not None and mishap.kind in ("black", "covered"):
            level = BLACK_LEVEL if mishap.kind == "black" else COVERED_LEVEL
            composed = Composed(np.full((self._size[1], self._size[0], 3), level, np.uint8), mishap.kind)
            gain = 1.0
        else:
            composed, gain = self.compose(at), self._hunting(at)
            if mishap is not None and mishap.kind in ("moved", "saturated", "wrong"):
                light = mishap.spoil(composed.whole())
                if light.shape[:2] != (self._size[1], self._size[0]):
                    return self._sensor.jpeg(light)
                composed = Composed(light, None)
            gain *= 1.0 if mishap is None else mishap.gain
        return self._sensor.jpeg(self._exposer.frame(composed, gain, self._sensor.flicker_step(at)))

    def _run(self) -> None:
        self.photograph(
            time.monotonic()
        )  # geometry, light and noise are made once, before the first viewer waits for them
        period = 1 / self.fps
        tick = math.floor(time.monotonic() / period)
        while not self._stopping.is_set():
            with self._changed:
                if not self._changed.wait_for(lambda: self._viewers > 0 or self._stopping.is_set(), 1.0):
                    continue
            delay = self.latency_s + self.grade.readout_s / 2 + self.exposure_s / 2
            now = time.monotonic()
            # A late thread drops frames, as a camera does; it never gives them away in a burst.
            tick = max(tick + 1, math.ceil((now - delay) / period))
            if self._stopping.wait(max(0.0, tick * period + delay - now)):
                return
            at = tick * period
            frozen = self._fault == "frozen" and self._shot is not None
            jpeg = self._shot.jpeg if frozen and self._shot is not None else self.photograph(at)
            if self._fault == "torn":
                jpeg = torn(jpeg, self._number)
            with self._changed:
                self._number += 1
                self._shot = Shot(self._number, jpeg, at, cut=self._fault == "torn" and self._number % 2 == 0)
                self._changed.notify_all()
