"""The rig that is not there: bench, terminal processor and cameras. Imports nothing of tillrig outside itself.

``SimulatedBench`` starts one from Python; ``tillrig simulate`` does so from the command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tillrig.simulator.bench.launch import BenchFailedError, ControlError, SimulatedBench

__all__ = ["BenchFailedError", "ControlError", "SimulatedBench"]


def __getattr__(name: str) -> Any:
    """Import on demand: the processor imports this package at every power-on and needs nothing of it."""
    if name in __all__:
        from tillrig.simulator.bench import launch

        return getattr(launch, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
