"""Kinds of hardware: one file a kind, each giving one port, found by name in entry-point group `tillrig.drivers`."""

from tillrig.drivers.registry import GROUP, Context, Driver, Emit, PortKind, Secrecy, load, names

__all__ = ["GROUP", "Context", "Driver", "Emit", "PortKind", "Secrecy", "load", "names"]
