"""Loading faults: built-in ones by name, somebody else's from a file."""

from __future__ import annotations

import difflib
import importlib.util
import inspect
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from tillrig.simulator.firmware.faults.catalogue import CATALOGUE
from tillrig.simulator.firmware.faults.chain import Chain, Fault, FaultError
from tillrig.simulator.firmware.hooks import HOOK_NAMES, Hooks


def load(names: Sequence[str], files: Sequence[Path]) -> Hooks:
    """Hooks with the named built-in faults and those of the files. Raises FaultError."""
    known = {entry["name"]: entry["module"] for entry in CATALOGUE}
    faults = []
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"
            raise FaultError(f"there is no fault {name!r}{hint}")
        faults.append(from_file(Path(__file__).with_name(f"{known[name]}.py"), name))
    faults += [from_file(path, path.stem) for path in files]
    return Chain(faults) if faults else Hooks()


def from_file(path: Path, name: str) -> Fault:
    """The fault a Python file defines: functions named as hooks. Raises FaultError naming file and line."""
    if not path.is_file():
        raise FaultError(f"fault file {path} is not there")
    module = _run(path, name)
    hooks: dict[str, Any] = {}
    for word, value in vars(module).items():
        if not isinstance(value, FunctionType) or value.__module__ != module.__name__ or word.startswith("_"):
            continue
        line = value.__code__.co_firstlineno
        if word not in HOOK_NAMES:
            near = difflib.get_close_matches(word, HOOK_NAMES, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            known = f"helpers begin with an underscore; hooks: {', '.join(HOOK_NAMES)}"
            raise FaultError(f"{path}:{line}: {word} is no hook{hint} ({known})")
        _check_parameters(path, line, word, value)
        hooks[word] = value
    if not hooks:
        raise FaultError(f"{path}:1: no hook is defined here; hooks: {', '.join(HOOK_NAMES)}")
    return Fault(name, str(path), hooks)


def _check_parameters(path: Path, line: int, word: str, value: FunctionType) -> None:
    wanted = list(inspect.signature(getattr(Hooks, word)).parameters)[1:]
    try:
        inspect.signature(value).bind(*wanted)
    except TypeError as error:
        raise FaultError(f"{path}:{line}: {word} is called as {word}({', '.join(wanted)}): {error}") from error


def _run(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"tillrig_fault_{name.replace('-', '_')}", path)
    if spec is None or spec.loader is None:
        raise FaultError(f"fault file {path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise FaultError(f"{error.filename}:{error.lineno}: {error.msg}") from error
    except Exception as error:
        lines = [entry.lineno for entry in traceback.extract_tb(error.__traceback__) if entry.filename == str(path)]
        raise FaultError(f"{path}:{lines[-1] if lines else 1}: {type(error).__name__}: {error}") from error
    return module
