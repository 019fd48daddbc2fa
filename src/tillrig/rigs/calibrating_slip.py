"""Calibrate the slip camera on a hanging slip."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tillrig.errors import CameraError, InconclusiveError
from tillrig.rigs.calibrating import Done, _now, _png, _rounded, _write, pose, profile_of, still_picture
from tillrig.rigs.calibration import Calibration, store_calibration
from tillrig.rigs.opened import OpenRig


def calibrate_slip(
    opened: OpenRig, name: str, *, ask: Callable[[str], bool] | None, wait_s: float, optional: bool
) -> Done:
    """Find the printed width of the paper: by its edges, or take the declared corners, and prove either by what is
    printed there. Raises CameraError without a slip (unless `optional`), InconclusiveError when not sure."""
    from tillrig.vision.calibration.paper_window import find_paper, judge_paper
    from tillrig.vision.calibration.pictures import rectified, score_card, with_corners
    from tillrig.vision.geometry import paper_geometry

    paper, view = paper_geometry(profile_of(opened)), opened.views[name]
    grey = still_picture(opened, name, time.monotonic() + wait_s)
    places = [] if view.corners is None else [view.corners]
    places += find_paper(grey, paper)
    judged = [judge_paper(grey, paper, corners, view.distortion_k1) for corners in places]
    best = max(judged, key=lambda one: (one.sure, one.score), default=None)
    if best is None or best.lines == 0:
        seen = _write(opened, name, 1, "frame", grey)
        if optional:
            return Done((f"passed over: no printed slip hangs there ({seen}); let one hang, and run --camera {name}",))
        raise CameraError(f"{name}: no printed slip is seen; let the terminal print one, and look at {seen}")
    size = (paper.dots, best.length_dots)
    lines = (
        f"{best.lines} printed lines, {best.score:.0%} of them legible; print fills {best.filled:.0%} of the width",
        f"{best.px_per_dot:.2f} px a dot, k1 {view.distortion_k1:+.4f}",
    )
    paths = (
        _write(opened, name, 1, "corners", with_corners(grey, best.corners, size, view.distortion_k1)),
        _write(opened, name, 2, "rectified", rectified(grey, best.corners, size, view.distortion_k1, 2)),
        _write(opened, name, 4, "score", score_card([f"{name}  {_now()}", *lines, *best.reasons], best.sure)),
    )
    if not best.sure:
        why = "; ".join(best.reasons)
        if ask is None or not ask(f"{name}: not sure: {why}.\nDoes the frame hold the printed width in {paths[0]}?"):
            raise InconclusiveError(
                f"{name}: not sure where the print lies: {why}. Nothing was stored for it. Declare corners in "
                f"{opened.rig.path}, or show a longer slip. The best guess is drawn in {paths[0]}"
            )
    found = Calibration(
        corners=_rounded(best.corners),
        distortion_k1=round(view.distortion_k1, 5),
        px_per_dot=round(best.px_per_dot, 3),
        pose=pose(opened),
        by="a hanging slip",
        date=_now(),
        score=round(best.score, 4),
    )
    stored = store_calibration(opened.rig.path, name, found, _reference(grey))
    return Done((*lines, *map(str, paths), f"stored in {stored}"))


def _reference(grey: Any) -> bytes:
    return _png(grey)
