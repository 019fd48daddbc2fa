"""Rig files, and the rig that one of them describes, opened."""

from tillrig.rigs.load import load_rig
from tillrig.rigs.opened import CameraView, Health, OpenRig, open_rig
from tillrig.rigs.schema import HostSpec, Rig, SimulateSpec
from tillrig.rigs.simulated import Simulation

__all__ = ["CameraView", "Health", "HostSpec", "OpenRig", "Rig", "SimulateSpec", "Simulation", "load_rig", "open_rig"]
