"""Icons (battery, signal): which of the states that the profile has examples of is shown.

The nearest example by normalised correlation, blurred and shifted as the camera may have it, is the state if it fits
everywhere in its box and is told from each other state by what the two differ in. What fits no example well, or two
nearly alike, is UNREADABLE.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import msgspec
import numpy as np

from tillrig.errors import UsageError
from tillrig.observations import Reading as Answer
from tillrig.vision.frame import Frame
from tillrig.vision.geometry import DisplayGeometry, Grey, IconSpec, Ink, Point
from tillrig.vision.ink import LINEAR, SATURATED
from tillrig.vision.picture_file import picture_bytes
from tillrig.vision.rectify import Rectifier
from tillrig.vision.testimony import MOST_FRAMES, Testimony
from tillrig.vision.witness import Vote, Witness

READER = "icons"
#: Pixels a dot at which pictures are compared, and at which they are taken from the frame.
SCALE, TAKEN = 2, 4
_MARGIN = 2
# How far (compared pixels) the grid may be off, and by how much (sigma, compared pixels) the lens may blur.
_SHIFTS = (-2, -1, 0, 1, 2)
_BLURS = (0.6, 1.2, 1.8)
# Correlation from which an example fits at all; margin (-1..1) against each other state, on the dots in which they
# differ; share of the icon's contrast by which a dot may differ from the example's.
_FITS, _MARGIN_FOR, _STRANGE = 0.80, 0.40, 0.35
# Contrast of areas of 2 x 2 dots in a box, as a share of the display's, up to which it is empty, and from which
# something is shown in it.
_EMPTY, _SHOWN = 0.22, 0.45
# An example that varies less (of full scale) is that of an empty box; a display that does so shows nothing.
_FLAT, _DARK = 0.04, 0.03
_CLIPPED = 0.02
# Dots around a box that tell the contrast, and the width (sigma, dots) of the surface that is light and glare.
_AROUND, _SURFACE = 32, 8.0


class IconReading(msgspec.Struct, frozen=True, kw_only=True):
    """One icon in one frame. `state` "" when it cannot be told, and `reason` why; `nearest` the state it is most like,
    `fit` the correlation with it, `margin` -1..1 against the `rival` that is next; `box` four camera points."""

    name: str
    state: str
    nearest: str = ""
    rival: str = ""
    fit: float = 0.0
    margin: float = 0.0
    reason: str = ""
    box: tuple[Point, ...] = ()


class _Example(msgspec.Struct, frozen=True):
    """`views`: the example blurred in each way, float32 at SCALE pixels a dot; None for an empty box."""

    state: str
    views: tuple[Ink, ...] | None


class IconReader:
    """Reads the icons of one display. Raises UsageError for an icon outside the display, an example that is no picture,
    and two states that have the same example."""

    def __init__(self, geometry: DisplayGeometry, icons: Sequence[IconSpec] | None = None) -> None:
        self.geometry = geometry
        self.icons = {icon.name: icon for icon in (geometry.icons if icons is None else icons)}
        self._examples = {icon.name: _examples(icon, geometry) for icon in self.icons.values()}
        self._rectifier: Rectifier | None = None

    def read(self, frame: Frame, corners: Sequence[Sequence[float]], k1: float = 0.0) -> Mapping[str, IconReading]:
        """Every icon in `frame`, by name. `corners` of the dot matrix in camera pixels, `k1` the lens term: best those
        that a ScreenReader has refined."""
        grey = frame.grey()
        picture, clipped = self._display(grey, corners, k1)
        found = {}
        for icon in self.icons.values():
            reading = self._read(icon, picture, clipped)
            x, y, width, height = icon.box
            around = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
            assert self._rectifier is not None
            box = self._rectifier.to_camera([(float(a), float(b)) for a, b in around], (grey.shape[1], grey.shape[0]))
            found[icon.name] = msgspec.structs.replace(reading, box=box)
        return found

    def testify(
        self, frames: Sequence[Frame], name: str, state: str, corners: Sequence[Sequence[float]], k1: float = 0.0
    ) -> Testimony:
        """What distinct frames say about icon `name` being in `state`: MATCH or MISMATCH where two frames tell the same
        state and none another, else UNREADABLE. Raises UsageError on an icon or state that the profile lacks."""
        icon = self.icons.get(name)
        if icon is None:
            raise UsageError(f"the profile has no icon {name!r}; it has {', '.join(self.icons) or 'none'}")
        if state not in icon.states:
            raise UsageError(f"icon {name!r} has no state {state!r}; it has {', '.join(icon.states)}")
        distinct = list({frame.jpeg: frame for frame in frames}.values())[:MOST_FRAMES]
        heard = [(frame, self.read(frame, corners, k1)[name]) for frame in distinct]
        told = [reading.state for _, reading in heard if reading.state]
        seen = told[0] if len(set(told)) == 1 else ""
        reasons = dict.fromkeys(reading.reason for _, reading in heard if reading.reason)
        answer, reason = Answer.UNREADABLE, "; ".join(reasons) or "it was told in one frame only"
        if len(set(told)) > 1:
            reason = f"the frames show different states: {', '.join(sorted(set(told)))}"
        elif len(told) >= 2 and seen == state:
            answer, reason = Answer.MATCH, ""
        elif len(told) >= 2:
            answer, reason = Answer.MISMATCH, f"{name} is {seen} in {len(told)} frames"
        return Testimony(
            answer=answer,
            expected=state,
            kind="icon",
            seen=seen,
            reason=reason,
            margin=min((reading.margin for _, reading in heard if reading.state), default=0.0),
            witnesses=tuple(_witness(frame, reading, state) for frame, reading in heard),
            frames=tuple(frame.id for frame in distinct),
            box=heard[0][1].box if heard else (),
        )

    # -- inside

    def _display(self, grey: Grey, corners: Sequence[Sequence[float]], k1: float) -> tuple[Ink, Ink]:
        """The display in linear light at SCALE pixels a dot, with its margin, and which share of each pixel clips."""
        if (
            self._rectifier is None
            or self._rectifier.corners != tuple((float(x), float(y)) for x, y in corners)
            or self._rectifier.k1 != k1
        ):
            self._rectifier = Rectifier(
                corners, self.geometry.width, self.geometry.height, TAKEN, k1=k1, margin=_MARGIN
            )
        fine = self._rectifier(grey)
        size = (fine.shape[1] * SCALE // TAKEN, fine.shape[0] * SCALE // TAKEN)
        light = cv2.resize(cv2.LUT(fine, LINEAR), size, interpolation=cv2.INTER_AREA)
        clipped = cv2.resize((fine >= SATURATED).astype(np.float32), size, interpolation=cv2.INTER_AREA)
        return np.asarray(light, np.float32), np.asarray(clipped, np.float32)

    def _read(self, icon: IconSpec, picture: Ink, clipped: Ink) -> IconReading:
        def say(state: str, reason: str = "", **more: object) -> IconReading:
            return IconReading(name=icon.name, state=state, reason=reason, **more)  # type: ignore[arg-type]

        contrast = _contrast_around(picture, icon)
        if contrast < _DARK:
            return say("", "nothing is shown around it, so its contrast is unknown")
        box = _level(_patch(picture, icon, 0, 0))
        if float(_patch(clipped, icon, 0, 0).mean()) > _CLIPPED:
            return say("", "its box is saturated")
        spread = float(np.ptp(_areas(box))) / contrast
        examples = self._examples[icon.name]
        empty = next((one.state for one in examples if one.views is None), "")
        if spread < _EMPTY:
            sure = 1.0 - spread / _EMPTY
            return say(empty, "" if empty else "its box is empty", nearest=empty, fit=1.0, margin=sure)
        if spread < _SHOWN:
            return say("", "what it shows is too faint")
        return _nearest(icon, picture, examples)


def _nearest(icon: IconSpec, picture: Ink, examples: Sequence[_Example]) -> IconReading:
    best: tuple[float, _Example, int, Ink] | None = None
    for dy, dx in itertools.product(_SHIFTS, _SHIFTS):
        part = _level(_patch(picture, icon, dy, dx))
        flat = _unit(part)
        for one in examples:
            for blur, view in enumerate(one.views or ()):
                fit = float((flat * _unit(view)).sum())
                if best is None or fit > best[0]:
                    best = fit, one, blur, part
    assert best is not None  # a profile's icon has a state that is not empty
    fit, one, blur, part = best
    assert one.views is not None
    view = one.views[blur]
    seen = _as(part, view)
    rivals = [
        (_margin(seen, view, other.views[blur]), other.state)
        for other in examples
        if other.views is not None and other.state != one.state
    ]
    margin, rival = min(rivals, default=(1.0, ""))
    strange = float(np.abs(cv2.blur(seen - view, (SCALE, SCALE))).max()) / float(np.ptp(view))
    reason = ""
    if fit < _FITS:
        reason = f"it fits no example well: {fit:.2f} {one.state}"
    elif margin < _MARGIN_FOR:
        reason = f"{one.state} is not told from {rival}: margin {margin:.2f}"
    elif strange > _STRANGE:
        reason = f"a part of it is not as in any example of {one.state}"
    return IconReading(
        name=icon.name,
        state="" if reason else one.state,
        nearest=one.state,
        rival=rival,
        fit=round(fit, 3),
        margin=round(margin, 3),
        reason=reason,
    )


def icon_example(frames: Sequence[Frame], icon: IconSpec, geometry: DisplayGeometry, corners: Sequence[Sequence[float]],
                 k1: float = 0.0) -> bytes:  # fmt: skip
    """The icon as it is shown now, as PNG for the profile: the mean of distinct frames, TAKEN pixels a dot."""
    rectifier = Rectifier(corners, geometry.width, geometry.height, TAKEN, k1=k1, margin=_MARGIN)
    mean = np.mean([rectifier(frame.grey()) for frame in frames], axis=0)
    x, y, width, height = icon.box
    top, left = (y + _MARGIN) * TAKEN, (x + _MARGIN) * TAKEN
    part = mean[top : top + height * TAKEN, left : left + width * TAKEN]
    return bytes(cv2.imencode(".png", np.round(part).astype(np.uint8))[1])


def _witness(frame: Frame, reading: IconReading, state: str) -> Witness:
    vote = Vote.SILENT if not reading.state else Vote.FOR if reading.state == state else Vote.AGAINST
    return Witness(
        reader=READER,
        frame=frame.id,
        vote=vote,
        text=reading.state or reading.nearest,
        margin=round(20 * reading.margin * (-1 if vote is Vote.AGAINST else 1), 2),
        confidence=max(0.0, reading.fit),
        strong=bool(reading.state),
        reason=reading.reason,
    )


def _examples(icon: IconSpec, geometry: DisplayGeometry) -> tuple[_Example, ...]:
    x, y, width, height = icon.box
    if x < 0 or y < 0 or width < 4 or height < 4 or x + width > geometry.width or y + height > geometry.height:
        raise UsageError(
            f"icon {icon.name!r}: its box {list(icon.box)} (x, y, width, height; at least 4) is not on a display of "
            f"{geometry.width}x{geometry.height} dots"
        )
    found: list[_Example] = []
    for state, paths in icon.states.items():
        for path in paths:
            views = _views(path, (width * SCALE, height * SCALE))
            for other in found:
                if other.state != state and _alike(views, other.views):
                    raise UsageError(f"icon {icon.name!r}: {path} shows {state} as {other.state} is shown")
            found.append(_Example(state, views))
    if all(one.views is None for one in found):
        raise UsageError(f"icon {icon.name!r}: no state has an example that shows anything")
    return tuple(found)


def _views(path: str, size: tuple[int, int]) -> tuple[Ink, ...] | None:
    picture = cv2.imdecode(np.frombuffer(picture_bytes(Path(path)), np.uint8), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise UsageError(f"{path} is not a picture that can be decoded")
    shown = np.asarray(cv2.resize(cv2.LUT(picture, LINEAR), size, interpolation=cv2.INTER_AREA), np.float32)
    if float(np.ptp(shown)) < _FLAT:
        return None
    if float(np.ptp(_areas(_level(shown)))) < _SHOWN * float(np.ptp(shown)):
        raise UsageError(f"{path} shows less than 2 x 2 dots, which is not told from an empty box")
    # Beyond its box an icon's ground goes on.
    return tuple(
        _level(np.asarray(cv2.GaussianBlur(shown, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), np.float32))
        for sigma in _BLURS
    )


def _alike(one: tuple[Ink, ...] | None, two: tuple[Ink, ...] | None) -> bool:
    if one is None or two is None:
        return one is two
    return float((_unit(one[0]) * _unit(two[0])).sum()) > 0.995


def _patch(picture: Ink, icon: IconSpec, dy: int, dx: int) -> Ink:
    x, y, width, height = icon.box
    top, left = (y + _MARGIN) * SCALE + dy, (x + _MARGIN) * SCALE + dx
    return picture[top : top + height * SCALE, left : left + width * SCALE]


def _by_dots(picture: Ink) -> Ink:
    return np.asarray(cv2.resize(picture, None, fx=1 / SCALE, fy=1 / SCALE, interpolation=cv2.INTER_AREA), np.float32)


def _contrast_around(picture: Ink, icon: IconSpec) -> float:
    """Of what the display shows in the icon's surroundings, its own light and glare taken off."""
    x, y, width, height = (SCALE * value for value in icon.box)
    reach, edge = SCALE * _AROUND, SCALE * _MARGIN
    part = picture[max(0, y + edge - reach) : y + edge + height + reach, max(0, x + edge - reach) : x + width + reach]
    flat = part - cv2.GaussianBlur(part, (0, 0), SCALE * _SURFACE)
    return float(np.ptp(np.percentile(_by_dots(flat), (1, 99))))


