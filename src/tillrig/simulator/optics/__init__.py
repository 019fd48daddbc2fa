"""The optics of the simulated rig: the display's glass, the thermal paper, and the two cameras that look at them."""

from __future__ import annotations

from tillrig.simulator.optics.cameras import ScreenCamera, SlipCamera
from tillrig.simulator.optics.pose import Pose

__all__ = ["Pose", "ScreenCamera", "SlipCamera"]
