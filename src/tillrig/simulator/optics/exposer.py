"""From composed light to read-out frames: keeps every flicker phase of what does not change."""

from __future__ import annotations

import numpy as np

from tillrig.simulator.optics.sensor import Frame, Sensor

Window = tuple[slice, slice]


class Composed:
    """Light of one frame: a base, and where the display changes more often than the rest, a patch over a window of it.

    Keys are equal while the light stays the same; None: it is changing.
    """

    __slots__ = ("base", "base_key", "patch", "patch_key", "window")

    def __init__(
        self,
        base: Frame,
        base_key: object,
        patch: Frame | None = None,
        patch_key: object = None,
        window: Window | None = None,
    ) -> None:
        self.base = base
        self.base_key = base_key
        self.patch = patch
        self.patch_key = patch_key
        self.window = window

    def whole(self) -> Frame:
        """Base and patch as one frame."""
        if self.patch is None or self.window is None:
            return self.base
        frame = self.base.copy()
        frame[self.window] = self.patch
        return frame


class Exposer:
    """One sensor's memory of what it exposed; asked frame by frame."""

    def __init__(self, sensor: Sensor) -> None:
        self._sensor = sensor
        self._base_key: object = None
        self._patch_key: object = None
        self._bases: dict[int, Frame] = {}
        self._merged: dict[int, Frame] = {}
        self._scratch: Frame | None = None

    def frame(self, composed: Composed, gain: float, step: int) -> Frame:
        """Exposed with a gain in a flicker phase and read out with noise; valid until the next call."""
        self._follow(composed)
        if gain != 1.0:
            return self._sensor.read(self._sensor.expose(composed.whole(), gain, step))
        if step not in self._bases:
            self._bases[step] = self._sensor.expose(composed.base, 1.0, step)
        base = self._bases[step]
        if composed.patch is None or composed.window is None:
            return self._sensor.read(base)
        if step in self._merged:
            return self._sensor.read(self._merged[step])
        patch = self._sensor.expose(composed.patch, 1.0, step, composed.window[0].start)
        if composed.patch_key is None:
            if self._scratch is None:
                self._scratch = np.empty_like(base)
            frame = self._scratch
            np.copyto(frame, base)
        else:
            frame = self._merged[step] = base.copy()
        frame[composed.window] = patch
        return self._sensor.read(frame)

    def _follow(self, composed: Composed) -> None:
        """Forget what the composed light made wrong."""
        base_changed = composed.base_key is None or composed.base_key != self._base_key
        if base_changed:
            self._base_key = composed.base_key
            self._bases.clear()
            self._sensor.settle(composed.base)
        if composed.patch is None or composed.window is None:
            return
        if base_changed or composed.patch_key is None or composed.patch_key != self._patch_key:
            self._patch_key = composed.patch_key
            self._merged.clear()
            self._sensor.settle(composed.patch, composed.window)
