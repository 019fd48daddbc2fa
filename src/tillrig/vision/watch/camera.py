"""One camera, watched frame by frame against the first sound frames it gave (or a stored one)."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.vision.frame import Frame
from tillrig.vision.geometry import Corners, Grey
from tillrig.vision.watch.conditions import RigCondition, Standing
from tillrig.vision.watch.surroundings import LEAST, Area, Found, Marks, Surroundings

Verdict = tuple[RigCondition, str]

#: Every so many frames are measured, and so many sound ones make the reference.
EVERY, LEARN = 3, 4
SAME_BYTES = 5
SILENCE_S = 1.0
# Grey levels: a picture whose median is below the first and whose brightest part below the second has no light at all;
# from the third on the sensor clips.
_BLACK, _BLACK_TOP, _CLIPPED = 7.0, 32.0, 250
# Share of display or paper that is clipped.
_SATURATED, _SATURATED_STILL = 0.50, 0.40
# Share of the reference's light.
_DARK, _DARK_STILL = 0.42, 0.50
# Share of the reference's fine structure.
_BLURRED, _BLURRED_STILL = 0.68, 0.75
# Camera pixels.
_MOVED, _MOVED_STILL = 2.0, 1.5
# Share of the tiles that must be seen, and that leaves no doubt which scene it is; share of the reference's edges that
# a covered lens leaves; how clear a peak of phase correlation is a place; how like a scene without details is the same.
_SEEN, _MOST, _FLAT, _CLEAR_PEAK, _SAME_SCENE = 0.4, 0.75, 0.3, 2.5, 0.7
# Camera pixels beyond which tiles are no longer found.
_FAR = 12.0
# How fast the reference's light follows daylight, per measurement.
_FOLLOW = 0.002


class CameraWatch:
    """Feed it every frame. `area`: where the content changes, or the four corners of a display. `marks`: what the rig
    file declares beside it; without any, the surroundings' own corners serve. `reference`: a sound frame taken at
    calibration; without one the first sound frames are it.

    What it holds is bounded: one reference, no frames.
    """

    def __init__(
        self,
        area: Area | Sequence[Sequence[float]],
        marks: Marks | None = None,
        *,
        size: tuple[int, int] | None = None,
        every: int = EVERY,
        reference: Frame | None = None,
    ) -> None:
        self._area = area if isinstance(area, Area) else Area.screen(area)
        self._marks = marks or Marks()
        self._size, self._every = size, every
        self._standing = Standing()
        self._last: Frame | None = None
        self._same = self._count = 0
        self._learned: list[Grey] = []
        self._surroundings: Surroundings | None = None
        self._inside: npt.NDArray[np.bool_] | None = None
        self._light = 1.0
        #: Camera pixels by which it was last measured to have moved; None: too far to say.
        self.displaced: float | None = 0.0
        if reference is not None:
            half = reference.grey(2)
            self._surroundings = Surroundings([half], self._area, self._marks)
            self._size = self._size or (half.shape[1] * 2, half.shape[0] * 2)

    # -- what it says -------------------------------------------------------------------------------------------------
    @property
    def condition(self) -> RigCondition | None:
        """What stands now."""
        return self._standing.condition

    @property
    def detail(self) -> str:
        """More about the condition, in figures."""
        return self._standing.detail

    @property
    def sound_at(self) -> float | None:
        """Time of the newest frame at which nothing was amiss; None before the first."""
        return self._standing.sound_at

    @property
    def since(self) -> float | None:
        """The condition that stands, or is suspected, began after this time."""
        return self._standing.since

    @property
    def corners(self) -> Corners:
        """Of display or paper, where they were calibrated."""
        return self._area.corners

    @property
    def doubtful(self) -> bool:
        """The last measurement was not sound, whether or not a condition stands already."""
        return self._standing.doubtful

    @property
    def learned(self) -> bool:
        """Whether there is a reference."""
        return self._surroundings is not None

    @property
    def blind(self) -> bool:
        """The surroundings have too little to tell focus and place by: only light and repetition are watched."""
        return self._surroundings is not None and len(self._surroundings.tiles) < LEAST

    def no_frames(self, now: float) -> RigCondition | None:
        """NO_FRAMES when the last one is older than a second at monotonic time `now`."""
        if self._last is None or now - self._last.time <= SILENCE_S:
            return None
        return RigCondition.NO_FRAMES

    # -- what it sees -------------------------------------------------------------------------------------------------
    def feed(self, frame: Frame, half: Grey | None = None) -> RigCondition | None:
        """The condition that now stands, None when sound. `half`: the frame decoded at half size, if somebody did so
        already; else it is decoded here when it is measured. Raises CameraError when it cannot be decoded."""
        self._same = self._same + 1 if self._last is not None and frame.jpeg == self._last.jpeg else 0
        self._last = frame
        if self._same:
            if self._same >= SAME_BYTES:
                text = f"{self._same + 1} frames are the same to the byte"
                self._standing.unsound(frame.time, RigCondition.FROZEN, text, at_once=True)
            return self._standing.condition
        due = self._count % self._every == 0
        self._count += 1
        if due:
            half = frame.grey(2) if half is None else half
            wrong_size = self._wrong_size(half)
            found = wrong_size or self._measured(half)
            if found is None:
                self._standing.sound(frame.time)
            elif found[0] is not RigCondition.NO_FRAMES:
                self._standing.unsound(frame.time, found[0], found[1], at_once=wrong_size is not None)
        return self._standing.condition

    def _measured(self, half: Grey) -> Verdict | None:
        """What is amiss in one frame; NO_FRAMES stands for: not enough seen yet to say."""
        wrong = _torn(half) or _black(half) or self._clipped(half)
        if wrong is not None:
            return wrong
        if self._surroundings is None:
            return self._learn(half)
        if len(self._surroundings.tiles) < LEAST:
            return self._by_light(self._surroundings.patch(half))
        found = self._surroundings.find(half)
        seen = [one for one in found if one.seen]
        if len(seen) < _SEEN * len(self._surroundings.tiles) or len(seen) < 2:
            return self._lost(half, self._surroundings)
        wrong = self._compared(half, seen, self._surroundings)
        few = len(seen) < _MOST * len(self._surroundings.tiles)
        if wrong is not None and few and self._surroundings.broad_likeness(half) < _SAME_SCENE:
            return self._lost(half, self._surroundings)  # a few tiles look like something in another scene
        return wrong

    def _wrong_size(self, half: Grey) -> Verdict | None:
        size = (half.shape[1] * 2, half.shape[0] * 2)
        wanted = self._size
        if wanted is None:
            self._size = size
        elif abs(size[0] - wanted[0]) > 1 or abs(size[1] - wanted[1]) > 1:
            text = f"frames are {size[0]}x{size[1]} px instead of {wanted[0]}x{wanted[1]}"
            return RigCondition.WRONG_DEVICE, text
        return None

    def _clipped(self, half: Grey) -> Verdict | None:
        if self._inside is None or self._inside.shape != half[::2, ::2].shape:
            mask = np.zeros(half.shape, np.uint8)
            cv2.fillConvexPoly(mask, np.rint(self._area.polygon(0.0)).astype(np.int32), 1)
            self._inside = mask[::2, ::2] > 0
        content = half[::2, ::2][self._inside]
        share = float((content >= _CLIPPED).mean()) if content.size else 0.0
        limit = _SATURATED_STILL if self.condition is RigCondition.SATURATED else _SATURATED
        return (RigCondition.SATURATED, f"{share:.0%} of it is clipped") if share > limit else None

    def _learn(self, half: Grey) -> Verdict:
        self._learned.append(half.copy())
        if len(self._learned) >= LEARN:
            self._surroundings = Surroundings(self._learned, self._area, self._marks)
            self._learned.clear()
        return RigCondition.NO_FRAMES, ""

    def _compared(self, half: Grey, seen: Sequence[Found], surroundings: Surroundings) -> Verdict | None:
        standing = self.condition
        patch = surroundings.patch(half)
        light = float(np.median([one.light for one in seen]))
        if (dark := self._by_light(light if patch is None else patch)) is not None:
            return dark
        sharpness = float(np.median([one.sharpness for one in seen]))
        if sharpness < (_BLURRED_STILL if standing is RigCondition.BLURRED else _BLURRED):
            return RigCondition.BLURRED, f"edges have {sharpness:.0%} of their sharpness"
        distance = self.displaced = float(np.median([one.distance for one in seen]))
        if distance >= (_MOVED_STILL if standing is RigCondition.MOVED else _MOVED):
            return RigCondition.MOVED, f"by {distance:.1f} camera pixels"
        self._light += _FOLLOW * ((light if patch is None else patch) - self._light)
        return None

    def _by_light(self, light: float | None) -> Verdict | None:
        if light is None:
            return None
        share = light / self._light
        limit = _DARK_STILL if self.condition is RigCondition.DARK else _DARK
        return (RigCondition.DARK, f"{max(0.0, share):.0%} of the light is left") if share < limit else None

    def _lost(self, half: Grey, surroundings: Surroundings) -> Verdict:
        """The surroundings are not where they were: gone elsewhere, hidden, blurred away, or another scene."""
        self.displaced = None
        patch = surroundings.patch(half)
        flatness = surroundings.flatness(half)
        x, y, clear = surroundings.far_shift(half)
        if clear >= _CLEAR_PEAK and float(np.hypot(x, y)) >= _FAR:
            return RigCondition.MOVED, f"by about {float(np.hypot(x, y)):.0f} camera pixels"
        if surroundings.broad_likeness(half) >= _SAME_SCENE:
            if flatness < 2 * _FLAT:
                return RigCondition.BLURRED, "no edge is left"
            return RigCondition.MOVED, "its marks are not where they were"
        if flatness < _FLAT:
            dim = patch is not None and patch / self._light < _DARK and float(half.max()) > 4 * _BLACK_TOP
            return (RigCondition.DARK, "the surroundings are dark") if dim else (RigCondition.COVERED, "")
        return RigCondition.WRONG_DEVICE, "it shows another scene than at the beginning"


def _torn(half: Grey) -> Verdict | None:
    """What a decoder fills in for missing data is one colour to the pixel, which no sensor gives."""
    last = half[-1]
    level = int(last[0])
    if 3 < level < 250 and bool((half[-2:] == level).all()):
        rows = int((half == level).all(axis=1)[::-1].argmin())
        return RigCondition.TORN, f"the lowest {2 * rows} rows of the picture are missing"
    return None


def _black(half: Grey) -> Verdict | None:
    small = half[::8, ::8]
    if float(np.median(small)) < _BLACK and float(np.percentile(small, 99)) < _BLACK_TOP:
        return RigCondition.BLACK, ""
    return None