def _level(picture: Ink) -> Ink:
    """Without the light that falls on it: the surface of second order through it."""
    surface = _surface(picture.shape[0], picture.shape[1])
    flat = picture.reshape(-1)
    return np.asarray((flat - surface @ (surface.T @ flat)).reshape(picture.shape), np.float32)


@lru_cache(maxsize=16)
def _surface(rows: int, columns: int) -> Ink:
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6)
    return np.asarray(np.linalg.qr(terms)[0], np.float32)


def _areas(picture: Ink) -> Ink:
    """Means of 2 x 2 dots."""
    return np.asarray(cv2.blur(picture, (2 * SCALE, 2 * SCALE)), np.float32)


def _unit(picture: Ink) -> Ink:
    """Of length one."""
    return np.asarray(picture / max(float(np.sqrt((picture**2).sum())), 1e-6), np.float32)


def _as(part: Ink, view: Ink) -> Ink:
    """`part` at the contrast of `view`, in least squares."""
    gain = float((part * view).sum()) / max(float((part**2).sum()), 1e-9)
    return np.asarray(gain * part, np.float32)


def _margin(seen: Ink, view: Ink, rival: Ink) -> float:
    """1 when `seen` is the example where the two differ, -1 when it is the rival."""
    apart = _as(rival, view) - view
    length = float((apart**2).sum())
    return 1.0 - 2.0 * float(((seen - view) * apart).sum()) / length if length > 1e-9 else 0.0
