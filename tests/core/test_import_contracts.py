"""Simulator and harness stay two heads: every module of tillrig is on one side of the contracts in pyproject.toml."""

import ast
import pkgutil
import tomllib
from pathlib import Path

import tillrig

ROOT = Path(__file__).parents[2]
SIMULATOR = "tillrig.simulator"


def contract(beginning: str) -> dict[str, list[str]]:
    """The import-linter contract whose name begins so."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (found,) = [one for one in settings["contracts"] if one["name"].startswith(beginning)]
    return found


def harness() -> list[str]:
    """Every module and package directly below tillrig, but for the simulator."""
    names = sorted(f"tillrig.{module.name}" for module in pkgutil.iter_modules(tillrig.__path__))
    assert SIMULATOR in names
    return [name for name in names if name != SIMULATOR]


def test_the_simulator_may_import_no_module_of_the_harness():
    """A new module must be named there, or the simulator could import it unseen."""
    one = contract("Two heads: the simulator")
    assert one["source_modules"] == [SIMULATOR]
    assert sorted(one["forbidden_modules"]) == harness()


def test_no_module_of_the_harness_may_import_the_simulator():
    one = contract("Two heads: the harness")
    assert sorted(one["source_modules"]) == harness()
    assert one["forbidden_modules"] == [SIMULATOR]


def imported(path: Path) -> list[str]:
    """The modules that a file's import statements name, wherever in it they stand."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def test_the_simulator_takes_nothing_from_the_top_of_tillrig():
    """`from tillrig import Sale` would load the harness when it is used; no contract can forbid the root package."""
    taken = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted((ROOT / "src" / "tillrig" / "simulator").rglob("*.py"))
        for name in imported(path)
        if (name == "tillrig" or name.startswith("tillrig.")) and not f"{name}.".startswith(f"{SIMULATOR}.")
    ]
    assert taken == []
