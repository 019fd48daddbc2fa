"""Where a text stops being YAML."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError


def told(path: Path | str, text: str, error: Exception) -> str:
    """`file:line:column: what is wrong` of an error that ruamel.yaml raised on `text`; no place where it names none."""
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark is not None else str(path)
        return f"{where}: no valid YAML: {error.problem or error.context}"
    if isinstance(error, ReaderError):
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return f"{path}:{line}:{column}: no valid YAML: the character U+{error.character:04X} may not stand in it"
    return f"{path}: no valid YAML: {error}"
