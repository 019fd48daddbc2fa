"""Seeded faults: firmware bugs put in on purpose, each a module of hooks, and their list."""

from tillrig.simulator.firmware.faults.catalogue import CATALOGUE

__all__ = ["CATALOGUE"]
