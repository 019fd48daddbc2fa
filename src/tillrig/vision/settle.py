"""When has the display changed, and when is it at rest?

Each frame is compared with the one eight frames earlier, cell by cell, against the sensor's own floor: a liquid
crystal creeps for some frames after a change, so that neighbouring frames look alike long before the picture is the
new one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from tillrig.vision.frame import Frame
from tillrig.vision.geometry import DisplayGeometry, Grey
from tillrig.vision.readers.base import squeeze
from tillrig.vision.rectify import Rectifier
from tillrig.vision.row import RowReading
from tillrig.vision.screen import ScreenReader
from tillrig.vision.watch import CameraWatch, RigCondition

LAG = 8
_LEAST_STEP = 5.0
_FLOORS = 8.0
_BLINK_WINDOW_S = 3.0
_BLINKS = 3

Cells = npt.NDArray[np.float32]


class WatchState(msgspec.Struct, frozen=True, kw_only=True):
    """`generation` counts changes since the start. Times are monotonic seconds of frames. `changed_cells` are (row,
    column) of half-width cells that differ from eight frames earlier; cells of a blinking cursor are left out of all
    of it."""

    generation: int
    changed_at: float | None
    settled: bool
    settled_at: float | None
    changed_cells: tuple[tuple[int, int], ...]
    condition: RigCondition | None


class ScreenWatch:
    """Feed it every frame of the screen camera, in order."""

    def __init__(
        self,
        geometry: DisplayGeometry,
        corners: Sequence[Sequence[float]],
        *,
        k1: float = 0.0,
        camera: CameraWatch | None = None,
    ) -> None:
        self._geometry = geometry
        self._rectifier = Rectifier(corners, geometry.width, geometry.height, 2, k1=k1)
        self._camera = camera or CameraWatch(self._rectifier.corners)
        self._pictures: deque[npt.NDArray[np.float32]] = deque(maxlen=LAG + 1)
        self._floor = 1.0
        self._generation = 0
        self._moving = False
        self._changed_at: float | None = None
        self._settled_at: float | None = None
        self._blinks: dict[tuple[int, int], deque[float]] = {}

    def feed(self, frame: Frame) -> WatchState:
        """The state after this frame. Raises CameraError when it cannot be decoded."""
        half = frame.grey(2)
        condition = self._camera.feed(frame, half)
        picture = self._small(half)
        fresh = self._differs(picture, self._pictures[-1]) if self._pictures else None
        late = self._differs(picture, self._pictures[0]) if self._pictures else None
        self._pictures.append(picture)
        now_changed = self._notable(fresh, frame.time) if fresh is not None else ()
        still_changed = (
            tuple(cell for cell in self._cells_over(late) if not self._blinking(cell, frame.time))
            if late is not None
            else ()
        )
        crept = bool(still_changed) and self._settled_at is not None
        if now_changed or crept:
            # A picture at rest that is another after eight frames faded too slowly for two frames to differ.
            if not self._moving:
                self._generation += 1
            self._changed_at = frame.time
            self._settled_at = None
        self._moving = bool(now_changed)
        full = len(self._pictures) == LAG + 1
        settled = full and not still_changed and not now_changed
        if settled and self._settled_at is None:
            self._settled_at = frame.time
        return WatchState(
            generation=self._generation,
            changed_at=self._changed_at,
            settled=settled,
            settled_at=self._settled_at,
            changed_cells=still_changed,
            condition=condition,
        )

    def no_frames(self, now: float) -> RigCondition | None:
        """NO_FRAMES when the last frame is older than a second at monotonic time `now`."""
        return self._camera.no_frames(now)

    @property
    def floor(self) -> float:
        """Noise of one dot between two frames, grey levels of 255."""
        return self._floor

    def _small(self, half: Grey) -> npt.NDArray[np.float32]:
        picture = self._rectifier(half, 2)
        dots = cv2.resize(picture, (self._geometry.width, self._geometry.height), interpolation=cv2.INTER_AREA)
        return np.asarray(dots, np.float32)

    def _differs(self, now: npt.NDArray[np.float32], then: npt.NDArray[np.float32]) -> Cells:
        """Largest step of a 2x2 block of dots in each cell (rows x columns), lamp flicker taken out line by line."""
        step = now - then
        # Flicker of the lamps moves whole lines of the sensor, which lie nearly along the rows of dots.
        step -= np.median(step, axis=1, keepdims=True)
        self._learn(step)
        blocks = np.abs(cv2.blur(step, (2, 2)))
        width, height = self._geometry.cell
        rows, columns = self._geometry.rows, self._geometry.columns
        area = blocks[: rows * height, : columns * width].reshape(rows, height, columns, width)
        return np.asarray(area.max(axis=(1, 3)), dtype=np.float32)

    def _learn(self, step: npt.NDArray[np.float32]) -> None:
        spread = float(np.median(np.abs(step[::2, ::2]))) * 1.48
        self._floor += 0.1 * (min(max(spread, 0.3), 6.0) - self._floor)

    def _cells_over(self, cells: Cells) -> tuple[tuple[int, int], ...]:
        # A 2x2 block halves the noise of a dot; eight floors of it are far beyond chance over a day of frames.
        limit = max(_LEAST_STEP, _FLOORS * self._floor / 2)
        return tuple((int(row), int(column)) for row, column in np.argwhere(cells > limit))

    def _notable(self, cells: Cells, now: float) -> tuple[tuple[int, int], ...]:
        changed = self._cells_over(cells)
        if len(changed) == 1:
            # A cursor changes one cell, by itself, again and again.
            times = self._blinks.setdefault(changed[0], deque(maxlen=_BLINKS))
            if not times or now - times[-1] > 0.1:
                times.append(now)
        elif changed:
            self._blinks.clear()
        return tuple(cell for cell in changed if not self._blinking(cell, now))

    def _blinking(self, cell: tuple[int, int], now: float) -> bool:
        times = self._blinks.get(cell)
        if times is None or len(times) < _BLINKS or now - times[0] > _BLINK_WINDOW_S:
            return False
        gaps = np.diff(times)
        return bool(gaps.min() > 0.15 and gaps.max() < 1.3 * gaps.min())


class Agreement:
    """The fast path: a screen is read enough when two distinct, consecutive frames read the same by the atlas."""

    def __init__(self, reader: ScreenReader) -> None:
        self._reader = reader
        self._last: tuple[RowReading, ...] = ()
        self._frame: Frame | None = None

    def feed(self, frame: Frame) -> tuple[RowReading, ...] | None:
        """The rows once they agree with the frame before; None while they differ."""
        if self._frame is not None and frame.jpeg == self._frame.jpeg:
            return None
        rows = self._reader.quick_rows(frame)
        agrees = bool(self._last) and _texts(rows) == _texts(self._last)
        self._last, self._frame = rows, frame
        return rows if agrees else None

    def last(self) -> tuple[RowReading, ...]:
        """The newest reading, agreed or not."""
        return self._last


def _texts(rows: tuple[RowReading, ...]) -> tuple[tuple[str, bool, int], ...]:
    return tuple((squeeze(row.text), row.inverse, row.column) for row in rows)
