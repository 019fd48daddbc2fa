"""What calibrating found, kept beside the rig file: `NAME.calibration.yaml` and the frames that it refers to.

The YAML file is the only thing that counts, and it is replaced as a whole after everything that it names lies on the
disk: whenever the process dies, either the old calibration stands or the new one.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

import msgspec

from tillrig.drivers.frame_ring import Point
from tillrig.errors import EvidenceError, RigFileError
from tillrig.whole_files import write_whole

FOLDER, SUFFIX = ".calibration", ".calibration.yaml"
Share = Annotated[float, msgspec.Meta(ge=0)]


class Calibration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One camera's entry. The first three override the rig file; the rest tells how sure they are.

    pose        of a simulated rig: only where the camera stands so does the entry hold
    score       share 0 … 1 of the known dots' variance that the picture explains; `error` mean squared, a dot
    residual_px single characters beside the grid, rms; `doubt_px` by how much the worst corner may be off
    reference   frame of that day, a path relative to this file
    """

    corners: tuple[Point, Point, Point, Point] | None = None
    distortion_k1: float | None = None
    px_per_dot: float | None = None
    pose: str | None = None
    by: str | None = None
    date: str | None = None
    score: float | None = None
    error: Share | None = None
    residual_px: Share | None = None
    doubt_px: Share | None = None
    contrast: float | None = None
    reference: str | None = None

    def overrides(self) -> dict[str, Any]:
        """What replaces the rig file's words."""
        known = {name: getattr(self, name) for name in ("corners", "distortion_k1", "px_per_dot")}
        return {name: value for name, value in known.items() if value is not None}


def calibration_file(rig_file: Path) -> Path:
    return rig_file.with_name(rig_file.stem + SUFFIX)


def calibration_folder(rig_file: Path) -> Path:
    """Where frames and pictures of the steps go."""
    return rig_file.with_name(rig_file.stem + FOLDER)


def crossed(corners: tuple[Point, ...]) -> str:
    """What is wrong with four corners from top-left clockwise; "" when nothing is."""
    for number in range(4):
        (ax, ay), (bx, by), (cx, cy) = (corners[(number + step) % 4] for step in range(3))
        if not (bx - ax) * (cy - by) - (by - ay) * (cx - bx) > 1.0:
            return (
                f"corner {(number + 1) % 4 + 1} makes the area crossed, flat or mirrored; "
                "allowed: four [x, y] in px of the display or the paper window, clockwise from its top left"
            )
    return ""


def check_writable(rig_file: Path) -> Path:
    """Make the folder beside the rig file. Raises EvidenceError when nothing can be written there."""
    folder = calibration_folder(rig_file)
    try:
        folder.mkdir(exist_ok=True)
        for place in (folder, rig_file.parent):
            handle, name = tempfile.mkstemp(prefix=".calibration-", dir=place)
            os.close(handle)
            Path(name).unlink()
    except OSError as error:
        raise EvidenceError(
            f"{rig_file}: the calibration cannot be stored in {error.filename or folder}: {error.strerror or error}; "
            "make the folder writable, or copy the rig file elsewhere"
        ) from error
    return folder


def store_calibration(rig_file: Path, camera: str, found: Calibration, frame: bytes, suffix: str = ".png") -> Path:
    """Add or replace the entry of `camera`, with `frame` as its reference. Returns the YAML file. Other entries and
    their comments stay. Raises EvidenceError, RigFileError when the file there is broken."""
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import YAMLError

    path, folder = calibration_file(rig_file), check_writable(rig_file)
    reference = folder / f"{camera}-{hashlib.sha256(frame).hexdigest()[:12]}{suffix}"
    write_whole(reference, frame)
    yaml = YAML(typ="rt")
    yaml.width = 4096
    try:
        tree = yaml.load(path.read_text(encoding="utf-8")) if path.exists() else None
    except (OSError, ValueError, YAMLError) as error:
        raise RigFileError(f"{path}: not replaced, for it cannot be read: {error}") from error
    if not isinstance(tree, CommentedMap):
        tree = CommentedMap()
        tree.yaml_set_start_comment("Written by `tillrig calibrate`; overrides the cameras' entries of the rig file.")
    entry = msgspec.structs.replace(found, reference=f"{folder.name}/{reference.name}")
    tree[camera] = _styled({key: value for key, value in msgspec.to_builtins(entry).items() if value is not None})
    out = StringIO()
    yaml.dump(tree, out)
    write_whole(path, out.getvalue().encode())
    for old in folder.glob(f"{camera}-*{suffix}"):
        # Only now may the old one go: until the YAML file was replaced it was the one that counts.
        if old != reference and _is_reference(old, camera):
            old.unlink(missing_ok=True)
    return path


def _is_reference(path: Path, camera: str) -> bool:
    digest = path.stem.removeprefix(f"{camera}-")
    return len(digest) == 12 and all(char in "0123456789abcdef" for char in digest)


def _styled(entry: dict[str, Any]) -> Any:
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    styled = CommentedMap()
    for key, value in entry.items():
        if isinstance(value, list | tuple):
            sequence = CommentedSeq([CommentedSeq(point) for point in value])
            for part in sequence:
                part.fa.set_flow_style()
            sequence.fa.set_flow_style()
            styled[key] = sequence
        else:
            styled[key] = value
    return styled
