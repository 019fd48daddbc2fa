"""What a run takes from a calibration: the frame of what a camera saw then, by which one that was moved since is
noticed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tillrig.errors import RigFileError, UsageError
from tillrig.rigs.calibrating import stored_entry
from tillrig.rigs.calibration import Calibration, calibration_file
from tillrig.rigs.document import Document
from tillrig.rigs.opened import OpenRig
from tillrig.rigs.schema import Rig
from tillrig.rigs.simulated import pose_of

if TYPE_CHECKING:
    from tillrig.vision import Frame


def reference_frame(opened: OpenRig, name: str) -> Frame | None:
    """Of camera `name` at this pose; None where it was never calibrated here. Raises RigFileError when the calibration
    names a frame that is gone or cannot be decoded."""
    from tillrig.vision import Frame

    try:
        entry = stored_entry(opened, name)
    except RigFileError:
        return None  # what is wrong with the calibration itself was told when the rig file was read
    if not entry.reference:
        return None
    path = opened.rig.path.parent / entry.reference
    if not path.is_file():
        raise RigFileError(f"{path}, the reference frame of {name}, is not there; run `tillrig calibrate` again")
    try:
        return Frame.from_file(path)
    except UsageError as error:
        raise RigFileError(f"the reference frame of {name}: {error}; run `tillrig calibrate` again") from error


def carry_calibration(rig: Rig, standing: Path) -> None:
    """Write what was calibrated at this pose of the simulated `rig` beside the description of its bench that stands, so
    that whoever opens that one has it too. Raises RigFileError, OSError."""
    from ruamel.yaml import YAML

    beside = calibration_file(rig.path)
    if rig.simulate is None or not beside.is_file():
        return
    document, entries = Document(beside), {}
    for name, entry in document.data.items():
        found = document.convert((name,), entry, Calibration)
        if found.pose == pose_of(rig.simulate):
            reference = None if found.reference is None else str((rig.path.parent / found.reference).resolve())
            here = msgspec.structs.replace(found, pose=None, reference=reference)
            entries[str(name)] = {key: one for key, one in msgspec.to_builtins(here).items() if one is not None}
    if entries:
        with calibration_file(standing).open("w", encoding="utf-8") as file:
            YAML(typ="safe").dump(entries, file)
