"""The package is the list of its public names, each of which can be had, and importing it costs next to nothing."""

from __future__ import annotations

import subprocess
import sys

import tillrig

PUBLIC = [
    "Action",
    "Attempt",
    "BadKeyCheck",
    "Console",
    "Decline",
    "EcrHeartbeat",
    "EcrSale",
    "EcrSignIn",
    "Finding",
    "ForeignAnswer",
    "Garbage",
    "HalfOpen",
    "Late",
    "LyingLength",
    "MissingMac",
    "NoAnswer",
    "Outcome",
    "Partial",
    "PowerOn",
    "ProcessRequest",
    "RefuseConnection",
    "Reprint",
    "ResetAfterRequest",
    "ResetBeforeRequest",
    "Sale",
    "Session",
    "Settle",
    "SettlementSays",
    "ShowVersion",
    "SignIn",
    "SignOff",
    "Sleep",
    "SlowBytes",
    "Truncated",
    "Twice",
    "Verdict",
    "When",
    "WrongField",
    "WrongMac",
    "WrongMti",
    "__version__",
    "acquire",
]


def test_the_list_is_kept():
    """A name that comes or goes is a change for users: it belongs in this list too."""
    assert sorted(tillrig.__all__) == sorted(PUBLIC)


def test_every_name_can_be_had():
    assert all(getattr(tillrig, name) is not None for name in PUBLIC)


def test_every_scenario_of_the_host_is_public():
    from tillrig.host import scenarios

    kinds = {one.__name__ for one in scenarios.Scenario.__subclasses__()}
    assert kinds <= set(PUBLIC)


def test_importing_the_package_loads_nothing_heavy():
    """An unrelated pytest run must not pay for cameras and networks."""
    heavy = "cv2 numpy serial rapidocr onnxruntime msgspec"
    code = f"import sys, tillrig; print([name for name in {heavy.split()!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"
