"""The frame that a calibration keeps of what a camera saw then: by it a camera that was moved since is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillrig.errors import RigFileError, UsageError
from tillrig.rigs.calibrating import stored_entry
from tillrig.rigs.opened import OpenRig

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
