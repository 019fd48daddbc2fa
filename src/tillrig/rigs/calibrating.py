"""Calibrate and check the cameras of an open rig, through their ports only."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tillrig.errors import CameraError, InconclusiveError, RigFileError, UsageError
from tillrig.ports.camera import Shot
from tillrig.rigs.calibration import (
    Calibration,
    calibration_file,
    calibration_folder,
    check_writable,
    store_calibration,
)
from tillrig.rigs.document import Document
from tillrig.rigs.opened import OpenRig
from tillrig.rigs.simulated import pose_of
from tillrig.whole_files import write_whole

if TYPE_CHECKING:
    from tillrig.profiles import Profile
    from tillrig.vision.calibration import Candidate
    from tillrig.vision.geometry import Grey

#: Frames that are averaged.
FRAMES = 8
#: A camera that gives no frame for so long is dead.
_FRAME_S = 5.0
_COVERED_LEVEL = 14
_CLIPPED_SHARE = 0.5
#: Below this nothing of the profile is there, only a bright area.
_SOMETHING = 0.3
#: A screen that holds the corners to so many dots is full enough; a fuller one is waited for so long.
_FULL_DOTS, _FULLER_S = 0.3, 8.0

Ask = Callable[[str], bool]


class Done(msgspec.Struct, frozen=True):
    """What was found, told in lines; `faults` only from a check."""

    lines: tuple[str, ...]
    faults: tuple[str, ...] = ()


def profile_of(opened: OpenRig) -> Profile:
    """The profile that the rig file names."""
    from tillrig.profiles.load import load_profile

    return load_profile(opened.profile, near=opened.rig.path)


def calibrate_camera(
    opened: OpenRig,
    name: str,
    *,
    shown: Sequence[str] = (),
    ask: Ask | None = None,
    wait_s: float = 30.0,
    optional: bool = False,
) -> Done:
    """Find, draw and store what camera `name` looks at. `shown`: what the display shows, if somebody says it.

    `ask` decides on a candidate that is not sure; without it such a one is refused. `optional`: a slip camera before
    which no paper hangs is passed over. Raises CameraError, InconclusiveError, EvidenceError, ProfileError.
    """
    check_writable(opened.rig.path)
    if name == "slip":
        from tillrig.rigs.calibrating_slip import calibrate_slip

        return calibrate_slip(opened, name, ask=ask, wait_s=wait_s, optional=optional)
    target = getattr(opened.rig.instruments[name].options, "target", None)
    if target is not None:
        return _by_target(opened, name, target)
    return _by_text(opened, name, shown, ask, wait_s)


def pose(opened: OpenRig) -> str | None:
    """What a calibration of this rig holds for."""
    spec = opened.rig.simulate
    return None if spec is None else pose_of(spec)


def still_picture(opened: OpenRig, name: str, deadline: float) -> Grey:
    """The mean of some frames of a picture at rest. Raises CameraError when there is none before `deadline`, or the
    camera sees nothing."""
    import numpy as np

    from tillrig.vision import Frame
    from tillrig.vision.calibration import mean_picture

    camera = opened.cameras[name]
    latest = camera.latest()
    index = latest.index if latest is not None else -1
    while True:
        shots: list[Shot] = []
        for _ in range(FRAMES):
            shots.append(camera.after(index, time.monotonic() + _FRAME_S))
            index = shots[-1].index
        frames = [Frame.of(shot, name) for shot in shots]
        if len({shot.jpeg for shot in shots}) == 1:
            raise CameraError(f"{name}: the camera is frozen: {FRAMES} frames are the same to the byte")
        try:
            grey = mean_picture(frames)
        except CameraError as error:
            if time.monotonic() < deadline:
                continue
            raise CameraError(f"{name}: no picture at rest: {error}") from error
        if float(np.percentile(grey[::4, ::4], 95)) < _COVERED_LEVEL:
            raise CameraError(f"{name}: the picture is black; uncover the lens, or switch the light on")
        if float((grey >= 250).mean()) > _CLIPPED_SHARE:
            raise CameraError(f"{name}: more than half of the picture is clipped; shorten the exposure")
        return grey


def _by_text(opened: OpenRig, name: str, shown: Sequence[str], ask: Ask | None, wait_s: float) -> Done:
    from tillrig.vision.calibration import find_display, known_screen, screens_of
    from tillrig.vision.calibration.shown import draw
    from tillrig.vision.geometry import display_geometry

    profile = profile_of(opened)
    geometry = display_geometry(profile)
    screens = [known_screen(shown, geometry)] if shown else list(screens_of(profile))
    known = [one for screen in screens if geometry.fonts and (one := draw(screen, geometry)) is not None]
    if not known:
        what = f"the text {' / '.join(shown)!r}" if shown else f"any screen of the profile {profile.name}"
        raise UsageError(
            f"{name}: {what} cannot be drawn in the profile's fonts; use a printed target, or `--show` others"
        )
    view = opened.views[name]
    deadline = time.monotonic() + wait_s
    best: tuple[Candidate, Grey] | None = None
    while True:
        grey = still_picture(opened, name, deadline)
        found = find_display(grey, geometry, known, start=view.corners, k1=view.distortion_k1)
        if found and (best is None or _rank(found[0]) > _rank(best[0])):
            best = found[0], grey
        now = time.monotonic()
        if best is not None and best[0].sure:
            # A fuller screen may follow by itself, as after power-on.
            deadline = min(deadline, now + _FULLER_S)
            if best[0].doubt_px <= _FULL_DOTS * best[0].px_per_dot:
                break
        if now > deadline:
            break
    if best is None or best[0].score < _SOMETHING:
        raise CameraError(
            f"{name}: no display with a screen of the profile {profile.name} is seen; is the terminal on (--power-on), "
            f"lit, whole in the picture, and of this model? See {_raw(opened, name, grey)}"
        )
    candidate, grey = best
    paths = _draw(opened, name, grey, candidate, geometry)
    if not candidate.sure:
        why = "; ".join(candidate.reasons)
        picture = paths[2]
        if ask is None or not ask(f"{name}: not sure: {why}.\nDo the dots lie on the grid in {picture}?"):
            raise InconclusiveError(
                f"{name}: not sure where the display lies: {why}. Nothing was stored. Is {profile.name} the right "
                f"profile, and a full screen of it shown (such as the menu)? The best guess is drawn in {picture}"
            )
    found_now = Calibration(
        corners=_rounded(candidate.corners),
        distortion_k1=round(candidate.k1, 5),
        pose=pose(opened),
        by=f"text of the screen {candidate.screen.kind}" + ("" if candidate.sure else ", confirmed by hand"),
        date=_now(),
        score=round(candidate.score, 4),
        error=round(candidate.error, 5),
        residual_px=round(candidate.residual_px, 3),
        doubt_px=round(candidate.doubt_px, 3),
        contrast=round(candidate.contrast, 3),
    )
    stored = store_calibration(opened.rig.path, name, found_now, _png(grey))
    return Done((*_figures(candidate), *(str(path) for path in paths), f"stored in {stored}"))


def _rank(candidate: Candidate) -> tuple[bool, float]:
    return candidate.sure, -candidate.doubt_px if candidate.sure else candidate.score


def _by_target(opened: OpenRig, name: str, target: Any) -> Done:
    from tillrig.vision.calibration.pictures import rectified, score_card, with_corners
    from tillrig.vision.calibration.target import find_target
    from tillrig.vision.geometry import display_geometry

    geometry = display_geometry(profile_of(opened))
    size = (geometry.width, geometry.height)
    grey = still_picture(opened, name, time.monotonic() + _FRAME_S)
    try:
        fit = find_target(
            grey,
            target.markers,
            target.marker_mm,
            target.display_mm,
            dictionary=target.dictionary,
            k1=opened.views[name].distortion_k1,
        )
    except (CameraError, UsageError) as error:
        raise type(error)(
            f"{opened.rig.path}: instruments.{name}.target: {error}; see {_raw(opened, name, grey)}"
        ) from error
    lines = [
        f"target: markers {', '.join(map(str, fit.markers))}",
        f"residual {fit.residual_px:.2f} px, k1 {fit.k1:+.4f}",
    ]
    paths = (
        _write(opened, name, 1, "corners", with_corners(grey, fit.corners, size, fit.k1)),
        _write(opened, name, 2, "rectified", rectified(grey, fit.corners, size, fit.k1)),
        _write(opened, name, 4, "score", score_card([f"{name}  {_now()}", *lines], True)),
    )
    found = Calibration(
        corners=_rounded(fit.corners),
        distortion_k1=round(fit.k1, 5),
        pose=pose(opened),
        by="printed target",
        date=_now(),
        residual_px=round(fit.residual_px, 3),
    )
    stored = store_calibration(opened.rig.path, name, found, _png(grey))
    return Done((*lines, *map(str, paths), f"stored in {stored}"))


def check_camera(opened: OpenRig, name: str, *, wait_s: float = 30.0) -> Done:
    """Compare camera `name` with its stored reference. Raises RigFileError when it was never calibrated, CameraError
    when it gives no picture."""
    from tillrig.vision import Frame
    from tillrig.vision.calibration.tune import compare

    entry = stored_entry(opened, name)
    assert entry.corners is not None
    reference = opened.rig.path.parent / (entry.reference or "")
    if not entry.reference or not reference.is_file():
        raise RigFileError(
            f"{calibration_file(opened.rig.path)}: {name}.reference: {reference} is not there; calibrate again"
        )
    then = Frame.from_file(reference).grey()
    try:
        now = still_picture(opened, name, time.monotonic() + wait_s)
    except CameraError as error:
        return Done((f"OUT OF TUNE: {error}",), (str(error),))
    width = _dots_wide(opened, name)
    # Paper is wider than its print, and hangs there or not.
    pad = (0.14, 0.0) if name == "slip" else (0.02, 0.02)
    tune = compare(now, then, entry.corners, _px_per_dot(entry, width), pad)
    lines = [
        f"shift {tune.shift_px:.2f} px, turn {tune.turn_px:.2f} px ({tune.patches} patches), "
        f"focus {tune.focus:.2f}, light {tune.light:.2f} of the reference of {entry.date or 'unknown date'}"
    ]
    faults = list(tune.faults)
    if name != "slip" and not faults:
        lines.append(_score_now(opened, now, entry))
    lines += [f"OUT OF TUNE: {fault}" for fault in faults] or ["in tune"]
    return Done(tuple(lines), tuple(faults))


def _score_now(opened: OpenRig, grey: Grey, entry: Calibration) -> str:
    """How two-valued the dots are at the stored corners, whatever is shown."""
    from tillrig.vision.geometry import display_geometry
    from tillrig.vision.gridfit import fit_grid

    assert entry.corners is not None
    fit = fit_grid(grey, display_geometry(profile_of(opened)), entry.corners, entry.distortion_k1 or 0.0, rounds=1)
    if fit is None:
        return "score: too little is shown to say how well the dots fit"
    return f"score: rms dot error {fit.residual:.3f} at the stored corners (stored score {entry.score})"


def stored_names(opened: OpenRig) -> tuple[str, ...]:
    """The cameras of the rig for which something is stored. Raises RigFileError when the file cannot be read."""
    path = calibration_file(opened.rig.path)
    stored = Document(path).data if path.is_file() else {}
    return tuple(name for name in opened.views if name in stored)


def stored_entry(opened: OpenRig, name: str) -> Calibration:
    """What is stored for a camera. Raises RigFileError when nothing is, or it was found on another pose."""
    path = calibration_file(opened.rig.path)
    if not path.is_file():
        raise RigFileError(f"{path} is not there: run `tillrig calibrate --rig {opened.rig.path}` first")
    document = Document(path)
    if name not in document.data:
        raise document.error((), f"there is no entry {name!r}; run `tillrig calibrate --camera {name}` first")
    entry = document.convert((name,), document.data[name], Calibration)
    if entry.corners is None:
        raise document.error((name,), "the key 'corners' is missing; calibrate again")
    if entry.pose != pose(opened):
        raise document.error((name, "pose"), f"was found on {entry.pose}; this rig is {pose(opened)}; calibrate again")
    return entry


# -- small things


def _figures(candidate: Candidate) -> tuple[str, ...]:
    return (
        f"screen {candidate.screen.kind}: score {candidate.score:.3f}, mean squared dot error {candidate.error:.4f}, "
        f"contrast {candidate.contrast:.2f}",
        f"residual {candidate.residual_px:.2f} px, corners to {candidate.doubt_px:.2f} px, "
        f"{candidate.px_per_dot:.2f} px a dot, k1 {candidate.k1:+.4f}",
    )


def _draw(opened: OpenRig, name: str, grey: Grey, candidate: Candidate, geometry: Any) -> tuple[Path, ...]:
    from tillrig.vision.calibration.pictures import dots_over_grid, rectified, score_card, with_corners
    from tillrig.vision.calibration.shown import draw

    size, corners, k1 = (geometry.width, geometry.height), candidate.corners, candidate.k1
    card = [f"{name}  {_now()}", *_figures(candidate), "sure" if candidate.sure else "NOT SURE", *candidate.reasons]
    return (
        _write(opened, name, 1, "corners", with_corners(grey, corners, size, k1)),
        _write(opened, name, 2, "rectified", rectified(grey, corners, size, k1)),
        _write(opened, name, 3, "dots", dots_over_grid(grey, corners, geometry, k1, draw(candidate.screen, geometry))),
        _write(opened, name, 4, "score", score_card(card, candidate.sure)),
    )


def _raw(opened: OpenRig, name: str, grey: Grey) -> Path:
    return _write(opened, name, 1, "frame", grey)


def _write(opened: OpenRig, name: str, step: int, what: str, picture: Any) -> Path:
    path = calibration_folder(opened.rig.path) / f"{name}-step{step}-{what}.png"
    write_whole(path, _png(picture))
    return path


def _png(picture: Any) -> bytes:
    import cv2

    return bytes(cv2.imencode(".png", picture)[1])


def _rounded(corners: Any) -> Any:
    return tuple((round(float(x), 2), round(float(y), 2)) for x, y in corners)


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")


def _dots_wide(opened: OpenRig, name: str) -> int:
    profile = profile_of(opened)
    return int(profile.printer.dots if name == "slip" else profile.display.width)


def _px_per_dot(entry: Calibration, dots: int) -> float:
    assert entry.corners is not None
    (ax, ay), (bx, by) = entry.corners[:2]
    return float(((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5 / dots)
