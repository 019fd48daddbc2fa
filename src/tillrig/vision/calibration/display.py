"""Find a display in a picture, and say how sure that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tillrig.errors import CameraError, UsageError
from tillrig.vision.calibration.areas import Area, display_areas
from tillrig.vision.calibration.fit import Fit, fit_known
from tillrig.vision.calibration.locate import locate, padded
from tillrig.vision.calibration.shown import Drawn, KnownScreen, draw
from tillrig.vision.frame import Frame
from tillrig.vision.geometry import Corners, DisplayGeometry, Grey

# Chosen by measurement (docs/calibration.md). Share of the known dots' variance that the fitted picture leaves
# unexplained; contrast as a share of the light; doubt and residual in dots.
SURE_MISFIT = 0.30
_SURE_LIKENESS = 0.42
_SURE_CONTRAST = 0.15
_SURE_DOUBT = 0.65
_SURE_RESIDUAL = 0.4
_SURE_CELL = 0.10
# Another place (farther away than so many dots) must explain so much less.
_APART, _CLEARER = 0.6, 0.15
# Areas looked at: with sharp edges, and, where none of those shows anything like the text, others.
_WINDOWS, _OTHERS, _SOMETHING = 3, 3, 0.3
_STEADY = 6.0


@dataclass(frozen=True)
class Candidate:
    """A place where the display may be. `score` 0 … 1 is the share of the known dots' variance that the picture
    explains, `error` the mean squared difference a dot, `residual_px` how far (rms) single characters lie beside the
    grid, `doubt_px` by how much the worst corner may be off, `likeness` that of the coarse look. `reasons`: why it is
    not `sure`."""

    corners: Corners
    k1: float
    screen: KnownScreen
    score: float
    error: float
    residual_px: float
    doubt_px: float
    contrast: float
    worst_cell: float
    likeness: float
    px_per_dot: float
    windowed: bool
    reasons: tuple[str, ...] = ()

    @property
    def sure(self) -> bool:
        return not self.reasons


def find_display(
    frame: Frame | Grey,
    geometry: DisplayGeometry,
    known: Iterable[KnownScreen | Drawn],
    *,
    start: Corners | None = None,
    k1: float = 0.0,
) -> tuple[Candidate, ...]:
    """Candidates for the place of the dot matrix, best first; empty where nothing lit or nothing known is seen.

    `known`: the screens that may be shown (`shown.screens_of(profile)`). `start`: corners to begin with. Raises
    UsageError without a font, CameraError when the frame cannot be decoded.
    """
    if not geometry.fonts:
        raise UsageError("the profile names no font, so no text is known by its dots; use a printed target")
    grey = frame.grey() if isinstance(frame, Frame) else frame
    drawn = [one for item in known if (one := item if isinstance(item, Drawn) else draw(item, geometry)) is not None]
    if not drawn:
        raise UsageError("the profile's font can draw none of the known screens; correct its fonts or its texts")
    areas = display_areas(grey, geometry)
    windows = [one for one in areas if one.window is not None][:_WINDOWS]
    if start is not None:
        windows.append(Area(padded(np.asarray(start, np.float64), 0.06)))
    found = _fitted(grey, geometry, drawn, windows, k1)
    if max((one.score for one in found), default=0.0) < _SOMETHING:
        others = [one for one in areas if one.window is None][:_OTHERS]
        found += _fitted(grey, geometry, drawn, others, k1)
    found.sort(key=lambda one: one.score, reverse=True)
    return tuple(_rivalled(found, geometry))


def _fitted(
    grey: Grey, geometry: DisplayGeometry, drawn: Sequence[Drawn], areas: Sequence[Area], k1: float
) -> list[Candidate]:
    found = []
    for area in areas:
        for place in locate(grey, area.corners, drawn, geometry):
            fit = fit_known(grey, geometry, place.drawn, place.corners, k1=k1, window=area.window)
            if fit is not None:
                found.append(_candidate(grey, geometry, fit, place.likeness, area.window is not None))
    return found


def mean_picture(frames: Sequence[Frame]) -> Grey:
    """The mean of frames of a picture at rest: noise and flicker fall out. Raises CameraError when something moved or
    changed between them."""
    greys = [frame.grey() for frame in frames]
    if len({grey.shape for grey in greys}) != 1:
        raise CameraError("the camera changed its picture size between two frames")
    small = [
        cv2.resize(grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA).astype(np.float32) for grey in greys
    ]
    middle = np.median(np.stack(small), axis=0)
    spread = max(float(np.median(np.abs(one - middle))) for one in small)
    for one in small:
        away = one - middle
        away -= np.median(away, axis=1, keepdims=True)
        if float((np.abs(cv2.blur(away, (3, 3))) > max(_STEADY, 8 * spread)).mean()) > 0.001:
            raise CameraError("the picture changed between two frames")
    mean = np.mean(np.stack(greys), axis=0, dtype=np.float32)
    return np.asarray(np.round(mean), np.uint8)


def _candidate(grey: Grey, geometry: DisplayGeometry, fit: Fit, likeness: float, windowed: bool) -> Candidate:
    dark = fit.drawn.dark[fit.drawn.known].astype(np.float64)
    score = 1.0 - fit.error / max(float(dark.var()), 1e-6)
    corners = np.asarray(fit.corners)
    sides = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    px = float((sides[0] + sides[2]) / 2 / geometry.width)
    reasons = []
    if 1.0 - score > SURE_MISFIT or likeness < _SURE_LIKENESS:
        reasons.append(f"the picture fits the text {fit.drawn.screen.kind} only to {max(score, 0):.0%}")
    elif fit.worst_cell > _SURE_CELL:
        reasons.append(f"a character of the text {fit.drawn.screen.kind} is another in the picture")
    if fit.contrast < _SURE_CONTRAST:
        reasons.append(f"the text stands out by {fit.contrast:.0%} of the light only")
    if fit.residual > _SURE_RESIDUAL * px:
        reasons.append(f"single characters lie {fit.residual:.1f} px beside the grid")
    if fit.doubt > _SURE_DOUBT * px or (not windowed and _covered(fit.drawn) < 0.5):
        reasons.append(
            f"too little of the display is filled with text (a corner may be {fit.doubt:.1f} px off); "
            "show a fuller screen"
        )
    if not _inside(corners, grey):
        reasons.append("a corner of the display lies outside the picture")
    return Candidate(
        corners=fit.corners,
        k1=fit.k1,
        screen=fit.drawn.screen,
        score=score,
        error=fit.error,
        residual_px=fit.residual,
        doubt_px=fit.doubt,
        contrast=fit.contrast,
        worst_cell=fit.worst_cell,
        likeness=likeness,
        px_per_dot=px,
        windowed=windowed,
        reasons=tuple(reasons),
    )


def _covered(drawn: Drawn) -> float:
    """Share of the display's height between the first dark row and the last."""
    rows = np.flatnonzero((drawn.dark & drawn.known).any(axis=1))
    return float(rows[-1] - rows[0] + 1) / drawn.dark.shape[0] if len(rows) else 0.0


def _inside(corners: npt.NDArray[np.float64], grey: Grey) -> bool:
    return bool(
        (corners >= -0.5).all() and (corners[:, 0] < grey.shape[1]).all() and (corners[:, 1] < grey.shape[0]).all()
    )


def _rivalled(found: list[Candidate], geometry: DisplayGeometry) -> Iterable[Candidate]:
    """The best one is sure only when no other place explains the picture nearly as well."""
    for number, one in enumerate(found):
        if number:
            yield one
            continue
        for other in found[1:]:
            apart = float(np.abs(np.asarray(one.corners) - np.asarray(other.corners)).max())
            far = apart > _APART * one.px_per_dot + one.doubt_px + other.doubt_px
            # A text of which a character is another in the picture explains nothing.
            if far and other.worst_cell <= _SURE_CELL and one.score - other.score < _CLEARER:
                reason = f"another place fits nearly as well ({other.score:.0%} against {one.score:.0%})"
                one = Candidate(**{**one.__dict__, "reasons": (*one.reasons, reason)})  # noqa: PLW2901
                break
        yield one
