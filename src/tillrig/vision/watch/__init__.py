"""Is the camera still a witness? Cheap checks of each frame that name what is wrong with the rig."""

from __future__ import annotations

from tillrig.vision.watch.camera import CameraWatch
from tillrig.vision.watch.conditions import ADVICE, RigCondition
from tillrig.vision.watch.surroundings import Area, Marks

__all__ = ["ADVICE", "Area", "CameraWatch", "Marks", "RigCondition"]
